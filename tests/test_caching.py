"""What the cache holds is made once, whoever needs it at once, and read only while it is whole."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rag.caching import alone, read_note, replace_folder
from rag.embedding.graph import GRAPH, NOTE, WEIGHTS, farthest, kept_graph
from rag.errors import DiskError, ModelError
from rag.llm.prepare import NOTE as CHOICE
from rag.llm.prepare import _kept, prepared_folder, ready_model
from rag.models import ModelCard, find_card, require_file
from tests.conftest import REPOSITORY


@pytest.fixture
def card() -> ModelCard:
    found = find_card("llm", "smollm2")
    assert found is not None
    return found


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache folder."""
    monkeypatch.setenv("RAG_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def process(code: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", code], cwd=REPOSITORY, text=True, bufsize=1,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=os.environ | {"PYTHONUNBUFFERED": "1"},
    )  # fmt: skip


def line(of: subprocess.Popen[str]) -> str:
    assert of.stdout is not None
    return of.stdout.readline().strip()


def end(of: subprocess.Popen[str]) -> list[str]:
    """Let a process go on to its end; what it said."""
    assert of.stdin is not None
    assert of.stdout is not None
    with of:
        with contextlib.suppress(BrokenPipeError):  # of one that had nothing to wait for
            of.stdin.write("go\n")
        said = of.stdout.read()
    assert of.returncode == 0
    return said.splitlines()


# ── two at once ─────────────────────────────────────────────────────────────────────────────────

# Says "making", and makes the graph when it is told to go on.
FIRST_USE = """
from pathlib import Path
from rag.embedding.graph import WEIGHTS, kept_graph

def make(target):
    print("making")
    input()
    target.write_bytes(b"graph")
    target.with_name(WEIGHTS).write_bytes(b"weights")
    return {"difference": 0.0}

kept = kept_graph(Path(%r), "the network", 1, 1e-4, make, print)
print(kept.read_bytes(), kept.with_name(WEIGHTS).read_bytes())
"""


def test_of_two_first_uses_at_once_one_makes_the_graph_and_both_get_it(tmp_path: Path) -> None:
    code = FIRST_USE % str(tmp_path / "cache" / "kind-12ab")
    first = process(code)
    assert line(first) == "exporting the network for this machine (once)"
    assert line(first) == "making"
    second = process(code)
    assert line(second) == "another process is exporting the network; waiting for it"
    assert end(first) == ["b'graph' b'weights'"]
    assert end(second) == ["b'graph' b'weights'"]


def test_who_waited_for_a_process_that_was_killed_makes_the_graph(tmp_path: Path) -> None:
    code = FIRST_USE % str(tmp_path / "cache" / "kind-12ab")
    first = process(code)
    assert line(first).startswith("exporting")
    assert line(first) == "making"
    second = process(code)
    assert line(second).startswith("another process")
    with first:
        first.kill()
    assert line(second).startswith("exporting")
    assert end(second) == ["making", "b'graph' b'weights'"]


