"""Papers go in batch by batch; each batch is one transaction, so a kill between or inside batches
leaves an index that opens, answers, and takes the rest when the same command is run again."""

from __future__ import annotations

import hashlib
import re
import uuid
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import rag
from rag.chunking import TokenCounter, chunk_abstract
from rag.dedupe import identity_keys, merge, merge_all, same_paper
from rag.errors import DiskError, IndexBusyError, IndexMissingError
from rag.index.opened import write_dense
from rag.index.shape import passage_text, require_shape, shape_of
from rag.records import Chunk, Paper, Refusal, Span
from rag.store import DATABASE_NAME, Snapshot, Writer
from rag.store.reading import CHUNK, SENTENCE
from rag.store.writing import Passage

if TYPE_CHECKING:
    from rag.config import Settings
    from rag.embedding import Embedder

_BATCH = 128  # papers a transaction
_LOCK_WAIT_S = 600.0

Progress = Callable[[int, str], None]  # papers done so far, title of the newest


@dataclass(frozen=True, slots=True)
class IndexReport:
    """What an indexing run did with every record it was given.

    Attributes:
        added, updated, unchanged: papers; "updated" counts any change of a known paper.
        embedded: papers whose vectors were computed.
        merged: (kept title, dropped record's source) of versions folded into one paper.
        refused: records not taken, and why.
        total: papers in the index afterwards.
    """

    added: int
    updated: int
    unchanged: int
    embedded: int
    merged: tuple[tuple[str, str], ...]
    refused: tuple[Refusal, ...]
    total: int


def add_papers(
    directory: Path,
    records: Iterable[Paper | Refusal],
    embedder: Embedder,
    count: TokenCounter,
    settings: Settings,
    progress: Progress | None = None,
    waiting: Callable[[], None] = lambda: None,
) -> IndexReport:
    """Put papers into the index in `directory`, made when there is none.

    Args:
        count: tokens in a text, for the bound of chunks.
        waiting: called once when another process holds the index and this one waits.

    Raises:
        IndexBusyError, DiskError, IndexCorruptError, EmbedderMismatchError, UsageError.
    """
    refused: list[Refusal] = []
    merged: list[tuple[str, str]] = []
    tally = {"added": 0, "updated": 0, "unchanged": 0, "embedded": 0}
    with writing(directory, waiting) as writer:
        manifest = writer.manifest
        require_shape(manifest, embedder, settings, str(directory))
        if "uuid" not in manifest:
            with writer.change():
                writer.describe(
                    shape_of(embedder, settings)
                    | {"uuid": uuid.uuid4().hex, "created_by": rag.__version__}
                )
        papers = _taken(records, refused)
        done = 0
        while batch := list(islice(papers, _BATCH)):
            kept, dropped = merge_all(batch)
            merged += [(a.title, b.source) for a, b in dropped]
            _put_batch(writer, kept, embedder, count, settings, tally)
            done += len(batch)
            if progress is not None:
                progress(done, batch[-1].title)
        total = _finish(directory)
    return IndexReport(
        tally["added"], tally["updated"], tally["unchanged"], tally["embedded"],
        tuple(merged), tuple(refused), total,
    )  # fmt: skip


def remove_papers(
    directory: Path, paper_ids: Sequence[str], waiting: Callable[[], None] = lambda: None
) -> int:
    """Take papers out of an index; how many were there to take.

    Raises:
        IndexMissingError, IndexBusyError, DiskError, IndexCorruptError.
    """
    if not (directory / DATABASE_NAME).is_file():
        raise IndexMissingError(f"there is no index in {directory}", "name one with --index DIR")
    with writing(directory, waiting) as writer:
        with writer.change():
            removed = writer.remove(paper_ids)
        _finish(directory)
    return removed


@contextmanager
def writing(directory: Path, waiting: Callable[[], None] = lambda: None) -> Iterator[Writer]:
    """The only writer of an index, among all processes.

    Raises:
        IndexBusyError: another one holds it and didn't end within ten minutes.
        DiskError: the directory can't be written.
    """
    from filelock import FileLock, Timeout

    try:
        directory.mkdir(parents=True, exist_ok=True)
        lock = FileLock(directory / "write.lock")
        try:
            lock.acquire(timeout=0)
        except Timeout:
            waiting()
            lock.acquire(timeout=_LOCK_WAIT_S)
    except Timeout as e:
        raise IndexBusyError(
            f"the index in {directory} is still being written by another process",
            "wait for it to end, then run the same command again",
        ) from e
    except OSError as e:
        raise DiskError(
            f"cannot write in {directory}: {e.strerror or e}",
            "choose a directory you may write to with --index DIR",
        ) from e
    try:
        # What a killed process left half written: such files begin with a dot until they are whole.
        for leftover in directory.glob(".dense-*.tmp"):
            leftover.unlink(missing_ok=True)
        writer = Writer(directory)
        try:
            yield writer
        finally:
            writer.close()
    finally:
        lock.release()


