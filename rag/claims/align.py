"""Every claim word is linked to the evidence word it most plausibly restates, or to none.

Links choose among equal keys by shared neighbours, so that in "A beats B, C trails D" the word
"beats" of a claim about A is judged by A's clause. The idea of aligning claim and source before
judging each unit is that of SummaC (Laban et al. 2022) and FActScore (Min et al. 2023); here the
units are words and the judge is a set of rules.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from rag.claims.stems import root, stem
from rag.claims.synonyms import key_of
from rag.claims.text import Token, tokens_of

Place = tuple[int, int]
# No word of a few sentences stands in more places; without an end, a text of one word repeated
# would take time by the square of its length.
_MOST = 64
_PREFIXES = ("un", "in", "im", "ir", "il", "non", "dis")


@dataclass(frozen=True, slots=True)
class Evidence:
    """Tokens of the evidence by item, and where each key and root stands."""

    items: tuple[tuple[Token, ...], ...]
    places: dict[str, list[Place]]
    roots: dict[str, list[Place]]
    opposed: dict[str, list[Place]]
    lows: frozenset[str]
    joined: frozenset[str]
    titles: frozenset[int]

    def at(self, place: Place) -> Token:
        """The token at a place."""
        return self.items[place[0]][place[1]]

    def heads(self, s: int) -> bool:
        """Whether item `s` is a title put before sentences, as callers do; a sentence without a
        full stop is none."""
        return s == 0 and s in self.titles and len(self.items) > 1

    def window(self, place: Place, before: int, after: int) -> tuple[Token, ...]:
        """The tokens around a place, itself included, within its item."""
        item, j = self.items[place[0]], place[1]
        return item[max(0, j - before) : j + after + 1]


@dataclass(frozen=True, slots=True)
class Link:
    """Where a claim token is restated.

    Attributes:
        how: "key" (same word or synonym), "root" (same derivational root) or "prefix" (the same
            word with a negating prefix on one side: "affected" and "unaffected").
    """

    place: Place
    how: str


@dataclass(frozen=True, slots=True)
class Pair:
    """A claim sentence against its evidence; `links[i]` belongs to `claim[i]`."""

    claim: tuple[Token, ...]
    evidence: Evidence
    links: tuple[Link | None, ...]

    def linked(self) -> dict[Place, int]:
        """Evidence place to claim position."""
        return {link.place: i for i, link in enumerate(self.links) if link is not None}


def positive_of(low: str) -> str | None:
    """The key without a negating prefix: "unaffected" gives the key of "affected"."""
    for prefix in _PREFIXES:
        if low.startswith(prefix) and len(low) >= len(prefix) + 4:
            return key_of(low[len(prefix) :])
    return None


def roots_of(token: Token) -> tuple[str, ...]:
    """The root of a token's key and, where a synonym gave it another key, of its own stem."""
    by_key, own = root(token.key), root(stem(token.low))
    return (by_key,) if by_key == own else (by_key, own)


@lru_cache(maxsize=256)
def read_evidence(texts: tuple[str, ...]) -> Evidence:
    """Tokenise and index evidence."""
    items = tuple(tokens_of(text) for text in texts)
    places: dict[str, list[Place]] = defaultdict(list)
    roots: dict[str, list[Place]] = defaultdict(list)
    opposed: dict[str, list[Place]] = defaultdict(list)
    joined: set[str] = set()
    for s, item in enumerate(items):
        for j, token in enumerate(item):
            if len(places[token.key]) < _MOST:
                places[token.key].append((s, j))
            if token.content:
                for r in roots_of(token):
                    roots[r].append((s, j))
                if token.kind == "word" and (positive := positive_of(token.low)):
                    opposed[positive].append((s, j))
            if j and token.kind != "mark":
                joined.add(item[j - 1].low + token.low)
                if j > 1:
                    joined.add(item[j - 2].low + item[j - 1].low + token.low)
    lows = frozenset(t.low for item in items for t in item)
    # A title is what does not end as a sentence does; names in it hold for the whole paper.
    titles = frozenset(
        s for s, text in enumerate(texts) if not text.rstrip().endswith((".", "!", '"'))
    )
    return Evidence(
        items, dict(places), dict(roots), dict(opposed), lows, frozenset(joined), titles
    )


def neighbours(tokens: Sequence[Token], i: int, reach: int = 3) -> list[tuple[str, float]]:
    """Keys of the nearest content tokens and numbers on both sides, weighted 1/rank."""
    out: list[tuple[str, float]] = []
    for step in (-1, 1):
        rank, j = 0, i + step
        while 0 <= j < len(tokens) and rank < reach:
            token = tokens[j]
            if token.content or token.quantity is not None:
                rank += 1
                out.append((token.key, 1.0 / rank))
            j += step
    return out


def similarity(claim: Sequence[Token], i: int, evidence: Evidence, place: Place) -> float:
    """How much of the claim token's neighbourhood stands around an evidence token; >= 0."""
    around = {t.key for t in evidence.window(place, 8, 8)}
    return sum(weight for key, weight in neighbours(claim, i) if key in around)


def align(claim: tuple[Token, ...], evidence: Evidence) -> Pair:
    """Link each claim token to its best place in the evidence."""
    votes: dict[int, int] = defaultdict(int)
    for token in claim:
        if token.content:
            for s in {p[0] for p in evidence.places.get(token.key, ())}:
                votes[s] += 1
    links: list[Link | None] = []
    for i, token in enumerate(claim):
        links.append(_link(claim, i, token, evidence, votes))
    return Pair(claim, evidence, tuple(links))


def _link(
    claim: tuple[Token, ...], i: int, token: Token, evidence: Evidence, votes: dict[int, int]
) -> Link | None:
    if token.kind == "mark" or not claim:
        return None
    found, how = evidence.places.get(token.key), "key"
    if not found and token.kind == "word":
        near = (evidence.roots.get(r) for r in roots_of(token))
        found, how = next((places for places in near if places), None), "root"
    if not found and token.kind == "word":
        found, how = evidence.opposed.get(token.key), "prefix"
        positive = positive_of(token.low)
        if not found and positive:
            found = evidence.places.get(positive)
    if not found:
        return None
    if len(found) == 1:
        return Link(found[0], how)
    best = max(
        found,
        key=lambda p: (similarity(claim, i, evidence, p) + 0.15 * votes.get(p[0], 0), -p[0], -p[1]),
    )
    return Link(best, how)
