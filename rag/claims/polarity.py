"""A claim affirms what the evidence affirms and denies what it denies.

Polarity is compared per aligned word, not per sentence: a negator covers the next few words of
its segment, and a linked pair of words must be covered on both sides or on neither. "rarely" is
a kind of its own between yes and no.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from rag.claims.align import Pair, Place
from rag.claims.lexicon import NEGATORS, OPTIONAL_NEGATORS, RARE
from rag.claims.text import Token
from rag.claims.wordlists import words

_REACH = 3
# A negator's scope ends where another statement begins.
_BARRIER = frozenset(
    words("""that which who because but while whereas and when if than as whether""")
)


# Once a negated noun is passed, its verb is not negated: "lack of time was the reason".
_VERBS = frozenset(words("""is are was were has have had"""))
_SPAN: dict[str, int] = dict.fromkeys(
    words("""lack lacks lacked lacking absence without unlike"""), 2
)


@dataclass(frozen=True, slots=True)
class Denial:
    """A negator and what it covers.

    Attributes:
        kind: "not", "rare", or "maybe" (words like "avoid", which may be told as a negation).
        at: position of the negator; over: positions of the content words it covers, in order.
    """

    kind: str
    at: int
    over: tuple[int, ...]


@lru_cache(maxsize=2048)
def denials(tokens: tuple[Token, ...]) -> tuple[Denial, ...]:
    """The negators of a text with their scopes."""
    out: list[Denial] = []
    for i, token in enumerate(tokens):
        kind = kind_of(token)
        if kind is None or _only(tokens, i):
            continue
        if token.low == "free":
            # "training-free" denies what stands before it.
            if token.glued and i:
                out.append(Denial("not", i, (i - 1,)))
            continue
        out.append(Denial(kind, i, _scope(tokens, i)))
    return tuple(out)


def covers(tokens: tuple[Token, ...]) -> frozenset[int]:
    """Positions of all words under a negator that counts."""
    return frozenset(j for d in denials(tokens) if d.kind != "maybe" for j in d.over)


def kind_of(token: Token) -> str | None:
    """Which kind of negator a token is, or None."""
    if token.low in NEGATORS:
        return "not"
    if token.low in RARE:
        return "rare"
    return "maybe" if token.low in OPTIONAL_NEGATORS else None


def _only(tokens: Sequence[Token], i: int) -> bool:
    return tokens[i].low == "not" and i + 1 < len(tokens) and tokens[i + 1].low in ("only", "just")


def _scope(tokens: Sequence[Token], i: int) -> tuple[int, ...]:
    over: list[int] = []
    reach = _SPAN.get(tokens[i].low, _REACH)
    for j in range(i + 1, len(tokens)):
        token = tokens[j]
        if token.kind == "mark" or (over and (token.low in _BARRIER or token.low in _VERBS)):
            break
        if token.low == "to" and over and not tokens[over[-1]].soft:
            break
        if token.content or token.quantity is not None:
            over.append(j)
            if len(over) == reach:
                break
    return tuple(over)


def check_polarity(pair: Pair) -> str | None:
    """Reason why affirmation and denial differ, or None."""
    return _prefixes(pair) or _ours(pair) or _theirs(pair)


def _prefixes(pair: Pair) -> str | None:
    """ "unaffected" and "affected" need one negator between them."""
    claimed = covers(pair.claim)
    for i, link in enumerate(pair.links):
        if link is None or link.how != "prefix" or not pair.claim[i].content:
            continue
        found = covers(pair.evidence.items[link.place[0]])
        if (i in claimed) == (link.place[1] in found):
            other = pair.evidence.at(link.place).text
            return f'"{pair.claim[i].text}" is the opposite of "{other}" in the evidence'
    return None


def _ours(pair: Pair) -> str | None:
    """Each negator of the claim covers a word that one of the evidence covers too."""
    found: dict[Place, set[str]] = defaultdict(set)
    for s, item in enumerate(pair.evidence.items):
        for d in denials(item):
            for j in d.over:
                found[s, j].add(d.kind)
    for denial in denials(pair.claim):
        if denial.kind == "maybe":
            continue
        linked = [(i, link) for i in denial.over if (link := pair.links[i]) is not None]
        if _same_want(pair, denial):
            continue
        if not linked:
            if not found and not any(denials(item) for item in pair.evidence.items):
                return f'the evidence does not say "{pair.claim[denial.at].text}"'
            continue
        kinds = {
            kind
            for rank, (i, _) in enumerate(linked)
            for place in pair.evidence.places.get(pair.claim[i].key, ())
            for kind in found.get(place, ())
            # "prevent forgetting" denies the forgetting only, not what comes before it.
            if kind != "maybe" or rank == 0
        }
        if any(link.how == "prefix" for _, link in linked):
            continue
        if denial.kind not in kinds and not (denial.kind == "not" and "maybe" in kinds):
            place = linked[0][1].place
            return f'the evidence affirms "{pair.evidence.at(place).text}"'
    return None


def _same_want(pair: Pair, denial: Denial) -> bool:
    """ "a lack of good X" for "a shortage of fine, new X": the same noun of want, of the same."""
    own = pair.links[denial.at]
    if own is None or own.how != "key" or pair.claim[denial.at].low not in _SPAN:
        return False
    ahead = {t.key for t in pair.evidence.window(own.place, 0, 8)[1:]}
    return any(pair.claim[i].key in ahead for i in denial.over)


def _theirs(pair: Pair) -> str | None:
    """Each negator of the evidence over something the claim restates is in the claim."""
    linked = pair.linked()
    claimed = denials(pair.claim)
    for s, item in enumerate(pair.evidence.items):
        for denial in denials(item):
            if denial.kind == "maybe":
                continue
            told = [linked[(s, j)] for j in denial.over if (s, j) in linked]
            if not told or (
                len(told) == 1 and len(denial.over) == _REACH and not _first(denial, s, linked)
            ):
                continue
            if any(pair.links[i] is not None and pair.links[i].how == "prefix" for i in told):  # type: ignore[union-attr]
                continue
            kinds = {d.kind for d in claimed for i in told if i in d.over}
            if not kinds:
                word = item[denial.over[0]].text
                verb = "limits" if denial.kind == "rare" else "denies"
                return f'the evidence {verb} "{word}"'
    return None


def _first(denial: Denial, s: int, linked: dict[Place, int]) -> bool:
    return (s, denial.over[0]) in linked
