"""A claim is never stronger than its evidence: "may" stays, a question, an aim or a plan is told as
such, an association is no cause, "most" does not become "all", "only" is neither put in nor left
out, and a superlative is the evidence's own.

Hedge words follow Hyland (1998, "Hedging in Scientific Research Articles") in kind; the lists in
rag.claims.lexicon are ours.
"""

from __future__ import annotations

from collections.abc import Sequence

from rag.claims.align import Pair
from rag.claims.lexicon import (
    ABSOLUTE,
    AIMS,
    ASKED,
    FREQUENCY,
    HEDGES,
    MILD_HEDGES,
    ONLY,
    QUANTIFIERS,
    RARE,
    TOGETHER,
)
from rag.claims.opposites import signs_of
from rag.claims.stems import root
from rag.claims.text import Token

_SCOPE = 4


def check_hedges(pair: Pair) -> str | None:
    """Reason why the claim is stronger than the evidence, or None."""
    linked = pair.linked()
    for s, item in enumerate(pair.evidence.items):
        for j, token in enumerate(item):
            needed = _answers(item, j)
            if not needed:
                continue
            told = _restated(item, s, j, linked, loosely=needed is _NO_CAUSE)
            if told and not _answered(pair.claim, told, needed):
                return f'the evidence says "{token.text}", the claim does not'
    return _stronger(pair)


def _answers(item: Sequence[Token], j: int) -> frozenset[str]:
    """The claim words of which one must answer the hedge at `j`; empty for no hedge."""
    low = item[j].low
    after = item[j + 1].low if j + 1 < len(item) else ""
    if low in FREQUENCY or low in RARE:
        return _FREQUENCIES if after and item[j + 1].kind != "mark" else frozenset()
    if low in ("unclear", "disputed"):
        return HEDGES if after in ("whether", "how", "if", "what", "why", "which") else frozenset()
    if low == "whether":
        return ASKED | HEDGES
    if low in AIMS and after == "to" and low not in _NO_AIM:
        return AIMS | HEDGES
    if low == "will" and after == "be":
        return _LATER
    if low in ("associated", "correlated", "correlates", "correlate") and after == "with":
        return _NO_CAUSE
    if low in ("if", "can") or (low in MILD_HEDGES and low not in _WISHES):
        return frozenset()
    if low.startswith("suggest"):
        return HEDGES if _finite(item, j) else frozenset()
    return _STRONG if low in HEDGES else frozenset()


_NO_AIM = frozenset(("designed", "meant", "order", "so", "goal", "purpose", "objective"))
_LATER = AIMS | frozenset(("will", "shall", "soon", "later", "future", "upon", "once", "to"))
_NO_CAUSE = TOGETHER | HEDGES
_WISHES = frozenset(("would", "should", "ought"))
_STRONG = HEDGES - MILD_HEDGES | _WISHES | {"can"}
_FREQUENCIES = FREQUENCY | RARE | {w for w, strength in QUANTIFIERS.items() if strength <= 3}


def _answered(claim: Sequence[Token], told: list[int], needed: frozenset[str]) -> bool:
    low, high = min(told) - 6, max(told) + 6
    words = {t.low for t in claim[max(0, low) : high + 1]}
    if needed is _STRONG:
        # "can" is as weak as "could" but weaker than nothing else.
        words -= {"can"}
    return bool(words & needed)


def _finite(item: Sequence[Token], j: int) -> bool:
    """ "suggest that" hedges; "suggested by" and "we suggest a method" do not."""
    rest = item[j + 1 : j + 4]
    return (
        bool(rest)
        and rest[0].low not in ("by", "a", "an")
        and not (j and item[j - 1].low in ("we", "they"))
    )


def _restated(
    item: Sequence[Token],
    s: int,
    j: int,
    linked: dict[tuple[int, int], int],
    *,
    loosely: bool = False,
) -> list[int]:
    """Where the claim says what the hedge is about: the next content word and one more; loosely,
    any two ("associated with fewer infections", told as "reduces infections")."""
    scope = [k for k in range(j + 1, len(item)) if item[k].content or item[k].quantity is not None]
    scope = scope[:_SCOPE]
    if not scope:
        return []
    told = [linked[(s, k)] for k in scope if (s, k) in linked]
    least = 2 if loosely else 3
    enough = len(told) >= least or (len(told) >= min(2, len(scope)) and (s, scope[0]) in linked)
    return told if enough else []


