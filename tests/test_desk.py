"""What the page's desk keeps of a conversation, with a real index and a real file."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from html import escape
from pathlib import Path
from typing import Any

import pytest

from rag.collections import Shelf
from rag.config import Settings
from rag.embedding import Embedder
from rag.errors import RagError
from rag.index import OpenIndex, add_papers
from rag.page import library as library_module
from rag.page.desk import Choices, Desk, Talk
from rag.page.library import Library, View
from rag.page.showing import Showing
from rag.page.updates import update
from rag.pipeline import Assistant
from rag.records import Claimed, Filters, Paper
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


def test_what_was_checked_before_a_stop_is_kept_and_saved(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    came: list[object] = []
    stream = Assistant.stream

    def watched(*given: Any) -> Iterator[Any]:
        for event in stream(*given):
            came.append(event)
            yield event

    monkeypatch.setattr(Assistant, "stream", watched)
    key, asked = desk.shelf.first, Talk().asking("How far did beavers raise the water table?")

    def stopped() -> bool:
        return any(isinstance(event, Claimed) for event in came)

    *_, turn = desk.answered(key, asked.turns, Choices(evidence_only=True), stopped)
    assert turn.stage == "stopped"
    assert "40 cm" in turn.claims[0].text
    talk = desk.save("ann", key, replace(asked, turns=(turn,)))
    assert questions(reopened(desk, talk.saved)) == [turn.question]
    came.clear()
    *_, turn = desk.answered(key, asked.turns, Choices(evidence_only=True), lambda: bool(came))
    assert (turn.stage, turn.answer) == ("stopped", None)


def test_one_answer_can_be_exported_and_a_given_name_is_the_files(desk: Desk) -> None:
    talk = with_answer(desk, Talk(), "How far did beavers raise the water table?")
    talk = with_answer(desk, talk, "How long did kelp grow in a year?")
    name, text, _ = desk.exported(talk, "bib", "ann", 2)
    assert name.startswith("How-long-did-kelp")
    assert "Kelp Farms" in text
    assert "Beavers" not in text
    assert desk.exported(talk, "md", "ann")[0].startswith("How-far-did-beavers")
    desk.manage("ann", talk.saved, "rename", "My ponds")
    assert desk.exported(talk, "md", "ann")[0] == "My-ponds.md"
    assert desk.exported(talk, "md", "eve")[0].startswith("How-far-did-beavers")


def test_a_damaged_file_of_conversations_is_told_with_its_remedy(desk: Desk) -> None:
    desk.saved.path.write_bytes(b"no database" * 200)
    with pytest.raises(RagError) as told:
        desk.manage("ann", "x", "delete", "")
    assert escape(told.value.message) in desk.saved_list("ann", "", told.value)


def test_filters_stay_while_the_collection_stays(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    library, key = Library(desk.shelf), desk.shelf.first
    showing, view = Showing(library), View("title", False, 50)
    (_, beavers), (_, kelp) = library.entry(key).papers
    talk = with_answer(desk, Talk(key=key), "How far did beavers raise the water table?")
    stays = showing.shown(key, key, talk, [], [kelp, "gone"], "kelp", view)
    assert stays[10]["value"] == [kelp]
    assert stays[0] == update()  # the conversation
    assert "Kelp Farms" in stays[14]
    assert "Beavers" not in stays[14]
    # Another one is shown from its beginning.
    other = showing.shown(key, "other", replace(talk, key="other"), [], [kelp], "kelp", view)
    assert (other[0].turns, other[10]["value"]) == ((), [])
    assert other[12:14] == ("", View())
    assert "Beavers" in other[14]
    opened = showing.shown(key, "other", talk, [], [], "", view)
    assert opened[0] == update()  # it is about this one
    # Of more papers than a menu holds, those chosen are still there.
    monkeypatch.setattr(library_module, "_LISTED", 1)
    stays = showing.shown(key, key, talk, [], [beavers, "gone"], "", view)
    assert stays[10]["value"] == [beavers]
    assert library.entry(key).papers == ()
    assert "Beavers and Ponds" in library.entry(key).examples[0]


def test_a_table_opens_on_a_page_that_is_there(desk: Desk) -> None:
    shown = Library(desk.shelf).table(desk.shelf.first, "", View(first=100))
    assert "Beavers" in shown
    assert "Kelp" in shown


def test_the_collection_stays_under_a_running_answer(desk: Desk) -> None:
    library, key = Library(desk.shelf), desk.shelf.first
    went, note, done = library.named(key, "Ponds", "create", busy=True)
    assert (went, done) == (key, True)
    assert "Choose it above" in note
    ponds = library.key_of("Ponds")
    assert library.named(ponds, "", "delete", busy=True)[::2] == (ponds, False)
    assert library.known(ponds)
    assert library.landed(key, key, ponds, busy=False) == (ponds, "")
    to, said = library.landed(key, key, ponds, busy=True)
    assert to == key
    assert "Choose “Ponds” above" in said
    assert library.landed("another", key, ponds, busy=False) == ("another", "")
    showing, talk = Showing(library), Talk().asking("How?")
    assert showing.switched(ponds, key, talk)[0]["value"] == key
    assert showing.named(ponds, "", "delete", Talk())[0] == update()  # it was not meant


def test_a_pasted_text_stays_until_all_of_it_is_taken_in(desk: Desk) -> None:
    library, key = Library(desk.shelf), desk.shelf.first
    good = "Moss on Slate\nMoss held 2.4 litres of rain per square metre of roof. It was green."
    *_, whole = library.add(key, (), f"{good}\n\nA Title and No Abstract\n", lambda *_: None)
    assert not whole
    *_, whole = library.add(key, (), good, lambda *_: None)
    assert whole
    showing = Showing(library)
    assert showing.landed(key, (key, key, good), Talk(), good, "done")[1:] == ("", "done")
    assert showing.landed(key, (key, key, good), Talk(), good + " more", "")[1] == update()


def test_limits_name_the_papers_by_title(desk: Desk) -> None:
    library, key = Library(desk.shelf), desk.shelf.first
    kelp = library.entry(key).papers[1][1]
    assert "“Kelp Farms”" in library.limits(key, Filters(paper_ids=(kelp, "gone")))
    assert Showing(library).limited(key, 202, None, [], [])[0] == ""
