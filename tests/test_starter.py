"""The bundled corpus: digests in our own words that keep every figure of the abstracts."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from rag.config import Settings
from rag.embedding import Embedder
from rag.errors import DiskError
from rag.readers import read_paths
from rag.records import Paper
from rag.session import token_counter
from rag.starter import SOURCE, listed_papers, open_starter, starter_papers

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
