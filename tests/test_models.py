"""A model file is used only when its digest is the manifest's."""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import replace
from pathlib import Path

import pytest

from rag.errors import ModelError
from rag.models import (
    ModelCard,
    cards,
    file_digest,
    find_card,
    require_file,
    verified_digest,
    write_atomically,
)


@pytest.fixture
def card(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModelCard:
    """A model of a package made for the test, whose file is as its card says."""
    package = tmp_path / "packages" / "a_model_package"
    package.mkdir(parents=True)
    (package / "__init__.py").touch()
    (package / "weights.bin").write_bytes(b"the weights")
    monkeypatch.syspath_prepend(str(package.parent))
    monkeypatch.setenv("RAG_CACHE", str(tmp_path / "cache"))
    digest = hashlib.sha256(b"the weights").hexdigest()
    return ModelCard(
        "llm", "made", "Made-1", "weights.bin", digest, 11, "MIT",
        package="a_model_package", distribution="a-model-package==1",
    )  # fmt: skip


def test_the_packaged_models_are_as_the_manifest_says() -> None:
    assert {(c.kind, c.name) for c in cards()} >= {("embedder", "minilm"), ("llm", "smollm2")}
    for c in cards():
        if c.folder is None:
            continue
        path = require_file(c)
        assert file_digest(path) == c.sha256
        assert path.stat().st_size == c.size


def test_names_and_titles_find_a_card() -> None:
    found = find_card("llm", "SmolLM2")
    assert found is not None
    assert find_card("llm", "smollm2-135m-instruct") == found
    assert find_card("embedder", "smollm2") is None
    assert find_card("llm", "") is None


def test_right_file(card: ModelCard) -> None:
    assert require_file(card).read_bytes() == b"the weights"


def test_changed_file_is_refused_even_after_it_was_right(card: ModelCard) -> None:
    path = require_file(card)
    path.write_bytes(b"the weightz")
    os.utime(path, ns=(1, 1))
    with pytest.raises(ModelError, match="sha256 differs") as caught:
        require_file(card)
    assert "--force-reinstall" in caught.value.remedy
    assert "a-model-package==1" in caught.value.remedy


def test_change_that_keeps_size_and_time_is_seen_by_a_fresh_check(card: ModelCard) -> None:
    path = require_file(card)
    stat = path.stat()
    path.write_bytes(b"the weightz")
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    assert verified_digest(path, fresh=True) != card.sha256
    with pytest.raises(ModelError):  # and is remembered
        require_file(card)


def test_missing_package_and_file(card: ModelCard) -> None:
    for missing in (
        replace(card, package="no_such_package_here"),
        replace(card, package=""),
        replace(card, file="other.bin"),
    ):
        with pytest.raises(ModelError, match="not installed") as caught:
            require_file(missing)
        assert "pip install" in caught.value.remedy


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"\xff", b'{"x": 1}'])
def test_damaged_memory_of_digests_costs_only_time(card: ModelCard, content: bytes) -> None:
    memo = Path(os.environ["RAG_CACHE"]) / "digests.json"
    memo.parent.mkdir(parents=True)
    memo.write_bytes(content)
    assert require_file(card).is_file()
    assert card.sha256 in json.loads(memo.read_text()).values()


def test_unwritable_cache_costs_only_time(card: ModelCard, tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file where the cache should be")
    assert require_file(card).is_file()


def test_atomic_writing_keeps_the_old_file_when_it_fails(tmp_path: Path) -> None:
    path = tmp_path / "f"
    write_atomically(path, lambda p: p.write_text("old"))

    def broken(place: Path) -> None:
        place.write_text("half of the ne")
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space"):
        write_atomically(path, broken)
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]
