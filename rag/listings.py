"""Papers listed or counted: those on a topic, from the whole index or from those of a
conversation, and those that are like another one. No language model takes part."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from rag.index.shape import passage_text
from rag.members import MEMBER, candidates, looked_at
from rag.records import Claim, Evidence, Filters, Hit, Source, Span
from rag.retrieval import retrieve

if TYPE_CHECKING:
    from rag.index import OpenIndex
    from rag.understanding import Understood

LISTED = 12  # papers of a list that are quoted
_LIKE = 0.4  # cosine of two papers from which on one is shown as like the other
_UNTOLD = (
    "That a paper lacks something can't be told from its abstract, which leaves most things out. "
    "Ask which papers have it."
)


@dataclass(frozen=True, slots=True)
class Listing:
    """What there is to list.

    Attributes:
        hits: best first; of an empty list the nearest papers.
        evidence: the sentence that shows each paper of the list.
        probability: that the first one belongs to it, 0 to 1.
        lead: what introduces it.
        nothing: why it is empty, for people.
    """

    hits: tuple[Hit, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    probability: float = 0.0
    lead: str = ""
    nothing: str = ""


def listing_of(
    index: OpenIndex, understood: Understood, filters: Filters | None, papers: int
) -> Listing:
    """The papers that a question for a list or a number asks for.

    Args:
        papers: to name as the nearest when there are none.
    """
    topic = understood.intent.topic
    if understood.within:
        filters = replace(filters or Filters(), paper_ids=understood.within)
    of = looked_at(index, filters)
    if understood.like:
        return _like(index, understood.like, filters, papers)
    if not topic:
        return Listing(nothing=_counted(of))
    vector = index.embedder.encode([topic])[0]
    near = candidates(index, topic, vector, filters)
    found = [m for m in near if m.probability >= MEMBER]
    hits = tuple(m.hit for m in (found or near)[: max(papers, len(found))])
    if understood.intent.absent:
        return Listing(hits[:papers], nothing=_UNTOLD)
    evidence = _shown([(m.hit, m.shown_by, m.probability) for m in found])
    matching = "matches" if len(found) == 1 else "match"
    lead = f"{len(found):,} of {of:,} papers {matching} “{topic}”"
    lead += f"; the {LISTED} surest:" if len(found) > LISTED else ":"
    probability = near[0].probability if near else 0.0
    return Listing(hits, evidence, probability, lead, _none(topic, hits, of))


def listing_text(lead: str, claims: Sequence[Claim], sources: Sequence[Source]) -> str:
    """Each paper's title with its quote, introduced."""
    titles = {s.n: s.paper.title for s in sources}
    lines = [
        f"[{c.citations[0].source}] {titles[c.citations[0].source]}: “{c.text}”" for c in claims
    ]
    return "\n".join([lead, *lines])


def _like(index: OpenIndex, paper_id: str, filters: Filters | None, papers: int) -> Listing:
    paper = index.snapshot.paper(paper_id)
    if paper is None:
        raise KeyError(paper_id)
    text = passage_text(paper.title, paper.abstract)
    vector = index.embedder.encode([text])[0]
    # By meaning alone: all words of an abstract together say little.
    hits = retrieve(index, paper.title, vector, papers + 1, filters)
    others = tuple(h for h in hits if h.paper.id != paper_id and h.dense >= _LIKE)[:papers]
    evidence = _shown([(h, h.best_sentence, max(0.0, min(1.0, h.dense))) for h in others])
    titled = f"“{paper.title}”"
    return Listing(
        others, evidence, evidence[0].score if evidence else 0.0,
        f"Nearest in meaning to {titled}:",
        f"No other paper here is near {titled} in meaning.",
    )  # fmt: skip


def _shown(found: Sequence[tuple[Hit, Span, float]]) -> tuple[Evidence, ...]:
    return tuple(
        Evidence(f"S{n}", hit.paper, span, n - 1, float("-inf"), hit.sentence, score)
        for n, (hit, span, score) in enumerate(found, 1)
    )


def _none(topic: str, hits: Sequence[Hit], of: int) -> str:
    """Why a list of papers on a topic is empty."""
    if not hits:
        return "The abstracts hold no answer: no paper passes the filters."
    matches = "The one paper doesn't match" if of == 1 else f"None of the {of:,} papers matches"
    return f"{matches} “{topic}”. The nearest is “{hits[0].paper.title}”."


def _counted(of: int) -> str:
    """How many papers there are, when no topic is named: no abstract states it, so that it is no
    answer with citations."""
    papers = "is 1 paper" if of == 1 else f"are {of:,} papers"
    return f"There {papers} here. Name a topic to list or count those about it."
