"""The bundled starter corpus and its index, which stands in the cache and is made on first use."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from rag.config import cache_dir
from rag.errors import DiskError, IndexCorruptError, IndexMissingError
from rag.index import OpenIndex
from rag.index.locking import LOCK_NAME, locked
from rag.models import data_file, file_digest
from rag.records import Paper
from rag.store import DATABASE_NAME

if TYPE_CHECKING:
    from rag.chunking import TokenCounter
    from rag.config import Settings
    from rag.embedding import Embedder
    from rag.index.building import Progress

SOURCE = "starter corpus"
_COMPLETE = "complete"  # a file beside the database, made when every paper is in


def starter_papers() -> Iterator[Paper]:
    """The papers of the starter corpus: titles and links, with digests of ours as abstracts."""
    with data_file("starter.jsonl").open(encoding="utf-8") as lines:
        for line in lines:
            entry = json.loads(line)
            yield Paper(
                "", entry["title"], entry["abstract"], url=entry.get("url", ""), source=SOURCE
            )


def listed_papers() -> list[Paper]:
    """The papers of the starter corpus by the ids that its index gives them."""
    from rag.index.building import with_id

    listed: dict[str, Paper] = {}
    for paper in starter_papers():
        paper = with_id(paper, listed.__contains__)
        listed[paper.id] = paper
    return list(listed.values())


def starter_folder(embedder: Embedder, settings: Settings) -> Path:
    """Where the starter index of this corpus and these settings stands."""
    corpus = file_digest(data_file("starter.jsonl"))[:12]
    return cache_dir() / f"starter-{corpus}-{embedder.digest[:8]}-{settings.chunk_tokens}"


def open_starter(
    embedder: Embedder,
    settings: Settings,
    count: TokenCounter,
    progress: Progress | None = None,
) -> OpenIndex:
    """The starter corpus's index, built when it isn't there whole.

    Raises:
        DiskError: it can't be kept.
        IndexCorruptError, IndexMissingError: it is damaged, and so is one that was built anew.
    """
    folder = starter_folder(embedder, settings)
    try:
        try:
            return _opened(folder, embedder, settings, count, progress)
        except (IndexCorruptError, IndexMissingError):
            # Nothing in it is anybody's own, so that it is made again rather than complained of.
            _clear(folder, embedder)
            return _opened(folder, embedder, settings, count, progress)
    except (OSError, DiskError) as e:
        # The store's own remedy is another --index, but it isn't one that this index stands in.
        reason = e.message if isinstance(e, DiskError) else str(e)
        raise DiskError(
            f"cannot keep the starter index: {reason}",
            "name another folder, with room in it, in $RAG_CACHE",
        ) from e
    except (IndexCorruptError, IndexMissingError) as e:
        remedy = f"remove {folder}, or name another folder in $RAG_CACHE"
        raise type(e)(f"cannot build the starter index: {e.message}", remedy) from e


def _opened(
    folder: Path,
    embedder: Embedder,
    settings: Settings,
    count: TokenCounter,
    progress: Progress | None,
) -> OpenIndex:
    if not (folder / DATABASE_NAME).is_file() or not (folder / _COMPLETE).is_file():
        from rag.index import add_papers

        add_papers(folder, starter_papers(), embedder, count, settings, progress)
        (folder / _COMPLETE).touch()
    return OpenIndex(folder, embedder)


def _clear(folder: Path, embedder: Embedder) -> None:
    """Remove a damaged starter index, but not one that another process has put in its place."""
    with locked(folder):
        with suppress(IndexCorruptError, IndexMissingError):
            OpenIndex(folder, embedder).close()
            return
        # First what says that it is whole: a kill in between leaves one to be built.
        for path in sorted(folder.iterdir(), key=lambda path: path.name != _COMPLETE):
            if path.name != LOCK_NAME and path.is_file():
                path.unlink(missing_ok=True)
