"""Who does what to whom stays: subject and object do not change sides of a comparison or a
cause, and no word of the evidence is replaced by another word of the evidence.
"""

from __future__ import annotations

from collections.abc import Sequence

from rag.claims.align import Evidence, Pair, Place
from rag.claims.opposites import signs_of
from rag.claims.stems import stem
from rag.claims.text import Token
from rag.claims.wordlists import words

# What stands left and right of these is not to be exchanged.
_PIVOTS = frozenset(
    stem(w)
    for w in words(
        """outperform surpass exceed beat underperform than replace cause induce produce improve
        increase reduce decrease predict precede follow generate translate map convert transform
        depend encode contain require use train distil distill ignore guide control detect
        attack defend supervise teach outrank match lead unlike from before after"""
    )
) | frozenset(
    words("""lead_to due_to in_contrast_to compared_to rather_than instead_of depend_on""")
)


# The writer may put these in front or after.
_TASTE = frozenset(["unlike", "in_contrast_to", "compared_to"])


def check_roles(pair: Pair) -> str | None:
    """Reason why roles are exchanged or a word replaced, or None."""
    for i, link in enumerate(pair.links):
        if link is None:
            continue
        token = pair.claim[i]
        # "training" names a thing as often as an act.
        if token.low != "training" and (token.key in _PIVOTS or stem(token.low) in _PIVOTS):
            places = pair.evidence.places.get(token.key) or [link.place]
            if all(_crossed(pair, i, place) for place in places):
                return f'the sides of "{token.text}" are exchanged'
        if token.content:
            displaced = _displaced(pair, i)
            if displaced:
                return f'"{token.text}" stands where the evidence has "{displaced}"'
    return None


def _crossed(pair: Pair, i: int, place: Place) -> bool:
    claim, item, j = pair.claim, pair.evidence.items[place[0]], place[1]
    left, right = _sides(claim, i)
    left_e, right_e = _sides(item, j)
    if any(k and t[k - 1].low in _ELLIPTIC for t, k in ((claim, i), (item, j))):
        return False
    passive, passive_e = _passive(claim, i), _passive(item, j)
    if passive != passive_e:
        ours, theirs = (left, right), (left_e, right_e)
        return _turned(ours, theirs) if passive else _turned(theirs, ours)
    if claim[i].low == "than" and _inverted(claim, i, item, j):
        left_e, right_e = right_e, left_e
    if _exchanged(left, right, left_e, right_e):
        return claim[i].low not in _TASTE
    if claim[i].low in ("from", "before", "after"):
        return False
    straight = _shared(left, left_e) + _shared(right, right_e)
    cross = _shared(left, right_e) + _shared(right, left_e)
    # Fronted "unlike X, Y" against "Y, unlike X": the side depends on the writer's taste.
    if claim[i].low in ("unlike", "in_contrast_to", "compared_to", "compared_with"):
        right_after, right_after_e = right[:2], right_e[:2]
        return (
            bool(right_after)
            and not _shared(right_after, right_after_e)
            and (
                _shared(right_after, left_e + right_e[2:]) > 0
                or _shared(right_after_e[:1], left + right[2:]) > 0
            )
        )
    return cross > straight + 0.4


def _exchanged(
    left: list[Token], right: list[Token], left_e: list[Token], right_e: list[Token]
) -> bool:
    """Something went from left to right and something from right to left."""
    a, b = {t.key for t in left}, {t.key for t in right}
    c, d = {t.key for t in left_e}, {t.key for t in right_e}
    return bool((a & d) - c - b) and bool((b & c) - d - a)


def _inverted(a: Sequence[Token], i: int, b: Sequence[Token], j: int) -> bool:
    """ "more than" against "less than", outside negation: exchanged sides are then right."""
    one = _comparative(a, i)
    two = _comparative(b, j)
    return any(f in two and two[f] != sign for f, sign in one.items())


