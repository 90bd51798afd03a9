"""A question goes through retrieval, evidence, composing and checking; every claim that comes out
was checked against the abstract it cites, whatever wrote it.

`stream` yields what is known as soon as it is known; `ask` gives the whole answer.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING

import rag
from rag.abstaining import answerable, refusal
from rag.claims import check_quote
from rag.composing import Numbering, answer_text, choose_quotes, quote_claims
from rag.drafting import drafted_claims
from rag.evidence import select_evidence
from rag.followup import self_contained
from rag.records import (
    Answer,
    Claim,
    Claimed,
    Done,
    Event,
    Evidence,
    Hit,
    ModelInfo,
    Nearest,
    Question,
    Retrieved,
    Selected,
    Status,
    Timings,
)
from rag.retrieval import retrieve
from rag.searching import cleaned
from rag.words import content_stems

if TYPE_CHECKING:
    from rag.config import Settings
    from rag.index import OpenIndex
    from rag.llm import LanguageModel

_NEAREST = 3  # papers named when there is no answer
NO_MODEL = ModelInfo("none", "", "")
_STOPPED = "It was stopped before an answer was found."


class _StoppedError(Exception):
    """Leaves the reading of evidence when nobody waits for it any more."""


def _heeding(stopped: Callable[[], bool]) -> Callable[[int, int], None]:
    """A report of progress that ends the work when asked to."""

    def progress(done: int, total: int) -> None:
        if stopped():
            raise _StoppedError

    return progress


@dataclass(slots=True)
class _Clock:
    """Milliseconds spent in each stage."""

    spent: dict[str, float] = field(default_factory=dict)
    _start: float = field(default_factory=time.perf_counter)
    _mark: float = field(default_factory=time.perf_counter)

    def lap(self, stage: str) -> None:
        now = time.perf_counter()
        self.spent[stage] = self.spent.get(stage, 0.0) + (now - self._mark) * 1000
        self._mark = now

    def timings(self) -> Timings:
        total = (time.perf_counter() - self._start) * 1000
        return Timings(**{k: round(v, 1) for k, v in self.spent.items()}, total=round(total, 1))


class Assistant:
    """Answers questions from one index.

    Args:
        index: open; moved on to its newest state before each question.
        model: loads the language model on first call; None answers without one.
    """

    def __init__(
        self,
        index: OpenIndex,
        settings: Settings,
        model: Callable[[], LanguageModel] | None,
    ) -> None:
        self.index, self.settings = index, settings
        self._load = model

    def ask(self, question: Question, stopped: Callable[[], bool] = lambda: False) -> Answer:
        """The whole answer; see `stream`."""
        for event in self.stream(question, stopped):
            if isinstance(event, Done):
                return event.answer
        raise AssertionError("a stream ends in Done")

    def stream(
        self, question: Question, stopped: Callable[[], bool] = lambda: False
    ) -> Iterator[Event]:
        """Papers, sentences, claims, answer: each as soon as it stands.

        Args:
            stopped: asked between batches of reading and between tokens of drafting; True ends
                either (claims so far stand).

        Raises:
            UsageError: the question is empty or too long. ModelError: no usable model.
        """
        clock = _Clock()
        text = cleaned(question.text)
        understood = self_contained(text, [cleaned(h) for h in question.history if h.strip()])
        self.index.refresh()
        vector = self.index.embedder.encode([understood])[0]
        hits = retrieve(self.index, understood, vector, self.settings.papers, question.filters)
        clock.lap("retrieve")
        yield Retrieved(understood, tuple(hits))
        # A question of function words alone matches everything and asks nothing.
        asks = bool(hits) and bool(content_stems(understood))
        model = self._load() if self._load is not None and asks else None
        try:
            evidence = select_evidence(
                self.index, understood, vector, hits if asks else [],
                model.engine if model else None, self.settings.candidates, _heeding(stopped),
            )  # fmt: skip
        except _StoppedError:
            evidence = []
        supported = answerable(understood, hits, evidence) if asks else 0.0
        clock.lap("evidence")
        yield Selected(tuple(evidence))
        claims: list[Claim] = []
        numbering = Numbering()
        if evidence and supported >= self.settings.abstain_below:
            for claim in self._claims(understood, evidence, model, numbering, stopped):
                clock.lap("generate")
                if not _stands(claim, numbering):
                    continue  # Dropped whole: a claim never goes on without its citation.
                clock.lap("verify")
                claims.append(claim)
                yield Claimed(claim, numbering.sources)
        clock.lap("generate")
        reason = _STOPPED if stopped() else refusal(understood, hits)
        yield Done(
            self._answer(question, understood, hits, claims, numbering, clock, model, reason)
        )

    def _claims(
        self,
        question: str,
        evidence: Sequence[Evidence],
        model: LanguageModel | None,
        numbering: Numbering,
        stopped: Callable[[], bool],
    ) -> Iterator[Claim]:
        words = self.settings.answer_words
        if model is not None and model.ability == "write":
            yield from drafted_claims(question, evidence, model, numbering, words, stopped)
        else:
            yield from quote_claims(choose_quotes(evidence, question, words), numbering)

    def _answer(
        self,
        question: Question,
        understood: str,
        hits: Sequence[Hit],
        claims: Sequence[Claim],
        numbering: Numbering,
        clock: _Clock,
        model: LanguageModel | None,
        reason: str,
    ) -> Answer:
        status: Status = "answered" if claims else "abstained"
        reason = "" if claims else reason
        sources = numbering.sources
        return Answer(
            question=question.text,
            understood=understood,
            status=status,
            reason=reason,
            text=answer_text(claims, sources) if claims else reason,
            claims=tuple(claims),
            sources=sources,
            nearest=tuple(
                Nearest(h.paper.id, h.paper.title, round(h.fused, 4)) for h in hits[:_NEAREST]
            ),
            timings=clock.timings(),
            model=model.info if model else NO_MODEL,
            fingerprint=self._fingerprint(model),
        )

    def _fingerprint(self, model: LanguageModel | None) -> str:
        parts = (
            rag.__version__,
            self.index.fingerprint,
            self.index.embedder.digest,
            repr(model.info if model else NO_MODEL),
            repr(sorted(asdict(self.settings).items())),
        )
        return hashlib.sha256("|".join(parts).encode()).hexdigest()[:16]


def _stands(claim: Claim, numbering: Numbering) -> bool:
    """The last gate: each cited span is where it says, and a quote is nothing else."""
    papers = {s.n: s.paper for s in numbering.sources}
    for c in claim.citations:
        if c.source not in papers:
            return False
        if not check_quote(c.quote, papers[c.source].abstract, c.start, c.end).supported:
            return False
    if claim.kind == "quote":
        return [claim.text] == [c.quote for c in claim.citations]
    return bool(claim.citations)
