"""Indexes made for an evaluation stand in the cache, named by what is in them, and are used
again only when they were built to the end."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

import rag
from rag.config import cache_dir
from rag.errors import DiskError
from rag.index import OpenIndex, add_papers
from rag.index.shape import shape_of
from rag.records import Paper
from rag.session import token_counter

if TYPE_CHECKING:
    from rag.config import Settings
    from rag.embedding import Embedder

_COMPLETE = "complete"  # written last
Notice = Callable[[str], None]


def digest_of(papers: Iterable[Paper]) -> str:
    """Names a list of papers by everything in it."""
    digest = hashlib.sha256()
    for paper in papers:
        digest.update(repr(paper).encode("utf-8", "replace"))
    return digest.hexdigest()


def open_cached(
    kind: str,
    digest: str,
    papers: Sequence[Paper],
    embedder: Embedder,
    settings: Settings,
    notice: Notice,
    progress: Callable[[int, str], None],
) -> OpenIndex:
    """The index of these papers, built when it isn't there whole.

    Args:
        kind: first part of the folder's name.
        digest: of whatever determines `papers`, hex.
        notice: told when it has to be built, and of records that became one.

    Raises:
        DiskError: the cache can't be written.
    """
    shape = sorted(shape_of(embedder, settings).items())
    key = hashlib.sha256(f"{digest}|{shape}|{rag.__version__}".encode()).hexdigest()[:16]
    folder = cache_dir() / f"{kind}-{key}"
    if not (folder / _COMPLETE).is_file():
        notice(f"indexing {len(papers):,} papers (kept in {folder} for the next time)")
        try:
            report = add_papers(folder, papers, embedder, token_counter(), settings, progress)
            if report.merged:
                notice(f"{len(report.merged)} records were copies of others and went into them")
            (folder / _COMPLETE).touch()
        except OSError as e:
            raise DiskError(
                f"cannot keep an index in {folder}: {e.strerror or e}",
                "name another folder in $RAG_CACHE",
            ) from e
    return OpenIndex(folder, embedder)
