"""The training script: what it writes is what it trained, and a run that was cut off goes on."""

from __future__ import annotations

import json
import subprocess
import sys
import unicodedata
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from models.training.data import read_abstracts, read_items
from models.training.examples import Pieces
from models.training.mean import mean
from models.training.train import Learner, adapter_tensors, batch_of, pace
from rag.embedding.network import merged
from rag.models import find_card, require_file

REPOSITORY = Path(__file__).parent.parent


def encoder_folder() -> Path:
    card = find_card("embedder", "minilm")
    assert card is not None
    return require_file(card).parent


def test_what_is_written_scores_like_what_was_trained(tmp_path: Path) -> None:
    torch.manual_seed(3)
    learner = Learner(encoder_folder()).eval()
    for name, weight in learner.named_parameters():
        if "lora_B" in name:
            torch.nn.init.normal_(weight, std=0.02)
    save_file(adapter_tensors(learner), str(tmp_path / "reader.safetensors"))
    network = merged(encoder_folder(), tmp_path / "reader.safetensors")
    abstracts, pieces = read_abstracts(), Pieces(encoder_folder() / "tokenizer.json")
    items = [i for i in read_items() if i.abstract.startswith("bio")][:6]
    examples = [
        e
        for i in items
        if (e := pieces.example(i, abstracts[i.abstract], range(4), 224)) is not None
    ]
    assert examples
    batch = batch_of(examples, "cpu")
    with torch.no_grad():
        theirs = learner.network(batch.ids, batch.mask, batch.types, batch.pool)
        ours = network(batch.ids, batch.mask, batch.types, batch.pool)
    for mine, right in zip(ours, theirs, strict=True):
        assert (mine - right).abs().max() < 0.02  # half precision of the file
        assert mine.std() > 0.01


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


@pytest.mark.slow
def test_a_mean_of_runs_can_be_begun_from(tmp_path: Path) -> None:
    learner = Learner(encoder_folder())
    names = {n: p.detach().clone() for n, p in learner.named_parameters() if p.requires_grad}
    for run, added in (("one", 0.0), ("two", 0.5)):
        (tmp_path / run).mkdir()
        weights = {name: value + added for name, value in names.items()}
        torch.save({"learner": weights}, tmp_path / run / "checkpoint.pt")
    command = [
        sys.executable, "-m", "models.training.mean", "--out", str(tmp_path / "mean"),
        str(tmp_path / "one"), f"{tmp_path / 'two'}:3",
    ]  # fmt: skip
    subprocess.run(command, check=True, cwd=REPOSITORY)
    found = torch.load(tmp_path / "mean" / "checkpoint.pt", weights_only=True)["learner"]
    assert found.keys() == names.keys()
    for name, value in found.items():
        assert torch.allclose(value, names[name] + 0.375, atol=1e-6)
    written = load_file(str(tmp_path / "mean" / "reader.safetensors"))
    assert written["span.bias"].allclose(names["network.span.bias"].half() + 0.375, atol=1e-3)
    torch.save({"learner": {"other": torch.ones(1)}}, tmp_path / "two" / "checkpoint.pt")
    with pytest.raises(SystemExit, match="other weights"):
        mean([(tmp_path / "one", 1.0), (tmp_path / "two", 1.0)])


def test_a_run_that_was_cut_off_goes_on(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "models.training.train", "--out", str(tmp_path),
               "--passes", "1", "--part", "0.002", "--validate", "30"]  # fmt: skip

    def run(*more: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*command, *more], capture_output=True, text=True, cwd=REPOSITORY, check=False
        )

    first = run()
    assert first.returncode == 0, first.stderr
    log = json.loads((tmp_path / "log.json").read_text())
    assert log["steps"] > 5
    assert len(log["passes"]) == 1
    assert merged(encoder_folder(), tmp_path / "reader.safetensors") is not None
    assert "held back from training" in (tmp_path / "curves.svg").read_text(encoding="utf-8")
    again = run()
    assert again.returncode == 0, again.stderr
    assert f"going on after batch {log['steps']}" in again.stdout
    assert json.loads((tmp_path / "log.json").read_text()) == log
    other = run("--seed", "9")
    assert other.returncode != 0
    assert "is of another run" in other.stderr
