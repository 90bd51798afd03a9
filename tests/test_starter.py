"""The bundled corpus: digests in our own words that keep every figure of the abstracts."""

from __future__ import annotations

import re
import threading
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock

import rag.starter
from rag.config import Settings
from rag.embedding import Embedder
from rag.errors import DiskError, IndexCorruptError
from rag.readers import read_paths
from rag.records import Paper
from rag.session import token_counter
from rag.starter import SOURCE, listed_papers, open_starter, starter_folder, starter_papers
from rag.store import DATABASE_NAME

NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
WORD = re.compile(r"[a-z0-9]+")


def numbers(text: str) -> set[str]:
    plain = re.sub(r"https?://\S+", "", text)
    return {found.replace(",", "") for found in NUMBER.findall(plain)}


def shingles(text: str) -> set[tuple[str, ...]]:
    words = WORD.findall(text.lower())
    return {tuple(words[i : i + 8]) for i in range(len(words) - 7)}


@pytest.fixture(scope="module")
def digests() -> list[Paper]:
    return list(starter_papers())


@pytest.fixture(scope="module")
def originals(listing: Path) -> list[Paper]:
    return [p for p in read_paths([str(listing)]) if isinstance(p, Paper)]


def test_there_are_217_of_a_digests_length(digests: list[Paper]) -> None:
    assert len(digests) == 217
    assert len({p.title for p in digests}) == 217
    for paper in digests:
        assert 60 <= len(paper.abstract.split()) <= 120, paper.title
        assert paper.source == SOURCE
        assert "http" not in paper.abstract
        assert paper.url == "" or paper.url.startswith("http")


def test_ids_are_those_of_the_starter_index(embedder: Embedder) -> None:
    index = open_starter(embedder, Settings(), token_counter())
    assert listed_papers() == list(index.snapshot.papers())
    index.close()


def test_an_unwritable_cache_is_named_with_what_helps(
    embedder: Embedder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("RAG_CACHE", str(tmp_path / "file"))  # where no folder can be made
    with pytest.raises(DiskError, match="starter index: cannot write") as caught:
        open_starter(embedder, Settings(), token_counter())
    assert "$RAG_CACHE" in caught.value.remedy
    assert "--index" not in str(caught.value)


@pytest.fixture
def small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Paper]:
    """A starter corpus of three papers, in a cache of its own."""
    papers = list(starter_papers())[:3]
    monkeypatch.setenv("RAG_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr("rag.starter.starter_papers", lambda: iter(papers))
    return papers


def opened_titles(embedder: Embedder) -> list[str]:
    index = open_starter(embedder, Settings(), token_counter())
    try:
        return [paper.title for paper in index.snapshot.papers()]
    finally:
        index.close()


@pytest.mark.parametrize("content", [b"", b"this is no database " * 500])
def test_a_damaged_starter_index_is_built_again(
    embedder: Embedder, small: list[Paper], content: bytes
) -> None:
    titles = opened_titles(embedder)
    assert titles == [paper.title for paper in small]
    folder = starter_folder(embedder, Settings())
    (folder / DATABASE_NAME).write_bytes(content)
    assert opened_titles(embedder) == titles
    (folder / DATABASE_NAME).write_bytes(content)
    (folder / "complete").unlink()  # as a killed build would leave it
    assert opened_titles(embedder) == titles


def test_a_starter_index_is_cleared_under_its_lock_and_never_a_whole_one(
    embedder: Embedder, small: list[Paper], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another process has built it anew while this one waited."""
    titles = opened_titles(embedder)
    folder = starter_folder(embedder, Settings())
    whole = (folder / DATABASE_NAME).read_bytes()
    (folder / DATABASE_NAME).write_bytes(b"")
    built = (folder / "complete").stat().st_mtime_ns
    tried = threading.Event()
    really = rag.starter._clear

    def clear(*arguments: Any) -> None:
        tried.set()
        really(*arguments)

    monkeypatch.setattr("rag.starter._clear", clear)
    found: list[str] = []
    with FileLock(folder / "write.lock"):
        waiting = threading.Thread(target=lambda: found.extend(opened_titles(embedder)))
        waiting.start()
        assert tried.wait(60)
        (folder / DATABASE_NAME).write_bytes(whole)
    waiting.join(60)
    assert found == titles
    assert (folder / "complete").stat().st_mtime_ns == built


def test_a_starter_index_that_stays_damaged_is_named_with_what_helps(
    embedder: Embedder, small: list[Paper], monkeypatch: pytest.MonkeyPatch
) -> None:
    def damaged(*_: object) -> None:
        raise IndexCorruptError("the index is damaged", "rag index YOUR-FILES")

    monkeypatch.setattr("rag.starter.OpenIndex", damaged)
    with pytest.raises(IndexCorruptError, match="starter index: the index is damaged") as caught:
        open_starter(embedder, Settings(), token_counter())
    assert "$RAG_CACHE" in caught.value.remedy
    assert "rag index" not in caught.value.remedy


def test_titles_are_the_listings(digests: list[Paper], originals: list[Paper]) -> None:
    assert [p.title for p in digests] == [p.title for p in originals]


def test_no_eight_words_in_a_row_are_copied(digests: list[Paper], originals: list[Paper]) -> None:
    for digest, original in zip(digests, originals, strict=True):
        shared = shingles(original.abstract) & shingles(digest.abstract)
        assert not shared, f"{digest.title}: {sorted(shared)[:3]}"


def test_every_number_is_kept_and_none_is_added(
    digests: list[Paper], originals: list[Paper]
) -> None:
    for digest, original in zip(digests, originals, strict=True):
        kept, there = numbers(digest.abstract), numbers(original.abstract)
        assert there <= kept, f"{digest.title}: missing {there - kept}"
        assert kept <= there | numbers(original.title), digest.title


def test_links_are_the_abstracts_own(digests: list[Paper], originals: list[Paper]) -> None:
    for digest, original in zip(digests, originals, strict=True):
        # Some addresses are broken by a space in the listing ("…/NJU- Jet/…"); digests mend it.
        joined = original.abstract.replace(" ", "")
        linked = "http" in original.abstract
        assert (digest.url != "" and digest.url in joined) if linked else digest.url == ""
