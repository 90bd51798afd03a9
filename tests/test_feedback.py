"""What people thought of answers on the page becomes a question set."""

from __future__ import annotations

from pathlib import Path

import pytest

from rag.errors import InputError
from rag.evaluation.feedback import feedback_questions
from rag.records import (
    Answer,
    Citation,
    Claim,
    ModelInfo,
    Nearest,
    Paper,
    Source,
    Timings,
)
from rag.store.conversations import Conversations

KELP = Paper("p1", "Kelp farms", "Kelp grows fast. It grew 3 m (more or less) in a year.")
WHERE = Path("conversations.db")


def answer(question: str, quote: str = "") -> Answer:
    start = KELP.abstract.index(quote)
    cited = (Citation(1, start, start + len(quote), quote),)
    return Answer(
        question, question, "answered" if quote else "abstained", "" if quote else "not there",
        quote or "not there", (Claim(quote, "quote", cited),) if quote else (),
        (Source(1, KELP),) if quote else (), (Nearest("p1", KELP.title, 0.5),), Timings(),
        ModelInfo("m", "", ""), "f",
    )  # fmt: skip


def test_good_answers_and_refusals_are_gold_and_bad_ones_are_named(tmp_path: Path) -> None:
    saved = Conversations(tmp_path / "c.db")
    talk = saved.start("me", "kelp", "My papers")
    quote = "It grew 3 m (more or less) in a year."
    for one in (answer("How far?", quote), answer("Who?"), answer("Why?", "Kelp grows fast.")):
        saved.add("me", talk, one)
    saved.judge("me", talk, 1, True, "")
    saved.judge("me", talk, 2, True, "")
    saved.judge("me", talk, 3, False, "says nothing of why")
    said: list[str] = []
    good, refused = feedback_questions(saved.judgements(), tmp_path / "c.db", said.append)
    assert (good.question, good.answerable, good.papers) == ("How far?", True, (KELP.title,))
    span = good.spans[0]
    assert KELP.abstract[span.start : span.end] == quote
    assert good.found_in(f"… {quote} …") == 1
    assert good.found_in("It grew 3 m.") == 0
    assert (refused.question, refused.answerable) == ("Who?", False)
    assert refused.history == ("How far?",)
    assert said == ["called bad, so not counted: Why? (says nothing of why)"]


def test_the_last_judgement_of_a_question_counts(tmp_path: Path) -> None:
    saved = Conversations(tmp_path / "c.db")
    for good in (True, False):
        talk = saved.start("me", "kelp", "My papers")
        saved.add("me", talk, answer("How far?", "Kelp grows fast."))
        saved.judge("me", talk, 1, good, "")
    with pytest.raises(InputError, match="no answer was called good"):
        feedback_questions(saved.judgements(), WHERE, lambda _: None)


def test_without_any_judgement_it_says_what_to_do(tmp_path: Path) -> None:
    saved = Conversations(tmp_path / "none.db")
    with pytest.raises(InputError) as error:
        feedback_questions(saved.judgements(), WHERE, lambda _: None)
    assert "judge answers on the chat page" in error.value.remedy
    assert not (tmp_path / "none.db").exists()
