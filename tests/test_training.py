"""The training script: what it writes is what it trained, and a run that was cut off goes on."""

from __future__ import annotations

import json
import math
import random
import subprocess
import sys
import unicodedata
from itertools import chain
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from models.training.batches import batch_of, in_batches
from models.training.curves import draw_sizes
from models.training.data import read_abstracts, read_items
from models.training.examples import Pieces, epoch, hard_negatives
from models.training.mean import mean
from models.training.train import Learner, pace, parser, train
from models.training.validating import validate
from models.training.weights import encoder_folder, trained
from rag.config import Settings
from rag.embedding.network import merged
from rag.embedding.packed import pack, unpack
from rag.metrics import auc
from rag.models import find_card, require_file
from rag.reader import open_reader
from rag.records import Paper, Span

REPOSITORY = Path(__file__).parent.parent


def test_what_is_written_scores_like_what_was_trained(tmp_path: Path) -> None:
    torch.manual_seed(3)
    learner = Learner(encoder_folder()).eval()
    with torch.no_grad():
        for weight in learner.parameters():
            if weight.requires_grad:
                weight.add_(0.02 * weight.abs().mean() * torch.randn_like(weight))
    save_file(learner.shipped(), str(tmp_path / "reader.safetensors"))
    network = merged(encoder_folder(), tmp_path / "reader.safetensors")
    abstracts, pieces = read_abstracts(), Pieces(encoder_folder() / "tokenizer.json")
    items = [i for i in read_items() if i.abstract.startswith("bio")][:6]
    groups = [
        (e,) for i in items if (e := pieces.example(i, abstracts[i.abstract], range(4))) is not None
    ]
    assert groups
    batch = batch_of(groups, "cpu")
    with torch.no_grad():
        theirs = learner.network(batch.ids, batch.mask, batch.types, batch.pool)
        ours = network(batch.ids, batch.mask, batch.types, batch.pool)
    for mine, right in zip(ours, theirs, strict=True):
        assert (mine - right).abs().max() < 0.02  # the file is rounded
        assert mine.std() > 0.01


def test_validation_reads_as_the_reader_does() -> None:
    reader = open_reader(Settings())
    card = find_card("reader", Settings().reader)
    assert reader is not None
    assert card is not None
    network = merged(encoder_folder(), require_file(card))
    abstracts, pieces = read_abstracts(), Pieces(encoder_folder() / "tokenizer.json")
    items = [i for i in read_items() if len(abstracts[i.abstract].text) > 1300][::60][:80]
    assert any(len(pieces.whole(item, abstracts[item.abstract])) > 1 for item in items)
    sure, best = {True: list[float](), False: list[float]()}, list[bool]()
    for item in items:
        a = abstracts[item.abstract]
        spans = {a.id: [Span(s.start, s.end) for s in a.sentences]}
        read = reader.read(item.question, [Paper(a.id, a.title, a.text)], spans)[a.id]
        sure[item.answerable].append(read.paper)
        if item.answerable:
            best.append(int(read.sentences.argmax()) in item.gold(a))
    figures = validate(network, items, abstracts, pieces, "cpu")
    assert figures["auc"] == pytest.approx(auc(sure[True], sure[False]), abs=0.002)
    assert figures["best_sentence"] == pytest.approx(sum(best) / len(best), abs=1e-3)


def test_a_whole_abstract_is_read_in_parts_that_keep_what_is_gold() -> None:
    abstracts, pieces = read_abstracts(), Pieces(encoder_folder() / "tokenizer.json")
    for item in read_items()[:4000:20]:
        abstract = abstracts[item.abstract]
        parts = pieces.whole(item, abstract)
        numbers = [n for part in parts for n in part.laid.numbers]
        assert numbers == list(range(len(abstract.sentences)))
        gold = [part.laid.numbers[k] for part in parts for k in part.gold]
        assert gold == sorted(item.gold(abstract))


