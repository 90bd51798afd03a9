"""Nothing is put in the place of what the evidence says: no word in another's, no cause where
there is none, no joint or duty of the writer's own, and no preposition in its opposite's.
"""

from __future__ import annotations

from collections.abc import Sequence

from rag.claims.align import Pair
from rag.claims.lexicon import HEDGES
from rag.claims.opposites import signs_of
from rag.claims.polarity import covers
from rag.claims.stems import stem
from rag.claims.synonyms import key_of
from rag.claims.text import Token
from rag.claims.thesaurus import MILD
from rag.claims.wordlists import rows, words

_ARTICLES = frozenset(words("""the a an"""))
_CAUSES = frozenset(
    stem(w)
    for w in words("""cause causes caused causing lead_to result_in induce due_to because""")
) | frozenset(
    words("""lead_to leads_to led_to leading_to result_in results_in resulted_in resulting_in due_to
    because because_of owing_to thanks_to""")
)
_CAUSAL = frozenset(
    words(
        """because due_to because_of owing_to so thus hence thereby therefore thanks_to consequently
        accordingly since"""
    )
)
_CAUSAL_STEMS = frozenset(
    stem(w)
    for w in words(
        """cause drive trigger make enable allow attribute attributable stem result lead yield
        produce induce bring force"""
    )
)
_CONCEDES = frozenset(
    words(
        """although though even_though despite in_spite_of but yet however while whereas even
        nevertheless nonetheless still regardless_of notwithstanding"""
    )
)
# Function words that say something: a claim's own needs one of its kind in the evidence.
_KINDS: tuple[tuple[frozenset[str], frozenset[str]], ...] = (
    (frozenset(words("""although though despite in_spite_of even_though""")), _CONCEDES),
    (
        frozenset(words("""must should""")),
        frozenset(
            words("""must should shall ought need needs needed require requires required recommend
            recommends recommended necessary advise advised essential important have_to to""")
        ),
    ),
    (
        frozenset(words("""will shall""")),
        frozenset(words("""will shall would plan plans planned intend future to""")),
    ),
    (
        frozenset(words("""still""")),
        frozenset(
            words("""still remain remains remained continue continues yet even keep keeps""")
        ),
    ),
    (frozenset(words("""already""")), frozenset(words("""already existing"""))),
    (frozenset(words("""again""")), frozenset(words("""again repeatedly once_more"""))),
    (frozenset(words("""even""")), frozenset(words("""even still despite although also"""))),
    (frozenset(words("""until""")), frozenset(words("""until till up_to to before"""))),
)
_SO = frozenset(words("""because so therefore thus hence thereby due_to"""))
# Compared only between the same two words, so that more than opposites can stand here.
_TAILS = _ARTICLES | {"of", "from"}
_OPPOSED = tuple(
    tuple(line.split())
    for line in rows(
        """
        up down
        on off
        into out
        toward away
        towards away
        by to
        for against
        for after
        over under
        same other
        through around
        with for
        until in
        until from
        until for
        until during
        within after
        during after
        """
    )
)
_TURNED: dict[str, list[str]] = {}
for _one, _other in (tuple(key_of(word) for word in pair) for pair in _OPPOSED):
    _TURNED.setdefault(_one, []).append(_other)
    _TURNED.setdefault(_other, []).append(_one)


_MEANT = frozenset(words("""meant intended designed supposed"""))


def check_swaps(pair: Pair) -> str | None:
    """Reason why something stands in the place of something else, or None."""
    return _replaced(pair) or _caused(pair) or _joined(pair) or _turned(pair)


