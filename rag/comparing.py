"""The papers that a question sets side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rag.intent import halves
from rag.records import Filters, Hit
from rag.retrieval import retrieve

if TYPE_CHECKING:
    from rag.index import OpenIndex

_PARTINGS = 6  # ways of parting a comparison that are tried
_WHOLE = 8  # papers of the whole question among which both have to be
_NEAR = 0.3  # cosine under which half a comparison names nothing in the index


def compared(
    index: OpenIndex, question: str, filters: Filters | None = None
) -> tuple[tuple[Hit, ...], ...]:
    """The best papers of two things that a question sets side by side; empty if it names one.

    The question is parted where its halves are nearest to two different papers.
    """
    partings = halves(question)[:_PARTINGS]
    if not partings:
        return ()
    texts = [half for parting in partings for half in parting]
    *vectors, vector = index.embedder.encode([*texts, question])
    whole = [hit.paper.id for hit in retrieve(index, question, vector, _WHOLE, filters)]
    best: tuple[float, tuple[tuple[Hit, ...], ...]] = (0.0, ())
    for n, parting in enumerate(partings):
        sides = tuple(
            tuple(retrieve(index, half, vectors[2 * n + i], 2, filters))
            for i, half in enumerate(parting)
        )
        if not all(sides) or sides[0][0].paper.id == sides[1][0].paper.id:
            continue
        # What is really compared is found by the whole question too.
        if not {side[0].paper.id for side in sides} <= set(whole):
            continue
        near = [max(side[0].dense, side[0].sentence) for side in sides]
        if min(near) >= _NEAR and sum(near) > best[0]:
            best = (sum(near), sides)
    return best[1]
