"""A number in a claim is in the evidence with the same value, unit and bound, before the same
noun, and closer to what the claim says it measures than the evidence's other numbers are.
"""

from __future__ import annotations

from collections.abc import Sequence

from rag.claims.align import Evidence, Pair, Place
from rag.claims.quantities import Quantity, same_value
from rag.claims.stems import root
from rag.claims.text import Token
from rag.claims.wordlists import words

_STOP = frozenset(
    words("""and or but while whereas compared_to than against versus vs respectively""")
)
_PREPOSITIONS = frozenset(("from", "to"))


def check_numbers(pair: Pair) -> str | None:
    """Reason why a number is not covered, or None."""
    told: dict[str, int] = {}
    for i, token in enumerate(pair.claim):
        if token.quantity is not None:
            told[token.key] = told.get(token.key, 0) + 1
            found = len(pair.evidence.places.get(token.key, ()))
            if 0 < found < told[token.key] and token.quantity.value > 1:
                return f"the number {token.quantity.shown} is told more often than in the evidence"
            reason = _check(pair, i, token.quantity)
            if reason:
                return reason
    return None


def _check(pair: Pair, i: int, quantity: Quantity) -> str | None:
    evidence, claim = pair.evidence, pair.claim
    quantities = _quantities(evidence)
    equal = [(p, q) for p, q in quantities if same_value(q.value, quantity.value)]
    if not equal:
        if _inside_name(claim, i, evidence) or (
            quantity.value == 1 and _is_one(claim, i, evidence)
        ):
            return None
        return f"the number {quantity.shown} is not in the evidence"
    units = [(p, q) for p, q in equal if _same_unit(quantity, q)]
    if not units:
        return f"the number {quantity.shown} has another unit in the evidence"
    bounds = [(p, q) for p, q in units if q.bound == quantity.bound]
    if not bounds:
        return f"the number {quantity.shown} is bounded otherwise in the evidence"
    nouns = [(p, q) for p, q in bounds if quantity.unit or _same_noun(claim, i, evidence, p)]
    if not nouns:
        return f"the number {quantity.shown} counts something else in the evidence"
    ours = _territory(claim, i)
    reason = None
    for place, q in nouns:
        reason = _stolen(ours, evidence, place, q, quantities)
        if reason is None:
            return None
    return f"the number {quantity.shown} {reason}"


def _quantities(evidence: Evidence) -> list[tuple[Place, Quantity]]:
    return [
        ((s, j), t.quantity)
        for s, item in enumerate(evidence.items)
        for j, t in enumerate(item)
        if t.quantity is not None
    ]


def _same_unit(claimed: Quantity, found: Quantity) -> bool:
    # "+4.0 AP" may be told as "4.0 points"; nothing else changes its unit.
    return claimed.unit == found.unit or {claimed.unit, found.unit} == {"", "point"}


def _inside_name(claim: tuple[Token, ...], i: int, evidence: Evidence) -> bool:
    """ "SAM 2" for "SAM-2": the digits follow the same word."""
    return i > 0 and claim[i - 1].content and claim[i - 1].low + claim[i].low in evidence.joined


def _is_one(claim: tuple[Token, ...], i: int, evidence: Evidence) -> bool:
    if claim[i].low != "one":
        return False
    head = _head(claim, i)
    if head is None or head.low in ("finding", "result", "conclusion"):
        return True
    return any(
        t.low in ("a", "an", "single", "the")
        for place in evidence.places.get(head.key, ())
        for t in evidence.window(place, 4, 0)
    )


def _run(tokens: Sequence[Token], i: int) -> list[Token]:
    """The unbroken content words after a number, at most 5."""
    out: list[Token] = []
    for token in tokens[i + 1 : i + 6]:
        if not token.content:
            break
        out.append(token)
    return out


def _head(tokens: Sequence[Token], i: int) -> Token | None:
    """The noun counted: the first plural of the run, else its first word."""
    run = _run(tokens, i)
    if run and run[0].glued:
        # "one-shot"
        return run[0]
    plural = (t for t in run if t.low.endswith("s") and not t.low.endswith(("ss", "us", "is")))
    return next(plural, run[0] if run else None)


def _same_noun(claim: tuple[Token, ...], i: int, evidence: Evidence, place: Place) -> bool:
    head = _head(claim, i)
    if head is None or not _run(evidence.items[place[0]], place[1]):
        return True
    segment = evidence.at(place).segment
    after = [t for t in evidence.window(place, 0, 8)[1:] if t.segment == segment]
    near = {t.key for t in after} | {root(t.key) for t in after if t.content}
    # A name before the number ("SAM 2 runs") is what it belongs to, whatever follows.
    if i and claim[i - 1].kind == "name" and place[1]:
        return claim[i - 1].key == evidence.at((place[0], place[1] - 1)).key
    return head.key in near or root(head.key) in near


def _left_edge(tokens: Sequence[Token], i: int) -> int:
    """Where the left territory of the number at `i` begins: after the number before it of the
    same unit, and after the words that belong to that one."""
    unit = tokens[i].quantity.unit if tokens[i].quantity else ""  # type: ignore[union-attr]
    j = i - 1
    while j >= 0:
        q = tokens[j].quantity
        if q is not None and q.unit == unit:
            return _right_edge(tokens, j)
        if tokens[j].kind == "mark" and tokens[j].text in ".;?!":
            return j + 1
        j -= 1
    return 0