def _stronger(pair: Pair) -> str | None:
    claim, evidence = pair.claim, pair.evidence
    for i, token in enumerate(claim):
        low = token.low
        if low == "not_only" and low not in evidence.lows:
            return 'the evidence does not say "not only"'
        if low in ONLY:
            if not any(t.low in ONLY for item in evidence.items for t in item):
                return f'the evidence does not say "{token.text}"'
        elif low in ABSOLUTE and low not in evidence.lows:
            if low not in ("never", "all", "every") or not _allowed(pair, i):
                return f'the evidence does not say "{token.text}"'
        elif low == "both" and any(t.low == "and" for t in claim[i + 1 : i + 9]):
            # It only announces the "and", whose members the other checks look up.
            continue
        elif low in QUANTIFIERS and not _allowed(pair, i):
            return f'the evidence does not say "{token.text}" of this'
        elif low == "first" and _in_turn(claim, i):
            continue
        elif is_superlative(low) and low not in evidence.lows:
            if low in TOP and not TOP.isdisjoint(evidence.lows):
                continue
            signs = signs_of(low)
            if not any(signs_of(o) == signs and is_superlative(o) for o in evidence.lows):
                return f'the evidence does not say "{token.text}"'
        elif low in ("most", "least", "first", "best") and _lost_among(pair, i):
            return f'the evidence says "among the {token.text}"'
    return _dropped_only(pair) or _dropped_quantifier(pair)


TOP = frozenset(("best", "state_of_the_art", "sota"))


def is_superlative(low: str) -> bool:
    """Whether a word claims to be the first or the most of its kind."""
    if low in ("best", "worst", "first", "unique", "state_of_the_art", "sota", "unprecedented"):
        return True
    return low.endswith("est") and "extreme" in signs_of(low)


def _in_turn(claim: Sequence[Token], i: int) -> bool:
    """ "first A and then B" tells an order, not a priority."""
    return any(t.low in ("then", "next", "afterwards") for t in claim[i + 1 : i + 9])


_TIMES = frozenset(("existing", "current", "previous", "prior", "recent", "earlier"))


def _noun(tokens: Sequence[Token], i: int) -> Token | None:
    after = (t for t in tokens[i + 1 : i + 5] if t.content and t.low not in _TIMES)
    return next(after, None)


def _allowed(pair: Pair, i: int) -> bool:
    """A quantifier of the same or greater strength over the same noun, or "no" for "all not"."""
    strength = QUANTIFIERS.get(pair.claim[i].low, 4)
    evidence = pair.evidence
    noun = _noun(pair.claim, i)
    if pair.claim[i].low in evidence.lows and noun is None:
        return True
    for item in evidence.items:
        for j, t in enumerate(item):
            found = QUANTIFIERS.get(t.low)
            if t.low in ("no", "none", "never", "neither", "per") and strength == 4:
                found = 4
            if found is None or found < strength:
                continue
            other = _noun(item, j)
            if noun is None or other is None or other.key == noun.key:
                return True
            keys = {root(x.key) for x in item[max(0, j - 2) : j + 7]}
            if root(noun.key) in keys:
                return True
    # "some X" is weaker than "X" and "several X".
    return strength == 1


def _lost_among(pair: Pair, i: int) -> bool:
    link = pair.links[i]
    if link is None:
        return False
    before = {t.low for t in pair.evidence.window(link.place, 3, 0)}
    ours = {t.low for t in pair.claim[max(0, i - 3) : i]}
    return bool(before & {"among", "one"}) and not ours & {"among", "one"}


def _dropped_only(pair: Pair) -> str | None:
    if any(t.low in ONLY for t in pair.claim):
        return None
    linked = pair.linked()
    for s, item in enumerate(pair.evidence.items):
        for j, t in enumerate(item[:-1]):
            # "only 2%" is an author's comment on a figure; "only those that pass" is a condition.
            if t.low in ("only", "solely", "exclusively") and item[j + 1].quantity is None:
                if t.glued or (t.low == "only" and item[j + 1].low in ("a", "by")):
                    continue
                if (j and item[j - 1].low == "not") or not _restated(item, s, j, linked):
                    continue
                return f'the evidence says "{t.text}", the claim does not'
    return None


def _plural(token: Token) -> bool:
    return token.low.endswith("s") or token.low in ("mice", "people", "children", "women", "men")


def _dropped_quantifier(pair: Pair) -> str | None:
    """ "most languages" may not become "languages"; "all" and "several" may be dropped."""
    for item_no, item in enumerate(pair.evidence.items):
        for j, t in enumerate(item):
            if t.low not in ("most", "some", "few", "the_majority_of", "a_majority_of"):
                continue
            noun = j + 1
            if noun >= len(item) or not item[noun].content or not _plural(item[noun]):
                continue
            for i, link in enumerate(pair.links):
                if link is None or link.place != (item_no, noun):
                    continue
                same = [k for k, x in enumerate(pair.claim) if x.key == pair.claim[i].key]
                around = {x.low for k in same for x in pair.claim[max(0, k - 4) : k + 3]}
                if not around & (set(QUANTIFIERS) | FREQUENCY):
                    return f'the evidence says "{t.text} {item[noun].text}"'
    return None
