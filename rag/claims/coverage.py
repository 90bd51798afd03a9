"""Every content word of a claim is in the evidence, as itself, a synonym of our table or a
derivation of the same root; words of the report's frame ("the authors propose") cost little,
and so does one word, or two of many, that says nothing of any field.

A single specific word without evidence is enough for refusal at the shipped threshold. That is
the strict reading of ALCE's citation recall (Gao et al. 2023, "Enabling Large Language Models to
Generate Text with Citations"): a statement is supported in full or not at all.
"""

from __future__ import annotations

import re

from rag.claims.align import Pair
from rag.claims.framing import is_frame
from rag.claims.hedges import TOP
from rag.claims.lexicon import DEGREE, HEDGES, SOFT
from rag.claims.names import is_covered
from rag.claims.opposites import signs_of
from rag.claims.polarity import kind_of
from rag.claims.quantities import bound_word
from rag.claims.stems import stem
from rag.claims.text import Token
from rag.claims.thesaurus import MILD
from rag.claims.wordlists import words

SPECIFIC = 0.36
SOFT_COST = 0.03
# Two of these pass, three do not.
MILD_COST = 0.14
DERIVED = 0.03
# At most one content word in so many may be mild, and so many in a row may not be found.
_SHARE = 4
_TAIL = 4
ELSEWHERE = 0.06


def cover(pair: Pair) -> tuple[float, str | None]:
    """Share of support by words.

    Returns:
        A score in [0, 1] (1: everything covered) and the first uncovered specific word as a
        reason, None when there is none.
    """
    cost = 0.0
    reason: str | None = None
    content = mild = 0
    for i, token in enumerate(pair.claim):
        if not token.content:
            continue
        content += 1
        link = pair.links[i]
        if link is not None and link.how == "key":
            continue
        part = token.glued and i > 0 and pair.claim[i - 1].kind == "name"
        if link is not None and not (
            link.how == "root" and (part or _told_apart(token, pair.evidence.at(link.place)))
        ):
            cost += DERIVED
            continue
        if is_covered(pair, i) or token.low in pair.evidence.joined:
            continue
        if _licensed(pair, i):
            cost += SOFT_COST
            continue
        mild += _mild(token)
        cost += MILD_COST if _mild(token) else SPECIFIC
        reason = reason or f'"{token.text}" is not in the evidence'
    if mild * _SHARE > content or _loose(pair) >= _TAIL:
        cost += SPECIFIC
    if _spliced(pair):
        cost += SPECIFIC
        reason = reason or "it joins halves of two sentences"
    cost += ELSEWHERE * max(0, _scattered(pair) - 1)
    if content == 0:
        return 0.0, "the claim says nothing that can be checked"
    return max(0.0, 1.0 - cost), reason


_ENDING = re.compile(r"(ous|ic|ate|ite|ide)s?\Z")


def _told_apart(one: Token, other: Token) -> bool:
    """ "nitric" and "nitrous", "carbon" and "carbonate": one root, different things."""
    ours, theirs = _ENDING.search(one.low), _ENDING.search(other.low)
    if ours and theirs:
        pair = {ours.group(1), theirs.group(1)}
        return len(pair) == 2 and pair != {"ic", "ate"}
    bare, found = (other.low, ours) if ours else (one.low, theirs)
    longer = one.low if ours else other.low
    return (
        found is not None
        and found.group(1) in ("ate", "ite", "ide")
        and longer[: found.start()] in (bare, bare.removesuffix("s"))
    )


def _loose(pair: Pair) -> int:
    """The longest run of content words without a link: an addition, however mild its words."""
    longest = run = 0
    for i, (token, link) in enumerate(zip(pair.claim, pair.links, strict=True)):
        if token.content:
            run = 0 if link is not None or is_covered(pair, i) else run + 1
            longest = max(longest, run)
    return longest


def _mild(token: Token) -> bool:
    """A word of no field."""
    return token.kind == "word" and stem(token.low) in MILD and stem(token.low) not in DEGREE


def _licensed(pair: Pair, i: int) -> bool:
    """Words whose content another check answers for, or that say next to nothing."""
    token = pair.claim[i]
    if stem(token.low) in DEGREE:
        return False
    ahead = pair.claim[i + 1 : i + 3]
    if any(t.quantity is not None for t in ahead) and (
        bound_word(token.low) or token.low in _ABOUT
    ):
        # rag.claims.numbers compares bounds and factors, and "about" is free there.
        return True
    if token.low in TOP and not TOP.isdisjoint(pair.evidence.lows):
        return True
    if token.soft or token.key in SOFT or token.low in HEDGES or is_frame(pair, i):
        return True
    if token.low in _MANY and not _MANY.isdisjoint(pair.evidence.lows):
        return True
    if kind_of(token) is not None:
        return any(kind_of(t) is not None for item in pair.evidence.items for t in item)
    signs = signs_of(token.low)
    if signs:
        # Another word of the family and sign: rag.claims.direction has compared the contexts.
        for low in pair.evidence.lows:
            theirs = signs_of(low)
            if any(theirs.get(f) == sign for f, sign in signs.items()):
                return True
            if kind_of(token) and any(f in theirs for f in signs):
                return True
    return False


_MANY = frozenset(words("""many numerous much"""))
_ABOUT = frozenset(words("""roughly approximately around circa about after factor factors"""))


def _scattered(pair: Pair) -> int:
    """In how many evidence items (titles aside) the links of each segment lie at worst."""
    worst = 1
    by_segment: dict[int, dict[int, int]] = {}
    for token, link in zip(pair.claim, pair.links, strict=True):
        if link is None or not token.content or token.soft or link.place[0] in pair.evidence.titles:
            continue
        counts = by_segment.setdefault(token.segment, {})
        counts[link.place[0]] = counts.get(link.place[0], 0) + 1
    for counts in by_segment.values():
        worst = max(worst, len(counts))
    return worst


def _spliced(pair: Pair) -> bool:
    """Two stretches of one segment come from two sentences that share neither: each has three
    words or more that only its own sentence has."""
    evidence = pair.evidence
    runs: dict[int, list[int]] = {}
    for i, (token, link) in enumerate(zip(pair.claim, pair.links, strict=True)):
        if link is None or not token.content or token.soft:
            continue
        homes = {s for s, _ in evidence.places.get(token.key, ())} - evidence.titles
        if len(homes) == 1:
            runs.setdefault(homes.pop(), []).append(i)
    long = [(min(at), max(at)) for at in runs.values() if len(at) >= 3]
    for first in long:
        for second in long:
            # One after the other without a comma or "and" between: no writer's joint.
            if first[1] < second[0]:
                between = pair.claim[first[1] + 1 : second[0]]
                if not any(t.kind == "mark" or t.low in ("and", "while") for t in between):
                    return True
    return False