def _replaced(pair: Pair) -> str | None:
    """A word that is nowhere in the evidence, where the evidence has another, telling word
    between the same two neighbours."""
    claim, evidence, linked = pair.claim, pair.evidence, pair.linked()
    denied = covers(claim)
    said = [i for i, t in enumerate(claim) if t.content or t.quantity is not None]
    for before, i, after in zip(said, said[1:], said[2:], strict=False):
        left, right = pair.links[before], pair.links[after]
        token = claim[i]
        if pair.links[i] is not None or left is None or right is None or token.kind != "word":
            continue
        # "do not work" for "fail"; "is meant to" and "may" only say less.
        if i in denied or token.low in HEDGES or token.low in _MEANT:
            continue
        (s, a), (other, b) = left.place, right.place
        if s != other or not a < b:
            continue
        item = evidence.items[s]
        between = [k for k in range(a + 1, b) if item[k].content]
        if len(between) != 1 or (s, between[0]) in linked:
            continue
        theirs = item[between[0]]
        if theirs.soft or theirs.kind == "name" or _says_little(theirs):
            continue
        signs = signs_of(theirs.low)
        if any(signs.get(family) == sign for family, sign in signs_of(token.low).items()):
            continue
        return f'"{token.text}" stands where the evidence has "{theirs.text}"'
    return None


def _says_little(token: Token) -> bool:
    return stem(token.low) in MILD or token.low.endswith("ly")


def _caused(pair: Pair) -> str | None:
    """A cause needs a word of cause in the evidence."""
    for token in pair.claim:
        if token.low not in _CAUSES and not (token.kind == "word" and stem(token.low) in _CAUSES):
            continue
        if token.key in pair.evidence.places or _has_cause(pair):
            continue
        if token.low == "thanks_to" and pair.evidence.lows & _BY:
            continue
        return f'the evidence does not say "{token.text}"'
    return None


def _has_cause(pair: Pair) -> bool:
    return any(
        t.low in _CAUSAL or (t.kind == "word" and stem(t.low) in _CAUSAL_STEMS)
        for item in pair.evidence.items
        for t in item
    )


def _joined(pair: Pair) -> str | None:
    """Joints and duties are the evidence's own."""
    claim, lows = pair.claim, pair.evidence.lows
    for i, token in enumerate(claim):
        low = token.low
        if low in lows or token.kind == "mark":
            continue
        after = claim[i + 1].low if i + 1 < len(claim) else ""
        if low in _SO:
            # "Thus, …" and "so that" join nothing of the claim's own.
            if i == 0 or (low == "so" and after in ("that", "much", "many", "far", "as")):
                continue
            if not (_has_cause(pair) or lows & _BY):
                return f'the evidence does not say "{token.text}"'
        for own, licence in _KINDS:
            if low in own and not lows & licence:
                return f'the evidence does not say "{token.text}"'
    return None


_BY = frozenset(words("""by through as using via with"""))


def _turned(pair: Pair) -> str | None:
    """ "went up" for "went down", "until May" for "from May": the same words around the
    opposite preposition, and nowhere around this one."""
    claim, evidence = pair.claim, pair.evidence
    for i, token in enumerate(claim):
        if token.key not in _TURNED:
            continue
        around = _around(claim, i)
        if around == ("", ""):
            continue
        if any(_around(evidence.items[s], j) == around
               for s, j in evidence.places.get(token.key, ())):  # fmt: skip
            continue
        opposed = _TURNED[token.key]
        for s, j in (p for other in opposed for p in evidence.places.get(other, ())):
            if _around(evidence.items[s], j) == around:
                return f'the evidence says "{evidence.at((s, j)).text}", not "{token.text}", here'
    return None


def _around(tokens: Sequence[Token], i: int) -> tuple[str, str]:
    """Keys of the nearest words on both sides, articles aside; "" for none."""
    out = []
    for step in (-1, 1):
        j = i + step
        # "out of", "away from"
        skipped = _TAILS if tokens[i].low in ("out", "away") else _ARTICLES
        while 0 <= j < len(tokens) and tokens[j].low in skipped:
            j += step
        inside = 0 <= j < len(tokens) and tokens[j].kind != "mark"
        out.append(tokens[j].key if inside else "")
    return out[0], out[1]
