"""A conversation is a tuple of `Turn`s; events of the pipeline advance the last one, and each
state of a turn can be shown.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from rag.errors import RagError
from rag.records import (
    Answer,
    Claim,
    Claimed,
    Done,
    Event,
    Evidence,
    Hit,
    Retrieved,
    Selected,
    Source,
)

Stage = Literal["waiting", "searching", "reading", "answering", "done", "stopped", "failed"]


@dataclass(frozen=True, slots=True)
class Turn:
    """A question of a conversation and what is known of its answer so far.

    Attributes:
        number: place in the conversation, from 1.
        supported: estimated probability that the evidence answers, 0 to 1; None until known.
        note: what is waited for, or why it failed; one line.
        remedy: what to do about a failure; "" when nothing helps.
        good: what the reader of the page thinks of the answer; None when nothing was said.
        earlier: questions asked before the conversation's first one, oldest first.
        kept: its number in the saved conversation; 0 when it isn't saved.
    """

    number: int
    question: str
    stage: Stage = "waiting"
    understood: str = ""
    hits: tuple[Hit, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    supported: float | None = None
    claims: tuple[Claim, ...] = ()
    sources: tuple[Source, ...] = ()
    answer: Answer | None = None
    note: str = ""
    remedy: str = ""
    good: bool | None = None
    earlier: tuple[str, ...] = ()
    kept: int = 0

    @property
    def finished(self) -> bool:
        """Whether nothing more will come."""
        return self.stage in ("done", "stopped", "failed")


def advanced(turn: Turn, event: Event) -> Turn:
    """The turn with what an event of its answer adds."""
    if isinstance(event, Retrieved):
        return replace(turn, stage="reading", understood=event.understood, hits=event.hits)
    if isinstance(event, Selected):
        return replace(turn, stage="answering", evidence=event.evidence, supported=event.supported)
    if isinstance(event, Claimed):
        return replace(turn, claims=(*turn.claims, event.claim), sources=event.sources)
    assert isinstance(event, Done)
    answer = event.answer
    return replace(
        turn, stage="done", note="", answer=answer, claims=answer.claims, sources=answer.sources
    )


def failed(turn: Turn, error: Exception) -> Turn:
    """The turn ended by an error: what happened and what to do, never a traceback."""
    message, remedy = explained(error)
    return replace(turn, stage="failed", note=message, remedy=remedy)


def explained(error: Exception) -> tuple[str, str]:
    """What happened and what to do, for people."""
    if isinstance(error, RagError):
        return error.message, error.remedy
    return f"unexpected {type(error).__name__}: {str(error)[:200]}", "try again"


def reopened(
    number: int, answer: Answer, evidence: Sequence[Evidence], good: bool | None = None
) -> Turn:
    """A finished turn from an answer that was saved."""
    return Turn(
        number, answer.question, "done", answer.understood, evidence=tuple(evidence),
        claims=answer.claims, sources=answer.sources, answer=answer, good=good, kept=number,
    )  # fmt: skip


def earlier_questions(turns: Iterable[Turn]) -> tuple[str, ...]:
    """The questions that a next one may refer to, oldest first: those that got an answer."""
    return tuple(turn.question for turn in turns if turn.answer is not None)


def earlier_citations(turns: Iterable[Turn]) -> tuple[tuple[str, ...], ...]:
    """Ids of the papers that the answers to those questions cite, in the order of their numbers."""
    return tuple(turn.answer.cited for turn in turns if turn.answer is not None)
