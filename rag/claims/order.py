"""Words keep their places: two of them are not exchanged around what stands between them, and the
subject of one statement is not given the rest of another that shares its verb.

`rag.claims.roles` knows the verbs whose sides matter; here it is whatever stands between, a verb
or a preposition of any field, compared word by word.
"""

from __future__ import annotations

from collections.abc import Sequence

from rag.claims.align import Pair, Place
from rag.claims.text import Token
from rag.claims.wordlists import words

_ARTICLES = frozenset(words("""the a an"""))
# Words between two others that may change sides without changing what is said.
_EVEN = _ARTICLES | frozenset(
    words("""and or with between vs versus as well is are was were be ( ) nor both while whereas
    but on_the_other_hand""")
)
_WINDOW = 8


def check_order(pair: Pair) -> str | None:
    """Reason why words stand in each other's places, or None."""
    return _exchanged(pair) or _crossed(pair) or _mixed(pair)


def _exchanged(pair: Pair) -> str | None:
    """Two words with the same words between them, the other way round, and never this way."""
    claim, evidence = pair.claim, pair.evidence
    for i, first in enumerate(claim):
        if not first.content or pair.links[i] is None:
            continue
        between: list[Token] = []
        for second in claim[i + 1 : i + _WINDOW]:
            if second.kind == "mark" and second.text != ",":
                break
            if second.content and second.key in evidence.places and second.key != first.key:
                keys = _keys(between)
                if (
                    keys
                    and _ordered(between)
                    and _stand(pair, second.key, keys, first.key)
                    and not _stand(pair, first.key, keys, second.key)
                ):
                    return f'"{first.text}" and "{second.text}" are exchanged'
            between.append(second)
    return None


def _ordered(between: Sequence[Token]) -> bool:
    """Whether the sides of these words matter: no list, nothing symmetric."""
    lows = {t.low for t in between}
    if "then" in lows:
        return True
    return not lows <= _EVEN and "and" not in lows and "," not in lows


def _keys(tokens: Sequence[Token]) -> list[str]:
    return [t.key for t in tokens if t.low not in _ARTICLES]


def _stand(pair: Pair, first: str, keys: list[str], second: str) -> bool:
    """Whether the evidence has these two words with exactly these between them."""
    for s, j in pair.evidence.places.get(first, ()):
        item = pair.evidence.items[s]
        for k in range(j + 1, min(len(item), j + _WINDOW + 2)):
            if item[k].key == second and _keys(item[j + 1 : k]) == keys:
                return True
    return False


def _crossed(pair: Pair) -> str | None:
    """ "of birth rates on wages" told as "of wages on birth rates": what stands on one side of a
    preposition stands on its other side, and nowhere as in the claim."""
    for i, token in enumerate(pair.claim):
        if token.low not in _PIVOTS:
            continue
        left, right = _beside(pair.claim, i)
        crossed = False
        for s, j in pair.evidence.places.get(token.key, ()):
            before, after = _beside(pair.evidence.items[s], j)
            if left & before or right & after:
                break
            crossed = crossed or bool(left & after and right & before)
        else:
            if crossed:
                return f'the sides of "{token.text}" are exchanged'
    return None


def _beside(tokens: Sequence[Token], i: int) -> tuple[set[str], set[str]]:
    """Keys of the unbroken content words on each side, at most three, an article aside."""
    out: list[set[str]] = []
    for step in (-1, 1):
        j, keys = i + step, set[str]()
        if step > 0 and j < len(tokens) and tokens[j].low in _ARTICLES:
            j += 1
        while 0 <= j < len(tokens) and tokens[j].content and len(keys) < 3:
            keys.add(tokens[j].key)
            j += step
        out.append(keys)
    return out[0], out[1]


_PIVOTS = frozenset(words("""on in to from for of by over into against through under toward"""))


def _mixed(pair: Pair) -> str | None:
    """ "girls chose mathematics" of "girls chose biology and boys chose mathematics": what the
    claim joins, the evidence has only apart, each part with another word in its place."""
    claim, evidence = pair.claim, pair.evidence
    told = {t.key for t in claim}
    for i in range(1, len(claim)):
        if not (claim[i].content and claim[i - 1].content):
            continue
        for last in (i, i + 1):
            if last >= len(claim) or not claim[last].content:
                break
            after = _after(claim, last)
            if after is None:
                continue
            run = [t.key for t in claim[i : last + 1]]
            places = [
                p
                for p in evidence.places.get(run[0], ())
                if p[0] not in evidence.titles and _runs(pair, p, run)
            ]
            if len(places) < 2:
                continue
            ours, theirs = [], []
            for s, j in places:
                item = evidence.items[s]
                follows = _after(item, j + len(run) - 1)
                if j and item[j - 1].key == claim[i - 1].key:
                    ours.append((s, j))
                    if follows is not None and follows.key == after.key:
                        break
                elif follows is not None and follows.key == after.key:
                    theirs.append((s, j))
            else:
                apart = all(_other(pair, p, told) for p in theirs)
                if ours and theirs and apart and {s for s, _ in ours} >= {s for s, _ in theirs}:
                    return (
                        f'"{claim[i - 1].text} {claim[i].text}" belongs to another "{after.text}"'
                    )
    return None


def _runs(pair: Pair, place: Place, run: list[str]) -> bool:
    item, j = pair.evidence.items[place[0]], place[1]
    return [t.key for t in item[j : j + len(run)]] == run


def _after(tokens: Sequence[Token], i: int) -> Token | None:
    """The next content word or number of the segment."""
    for token in tokens[i + 1 :]:
        if token.segment != tokens[i].segment:
            return None
        if token.content or token.quantity is not None:
            return token
    return None


def _other(pair: Pair, place: Place, told: set[str]) -> bool:
    """Whether the statement at a place has a subject of its own just before it."""
    item, j = pair.evidence.items[place[0]], place[1]
    if not j:
        return False
    before = item[j - 1]
    return before.low in _ARTICLES or (before.content and before.key not in told)