def _comparative(tokens: Sequence[Token], i: int) -> dict[str, int]:
    for t in reversed(tokens[max(0, i - 4) : i]):
        signs = signs_of(t.low)
        if signs:
            return signs
    return {}


def _sides(tokens: Sequence[Token], i: int) -> tuple[list[Token], list[Token]]:
    """Up to 4 content tokens on each side, nearest first, bounded by strong punctuation and
    contrast words on the right and the segment on the left."""
    out: list[list[Token]] = []
    for step in (-1, 1):
        side: list[Token] = []
        j = i + step
        while 0 <= j < len(tokens) and len(side) < 4:
            t = tokens[j]
            if (t.kind == "mark" and t.text in ".;:?!") or t.low in ("while", "whereas", "but"):
                break
            if t.content:
                side.append(t)
            j += step
        out.append(side)
    return out[0], out[1]


def _shared(ours: Sequence[Token], theirs: Sequence[Token]) -> float:
    keys = {t.key: rank for rank, t in enumerate(theirs)}
    return sum(
        (2.0 if t.kind == "name" else 0.5 if t.soft else 1.0) / (1 + 0.5 * rank)
        for rank, t in enumerate(ours)
        if t.key in keys
    )


def _passive(tokens: Sequence[Token], i: int) -> bool:
    """A participle with a form of "be" before it or an agent after it ("missed by testing")."""
    nothing = tokens[i + 1].low in _NO_OBJECT if i + 1 < len(tokens) else True
    if nothing and "amount" in signs_of(tokens[i].low):
        # "completion rose by 2": what rises is what something else raised.
        return True
    if not tokens[i].low.endswith(("ed", "en", "wn", "d", "t")):
        return False
    if any(t.low in _BE for t in tokens[max(0, i - 2) : i]):
        return True
    after = tokens[i + 1 : i + 3]
    return (
        len(after) == 2
        and after[0].low == "by"
        and after[1].quantity is None
        and not after[1].low.endswith("ing")
    )


_ELLIPTIC = frozenset(words("""rather_than instead_of than as being"""))
_NO_OBJECT = frozenset(words("""by with from to as when if in on after for during . ,"""))
_BE = frozenset(words("""is are was were be been being"""))


def _turned(
    passive: tuple[list[Token], list[Token]], active: tuple[list[Token], list[Token]]
) -> bool:
    """The subject of the passive is the active's subject, which it must not be."""
    before, after = ({t.key for t in side} for side in active)
    subject = [t.key for t in passive[0][:2]]
    return any(k in before and k not in after for k in subject) and not any(
        k in after for k in subject
    )


def _displaced(pair: Pair, i: int) -> str | None:
    """The evidence word that stands between the same two neighbours as claim word `i`.

    Two content neighbours on one side, or one on each, must stand together in one segment of the
    evidence with another word in the place of this one, and nowhere together with this one.
    """
    claim, evidence = pair.claim, pair.evidence
    if claim[i].soft:
        return None
    before = _next(claim, i, -1, 2)
    after = _next(claim, i, 1, 2)
    found: str | None = None
    if claim[i].kind == "name" or _opening_name(pair, i):
        found = _renamed(pair, i)
        if found:
            return found
    for anchors, step in ((after, 1), (before, -1)):
        if len(anchors) < 2 or any(a.soft for a in anchors):
            continue
        near, far = anchors
        for s, j in evidence.places.get(near.key, ()):
            item = evidence.items[s]
            beyond = _next(item, j, step, 1)
            if not beyond or beyond[0].key != far.key:
                continue
            slot = _next(item, j, -step, 1)
            # A title's words stand together otherwise than a sentence's.
            also = evidence.places[near.key] if s in evidence.titles else [(s, j)]
            if not slot or any(_close(evidence, p, claim[i].key) for p in also):
                return None
            gap = abs(slot[0].position - j) > 1
            if gap != (abs(near.position - i) > 1):
                continue
            if slot[0].soft or slot[0].key in {t.key for t in (*before, *after)}:
                continue
            if _elsewhere(pair, slot[0]):
                continue
            found = slot[0].text
    return found


