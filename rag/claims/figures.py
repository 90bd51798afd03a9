"""Where a number stands among its neighbours: by or to how much, the part or the whole, the figure
or its spread, and which of a list said in one breath.

`rag.claims.numbers` finds a number's value, unit and noun; these are about numbers that are in
the evidence, of the right noun, and still said of the wrong thing.
"""

from __future__ import annotations

from collections.abc import Sequence

from rag.claims.align import Pair, Place
from rag.claims.numbers import listed_with, whole_names
from rag.claims.opposites import signs_of
from rag.claims.quantities import bound_word
from rag.claims.text import Token
from rag.claims.wordlists import words

_HINGES = frozenset(words("""by to from"""))
_SKIPPED = frozenset(words("""about approximately around roughly some nearly almost a the $ €"""))
_SPREAD = frozenset(words("""± sd se sem deviation error spread ci interval"""))
_REACH = 3


def check_figures(pair: Pair) -> str | None:
    """Reason why a number of the evidence is put to another use, or None."""
    for i, token in enumerate(pair.claim):
        if token.quantity is None:
            continue
        places = pair.evidence.places.get(token.key, ())
        if not places:
            continue
        shown = token.quantity.shown
        hinge = _hinge(pair.claim, i)
        found = [_hinge(pair.evidence.items[s], j) for s, j in places]
        if hinge in ("by", "to") and all(f and f != hinge for f in found):
            return f'the evidence says "{found[0]} {shown}", not "{hinge} {shown}"'
        if all(_after_spread(pair.evidence.items[s], j) for s, j in places) and not any(
            t.low in _SPREAD for t in pair.claim
        ):
            return f"the number {shown} is a spread in the evidence"
        if not _of(pair.claim, i) and all(_whole(pair, p) for p in places):
            return f"the number {shown} is the whole of which the evidence tells a part"
        reason = _out_of_turn(pair, i, places)
        if reason:
            return reason
    return None


def _hinge(tokens: Sequence[Token], i: int) -> str:
    """ "by", "to" or "from" before the number at `i`; "by" for "fell 5%" too."""
    j = i - 1
    while j >= 0 and i - j <= _REACH and (tokens[j].low in _SKIPPED or bound_word(tokens[j].low)):
        j -= 1
    if j < 0:
        return ""
    if tokens[j].low in _HINGES:
        return tokens[j].low
    quantity = tokens[i].quantity
    changed = tokens[j].low.endswith(("ed", "s")) or tokens[j].low in ("fell", "rose", "grew")
    if quantity and quantity.unit and changed and "amount" in signs_of(tokens[j].low):
        return "by"
    return ""


def _after_spread(item: Sequence[Token], j: int) -> bool:
    return j > 0 and (item[j - 1].text == "±" or item[j - 1].low in ("sd", "sem"))


def _of(tokens: Sequence[Token], i: int) -> bool:
    return any(t.low in ("of", "out_of") for t in tokens[max(0, i - 2) : i])


def _whole(pair: Pair, place: Place) -> bool:
    """The 40 of "12 of 40 patients responded", told with what only the 12 did."""
    item, j = pair.evidence.items[place[0]], place[1]
    quantity = item[j].quantity
    if quantity is None or quantity.unit or not j:
        return False
    k = j - 1 - (item[j - 1].low in ("the", "these"))
    if k < 0 or item[k].low != "of":
        return False
    before = item[k - 1] if k else None
    part: Token | None = None
    if before is None or before.kind == "mark":
        part = next((t for t in item[j + 1 : j + 9] if t.quantity is not None), None)
    elif before.quantity is not None or before.low == "out":
        part = next((t for t in reversed(item[:k]) if t.quantity is not None), None)
    if part is None or any(t.key == part.key for t in pair.claim):
        return False
    linked = pair.linked()
    noun = next((n for n in range(j + 1, len(item)) if item[n].content), j)
    rest = max(part.position, noun)
    return any((place[0], n) in linked and item[n].content for n in range(rest + 1, len(item)))


def _out_of_turn(pair: Pair, i: int, places: Sequence[Place]) -> str | None:
    """ "anxiety and depression fell by 12% and 20%" told as "depression fell by 12%"."""
    shown = pair.claim[i].quantity.shown  # type: ignore[union-attr]
    reason = None
    for s, j in places:
        item = pair.evidence.items[s]
        numbers = listed_with(item, j)
        if len(numbers) < 2 or any(
            len(whole_names(side)) >= len(numbers)
            for side in (item[: numbers[0]], item[numbers[-1] + 1 :])
        ):
            return None
        said = any(t.low == "respectively" for t in item)
        owners = _owners(item, numbers)
        if not owners:
            if not said or _all_told(pair, item, numbers):
                return None
            reason = f"the number {shown} is one of several told in turn"
            continue
        at = [next((k for k, t in enumerate(pair.claim) if t.key == o.key), None) for o in owners]
        if _all_told(pair, item, numbers):
            turns = [k for k in at if k is not None]
            if turns == sorted(turns):
                return None
        else:
            own = at[numbers.index(j)]
            others = [k for n, k in enumerate(at) if n != numbers.index(j) and k is not None]
            if own is not None and all(abs(own - i) < abs(k - i) for k in others):
                return None
            if own is None and not others and not said:
                return None
            if own is not None and len(others) == len(owners) - 1:
                # Each is named beside its number, in an order of the writer's.
                return None
        reason = f"the number {shown} belongs to another of several told in turn"
    return reason


def _owners(item: Sequence[Token], numbers: list[int]) -> list[Token]:
    """The words joined by "and" before a list of two numbers that they own in turn."""
    if len(numbers) != 2:
        return []
    for k in range(numbers[0] - 1, 0, -1):
        if item[k].text in (".", ";", ":"):
            break
        if item[k].low == "and" and item[k - 1].content and item[k + 1].content:
            return [item[k - 1], item[k + 1]]
    return []


def _all_told(pair: Pair, item: Sequence[Token], numbers: list[int]) -> bool:
    mine = iter([t.key for t in pair.claim if t.quantity is not None])
    return all(item[k].key in mine for k in numbers)
