"""From question to answer over the 217 papers, with the real models."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from rag.claims import check_claim
from rag.config import Settings
from rag.embedding import Embedder
from rag.errors import UsageError
from rag.index import OpenIndex, add_papers
from rag.llm import LanguageModel
from rag.pipeline import Assistant
from rag.reader import Reader
from rag.reader.layout import Laid
from rag.records import Answer, Claimed, Done, Filters, Paper, Question, Retrieved, Selected
from rag.searching import cleaned, search
from rag.session import token_counter

TASKMASTER = "How many dialogs are in Taskmaster-1 and how many domains do they cover?"


@pytest.fixture(scope="module")
def assistant(listing_index: OpenIndex, language_model: LanguageModel) -> Assistant:
    return Assistant(listing_index, Settings(), lambda: language_model)


@pytest.fixture(scope="module")
def without_model(listing_index: OpenIndex) -> Assistant:
    return Assistant(listing_index, Settings(), None)


def sound(answer: Answer) -> None:
    """Everything promised of any answer."""
    papers = {s.n: s.paper for s in answer.sources}
    assert list(papers) == list(range(1, len(papers) + 1))
    seen: list[int] = []
    for claim in answer.claims:
        assert claim.citations
        for c in claim.citations:
            assert papers[c.source].abstract[c.start : c.end] == c.quote
            assert f"[{c.source}]" in answer.text
            seen += [] if c.source in seen else [c.source]
        if claim.kind == "quote":
            assert [claim.text] == [c.quote for c in claim.citations]
            assert claim.text in answer.text
        else:
            assert check_claim(claim.text, [c.quote for c in claim.citations]).supported
    assert seen == list(papers)  # numbered in order of first citation, none uncited
    assert (answer.status == "answered") == bool(answer.claims)
    assert bool(answer.reason) == (answer.status == "abstained")
    assert len(answer.fingerprint) == 16
    assert answer.timings.total > 0


def test_taskmaster(assistant: Assistant) -> None:
    answer = assistant.ask(Question(TASKMASTER))
    sound(answer)
    assert answer.status == "answered"
    assert "13,215" in answer.text
    assert "six domains" in answer.text
    assert answer.sources[0].paper.title.startswith("Taskmaster-1")
    assert answer.model.name == "SmolLM2-135M-Instruct"


def test_the_same_question_twice(assistant: Assistant) -> None:
    one, two = (assistant.ask(Question(TASKMASTER)) for _ in range(2))
    assert (one.text, one.claims, one.fingerprint) == (two.text, two.claims, two.fingerprint)


@pytest.mark.parametrize(
    "question",
    [
        "What did Napoleon eat on the island of Elba?",
        "Which vaccine schedule is recommended for infants in Norway?",
        "the of and",
        "??",
    ],
)
def test_absent_topics(assistant: Assistant, question: str) -> None:
    answer = assistant.ask(Question(question))
    sound(answer)
    assert answer.status == "abstained"
    assert answer.text == answer.reason
    assert len(answer.nearest) == 3


def test_a_kind_of_thing_is_answered_from_several_papers(assistant: Assistant) -> None:
    answer = assistant.ask(Question("What are hypernetworks used for?"))
    sound(answer)
    assert len(answer.sources) > 1
    assert all("hyper" in s.paper.abstract.casefold() for s in answer.sources)
    assert max(Counter(c.citations[0].source for c in answer.claims).values()) <= 2


def test_events_come_in_order(assistant: Assistant) -> None:
    events = list(assistant.stream(Question(TASKMASTER)))
    kinds = [type(e) for e in events]
    assert kinds[:2] == [Retrieved, Selected]
    assert kinds[-1] is Done
    assert set(kinds[2:-1]) == {Claimed}
    done = events[-1]
    assert isinstance(done, Done)
    claimed = [e for e in events if isinstance(e, Claimed)]
    assert tuple(e.claim for e in claimed) == done.answer.claims
    assert claimed[-1].sources == done.answer.sources
    selected = events[1]
    assert isinstance(selected, Selected)
    scores = [e.score for e in selected.evidence]
    assert scores == sorted(scores, reverse=True)
    assert len({e.label for e in selected.evidence}) == len(scores)


def test_follow_up(assistant: Assistant) -> None:
    answer = assistant.ask(Question("How were they collected?", (TASKMASTER,)))
    sound(answer)
    assert "Taskmaster-1" in answer.understood
    assert answer.nearest[0].title.startswith("Taskmaster-1")
    whole = "How many dialogs does Taskmaster-1 hold?"
    assert assistant.ask(Question(whole, ("What is nnU-Net?",))).understood == whole


@pytest.mark.parametrize("said", ["Thanks!", "ok, great", "what is it?"])
def test_who_asks_nothing_is_told_so(without_model: Assistant, said: str) -> None:
    answer = without_model.ask(Question(said))
    sound(answer)
    assert answer.text.startswith("Nothing is asked")
    thanked = without_model.ask(Question("Thank you!", (TASKMASTER,)))
    assert (thanked.status, thanked.understood) == ("abstained", "Thank you!")
    assert thanked.text == without_model.ask(Question("Thanks!")).text


def test_what_an_answer_cites_is_asked_on(without_model: Assistant) -> None:
    first = Question("What are hypernetworks used for?")
    answer = without_model.ask(first)
    assert len(answer.cited) > 1
    after = Question("What does the last one do?", (" ", first.text), cited=((), answer.cited))
    assert answer.sources[-1].paper.title in without_model.ask(after).understood
    both = Question("Which one is for several tasks?", (first.text,), cited=(answer.cited,))
    followed = without_model.ask(both)
    sound(followed)
    assert set(followed.cited) <= set(answer.cited)


def test_what_any_paper_could_answer_is_asked_of_the_conversations_first(
    without_model: Assistant,
) -> None:
    asked = "how much is the training time cut?"
    answer = without_model.ask(Question(asked, ("How does LocMoE cut communication?",)))
    sound(answer)
    assert [source.paper.title.partition(":")[0] for source in answer.sources] == ["LocMoE"]
    assert "12.68%" in answer.text
    alone = without_model.ask(Question(asked))
    assert [source.paper.title.partition(":")[0] for source in alone.sources] != ["LocMoE"]


def test_the_second_of_two_things_compared(without_model: Assistant) -> None:
    history = ("Compare Samba and MANet for remote sensing segmentation",)
    answer = without_model.ask(Question("Which decoder does the first one use?", history))
    sound(answer)
    assert "Samba" in answer.understood
    other = without_model.ask(Question("What does the second one adapt?", history))
    sound(other)
    assert "MANet" in other.understood


def test_two_things_side_by_side(without_model: Assistant) -> None:
    question = "XNOR-Net vs A&B BNN: what arithmetic do they use?"
    answer = without_model.ask(Question(question))
    sound(answer)
    titles = [s.paper.title for s in answer.sources]
    assert len(titles) == 2
    assert titles[0].startswith("XNOR-Net")
    assert titles[1].startswith("A&B BNN")


def test_a_list_comes_from_the_whole_index(without_model: Assistant) -> None:
    answer = without_model.ask(Question("Which papers are about hypernetworks?"))
    sound(answer)
    assert answer.status == "answered"
    total = without_model.index.snapshot.count()
    assert answer.text.startswith(f"{len(answer.sources)} of {total} papers match “hypernetworks”")
    stated = [s.paper.title + s.paper.abstract for s in answer.sources]
    assert all("hypernetwork" in text.lower() for text in stated)
    holding = [
        p.title for p in without_model.index.snapshot.papers() if "hypernetwork" in p.title.lower()
    ]
    assert set(holding) <= {s.paper.title for s in answer.sources}
    fewer = Assistant(without_model.index, Settings(papers=2), None)
    again = fewer.ask(Question("Which papers are about hypernetworks?"))
    assert [s.paper.id for s in again.sources] == [s.paper.id for s in answer.sources]


def test_a_list_of_nothing(without_model: Assistant) -> None:
    answer = without_model.ask(Question("List all papers about medieval falconry"))
    sound(answer)
    assert answer.status == "abstained"
    assert "None of the" in answer.reason


def test_a_slip_of_the_pen_is_mended_and_shown(without_model: Assistant) -> None:
    answer = without_model.ask(Question("How many task-based dialgos are in Taskmaster-1?"))
    sound(answer)
    assert answer.question.endswith("dialgos are in Taskmaster-1?")
    assert "dialogs" in answer.understood


def test_a_refusal_says_what_is_missing_and_what_is_there(without_model: Assistant) -> None:
    question = "What salary did the crowdsourced carpenters of Taskmaster-1 earn?"
    answer = without_model.ask(Question(question))
    sound(answer)
    if answer.status == "abstained":
        assert "“salary”" in answer.reason
    abstracts = [p.abstract for p in without_model.index.snapshot.papers()]
    for said in answer.reason.split("What it does say: “")[1:]:
        assert any(said.removesuffix("”") in abstract for abstract in abstracts)


def test_evidence_only(without_model: Assistant) -> None:
    answer = without_model.ask(Question(TASKMASTER))
    sound(answer)
    assert answer.status == "answered"
    assert "13,215" in answer.text
    assert answer.model.name == "none"


def test_filters_hold(without_model: Assistant) -> None:
    found = search(without_model.index, "dialogs", 5, Filters(sources=("no such venue",)))
    assert found == []
    answer = without_model.ask(Question(TASKMASTER, filters=Filters(year_from=2999)))
    sound(answer)
    assert answer.status == "abstained"
    only = search(without_model.index, "dialogs", 300)[7].paper.id
    hits = search(without_model.index, "dialogs", 5, Filters(paper_ids=(only,)))
    assert [h.paper.id for h in hits] == [only]


@pytest.mark.parametrize(
    "question", [TASKMASTER, "What does the GCAV framework do with concept vectors of layers?"]
)
def test_written_claims_are_supported_or_quoted(
    listing_index: OpenIndex, language_model: LanguageModel, question: str
) -> None:
    writer = LanguageModel(language_model.engine, language_model.info, "write")
    answer = Assistant(listing_index, Settings(), lambda: writer).ask(Question(question))
    sound(answer)
    assert answer.status == "answered"


def test_stopping_keeps_what_stands(
    listing_index: OpenIndex, language_model: LanguageModel
) -> None:
    writer = LanguageModel(language_model.engine, language_model.info, "write")
    answer = Assistant(listing_index, Settings(), lambda: writer).ask(
        Question(TASKMASTER), lambda: True
    )
    sound(answer)


def test_a_long_paper_is_left_when_stopped(
    embedder: Embedder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    quiet = "The harbour was quiet and nothing at all of note was seen there on that day. "
    paper = Paper("", "Kites over a Harbour", quiet * 60 + "The kites measure wind at 300 metres.")
    add_papers(tmp_path, [paper], embedder, token_counter(), Settings())
    index = OpenIndex(tmp_path, embedder)
    question = Question("At what height do the kites measure wind?")
    asked: list[bool] = []
    read: list[Laid] = []
    run = Reader._run

    def noted(reader: Reader, laid: Laid) -> object:
        read.append(laid)
        return run(reader, laid)

    monkeypatch.setattr(Reader, "_run", noted)

    def stopped() -> bool:
        asked.append(len(asked) >= 2)
        return asked[-1]

    try:
        assistant = Assistant(index, Settings(), None)
        assert assistant.ask(question).status == "answered"
        assert len(read) > 4
        read.clear()
        answer = assistant.ask(question, stopped)
    finally:
        index.close()
    assert answer.reason == "It was stopped before an answer was found."
    assert len(read) <= 2  # as often as it was told to go on


def test_settings_change_the_fingerprint(without_model: Assistant) -> None:
    index = without_model.index
    other = Assistant(index, Settings(papers=4), None).ask(Question(TASKMASTER))
    assert other.fingerprint != without_model.ask(Question(TASKMASTER)).fingerprint


@pytest.mark.parametrize("text", ["", "\n", "\x00", "\ud800", "x" * 2_001])
def test_wrong_questions(without_model: Assistant, text: str) -> None:
    with pytest.raises(UsageError):
        without_model.ask(Question(text))


def test_questions_are_cleaned() -> None:
    assert cleaned("  What\x00is\n\tit? ") == "What is it?"
    assert len(cleaned("x" * 2_000)) == 2_000


def test_search_is_ordered(without_model: Assistant) -> None:
    def scores() -> Iterator[float]:
        yield from (h.fused for h in search(without_model.index, "neural architecture search", 50))

    found = list(scores())
    assert len(found) == 50
    assert found == sorted(found, reverse=True)


def test_without_the_reader(without_model: Assistant) -> None:
    plain = Assistant(without_model.index, Settings(reader="none"), None)
    answer = plain.ask(Question(TASKMASTER))
    assert answer.status == "answered"
    assert answer.sources[0].paper.title.startswith("Taskmaster-1")
    assert answer.fingerprint != without_model.ask(Question(TASKMASTER)).fingerprint