def test_sentences_of_all_readings_of_a_question_compete() -> None:
    """The loss against one worked out sentence by sentence."""
    torch.manual_seed(4)
    learner = Learner(encoder_folder()).eval()
    abstracts, pieces = read_abstracts(), Pieces(encoder_folder() / "tokenizer.json")
    chosen = [i for i in read_items() if i.abstract.startswith("bio")][:12]
    answerable = next(i for i in chosen if i.answerable)
    without = next(i for i in chosen if not i.answerable)
    wrong = next(a for a in abstracts if a.startswith("med"))
    groups = []
    for item in (answerable, without):
        read = [pieces.example(item, abstracts[a], range(5)) for a in (item.abstract, wrong)]
        groups.append(tuple(e for e in read if e is not None))
    assert [len(g) for g in groups] == [2, 2]
    with torch.no_grad():
        batch = batch_of(groups, "cpu")
        found = float(learner.loss(batch))
        scores, edges = learner.network(batch.ids, batch.mask, batch.types, batch.pool)
    examples = [e for group in groups for e in group]
    expected = 0.0
    for n in (0, 1):
        total, right = 1.0, 0.0 if n == 0 else 1.0
        for row in (2 * n, 2 * n + 1):
            for place in range(len(examples[row].laid.spans)):
                weight = math.exp(float(scores[row, 1 + place] - scores[row, 0]))
                total += weight
                right += weight if place in examples[row].gold else 0.0
        assert right > 0
        expected += math.log(total / right) / 2
    for row, e in enumerate(examples):
        for edge in (0, 1):
            logs = edges[row, : len(e.laid.ids), edge].log_softmax(0)
            expected -= 0.3 * float(logs[e.answer[edge] if e.answer else 0]) / 4
    assert found == pytest.approx(expected, rel=1e-4)


def test_questions_are_read_beside_abstracts_found_for_them() -> None:
    abstracts = {a.id: a for a in read_abstracts().values() if a.id.startswith(("bio", "med"))}
    items = [i for i in read_items() if i.abstract in abstracts][:300]
    pieces = Pieces(encoder_folder() / "tokenizer.json")
    negatives = hard_negatives(items, items, abstracts)
    by_id = {i.id: i for i in items}
    for id_, found in negatives.items():
        item = by_id[id_]
        assert item.abstract not in found
        telling = item.style in ("full", "terse", "typo") or len(item.question.split()) >= 10
        assert bool(found) == (item.style != "follow-up" and telling)
    groups = epoch(items, abstracts, negatives, pieces, random.Random(1))
    assert groups == epoch(items, abstracts, negatives, pieces, random.Random(1))
    assert {len(g) for g in groups} == {1, 2, 3}
    assert all(not e.gold for g in groups for e in g[1:])
    assert all(g[0].gold for g in groups if len(g) == 3)
    batches = in_batches(groups, random.Random(1))
    assert sorted(map(id, chain(*batches))) == sorted(map(id, groups))
    assert all(1 <= sum(map(len, batch)) <= 16 for batch in batches)


def test_readings_point_at_their_answers() -> None:
    abstracts, pieces = read_abstracts(), Pieces(encoder_folder() / "tokenizer.json")
    seen = 0
    for item in [i for i in read_items() if i.answerable and ":" not in i.abstract][:200]:
        abstract = abstracts[item.abstract]
        example = pieces.example(item, abstract, range(len(abstract.sentences)), 512)
        assert example is not None
        assert item.answer is not None
        assert example.answer is not None
        first, last = example.answer
        said = pieces.text_of(example.laid.ids[first : last + 1])
        expected = abstract.text[item.answer.start : item.answer.end]
        assert _letters(said) == _letters(expected)
        gold = [example.laid.spans[g] for g in example.gold]
        assert any(start <= first and last < end for start, end in gold)
        seen += 1
    assert seen == 200


def _letters(text: str) -> str:
    plain = unicodedata.normalize("NFD", text.lower())
    return "".join(c for c in plain if c.isascii() and c.isalnum())


def test_the_rate_rises_and_falls() -> None:
    rates = [pace(step, 100) for step in range(100)]
    assert rates[0] < rates[5] == max(rates) == 1
    assert rates[5:] == sorted(rates[5:], reverse=True)
    assert 0 < rates[-1] < 0.05
    assert pace(0, 1) == 1  # a run of one batch learns


def test_figures_are_drawn_over_the_number_of_questions(tmp_path: Path) -> None:
    log = json.loads((REPOSITORY / "models" / "training" / "sizes.json").read_text("utf-8"))
    draw_sizes(log, tmp_path / "sizes.svg")
    drawn = (tmp_path / "sizes.svg").read_text(encoding="utf-8")
    assert "questions learnt from" in drawn
    assert len(log["runs"]) >= 3
    assert all(f"{run['questions']:,}" in drawn for run in log["runs"])


