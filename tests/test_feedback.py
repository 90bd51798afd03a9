"""What people thought of answers on the page becomes a question set."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from rag.collections import collections, create
from rag.config import Settings
from rag.errors import InputError
from rag.evaluation.answering import Wanted, run
from rag.evaluation.feedback import asked_collection, feedback_questions, of_collection
from rag.evaluation.judging import stated
from rag.index import add_papers
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
from rag.session import token_counter
from rag.store.conversations import Conversations

if TYPE_CHECKING:
    from rag.embedding import Embedder

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


def test_prose_states_what_it_cites(tmp_path: Path) -> None:
    saved = Conversations(tmp_path / "c.db")
    talk = saved.start("me", "kelp", "My papers")
    quote = "It grew 3 m (more or less) in a year."
    quoted = answer("How far?", quote)
    prose = replace(quoted.claims[0], text="About 3 m a year.", kind="paraphrase")
    written = replace(quoted, claims=(prose,))
    saved.add("me", talk, written)
    saved.judge("me", talk, 1, True, "")
    (asked,) = feedback_questions(saved.judgements(), WHERE, lambda _: None)
    assert asked.found_in(stated(asked, written)) == 1
    # Facts of a set that was written are looked for in what is said alone.
    assert asked.found_in(stated(replace(asked, style="full"), written)) == 0


def test_a_question_keeps_its_id_whatever_is_judged_besides(tmp_path: Path) -> None:
    saved = Conversations(tmp_path / "c.db")
    talk = saved.start("me", "kelp", "My papers")
    for one in ("How far?", "Why \ud800?", "How far?"):
        saved.add("me", talk, answer(one, "Kelp grows fast."))
    for turn in (1, 2, 3):
        saved.judge("me", talk, turn, True, "")
    before = {q.id: q for q in feedback_questions(saved.judgements(), WHERE, lambda _: None)}
    assert len(before) == 3  # The same words after other questions are another question.
    saved.judge("me", talk, 1, False, "")
    after = feedback_questions(saved.judgements(), WHERE, lambda _: None)
    assert [before[q.id] for q in after] == after
    assert len(after) == 2


# ── which papers are asked ──────────────────────────────────────────────────────────────────────


@pytest.fixture
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A user's folder with nothing in it."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    monkeypatch.setenv("RAG_CONVERSATIONS", str(tmp_path / "c.db"))
    return tmp_path


def judged_of(name: str, *questions: str) -> None:
    saved = Conversations(Path(os.environ["RAG_CONVERSATIONS"]))
    talk = saved.start("me", "kelp", name)
    for n, question in enumerate(questions, 1):
        saved.add("me", talk, answer(question, "It grew 3 m (more or less) in a year."))
        saved.judge("me", talk, n, True, "")


def test_the_collection_with_most_good_answers_is_asked(places: Path) -> None:
    saved = Conversations(places / "c.db")
    tides = create("Tides")
    assert asked_collection([], None).name == "Starter corpus"
    judged_of("Tides", "How far?")
    judged_of("Starter corpus", "How far?")
    judged_of("gone", "How far?", "How long?", "Why?")
    assert asked_collection(saved.judgements(), None).name == "Starter corpus"
    judged_of("Tides", "Where?")
    assert asked_collection(saved.judgements(), None) == tides
    own = collections()[0]
    assert asked_collection(saved.judgements(), own.place) == own
    assert asked_collection(saved.judgements(), places / "kelp").name == "kelp"


def test_judgements_of_other_collections_are_named(places: Path) -> None:
    judged_of("Tides", "How far?")
    judged_of("Starter corpus", "How far?", "Why?")
    judged_of("gone", "How far?")
    said: list[str] = []
    saved = Conversations(places / "c.db")
    kept = of_collection(saved.judgements(), "Tides", said.append)
    assert [one.collection for one in kept] == ["Tides"]
    assert said == [
        "judged of “Starter corpus”, so not counted where “Tides” is asked: 2",
        "judged of “gone”, so not counted where “Tides” is asked: 1",
    ]


@pytest.mark.parametrize("how", ["judged", "named", "variable"])
def test_the_papers_that_were_judged_are_asked(
    how: str, places: Path, embedder: Embedder, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    out, elsewhere = places / "out.json", places / "kelp"
    place = elsewhere if how != "judged" else create("Tides").place
    add_papers(place, [KELP], embedder, token_counter(), Settings())
    name = {"judged": "Tides", "named": "kelp", "variable": "My papers"}[how]
    judged_of(name, "How far did kelp grow in a year?", "How much did kelp grow?")
    judged_of("Starter corpus", "How far?")
    if how == "variable":
        monkeypatch.setenv("RAG_INDEX", str(place))
    index = place if how == "named" else None
    run(Wanted(from_feedback=True, evidence_only=True, out=out, index_dir=index))
    assert f"judged of “Starter corpus”, so not counted where “{name}” is asked: 1" in (
        capsys.readouterr().err
    )
    report = json.loads(out.read_text(encoding="utf-8"))
    assert report["corpus_papers"] == 1
    assert report["shaped_by"]["corpora"].startswith(f"{name} ")
    assert [a["judged"]["cited"] for a in report["answers"]] == [True, True]
    # Judged once more, the same questions are found in the earlier run.
    judged_of(name, "Who farmed kelp?")
    run(Wanted(from_feedback=True, evidence_only=True, old=out, index_dir=index))
    assert f"Against {out}, 2 questions in both" in capsys.readouterr().out
