"""What stands under "that" or "to" in the evidence is not told as a plain fact, unless what it
stands under makes it one: "there is no evidence that", "critics argue that", "was built to".

The words that make a fact of a clause are a closed list (factive and semi-factive verbs, in the
sense of Kiparsky and Kiparsky 1970, "Fact", with those by which authors report their own results);
any other word is a doubt, and a doubt is a refusal.
"""

from __future__ import annotations

from collections.abc import Sequence

from rag.claims.align import Pair
from rag.claims.lexicon import AIMS, HEDGES
from rag.claims.polarity import kind_of
from rag.claims.stems import stem
from rag.claims.text import Token
from rag.claims.wordlists import words

_FACTS = frozenset(
    stem(w)
    for w in words(
        """show find demonstrate reveal observe prove confirm report establish discover conclude
        note verify validate see document evident clear fact ensure mean know indicate illustrate
        highlight emphasize stress underscore corroborate determine learn recognize realize
        evidence proof true guarantee"""
    )
)
_VIEWS = frozenset(
    stem(w)
    for w in words(
        """argue believe hypothesize hypothesise speculate suspect doubt deny allege contend posit
        postulate conjecture"""
    )
)
# Nouns that hold a clause; after "a" any other noun only gets its relative clause.
_HELD = frozenset(
    stem(w)
    for w in words(
        """claim hypothesis belief view idea assumption notion suggestion possibility chance
        concern fear myth argument expectation theory conjecture suspicion impression hope report
        rumour rumor risk doubt question support sign hint consensus account prediction proposal"""
    )
)
_WEAK = frozenset(
    words(
        """little weak limited scant scarce mixed conflicting anecdotal preliminary remains remain
        remained yet wrongly falsely mistakenly incorrectly erroneously fail fails failed"""
    )
)
_FALSE = frozenset(
    words("""false wrong mistaken untrue incorrect unfounded baseless refuted rejected disproved""")
)
_BE = frozenset(words("""is are was were be been proved proven"""))
# What one is able, known or trained to do is done.
_DONE = frozenset(
    stem(w)
    for w in words(
        """able ability capable shown show found find known know seen see observe observed reported
        proven prove demonstrated continue enough sufficient easy tend tends way allow enable let
        cause force lead make help manage come learn train begin start serve"""
    )
)
# What authors do to learn whether something is so.
_STUDIED = frozenset(
    stem(w)
    for w in words("""investigate examine study evaluate assess test explore trial ask compare""")
)
_EFFECTS = frozenset(words("""effect effects impact impacts influence influences"""))
_BACK = 4


def check_clauses(pair: Pair) -> str | None:
    """Reason why a clause is told without what it stands under, or None."""
    hedged = any(t.low in HEDGES and t.low != "can" for t in pair.claim)
    return _under_that(pair, hedged) or _under_to(pair)


def _under_that(pair: Pair, hedged: bool) -> str | None:
    linked = pair.linked()
    for s, item in enumerate(pair.evidence.items):
        if pair.evidence.heads(s):
            continue
        content = [k for k, t in enumerate(item) if t.content]
        told = [k for k in content if (s, k) in linked]
        if len(told) < 2:
            continue
        for j, token in enumerate(item):
            if token.low == "that":
                reason = _held(item, j, content, told, hedged)
            elif not hedged and token.kind == "word" and _view(token) and j < told[0]:
                reason = token.text
            else:
                continue
            if reason:
                return f'the evidence says it only under "{reason}"'
    return None


def _view(token: Token) -> bool:
    return stem(token.low) in _VIEWS


def _held(
    item: Sequence[Token], j: int, content: list[int], told: list[int], hedged: bool
) -> str | None:
    """The word that holds the clause after "that" at `j` back from being a fact, or None; a claim
    that is hedged itself only from what is denied."""
    before = [k for k in content if k < j]
    if not before or told[0] < j or sum(k > j for k in told) < 2:
        return None
    if item[j - 1].low in ("so", "such", "now", "in", "except"):
        return None
    start = max((k + 1 for k in range(j) if item[k].text in (";", ":", ".")), default=0)
    denied = next((t.text for t in item[start:j] if kind_of(t) in _DENYING), None)
    if denied or hedged:
        return denied
    spoilt = next((t for t in item[start:j] if t.low in _WEAK), None)
    if spoilt is not None:
        return spoilt.text
    if any(t.low in _FALSE and item[k + j].low in _BE for k, t in enumerate(item[j + 1 :])):
        return next(t.text for t in item[j + 1 :] if t.low in _FALSE)
    for k in reversed(before[-_BACK:]):
        word = stem(item[k].low)
        if k < start or word in _HELD or word in _VIEWS:
            break
        if word in _FACTS:
            return None
    holder = item[before[-1]]
    article = before[-1] and item[before[-1] - 1].low in ("a", "an")
    if article and stem(holder.low) not in _HELD:
        return None
    return f"{holder.text} that"


_DENYING = ("not", "rare")


_VERBAL = ("word", "number")


def _under_to(pair: Pair) -> str | None:
    """ "was given to prevent falls" told as "prevents falls"."""
    claim, evidence = pair.claim, pair.evidence
    for i, link in enumerate(pair.links):
        # "doubles" is a number.
        if link is None or i == 0 or link.how == "prefix" or claim[i].kind not in _VERBAL:
            continue
        item, j = evidence.items[link.place[0]], link.place[1]
        verb = claim[i].low.split("_")[0]
        if not verb.endswith(("s", "ed")) or claim[i].low == item[j].low:
            continue
        places = evidence.places.get(claim[i].key) or [link.place]
        if not all(_open(evidence.items[s], k) for s, k in places):
            continue
        if any(stem(t.low) in _STUDIED for t in claim):
            continue
        if any(t.low in AIMS or t.low in HEDGES or t.low in ("for", "to")
               for t in claim[max(0, i - 4) : i]):  # fmt: skip
            continue
        holders = [_holder(evidence.items[s], k) for s, k in places]
        if all(holders):
            return f'"{claim[i].text}" is said only under "{holders[0]}" in the evidence'
    return None


def _open(item: Sequence[Token], j: int) -> bool:
    """Whether the word at `j` is no finite verb but "to prevent", "for preventing" or "the effect
    of", an adverb between them or not."""
    low = item[j].low
    if low in _EFFECTS:
        return j + 1 < len(item) and item[j + 1].low == "of"
    if j > 1 and item[j - 1].low.endswith("ly"):
        j -= 1
    return j > 1 and (item[j - 1].low == "to" or (item[j - 1].low == "for" and low[-3:] == "ing"))


def _holder(item: Sequence[Token], j: int) -> str | None:
    """What the verb at `j` hangs on, None where that makes a fact of it."""
    before = [k for k in range(j - 1, -1, -1) if item[k].content][:_BACK]
    if not before:
        return None
    if item[before[0]].low == "used" and item[before[0] - 1].low not in _BE:
        return "used"
    segment = item[j].segment
    near = [item[k] for k in before if item[k].segment == segment]
    studied = next((t.text for t in near if stem(t.low) in _STUDIED), None)
    if item[j].low in _EFFECTS or item[j - 1].low == "for":
        # "a method for preventing", "the effect of": what is studied is open, the rest is not.
        return studied
    if not near or any(stem(t.low) in _DONE or t.low == "used" for t in near):
        return None
    return f"{near[0].text} to"
