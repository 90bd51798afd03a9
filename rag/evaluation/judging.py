"""What one question's answer was worth, from what the pipeline yielded and the stored abstracts.

Claims are checked again here from the abstracts as stored, not from those that the answer brings
along, so that an error in the pipeline's own check would show.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from rag.abstaining import answerable
from rag.claims import check_claim
from rag.dedupe import normalised_title
from rag.evaluation.questions import Asked
from rag.metrics import precision_at, recall_at, reciprocal_rank
from rag.records import Answer, Claim, Done, Event, Evidence, Hit, Retrieved, Selected

TOPS = (1, 2, 3, 4)  # evidence sentences whose facts are counted
_MARKER = re.compile(r"\[(\d+)\]")


@dataclass(frozen=True, slots=True)
class Judged:
    """One question's outcome. Shares are 0 to 1; NaN where a figure makes no sense.

    Attributes:
        precision_1, recall_3, recall_5, reciprocal: of the gold papers among the papers read.
        in_evidence: share of the facts in the best 1, 2, 3 and 4 evidence sentences.
        in_claims: share of the facts in the claims shown (0 when it abstained).
        cited: whether a gold paper is cited.
        probability: estimated probability that the evidence holds the answer.
        words: of the answer as shown.
        unsupported: why claims shown don't stand, one text each; must be empty.
    """

    asked: Asked
    answer: Answer
    precision_1: float
    recall_3: float
    recall_5: float
    reciprocal: float
    in_evidence: tuple[float, ...]
    in_claims: float
    cited: bool
    probability: float
    words: int
    unsupported: tuple[str, ...]

    @property
    def answered(self) -> bool:
        """Whether claims were shown."""
        return self.answer.status == "answered"


def judge(asked: Asked, events: Iterable[Event], stored: Callable[[str], str | None]) -> Judged:
    """Judge one question's stream.

    Args:
        stored: the abstract that the index holds for a paper id; None when it has no such paper.
    """
    hits: tuple[Hit, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    understood, answer = asked.question, None
    for event in events:
        if isinstance(event, Retrieved):
            hits, understood = event.hits, event.understood
        elif isinstance(event, Selected):
            evidence = event.evidence
        elif isinstance(event, Done):
            answer = event.answer
    if answer is None:
        raise ValueError("a stream ends in Done")
    gold = {normalised_title(title): 1 for title in asked.papers}
    ranking = [normalised_title(hit.paper.title) for hit in hits]
    best = [" \n ".join(e.text for e in evidence[:n]) for n in TOPS]
    cited = {normalised_title(source.paper.title) for source in answer.sources}
    return Judged(
        asked, answer,
        precision_at(ranking, gold, 1),
        recall_at(ranking, gold, 3),
        recall_at(ranking, gold, 5),
        reciprocal_rank(ranking, gold),
        tuple(asked.found_in(text) for text in best),
        asked.found_in(" \n ".join(claim.text for claim in answer.claims)),
        bool(cited & gold.keys()),
        answerable(understood, hits, evidence),
        len(answer.text.split()),
        tuple(unsupported(answer, stored)),
    )  # fmt: skip


def unsupported(answer: Answer, stored: Callable[[str], str | None]) -> list[str]:
    """Why claims of an answer don't stand; nothing when all do."""
    found: list[str] = []
    ids = {source.n: source.paper.id for source in answer.sources}
    for claim in answer.claims:
        reason = _reason(claim, ids, stored)
        if reason:
            found.append(f"{reason}: {claim.text}")
    # An abstention's text isn't a claim, and may hold a title with brackets.
    if answer.claims and not {int(n) for n in _MARKER.findall(_outside(answer))} <= ids.keys():
        found.append("a marker names no source")
    if answer.status == "answered" and not answer.claims:
        found.append("answered without a claim")
    return found


def _reason(
    claim: Claim, ids: Mapping[int, str], stored: Callable[[str], str | None]
) -> str | None:
    if not claim.citations:
        return "nothing is cited"
    quotes: dict[str, list[str]] = {}
    for citation in claim.citations:
        paper = ids.get(citation.source)
        abstract = stored(paper) if paper is not None else None
        if paper is None or abstract is None:
            return f"source {citation.source} is not in the index"
        inside = 0 <= citation.start < citation.end <= len(abstract)
        if not inside or abstract[citation.start : citation.end] != citation.quote:
            return f"the abstract has other words at {citation.start} to {citation.end}"
        quotes.setdefault(paper, []).append(citation.quote)
    if claim.kind == "quote":
        same = [claim.text] == [c.quote for c in claim.citations]
        return None if same else "the quote is not what is cited"
    verdict = check_claim(claim.text, [quote for group in quotes.values() for quote in group])
    return None if verdict.supported else verdict.reason


def _outside(answer: Answer) -> str:
    """The answer's text without what is quoted: abstracts and titles hold brackets of their own."""
    text = answer.text
    for part in [c.text for c in answer.claims] + [s.paper.title for s in answer.sources]:
        text = text.replace(part, "")
    return text
