"""What the page's desk keeps of a conversation, with a real index and a real file."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from rag.collections import Shelf
from rag.config import Settings
from rag.embedding import Embedder
from rag.errors import RagError
from rag.index import OpenIndex, add_papers
from rag.page.desk import Choices, Desk, Talk
from rag.page.library import Library
from rag.pipeline import Assistant
from rag.records import Paper
from rag.session import token_counter
from rag.store.conversations import Conversations

PAPERS = [
    Paper("", "Beavers and Ponds", "Beavers raised the water table by 40 cm. Frogs came back."),
    Paper("", "Kelp Farms", "Kelp grew 3 m in a year. It needs cold water to do so."),
]


@pytest.fixture
def desk(embedder: Embedder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    monkeypatch.setenv("RAG_INDEX", str(tmp_path / "index"))
    place = tmp_path / "index"
    add_papers(place, PAPERS, embedder, token_counter(), Settings())
    assistant = Assistant(OpenIndex(place, embedder), Settings(), None)
    return Desk(Shelf(assistant, place), Conversations(tmp_path / "c.db"))


def with_answer(desk: Desk, talk: Talk, question: str) -> Talk:
    """The conversation with one more question answered and saved."""
    key, asked = desk.shelf.first, talk.asking(question)
    *_, turn = desk.answered(key, asked.turns, Choices(evidence_only=True))
    assert turn.answer is not None
    return desk.save("ann", key, replace(asked, turns=(*asked.turns[:-1], turn)))


def reopened(desk: Desk, saved: str) -> Talk:
    return desk.reopened("ann", saved, lambda _: desk.shelf.first, desk.shelf.first)


def questions(talk: Talk) -> list[str]:
    return [turn.question for turn in talk.turns]


def test_what_another_tab_did_is_not_overwritten(desk: Desk) -> None:
    one = with_answer(desk, Talk(), "How far did beavers raise the water table?")
    two = with_answer(desk, reopened(desk, one.saved), "How long did kelp grow in a year?")
    assert two.saved == one.saved
    # The first tab doesn't know of the second question: its change becomes a conversation.
    other = with_answer(desk, replace(one, editing=1), "Which animals came back?")
    assert other.saved not in ("", one.saved)
    assert questions(reopened(desk, one.saved)) == questions(two)
    judged = desk.judge("ann", two, 1, True, "")
    assert judged.turns[0].good is True
    # So does what comes after a conversation was deleted.
    desk.manage("ann", two.saved, "delete", "")
    after = with_answer(desk, two, "Does kelp need cold water?")
    assert after.saved not in ("", one.saved)
    assert after.turns[-1].note == ""
    assert "not kept" in desk.judge("ann", after, 1, False, "").turns[0].note


def test_a_changed_question_takes_the_place_of_what_came_after(desk: Desk) -> None:
    talk = with_answer(desk, Talk(), "How far did beavers raise the water table?")
    talk = with_answer(desk, talk, "How long did kelp grow in a year?")
    changing = replace(talk, editing=1).asking("Which animals came back?")
    assert questions(changing) == ["Which animals came back?"]
    assert questions(reopened(desk, talk.saved)) == questions(talk)  # nothing is lost so far
    done = with_answer(desk, replace(talk, editing=1), "Which animals came back?")
    assert done.saved == talk.saved
    assert questions(reopened(desk, talk.saved)) == ["Which animals came back?"]


def test_a_conversation_of_a_collection_that_is_gone_says_so(desk: Desk) -> None:
    talk = with_answer(desk, Talk(), "How far did beavers raise the water table?")
    back = desk.reopened("ann", talk.saved, lambda _: "", "shown")
    assert back.key == "shown"
    assert "is no longer there" in back.turns[-1].note
    assert desk.reopened("ann", "nothing", lambda _: "", "shown").turns == ()


def test_there_is_nothing_to_export_before_an_answer(desk: Desk) -> None:
    with pytest.raises(RagError, match="Nothing was answered yet"):
        desk.exported(Talk(), "md")
    talk = with_answer(desk, Talk(), "How far did beavers raise the water table?")
    name, text, kind = desk.exported(talk, "md")
    assert name.endswith(".md")
    assert "40 cm" in text
    assert kind.startswith("text/markdown")


def test_a_collection_that_is_gone_takes_nothing_in(desk: Desk) -> None:
    library = Library(desk.shelf)
    before = library.entry(library.first).header
    for key, report, taken in (
        library.add("gone", (), "Moss\nMoss dries in spring.", lambda *_: None),
        library.named("gone", "new name", "rename"),
        library.named("gone", "", "delete"),
    ):
        assert not taken
        assert "collection" in report
        assert key in ("gone", library.first)
    assert library.entry(library.first).header == before


def test_a_paper_can_be_chosen_only_where_it_is(desk: Desk) -> None:
    library = Library(desk.shelf)
    choices = library.choice(library.first, library.entry(library.first).papers[1][1])
    assert [title for title, _ in choices] == [paper.title for paper in PAPERS]
    assert library.choice(library.first, "not-here") == []
