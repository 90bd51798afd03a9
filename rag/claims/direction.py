"""Where a claim says more, better, faster or after, the evidence says so of the same thing.

Opposites live in families with a sign (rag.claims.lexicon). A word of the claim needs a word of
its family and sign in the evidence, in a neighbourhood at least as similar as that of any word
with the other sign.
"""

from __future__ import annotations

from rag.claims.align import Evidence, Pair, Place, roots_of
from rag.claims.opposites import signs_of
from rag.claims.polarity import covers
from rag.claims.text import Token
from rag.claims.wordlists import words

# Prepositions are directions only where they are put against each other.
_WEAK = frozenset(words("""with without later following over prior input output open"""))


# What a question can take for granted the wrong way round; "what does the encoder use" is none.
# Opposite only when said of the same thing: a new method may improve an old one.
_BESIDE = frozenset(("age",))
_PREMISES = frozenset(words("""amount quality speed order cost ease estimate outcome extreme"""))


def check_direction(pair: Pair, asked: bool = False) -> str | None:
    """Reason why a direction is contradicted or unsupported, or None.

    Args:
        asked: the claim is a question, whose directions only count where the evidence turns them
            round for the same thing.
    """
    for i, token in enumerate(pair.claim):
        if token.kind not in ("word", "function"):
            continue
        signs = signs_of(token.low)
        if asked:
            signs = {family: sign for family, sign in signs.items() if family in _PREMISES}
        if not signs:
            continue
        reason = _check(pair, i, token, signs, asked)
        if reason:
            return reason
    return None


def _check(pair: Pair, i: int, token: Token, signs: dict[str, int], asked: bool) -> str | None:
    evidence = pair.evidence
    same: list[Place] = []
    opposite: list[Place] = []
    for s, item in enumerate(evidence.items):
        for j, other in enumerate(item):
            theirs = signs_of(other.low) if other.kind in ("word", "function") else {}
            if other.key == token.key:
                same.append((s, j))
            elif theirs:
                shared = [f for f in signs if f in theirs]
                if shared and all(signs[f] == theirs[f] for f in shared):
                    same.append((s, j))
                elif shared and (
                    not (asked or _BESIDE.issuperset(shared)) or _same_thing(pair, i, (s, j))
                ):
                    opposite.append((s, j))
    denied = i in covers(pair.claim)
    graded = _graded(pair, i, token)
    if graded is not None and not denied:
        return graded or None
    if not opposite:
        return None
    if not same:
        if denied or token.low in _WEAK or any(_denied(evidence, p) for p in opposite):
            return None
        return (
            f'"{token.text}" is the opposite of "{evidence.at(opposite[0]).text}" in the evidence'
        )
    if _same_order(pair, i, token, opposite):
        return None
    best_same = max(_fit(pair, i, p) for p in same)
    best_other, place = max((_fit(pair, i, p), p) for p in opposite)
    if best_other > best_same + 0.2 and not (denied or _denied(evidence, place)):
        return f'the evidence says "{evidence.at(place).text}", not "{token.text}", here'
    return None


def _graded(pair: Pair, i: int, token: Token) -> str | None:
    """ "more accurate" is a comparative of "accurate": what counts is the word that raises or
    lowers accuracy in the evidence. "" when it agrees, a reason when it does not, None when
    the evidence has no such word."""
    if token.low not in ("more", "less") or i + 1 >= len(pair.claim):
        return None
    link = pair.links[i + 1]
    if link is None or link.how == "prefix" or not _adjective(pair.claim[i + 1].low):
        return None
    want = 1 if token.low == "more" else -1
    found: str | None = None
    nouns = set(roots_of(pair.claim[i + 1]))
    for item in pair.evidence.items:
        for j, other in enumerate(item):
            if not other.content or nouns.isdisjoint(roots_of(other)):
                continue
            # "more accurate", "better accuracy", "accuracy improves", "gains in accuracy"
            for near in (*range(j - 1, max(-1, j - 4), -1), j + 1):
                if not 0 <= near < len(item) or item[near].segment != other.segment:
                    continue
                signs = signs_of(item[near].low)
                sign = next((signs[f] for f in ("amount", "quality") if f in signs), 0)
                if sign == want:
                    return ""
                if sign and found is None:
                    found = item[near].text
    return None if found is None else f'the evidence says "{found}", not "{token.text}", here'


def _adjective(low: str) -> bool:
    return not low.endswith("s") and low not in ("data", "people")


def _same_order(pair: Pair, i: int, token: Token, opposite: list[Place]) -> bool:
    """The claim has both words, in the order of the evidence: "deep and shallow networks"."""
    link = pair.links[i]
    if link is None or link.how != "key":
        return False
    for place in opposite:
        if place[0] != link.place[0]:
            continue
        for k, other in enumerate(pair.claim):
            if other.key == pair.evidence.at(place).key and k != i:
                return (k < i) == (place[1] < link.place[1])
    return False


def _same_thing(pair: Pair, i: int, place: Place) -> bool:
    """Whether the word after a direction, or before it where nothing follows, stands beside the
    evidence's too: what both are said of."""
    item, j = pair.evidence.items[place[0]], place[1]
    ours = _walk(pair.claim, i, 1)[:2] or _walk(pair.claim, i, -1)[:2]
    theirs = {t.key for step in (1, -1) for t in _walk(item, j, step)[:3]}
    return any(t.key in theirs and t.low != "than" for t in ours)


def _denied(evidence: Evidence, place: Place) -> bool:
    return place[1] in covers(evidence.items[place[0]])


def _fit(pair: Pair, i: int, place: Place) -> float:
    """Shared words after (weighing double) and before, nearest first, in the same segment.

    What follows "higher" or "reduces" is what it is about; what precedes is often shared.
    """
    claim, item, j = pair.claim, pair.evidence.items[place[0]], place[1]
    total = 0.0
    for step, weight in ((1, 2.0), (-1, 1.0)):
        ours = _walk(claim, i, step)
        theirs = {t.key: rank for rank, t in enumerate(_walk(item, j, step), 1)}
        for rank, t in enumerate(ours, 1):
            if t.key in theirs:
                total += weight / (rank + theirs[t.key])
    # A passive or a change of order puts before what stood after.
    for step in (1, -1):
        theirs_back = {t.key for t in _walk(item, j, -step)}
        total += 0.25 * sum(t.key in theirs_back for t in _walk(claim, i, step))
    return total


def _walk(tokens: tuple[Token, ...], i: int, step: int) -> list[Token]:
    out: list[Token] = []
    j = i + step
    while 0 <= j < len(tokens) and len(out) < 4:
        token = tokens[j]
        if token.kind == "mark" and (token.text in ".;:" or out):
            break
        if token.content or token.quantity is not None or token.low == "than":
            out.append(token)
        j += step
    return out