def test_a_model_that_was_prepared_meanwhile_is_not_prepared_again(
    card: ModelCard, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    prepared = ready_model(card, 1).path
    note = (prepared_folder(card) / CHOICE).read_bytes()
    monkeypatch.setenv("RAG_CACHE", str(tmp_path))
    folder = prepared_folder(card)
    with alone(folder):
        other = process(
            "from rag.models import find_card\nfrom rag.llm.prepare import ready_model\n"
            "print(ready_model(find_card('llm', 'smollm2'), 1, print).path)"
        )
        assert line(other).startswith("another process is preparing SmolLM2")
        folder.mkdir()
        (folder / CHOICE).write_bytes(note)
        if prepared != require_file(card):
            (folder / prepared.name).hardlink_to(prepared)
    path = folder / prepared.name if prepared != require_file(card) else prepared
    assert end(other) == [str(path)]


def test_threads_take_turns_too(tmp_path: Path) -> None:
    import threading

    held, waited = threading.Event(), threading.Event()
    order: list[str] = []

    def second() -> None:
        held.wait()
        with alone(tmp_path / "kind-2", waited.set):
            order.append("second")

    thread = threading.Thread(target=second)
    thread.start()
    with alone(tmp_path / "kind-1"):
        held.set()
        assert waited.wait(60)
        order.append("first")
    thread.join()
    assert order == ["first", "second"]


def test_a_cache_that_cannot_be_written(
    card: ModelCard, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(DiskError, match="cannot keep") as caught:
        kept_graph(tmp_path / "file" / "kind-1", "it", 1, 0, made(), lambda _: None)
    assert "RAG_CACHE" in caught.value.remedy
    monkeypatch.setenv("RAG_CACHE", str(tmp_path / "file"))
    told: list[str] = []
    assert ready_model(card, 1, told.append).path == require_file(card)
    assert [t.split(" of ")[0] for t in told] == ["cannot keep a faster form"]


# ── what is kept ────────────────────────────────────────────────────────────────────────────────


def made(difference: float = 0.0, graph: bytes = b"graph") -> Callable[[Path], Mapping[str, Any]]:
    def make(target: Path) -> dict[str, Any]:
        target.write_bytes(graph)
        target.with_name(WEIGHTS).write_bytes(b"weights")
        return {"difference": difference}

    return make


@pytest.mark.parametrize("difference", [float("nan"), float("inf"), 0.2])
def test_a_graph_is_kept_only_when_it_was_found_equal(tmp_path: Path, difference: float) -> None:
    with pytest.raises(ModelError, match="differs from the original"):
        kept_graph(tmp_path / "kind-1", "it", 1, 0.1, made(difference), lambda _: None)
    assert not (tmp_path / "kind-1").exists()
    assert kept_graph(tmp_path / "kind-1", "it", 1, 0.1, made(0.1), lambda _: None).is_file()


def test_what_is_no_number_is_infinitely_far() -> None:
    some = np.array([0.5, -1.0], np.float32)
    assert farthest(some, some) == 0
    assert farthest(some, some + np.float32(0.25)) == 0.25
    for value in (np.nan, np.inf, -np.inf):
        odd = np.array([0.5, value], np.float32)
        for pair in ((odd, some), (some, odd), (odd, odd)):
            assert farthest(*pair) == float("inf")


@pytest.mark.slow
def test_a_network_that_gives_no_numbers_is_found_unequal(tmp_path: Path) -> None:
    from safetensors.torch import load_file, save_file

    from rag.embedding.reading import _export

    card = find_card("reader", "minilm-reader")
    assert card is not None
    base = find_card("embedder", card.base)
    assert base is not None
    tensors = load_file(str(require_file(card)))
    save_file({k: v * float("nan") for k, v in tensors.items()}, tmp_path / "adapter")
    found = _export(require_file(base).parent, tmp_path / "adapter", tmp_path / GRAPH)
    assert found == float("inf")


@pytest.mark.parametrize(
    "note", ["", "[]", "[[1]]", "null", "1", '"form"', "{", "[" * 100_000, '{"form": 1}',
             '{"form": 1, "sha256": []}', '{"form": [], "sha256": {}}'],
)  # fmt: skip
def test_a_graph_whose_note_is_amiss_is_made_anew(tmp_path: Path, note: str) -> None:
    folder = tmp_path / "kind-1"
    kept_graph(folder, "it", 1, 0.1, made(), lambda _: None)
    (folder / NOTE).write_text(note)
    graph = kept_graph(folder, "it", 1, 0.1, made(graph=b"again"), lambda _: None)
    assert graph.read_bytes() == b"again"
    told: list[str] = []
    assert kept_graph(folder, "it", 1, 0.1, made(0.2), told.append) == graph
    assert not told


def test_a_graph_made_in_another_way_is_made_anew(tmp_path: Path) -> None:
    kept_graph(tmp_path / "kind-1", "it", 1, 0.1, made(), lambda _: None)
    graph = kept_graph(tmp_path / "kind-1", "it", 2, 0.1, made(graph=b"new"), lambda _: None)
    assert graph.read_bytes() == b"new"


def test_former_graphs_of_its_kind_go_when_a_new_one_is_kept(tmp_path: Path) -> None:
    def keep(name: str) -> None:
        kept_graph(tmp_path / name, "it", 1, 0.1, made(), lambda _: None)

    for name in ("reader-a-11", "reader-a-b-22", "other-33"):
        keep(name)
    keep("reader-a-44")
    folders = sorted(p.name for p in tmp_path.iterdir() if p.is_dir())
    assert folders == ["other-33", "reader-a-44", "reader-a-b-22"]
    keep("reader-a-b-22")  # is there: nothing is made, and nothing goes
    assert sorted(p.name for p in tmp_path.iterdir() if p.is_dir()) == folders


def test_a_folder_is_replaced_whole(tmp_path: Path) -> None:
    for name in ("kind-1", "fresh"):
        (tmp_path / name).mkdir()
        (tmp_path / name / name).touch()
    replace_folder(tmp_path / "fresh", tmp_path / "kind-1")
    assert [p.name for p in (tmp_path / "kind-1").iterdir()] == ["fresh"]
    assert [p.name for p in tmp_path.iterdir()] == ["kind-1"]


def test_a_note_is_an_object_or_nothing(tmp_path: Path) -> None:
    path = tmp_path / "note.json"
    assert read_note(path) == {}
    assert read_note(tmp_path) == {}
    for text in (b"", b"{", b"[]", b"1", b"\xff\xfe", b"[" * 100_000, b'[{"a": 1}]'):
        path.write_bytes(text)
        assert read_note(path) == {}
    path.write_text(json.dumps({"a": 1}))
    assert read_note(path) == {"a": 1}


# ── the language model's note ───────────────────────────────────────────────────────────────────


@pytest.fixture
def kept(card: ModelCard, cache: Path) -> Callable[[Any], str]:
    """The format that a note in the cache, beside a file called "form.gguf", makes be used."""

    def with_note(note: Any) -> str:
        folder = prepared_folder(card)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "form.gguf").write_bytes(b"GGUF")
        (folder / CHOICE).write_text(json.dumps(note))
        found = _kept(card)
        return found.quantization if found is not None else "none"

    return with_note


def test_a_chosen_format_is_used_while_its_note_is_of_this_form(
    kept: Callable[[Any], str],
) -> None:
    note = {"quantization": "F16", "file": "form.gguf", "sha256": sha256(b"GGUF").hexdigest()}
    assert kept(note) == "F16"  # as written before there were forms
    assert kept(note | {"form": 1}) == "F16"
    assert kept({"form": 1, "quantization": "Q4_1"}) == "Q4_1"  # as shipped
    for other in (
        note | {"form": 2}, note | {"form": None}, note | {"sha256": "0"}, note | {"file": 7},
        note | {"file": "none.gguf"}, note | {"quantization": ["F16"]}, {}, [], [note], None, 3,
    ):  # fmt: skip
        assert kept(other) == "none"
