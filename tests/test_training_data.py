"""What the reader was trained on: true to its abstracts, and nothing of what it is tested on."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest

from models.training.check import errors_of, titles_of_tests
from models.training.choose import skipped
from models.training.data import CRANFIELD, Abstract, Item, read_abstracts, read_items
from rag.dedupe import normalised_title
from rag.evaluation.questions import read_questions
from rag.models import data_file
from rag.records import Span


@pytest.fixture(scope="module")
def items() -> list[Item]:
    return read_items()


@pytest.fixture(scope="module")
def abstracts() -> dict[str, Abstract]:
    return dict(read_abstracts())


def test_the_data_has_no_errors(items: list[Item], abstracts: dict[str, Abstract]) -> None:
    assert list(errors_of(items, abstracts, CRANFIELD.is_file())) == []


def test_size_and_balance(items: list[Item], abstracts: dict[str, Abstract]) -> None:
    assert len(items) >= 3_000
    assert sum(not i.answerable for i in items) / len(items) >= 0.25
    invented = [id_ for id_ in abstracts if ":" not in id_]
    assert len(invented) >= 300
    styles = Counter(i.style for i in items if i.answerable)
    assert min(styles[s] for s in ("full", "paraphrase", "terse", "typo")) >= 1_000


def test_no_test_paper_is_learnt_from(items: list[Item], abstracts: dict[str, Abstract]) -> None:
    tested = titles_of_tests()
    assert len(tested) > 200
    learnt = {
        normalised_title(abstracts[i.abstract].title) for i in items if i.abstract in abstracts
    }
    assert not learnt & tested
    questions = {
        q.question.casefold()
        for name in ("questions", "cranfield")
        for q in read_questions(data_file("eval", f"{name}.jsonl"))
    }
    assert not {i.question.casefold() for i in items} & questions


def test_each_kind_of_error_is_found(items: list[Item], abstracts: dict[str, Abstract]) -> None:
    good = next(i for i in items if i.answerable and i.abstract.startswith("bio"))
    near = next(i for i in items if not i.answerable and i.abstract == good.abstract)
    titles = titles_of_tests()
    tested = next(a for a in abstracts.values() if normalised_title(a.title) in titles)
    asked = read_questions(data_file("eval", "questions.jsonl"))[0].question
    bad = {
        "about a paper of a test split": replace(good, abstract=tested.id),
        "a question of the eval sets": replace(good, question=asked),
        "outside the abstract": replace(good, spans=(Span(0, 100_000),)),
        "off a word's edge": replace(
            good, spans=(Span(good.spans[0].start + 1, good.spans[0].end),)
        ),
        "the answer is in no span": replace(good, answer=Span(0, 1), spans=(Span(5, 9),)),
        "the answer is off a word's edge": replace(
            good, answer=Span(good.spans[0].start + 1, good.spans[0].end)
        ),
        "no abstract": replace(good, abstract="bio-999"),
        "unanswerable, but": replace(near, spans=good.spans),
        "answerable, but": replace(good, spans=()),
        "its twin": replace(near, twin="t99999"),
    }
    for message, item in bad.items():
        found = list(errors_of([item], abstracts, True))
        assert any(message in line for line in found), (message, found)
    assert any("twice" in line for line in errors_of([good, good], abstracts, True))
    again = [good, replace(good, question="And then?")]
    assert any("the id is there 2 times" in line for line in errors_of(again, abstracts, True))


def test_validation_abstracts_are_kept_apart(items: list[Item]) -> None:
    held = {i.abstract for i in items if i.validates}
    learnt = {i.abstract for i in items if not i.validates}
    assert not held & learnt
    assert len([i for i in items if i.validates]) > 500


def test_a_run_may_leave_kinds_of_questions_out(items: list[Item]) -> None:
    newest = "t54224"
    left = skipped(items, {"near-miss": 0.0, "full": 1.0}, 0.5, (newest, 0.25), seed=3)
    assert left == skipped(items, {"near-miss": 0.0, "full": 1.0}, 0.5, (newest, 0.25), seed=3)
    gone = set(left)
    taught = [item for item in items if not item.validates]
    assert gone <= {item.id for item in taught}

    def share(*styles: str, newer: bool = False) -> float:
        some = [i for i in taught if (i.id > newest) == newer and (not styles or i.style in styles)]
        return sum(i.id not in gone for i in some) / len(some)

    assert share("near-miss") == 0
    assert share("full") == 1
    assert 0.45 < share("terse", "typo", "paraphrase") < 0.55
    assert 0.22 < share(newer=True) < 0.28
