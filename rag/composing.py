"""Evidence becomes quoted claims within a word budget, in reading order, each with its citation.

Every claim made here is a verbatim span of its paper's abstract: `abstract[start:end] == text`.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence

from rag.evidence import needs_context
from rag.records import Citation, Claim, Evidence, Paper, Source, Span
from rag.trimming import is_aside, limits, trimmed
from rag.words import content_stems

_SENTENCES = 4  # quotes in an answer at most
_REPETITION = 0.75  # share of a sentence's stems already quoted at which it adds nothing
# Score below the best at which a sentence of another paper is left out; more is let in where the
# question asks for several papers.
_MARGIN, _MARGIN_MANY = 0.3, 6.0
# The same for further sentences of the best paper: the scores are log odds, so this is 1 in 240.
_FILLER = 5.5
_ALONE = "The abstract says:"
_MOST = 0.8  # share of a quote from which on all of it answers
_MANY = re.compile(
    r"\b(?:papers|studies|works(?= (?:on|about|that|which|using)\b))\b|"
    r"\b(?:which|list|name|compare) (?:\w+ )?(?:methods|approaches|models|systems|techniques)\b",
    re.IGNORECASE,
)


def choose_quotes(
    evidence: Sequence[Evidence], question: str, words: int, also: Collection[str] = ()
) -> list[tuple[Evidence, Span]]:
    """The sentences to quote with their spans in the abstract, best first.

    Args:
        evidence: best first.
        words: budget for the quotes and the framing around them.
        also: ids of papers that answer as well as the best one's: each has its say.
    """
    many = bool(_MANY.search(question))
    evidence = [item for item in evidence if not is_aside(item.text, question)] or evidence
    items = _one_each(evidence) if many or also else evidence
    margin = _MARGIN_MANY if many else _MARGIN
    best: dict[str, float] = {}
    for item in items:
        best.setdefault(item.paper.id, item.score)
    chosen: list[tuple[Evidence, Span]] = []
    said: set[str] = set()
    limited: set[str] = set()
    framed: set[str] = set()
    room = words - len(_ALONE.split())
    for item in items:
        if len(chosen) == _SENTENCES:
            break
        span = _part(item, question)
        quote = item.paper.abstract[span.start : span.end]
        stems, bounds = set(content_stems(quote)), limits(quote)
        cost = len(quote.split()) + 1
        if chosen:
            elsewhere = item.paper.id != items[0].paper.id
            if item.paper.id in also:
                if item.score < best[item.paper.id] - _FILLER:
                    continue
            elif item.score < items[0].score - (margin if elsewhere else _FILLER):
                continue
            if elsewhere and needs_context(quote) and item.paper.id not in also:
                continue
            repeats = stems and len(stems & said) / len(stems) > _REPETITION
            if repeats and bounds <= limited:
                continue
            if elsewhere:
                # With several papers each is named, the first one too.
                new = {item.paper.title, items[0].paper.title} - framed
                cost += sum(len(title.split()) + 1 for title in new)
                if cost <= room:
                    framed |= new
            if cost > room:
                continue
        chosen.append((item, span))
        said |= stems
        limited |= bounds
        room -= cost
    return chosen


def _part(item: Evidence, question: str) -> Span:
    """What of a sentence is quoted; the words that answer are never cut."""
    part = trimmed(item.text, question)
    span = Span(item.span.start + part.start, item.span.start + part.end)
    words = item.words
    if words is not None and not (span.start <= words.start and words.end <= span.end):
        return item.span
    return span


def set_side_by_side(
    evidence: Sequence[Evidence], question: str, words: int, papers: Sequence[str]
) -> list[tuple[Evidence, Span]]:
    """The sentences to quote from papers that are compared, or that all answer: the best of each.

    Args:
        evidence: best first.
        words: budget for one paper's quotes.
        papers: ids of the papers, in the order in which the question names them.
    """
    chosen: list[tuple[Evidence, Span]] = []
    for paper in papers:
        own = [item for item in evidence if item.paper.id == paper]
        title = len(own[0].paper.title.split()) if own else 0
        chosen += choose_quotes(own, question, max(words - title, 1))[: _SENTENCES // 2]
    return chosen


def _one_each(evidence: Sequence[Evidence]) -> list[Evidence]:
    """Each paper's best sentence first, then the others, both in the order given."""
    seen: set[str] = set()
    first: list[Evidence] = []
    others: list[Evidence] = []
    for item in evidence:
        (others if item.paper.id in seen else first).append(item)
        seen.add(item.paper.id)
    return first + others


class Numbering:
    """Sources numbered from 1 in order of first citation."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}
        self._papers: list[Paper] = []

    def number(self, paper: Paper) -> int:
        """The paper's number, given on first use."""
        if paper.id not in self._numbers:
            self._papers.append(paper)
            self._numbers[paper.id] = len(self._papers)
        return self._numbers[paper.id]

    @property
    def sources(self) -> tuple[Source, ...]:
        """The papers cited so far, in the order of their numbers."""
        return tuple(Source(n, paper) for n, paper in enumerate(self._papers, 1))


def quote_claims(chosen: Iterable[tuple[Evidence, Span]], numbering: Numbering) -> list[Claim]:
    """Quotes as claims: the best paper first, and within a paper as the abstract goes."""
    grouped: dict[str, list[tuple[Evidence, Span]]] = {}
    for item, span in chosen:
        grouped.setdefault(item.paper.id, []).append((item, span))
    claims = []
    for group in grouped.values():
        for item, span in sorted(group, key=lambda pair: pair[1].start):
            quote = item.paper.abstract[span.start : span.end]
            citation = Citation(
                numbering.number(item.paper), span.start, span.end, quote, _answering(item, span)
            )
            claims.append(Claim(quote, "quote", (citation,)))
    return claims


def _answering(item: Evidence, span: Span) -> Span | None:
    """The words of a quote that answer, as offsets into it; None where they are most of it."""
    words = item.words
    if words is None or words.end - words.start > _MOST * (span.end - span.start):
        return None
    return Span(words.start - span.start, words.end - span.start)


def answer_text(claims: Sequence[Claim], sources: Sequence[Source]) -> str:
    """The claims as one text: quotes in quotation marks, [n] markers behind each claim, and the
    papers' titles before their quotes when there are several."""
    titles = {s.n: s.paper.title for s in sources}
    parts: list[str] = []
    framed = 0
    for claim in claims:
        marks = "".join(f"[{c.source}]" for c in claim.citations)
        if claim.kind == "quote":
            n = claim.citations[0].source
            if n != framed:
                parts.append(f"“{titles[n]}”:" if len(sources) > 1 else _ALONE)
                framed = n
            parts.append(f"“{claim.text}” {marks}")
        else:
            framed = 0
            parts.append(f"{claim.text} {marks}")
    return " ".join(parts)