def _right_edge(tokens: Sequence[Token], i: int) -> int:
    """One past the last word after the number at `i` that belongs to it."""
    quantity = tokens[i].quantity
    last = i + 1
    for j in range(i + 1, len(tokens)):
        token = tokens[j]
        if token.kind == "mark" or token.low in _STOP:
            return j
        q = token.quantity
        if q is not None and quantity is not None and q.unit == quantity.unit:
            return last
        if token.content:
            last = j + 1
    return len(tokens)


def _territory(tokens: Sequence[Token], i: int) -> tuple[list[Token], list[Token]]:
    """What the number at `i` is said of: words before it (nearest first), and words after."""
    left = [t for t in tokens[_left_edge(tokens, i) : i] if _labels(t)]
    right = [t for t in tokens[i + 1 : max(i + 1, _right_edge(tokens, i))] if _labels(t)]
    listed = listed_with(tokens, i)
    if len(listed) > 1:
        names = _respective(tokens, listed)
        if names:
            left, right = [names[listed.index(i)]], []
    return left[::-1], right


def listed_with(tokens: Sequence[Token], i: int) -> list[int]:
    """The numbers of one unit enumerated with the one at `i`: "7.1%, 6.2% and 5.0%"."""
    quantity = tokens[i].quantity
    listed = [i]
    for step in (-1, 1):
        j = i + step
        while 0 <= j < len(tokens):
            q = tokens[j].quantity
            if q is not None and quantity is not None and q.unit == quantity.unit:
                listed.append(j)
            elif q is not None or not (tokens[j].text == "," or tokens[j].low == "and"):
                break
            j += step
    return sorted(listed)


def _respective(tokens: Sequence[Token], listed: list[int]) -> list[Token]:
    """The names that enumerated numbers belong to, in order: the last before them, else the
    first after them; none when there are too few."""
    before = whole_names(tokens[: listed[0]])[-len(listed) :]
    after = whole_names(tokens[listed[-1] + 1 :])[: len(listed)]
    return next((n for n in (before, after) if len(n) == len(listed)), [])


def whole_names(tokens: Sequence[Token]) -> list[Token]:
    """The first part of each name ("GPT-4" counts once)."""
    names = (t for t in tokens if t.kind == "name")
    return [t for t in names if not t.glued]


def _labels(token: Token) -> bool:
    return token.content or token.quantity is not None or token.low in (*_PREPOSITIONS, "without")


def _stolen(
    ours: tuple[list[Token], list[Token]],
    evidence: Evidence,
    place: Place,
    quantity: Quantity,
    quantities: list[tuple[Place, Quantity]],
) -> str | None:
    """Whether another number of the evidence fits the claim's words better than this one."""
    here = _territory(evidence.items[place[0]], place[1])
    own = {t.key for side in here for t in side}
    claimed = {t.key for side in ours for t in side}
    for other, q in quantities:
        if q.unit != quantity.unit or same_value(q.value, quantity.value):
            continue
        # Two counts of different things do not compete: "24 farms" and "8,412 visits".
        if not q.unit and _counts_other(evidence, place, other):
            continue
        there = {t.key for side in _territory(evidence.items[other[0]], other[1]) for t in side}
        for side in ours:
            if _better(side, [*ours[0], *ours[1]], own, there, claimed, here):
                return f"belongs to something else in the evidence than {q.shown} does"
    return None


def _counts_other(evidence: Evidence, place: Place, other: Place) -> bool:
    one = _head(evidence.items[place[0]], place[1])
    two = _head(evidence.items[other[0]], other[1])
    return one is not None and two is not None and one.key != two.key


def _better(
    side: list[Token],
    whole: list[Token],
    own: set[str],
    there: set[str],
    claimed: set[str],
    here: tuple[list[Token], list[Token]],
) -> bool:
    words = [t.low for t in side[:3]]
    for preposition, opposite in (("from", "to"), ("to", "from")):
        if preposition in words[:1]:
            if preposition in own and preposition not in there:
                return False
            if preposition in there and opposite in own and preposition not in own:
                return True
    strong_own = [t for t in whole if _strong(t) and t.key in own and t.key not in there]
    strong_there = [t for t in side if _strong(t) and t.key in there and t.key not in own]
    if strong_own and (not strong_there or _nearer(whole, side, strong_own[0], strong_there[0])):
        return False
    rivals = [t for part in here for t in part if _strong(t) and t.key not in claimed]
    if strong_there and not strong_own and rivals:
        return True
    weight_own = weight_there = 0.0
    for rank, t in enumerate(side, 1):
        if t.key in own and t.key not in there:
            weight_own += 1 / rank
        elif t.key in there and t.key not in own:
            weight_there += 1 / rank
    return weight_there > weight_own + 0.05


def _nearer(whole: list[Token], side: list[Token], own: Token, there: Token) -> bool:
    """Whether a label of this number stands nearer to it than one of the other number."""
    left = len(whole) - len(side) if whole[: len(side)] != side else len(side)
    ranks = [k if k < left else k - left for k in range(len(whole))]
    at = {t.position: rank for t, rank in zip(whole, ranks, strict=True)}
    return at[own.position] < at[there.position]


def _strong(token: Token) -> bool:
    return token.kind == "name" or token.quantity is not None