def paper_id(paper: Paper) -> str:
    """A stable, readable name: DOI, arXiv id, else the title's words and a digest of it."""
    if paper.doi:
        return f"doi:{paper.doi}"
    if paper.arxiv_id:
        return f"arxiv:{paper.arxiv_id}"
    words = re.findall(r"[^\W_]+", paper.title.casefold())[:6]
    digest = hashlib.sha256(identity_keys(paper)[-1].encode()).hexdigest()[:6]
    return "-".join([*words, digest])


def _taken(records: Iterable[Paper | Refusal], refused: list[Refusal]) -> Iterator[Paper]:
    for record in records:
        if isinstance(record, Refusal):
            refused.append(record)
        else:
            yield record


def _put_batch(
    writer: Writer,
    papers: Sequence[Paper],
    embedder: Embedder,
    count: TokenCounter,
    settings: Settings,
    tally: dict[str, int],
) -> None:
    """Work out what is new, embed that outside the transaction, and write it all in one."""
    planned: list[tuple[Paper, int | None, bool]] = []
    for paper in papers:
        row, old = next(
            ((r, p) for r, p in writer.known(identity_keys(paper)) if same_paper(p, paper)),
            (None, None),
        )
        if old is None:
            planned.append((_named(writer, paper, planned), None, True))
            continue
        new = merge(old, paper)
        if new == old:
            tally["unchanged"] += 1
        else:
            text_changed = (new.title, new.abstract) != (old.title, old.abstract)
            planned.append((new, row, text_changed))
    if not planned:
        return
    fresh = [p for p, _, changed in planned if changed]
    passages = dict(
        zip((p.id for p in fresh), make_passages(fresh, embedder, count, settings), strict=True)
    )
    with writer.change():
        for paper, row, _ in planned:
            writer.put(paper, identity_keys(paper), passages.get(paper.id), row)
    tally["added"] += sum(row is None for _, row, _ in planned)
    tally["updated"] += sum(row is not None for _, row, _ in planned)
    tally["embedded"] += len(fresh)


def _named(
    writer: Writer, paper: Paper, planned: Sequence[tuple[Paper, int | None, bool]]
) -> Paper:
    """The paper with an id that no other has (the same title can name two papers)."""
    base = name = paper_id(paper)
    taken = {p.id for p, _, _ in planned}
    n = 2
    while name in taken or writer.has_id(name):
        name, n = f"{base}-{n}", n + 1
    return replace(paper, id=name)


def make_passages(
    papers: Sequence[Paper], embedder: Embedder, count: TokenCounter, settings: Settings
) -> list[list[Passage]]:
    """Chunks and sentences of each paper, embedded together in one call."""
    chunked = [chunk_abstract(p.id, p.abstract, count, settings.chunk_tokens) for p in papers]
    texts: list[str] = []
    for paper, chunks in zip(papers, chunked, strict=True):
        texts += [passage_text(paper.title, c.text) for c in chunks]
        texts += [paper.abstract[s.start : s.end] for c in chunks for s in c.sentences]
    vectors = iter(embedder.encode(texts).astype("<f4"))
    return [
        [
            *(
                Passage(CHUNK, c.ordinal, c.start, c.end, c.tokens, next(vectors).tobytes())
                for c in chunks
            ),
            *(
                Passage(SENTENCE, i, s.start, s.end, count(paper.abstract[s.start : s.end]),
                        next(vectors).tobytes())
                for i, s in enumerate(_sentences(chunks))
            ),
        ]
        for paper, chunks in zip(papers, chunked, strict=True)
    ]  # fmt: skip


def _sentences(chunks: Sequence[Chunk]) -> Iterator[Span]:
    for chunk in chunks:
        yield from chunk.sentences


def _finish(directory: Path) -> int:
    """Derive what readers will want next; the number of papers."""
    snapshot = Snapshot(directory)
    try:
        for kind in (CHUNK, SENTENCE):
            write_dense(directory, snapshot, kind)
        return snapshot.count()
    finally:
        snapshot.close()