@pytest.mark.slow
def test_a_mean_of_runs_can_be_begun_from(tmp_path: Path) -> None:
    learner = Learner(encoder_folder())
    names = {
        n: p.detach().clone() for n, p in learner.network.named_parameters() if p.requires_grad
    }
    for run, added in (("one", 0.0), ("two", 0.5)):
        (tmp_path / run).mkdir()
        weights = {name: value + added for name, value in names.items()}
        torch.save({"network": weights}, tmp_path / run / "checkpoint.pt")
    command = [
        sys.executable, "-m", "models.training.mean", "--out", str(tmp_path / "mean"),
        str(tmp_path / "one"), f"{tmp_path / 'two'}:3",
    ]  # fmt: skip
    subprocess.run(command, check=True, cwd=REPOSITORY)
    found = torch.load(tmp_path / "mean" / "checkpoint.pt", weights_only=True)["network"]
    assert found.keys() == names.keys()
    for name, value in found.items():
        assert torch.allclose(value, names[name] + 0.375, atol=1e-6)
    written = load_file(str(tmp_path / "mean" / "reader.safetensors"))
    assert written["span.bias"].allclose(names["span.bias"].half() + 0.375, atol=1e-3)
    torch.save({"network": {"other": torch.ones(1)}}, tmp_path / "two" / "checkpoint.pt")
    with pytest.raises(SystemExit, match="other weights"):
        mean([(tmp_path / "one", 1.0), (tmp_path / "two", 1.0)])


def test_the_shipped_adapter_can_be_begun_from(tmp_path: Path) -> None:
    shipped = REPOSITORY / "models"
    learner = Learner(encoder_folder())
    names = {name for name, p in learner.network.named_parameters() if p.requires_grad}
    found = trained(shipped)
    assert found.keys() == names
    whole = merged(encoder_folder(), shipped / "reader.safetensors").state_dict()
    assert all(torch.equal(whole[name], value) for name, value in found.items())
    learner.network.load_state_dict(found, strict=False)
    save_file(learner.shipped(), str(tmp_path / "reader.safetensors"))
    once = trained(tmp_path)
    learner.network.load_state_dict(once, strict=False)
    save_file(learner.shipped(), str(tmp_path / "reader.safetensors"))
    for name, value in trained(tmp_path).items():  # what is rounded once stays
        assert torch.allclose(value, once[name], atol=1e-5)
        assert (value - found[name]).norm() <= 0.05 * found[name].norm()
    with pytest.raises(SystemExit, match="holds neither"):
        trained(shipped / "training")


@pytest.mark.parametrize("size", [1e-9, 0.01, 100.0])
def test_a_packed_matrix_is_rounded_to_its_rows_scale(size: float) -> None:
    chance = torch.Generator().manual_seed(5)
    matrix = size * torch.randn(7, 12, generator=chance)
    matrix[3] = 0.0
    packed, scale = pack(matrix)
    assert packed.dtype == torch.uint8
    assert packed.shape == (7, 9)
    again = unpack(packed, scale)
    assert ((again - matrix).abs() <= 0.501 * scale.unsqueeze(1)).all()
    assert torch.allclose(scale, matrix.abs().amax(dim=1) / 31)
    assert torch.equal(pack(again)[0], packed)
    with pytest.raises(ValueError, match="10 columns"):
        pack(torch.ones(2, 10))


def test_a_run_that_was_cut_off_goes_on(tmp_path: Path) -> None:
    given = ["--out", str(tmp_path), "--passes", "1", "--part", "0.001", "--validate", "20"]
    command = [sys.executable, "-m", "models.training.train", *given]
    first = subprocess.run(command, capture_output=True, text=True, cwd=REPOSITORY, check=False)
    assert first.returncode == 0, first.stderr
    log = json.loads((tmp_path / "log.json").read_text())
    assert log["steps"] > 5
    assert len(log["passes"]) == 1
    assert merged(encoder_folder(), tmp_path / "reader.safetensors") is not None
    assert "held back from training" in (tmp_path / "curves.svg").read_text(encoding="utf-8")
    said: list[str] = []
    train(parser().parse_args(given), said.append)
    assert f"going on after batch {log['steps']}" in said
    assert json.loads((tmp_path / "log.json").read_text()) == log
    with pytest.raises(SystemExit, match="is of another run"):
        train(parser().parse_args([*given, "--seed", "9"]), said.append)
