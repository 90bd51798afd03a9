"""The papers that a question sets side by side."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

from rag.intent import Kind, clauses, halves
from rag.records import Filters, Hit, Paper
from rag.retrieval import retrieve

if TYPE_CHECKING:
    from rag.index import OpenIndex

_PARTINGS = 6  # ways of parting a comparison that are tried
# The whole question finds both first, with no more than this between their fused scores: of 21 dev
# questions that speak of a comparison that holds for all ten that mean two papers of the index,
# and for none of those about one paper that compares something itself.
_APART = 5.0
_NEAR = 0.3  # cosine under which half a comparison names nothing in the index
_SHORT = 3  # words of a name in front of a title's colon; letters of any name
_JOINED = re.compile(r"\b(?:and|or|vs?|versus|while|whereas|but)\b|[,;/&]")


def compared(
    index: OpenIndex, question: str, kind: Kind, filters: Filters | None = None
) -> tuple[tuple[Hit, ...], ...]:
    """The best papers of two things that a question sets side by side; empty if it names one.

    The question is parted where its halves are nearest to two different papers.

    Args:
        kind: what the question asks for. Unless that is a comparison only two questions in one
            are taken for one, and lists and numbers of papers never are.
    """
    partings = (halves if kind == "compare" else clauses)(question)[:_PARTINGS]
    if not partings or kind in ("list", "count"):
        return ()
    whole = retrieve(index, question, index.embedder.encode([question])[0], 2, filters)
    if len(whole) < 2 or whole[0].fused - whole[1].fused > _APART:
        return ()
    first = {hit.paper.id for hit in whole}
    vectors = index.embedder.encode([half for parting in partings for half in parting])
    best: tuple[float, tuple[tuple[Hit, ...], ...]] = (0.0, ())
    for n, parting in enumerate(partings):
        sides = tuple(
            tuple(retrieve(index, half, vectors[2 * n + i], 2, filters))
            for i, half in enumerate(parting)
        )
        if not all(sides) or {side[0].paper.id for side in sides} != first:
            continue
        near = [max(side[0].dense, side[0].sentence) for side in sides]
        if min(near) >= _NEAR and sum(near) > best[0]:
            best = (sum(near), sides)
    return best[1]


def named_together(question: str, hits: Sequence[Hit]) -> list[Hit]:
    """The papers that a question names side by side, "SMILE and LocMoE", in its order; none unless
    it names two or more of the hits, each by what only its title holds."""
    asked = question.casefold()
    found: list[tuple[int, int, Hit]] = []
    for hit in hits:
        others = [h.paper.title.casefold() for h in hits if h.paper.id != hit.paper.id]
        places = [
            (met.start(), met.end())
            for name in _names(hit.paper)
            if not any(_stands(name, title) for title in others)
            and (met := _stands(name, asked)) is not None
        ]
        if places:
            found.append((*min(places), hit))
    found.sort(key=lambda place: place[:2])
    joined = all(
        _JOINED.search(asked, end, max(start, end))
        for (_, end, _), (start, _, _) in pairwise(found)
    )
    return [hit for _, _, hit in found] if len(found) > 1 and joined else []


def _names(paper: Paper) -> set[str]:
    """What a paper calls its own thing, in lower case: a title's short beginning before a colon,
    and its words of several capitals. Not what its abstract holds as a common word."""
    head, colon, _ = paper.title.partition(":")
    names = {head.strip()} if colon and len(head.split()) <= _SHORT else set[str]()
    for word in paper.title.split():
        bare = word.strip(".,:;!?()[]\"'“”")
        if sum(letter.isupper() for letter in bare) > 1:
            names.add(bare)
    lowered = {name.casefold() for name in names if len(name) >= _SHORT}
    return {name for name in lowered if _stands(name, paper.abstract) is None}


def _stands(name: str, text: str) -> re.Match[str] | None:
    return re.search(rf"(?<![\w-]){re.escape(name)}(?!\w)", text)
