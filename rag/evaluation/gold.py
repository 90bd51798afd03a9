"""Gold spans count only where a corpus holds the abstracts they were written for.

A set's spans are character offsets; over other abstracts of the same papers (the starter corpus's
digests, a newer version) they would point at something else.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice, product

from rag.dedupe import normalised_title
from rag.evaluation.questions import SEVERAL, Asked
from rag.records import Evidence, Paper

# By chance a short fact ("six") stands at the spans of other abstracts too: below this share of
# questions whose facts are at their spans, the corpus is taken to hold others altogether.
_SAME = 0.5
_COMBINATIONS = 64  # papers of one title tried against each other, at most


@dataclass(frozen=True, slots=True)
class Place:
    """A gold span in a paper of the index."""

    paper_id: str
    start: int
    end: int
    text: str

    def overlaps(self, evidence: Evidence) -> bool:
        """Whether a sentence and the span share at least half of the shorter of both."""
        if evidence.paper.id != self.paper_id:
            return False
        shared = min(self.end, evidence.span.end) - max(self.start, evidence.span.start)
        shorter = min(self.end - self.start, evidence.span.end - evidence.span.start)
        return 2 * shared >= shorter


Gold = Mapping[str, tuple[Place, ...]]  # by question id


def locate(questions: Sequence[Asked], by_title: Mapping[str, Sequence[Paper]]) -> tuple[Gold, str]:
    """Gold spans of each question whose facts stand at them, and why others have none ("" if all
    have)."""
    spanned = [q for q in questions if q.answerable and q.spans]
    found = {q.id: places for q in spanned if (places := _places(q, by_title))}
    if not spanned:
        return {}, "the set gives no gold spans"
    telling = [q for q in spanned if _tells(q)]
    fitting = sum(q.id in found for q in telling)
    if telling and fitting < _SAME * len(telling):
        return {}, (
            "they were written for other abstracts than this corpus's (the facts stand at the "
            f"spans of {fitting} of {len(telling)} questions)"
        )
    lacking = len(spanned) - len(found)
    if lacking:
        return found, f"those of {lacking} of {len(spanned)} questions don't fit this corpus"
    return found, ""


def choices(asked: Asked, by_title: Mapping[str, Sequence[Paper]]) -> Iterator[dict[int, Paper]]:
    """The papers that a question's spans may mean, by their number: one way, unless several papers
    share a title; none when the corpus lacks one."""
    wanted = sorted({span.paper for span in asked.spans})
    ways = product(*(by_title.get(normalised_title(asked.papers[n]), ()) for n in wanted))
    for papers in islice(ways, _COMBINATIONS):
        yield dict(zip(wanted, papers, strict=True))


def _places(asked: Asked, by_title: Mapping[str, Sequence[Paper]]) -> tuple[Place, ...]:
    """The spans in the papers of those titles that hold the facts there; none if none do.

    What is asked of a list or a count (how many there are) stands at no span.
    """
    for of in choices(asked, by_title):
        places = tuple(
            Place(of[s.paper].id, s.start, s.end, of[s.paper].abstract[s.start : s.end])
            for s in asked.spans
        )
        inside = all(on_edges(of[s.paper].abstract, s.start, s.end) for s in asked.spans)
        stated = asked.found_in("\n".join(p.text for p in places)) == 1.0
        if inside and (stated or not _tells(asked)):
            return places
    return ()


def _tells(asked: Asked) -> bool:
    """Whether the facts of a question tell if a text at its spans is the one meant."""
    return bool(asked.facts) and asked.style not in SEVERAL


def on_edges(text: str, start: int, end: int) -> bool:
    """Whether a range is inside a text, cuts no word and neither begins nor ends blank."""
    part = text[start:end]
    if end > len(text) or part != part.strip():
        return False
    inside = start > 0 and text[start - 1].isalnum() and text[start].isalnum()
    cut = end < len(text) and text[end - 1].isalnum() and text[end].isalnum()
    return not inside and not cut


def span_scores(
    places: Sequence[Place], evidence: Sequence[Evidence], k: int
) -> tuple[float, float]:
    """Precision and recall of gold spans at the k best sentences; NaN, NaN without gold spans.

    Precision is the share of the k places held by a sentence of a gold span, recall the share of
    the gold spans that such a sentence touches.
    """
    if not places:
        return float("nan"), float("nan")
    best = evidence[:k]
    right = sum(any(p.overlaps(e) for p in places) for e in best)
    touched = sum(any(p.overlaps(e) for e in best) for p in places)
    return right / k, touched / len(places)
