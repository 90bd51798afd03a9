"""What one question's answer was worth, from what the pipeline yielded and the stored abstracts.

Claims are checked again here from the abstracts as stored, not from those that the answer brings
along, so that an error in the pipeline's own check would show.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from rag.claims import check_claim
from rag.dedupe import normalised_title
from rag.evaluation.citing import citation_scores, statements_of
from rag.evaluation.gold import Place, span_scores
from rag.evaluation.questions import FEEDBACK, SEVERAL, Asked
from rag.metrics import ndcg_at, recall_at, reciprocal_rank
from rag.records import Answer, Claim, Done, Event, Evidence, Hit, Retrieved, Selected

TOPS = (1, 2, 3, 4)  # evidence sentences whose facts are counted
DEPTHS = tuple(range(1, 11))  # papers of a ranking that recall is taken over
_MARKER = re.compile(r"\[(\d+)\]")
_NONE = float("nan")


@dataclass(frozen=True, slots=True)
class Outcome:
    """One question's outcome in plain values, as kept in files. Shares are 0 to 1; NaN (null in
    a file) where a figure makes no sense.

    Attributes:
        answerable: whether the set says so; answered: whether claims were shown.
        precision_1: whether a gold paper is ranked first (1 or 0); recall: of the gold papers at
            1 to 10; reciprocal, ndcg_10: of the same ranking, which is of all papers: those
            that were read, then what searching alone ranks below them.
        read: share of the gold papers among the papers read.
        in_evidence: share of the facts in the best 1 to 4 evidence sentences.
        span_precision, span_recall: of gold spans at 1 to 4 sentences.
        in_claims: share of the facts in the claims shown (0 when it abstained); of a list or a
            count, in the whole text, whose number stands outside the claims; of feedback, in
            the quotes too.
        cited: whether a gold paper is cited; papers_cited: share of the gold papers cited.
        papers: how many gold papers there are.
        citation_recall, citation_precision: see rag.evaluation.citing; NaN when it abstained.
        probability: estimated probability that the evidence holds the answer.
        words: of the answer as shown.
        claims: how many were shown; unsupported: how many complaints about them.
        total_ms: milliseconds from question to answer.
    """

    id: str
    style: str
    answerable: bool
    answered: bool
    precision_1: float
    recall: tuple[float, ...]
    reciprocal: float
    ndcg_10: float
    read: float
    in_evidence: tuple[float, ...]
    span_precision: tuple[float, ...]
    span_recall: tuple[float, ...]
    in_claims: float
    cited: bool
    papers_cited: float
    papers: int
    citation_recall: float
    citation_precision: float
    probability: float
    words: int
    claims: int
    unsupported: int
    total_ms: float


@dataclass(frozen=True, slots=True)
class Judged:
    """One question with what came of it.

    Attributes:
        evidence: sentences, best first.
        gold: the gold spans, where the corpus has them.
        unsupported: why claims shown don't stand, one text each; must be empty.
    """

    asked: Asked
    answer: Answer
    evidence: tuple[Evidence, ...]
    gold: tuple[Place, ...]
    outcome: Outcome
    unsupported: tuple[str, ...]

    @property
    def answered(self) -> bool:
        """Whether claims were shown."""
        return self.answer.status == "answered"


def judge(
    asked: Asked,
    events: Iterable[Event],
    stored: Callable[[str], str | None],
    ranked: Callable[[str], Sequence[str]],
    gold: Sequence[Place] = (),
) -> Judged:
    """Judge one question's stream.

    Args:
        stored: the abstract that the index holds for a paper id; None when it has no such paper.
        ranked: normalised titles of all papers, best first, for the question as understood.
        gold: where in the index the answer stands; empty when that isn't known.
    """
    hits: tuple[Hit, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    understood, answer, supported = asked.question, None, 0.0
    for event in events:
        if isinstance(event, Retrieved):
            hits, understood = event.hits, event.understood
        elif isinstance(event, Selected):
            evidence, supported = event.evidence, event.supported
        elif isinstance(event, Done):
            answer = event.answer
    if answer is None:
        raise ValueError("a stream ends in Done")
    titles = {normalised_title(title): 1 for title in asked.papers}
    read = [normalised_title(hit.paper.title) for hit in hits]
    # What the pipeline found comes first, also where it searched more than once.
    ranking = list(dict.fromkeys([*read, *ranked(understood)])) if titles else []
    cited = {normalised_title(source.paper.title) for source in answer.sources}
    best = [" \n ".join(e.text for e in evidence[:n]) for n in TOPS]
    spans = [span_scores(gold, evidence, n) for n in TOPS]
    recalled, precise = citation_scores(statements_of(answer))
    complaints = tuple(unsupported(answer, stored))
    outcome = Outcome(
        id=asked.id,
        style=asked.style,
        answerable=asked.answerable,
        answered=answer.status == "answered",
        precision_1=float(bool(ranking) and ranking[0] in titles),
        recall=tuple(recall_at(ranking, titles, k) for k in DEPTHS),
        reciprocal=reciprocal_rank(ranking, titles),
        ndcg_10=ndcg_at(ranking, titles, 10),
        read=len(titles.keys() & set(read)) / len(titles) if titles else _NONE,
        in_evidence=tuple(asked.found_in(text) for text in best),
        span_precision=tuple(p for p, _ in spans),
        span_recall=tuple(r for _, r in spans),
        in_claims=asked.found_in(stated(asked, answer)),
        cited=bool(cited & titles.keys()),
        papers_cited=len(cited & titles.keys()) / len(titles) if titles else _NONE,
        papers=len(titles),
        citation_recall=recalled,
        citation_precision=precise,
        probability=supported,
        words=len(answer.text.split()),
        claims=len(answer.claims),
        unsupported=len(complaints),
        total_ms=answer.timings.total,
    )
    return Judged(asked, answer, evidence, tuple(gold), outcome, complaints)


def stated(asked: Asked, answer: Answer) -> str:
    """The text that an answer's facts are looked for in."""
    if asked.style in SEVERAL:
        return answer.text if answer.claims else ""
    texts = [claim.text for claim in answer.claims]
    if asked.style == FEEDBACK:  # Prose has other words than the quotes it rests on.
        texts += [c.quote for claim in answer.claims for c in claim.citations]
    return " \n ".join(texts)


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
