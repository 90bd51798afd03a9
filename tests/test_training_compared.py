"""Wrong abstracts mined with a reader, and the language model taught for comparison."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest
import torch

from models.training.data import Abstract, Item, read_abstracts, read_items
from models.training.examples import Pieces, chosen, epoch, searchable, wrong_abstracts
from models.training.likelihood import Likelihood, teach, validate
from models.training.mine import Judge, indexed, mined
from models.training.weights import encoder_folder
from rag.config import Settings
from rag.evidence import asking
from rag.llm import LanguageModel
from rag.reader import open_reader
from rag.records import Paper, Span

SHIPPED = Path(__file__).parent.parent / "models"


@pytest.fixture(scope="module")
def medicine() -> dict[str, Abstract]:
    found = [a for a in read_abstracts().values() if a.id.startswith("med")]
    return {a.id: a for a in found[:12]}


def _asked(abstracts: dict[str, Abstract]) -> list[Item]:
    return [item for item in read_items() if item.abstract in abstracts]


def test_mined_abstracts_are_wrong_ones_that_read_like_an_answer(
    medicine: dict[str, Abstract], tmp_path: Path
) -> None:
    items = _asked(medicine)
    index, names = indexed(tmp_path / "index", list(medicine.values()))
    judge = Judge(SHIPPED)
    reader = open_reader(Settings())
    assert reader is not None
    found = list(mined(items[::6], items, medicine, index, names, judge))
    index.close()
    assert [item.id for item, _ in found] == [i.id for i in items[::6] if searchable(i)]
    right = {(i.question, i.abstract) for i in items}
    several = 0
    for item, wrong in found:
        assert all((item.question, id_) not in right for id_, _ in wrong)
        odds = [o for _, o in wrong]
        assert odds == sorted(odds, reverse=True)
        (own,) = judge.odds(item, [medicine[item.abstract]])
        assert all(o < (own if item.answerable else 0.0) for o in odds)
        several += len(wrong) > 1
        for id_, o in wrong[:1]:  # what is used reads the same
            a = medicine[id_]
            spans = {id_: [Span(s.start, s.end) for s in a.sentences]}
            read = reader.read(item.question, [Paper(id_, a.title, a.text)], spans)[id_]
            assert read.paper == pytest.approx(o, abs=0.02)
    assert several > len(found) / 2


def test_a_question_is_read_beside_what_was_mined(
    medicine: dict[str, Abstract], tmp_path: Path
) -> None:
    items = [item for item in _asked(medicine) if searchable(item)][:40]
    others = {i.id: [a for a in medicine if a != i.abstract][:2] for i in items}
    lines = [json.dumps({"id": i, "wrong": dict.fromkeys(w, -1.5)}) for i, w in others.items()]
    (tmp_path / "wrong.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    mine = wrong_abstracts(tmp_path / "wrong.jsonl")
    assert mine == others
    beside = 0
    for item, readings in chosen(items, medicine, mine, random.Random(2)):
        assert readings[0][0].id == item.abstract
        assert {a.id for a, _ in readings[1:]} <= set(others[item.id])
        beside += len(readings) > 1
    assert beside > 10
    pieces = Pieces(encoder_folder() / "tokenizer.json")
    groups = epoch(items, medicine, mine, pieces, random.Random(2))
    assert sum(len(group) > 1 for group in groups) == beside


@pytest.fixture(scope="module")
def judged() -> Likelihood:
    torch.manual_seed(1)
    return Likelihood()


@pytest.mark.slow
def test_untaught_likelihoods_are_those_of_llama_cpp(
    judged: Likelihood, medicine: dict[str, Abstract], language_model: LanguageModel
) -> None:
    """The model taken apart by transformers scores as the one that the program loads."""
    for item in _asked(medicine)[:30:6]:
        abstract = medicine[item.abstract]
        with torch.no_grad():
            (odds,) = judged.odds(item.question, [(abstract, [0, 2])])
        texts = ["", *(abstract.text[s.start : s.end] for s in abstract.sentences[:3:2])]
        asked_of = [asking(abstract.title, text, item.question) for text in texts]
        scores = language_model.engine.likelihoods(asked_of)
        asked = len(judged.tokenizer.encode(asked_of[0].target, add_special_tokens=False))
        expected = 0.5 * asked * (scores[1:] - scores[0]) - 2
        assert odds.tolist() == pytest.approx(expected.tolist(), abs=0.005 * asked)


@pytest.mark.slow
def test_teaching_lowers_the_loss_and_leaves_the_model_as_it_was(
    judged: Likelihood, medicine: dict[str, Abstract]
) -> None:
    items = [item for item in _asked(medicine) if item.answerable][:4]
    plan = []
    for item in items:
        abstract = medicine[item.abstract]
        gold = item.gold(abstract)[0]
        plan.append((item, [(abstract, sorted({gold, (gold + 1) % len(abstract.sentences)}))]))
    weights = judged.model.model.layers[3].mlp.up_proj.inner.weight
    before = weights.clone()
    with torch.no_grad():
        untaught = sum(float(judged.loss(*one)) for one in plan)
    teach(judged, plan * 8)
    with torch.no_grad():
        taught = sum(float(judged.loss(*one)) for one in plan)
    assert taught < untaught - 0.1
    assert torch.equal(weights, before)
    figures = validate(judged, [(i, medicine[i.abstract]) for i in _asked(medicine)[:6]])
    assert 0 <= figures["best_sentence"] <= 1
    assert 0 <= figures["auc"] <= 1