def _opening_name(pair: Pair, i: int) -> bool:
    """A capitalised first word that the evidence never has in lower case."""
    token = pair.claim[i]
    places = pair.evidence.places.get(token.key, ())
    return token.text[0].isupper() and all(pair.evidence.at(p).text[0].isupper() for p in places)


def _renamed(pair: Pair, i: int) -> str | None:
    """Another name of the evidence, not in the claim, whose surroundings the claim gives to this
    name, unless this name has as similar ones somewhere itself."""
    claim, evidence = pair.claim, pair.evidence
    told = {t.key for t in claim}
    own = 0.0
    best, other = 0.0, None
    if claim[i].low in ("first", "second", "third", "finally"):
        return None
    for s, item in enumerate(evidence.items):
        for j, token in enumerate(item):
            if token.key == claim[i].key:
                own = max(own, _surroundings(claim, i, item, j))
            elif token.kind == "name":
                # An alias in parentheses, or a title's capitals, are no rivals.
                if (_inside(item, j) and not _inside(claim, i)) or (
                    s in evidence.titles and token.text[1:].islower()
                ):
                    continue
                if _listed(item, j, claim[i].key) and _listed(claim, i, token.key):
                    continue
                # A rival that the claim names too must fit better to count.
                fit = _surroundings(claim, i, item, j) - (0.5 if token.key in told else 0.0)
                if fit > best:
                    best, other = fit, token.text
    return other if best >= _RENAMED and best > own + 0.4 else None


def _inside(tokens: Sequence[Token], i: int) -> bool:
    """Whether a token stands in parentheses."""
    for token in reversed(tokens[:i]):
        if token.text in "()":
            return token.text == "("
    return False


def _listed(tokens: Sequence[Token], i: int, key: str) -> bool:
    """Whether the name at `i` is enumerated with one of that key: the order is the writer's."""
    for step in (-1, 1):
        j = i + step
        while 0 <= j < len(tokens) and abs(j - i) <= 8:
            token = tokens[j]
            if token.key == key:
                return True
            if not (token.kind in ("name", "number") or token.low in ("and", "or", ",")):
                break
            j += step
    return False


_RENAMED = 1.5


def _surroundings(a: Sequence[Token], i: int, b: Sequence[Token], j: int) -> float:
    """How alike the two nearest words on each side are, 0 to 3."""
    total = 0.0
    for step in (-1, 1):
        ours = [t.key for t in _nearest(a, i, step)]
        theirs = [t.key for t in _nearest(b, j, step)]
        for m, key in enumerate(ours):
            for n, found in enumerate(theirs):
                if key == found:
                    total += 1.0 if m == n == 0 else 0.5
        # Both at the edge of the sentence, where there is one neighbour at most.
        total += 0.5 * (not ours and not theirs)
    return total


def _nearest(tokens: Sequence[Token], i: int, step: int) -> list[Token]:
    out: list[Token] = []
    j = i + step
    while 0 <= j < len(tokens) and len(out) < 2 and tokens[j].text != ".":
        if tokens[j].content or tokens[j].quantity is not None:
            out.append(tokens[j])
        j += step
    return out


def _elsewhere(pair: Pair, token: Token) -> bool:
    """The claim has the evidence's word too, so nothing was replaced but moved."""
    return any(t.key == token.key for t in pair.claim)


def _close(evidence: Evidence, place: Place, key: str) -> bool:
    segment = evidence.at(place).segment
    return any(t.key == key and t.segment == segment for t in evidence.window(place, 6, 6))


def _next(tokens: Sequence[Token], i: int, step: int, count: int) -> list[Token]:
    """The next content tokens in one direction within the same segment."""
    out: list[Token] = []
    j = i + step
    while 0 <= j < len(tokens) and len(out) < count:
        t = tokens[j]
        if t.segment != tokens[i].segment:
            break
        if t.content or t.quantity is not None:
            out.append(t)
        j += step
    return out
