"""Every digest, offset and vector is recomputed from what is read back; what can be derived
(full text, FAISS files, passages) is repaired, what can't (papers) is reported."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import ExitStack, closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from rag.chunking import TokenCounter
from rag.config import Settings
from rag.dedupe import identity_keys
from rag.dense import DenseIndex
from rag.errors import DiskError, IndexCorruptError
from rag.index.building import make_passages, writing
from rag.index.opened import dense_path, write_dense
from rag.index.shape import dense_key, require_embedder
from rag.records import Paper, Span
from rag.store import DATABASE_NAME, Snapshot, Writer
from rag.store.reading import CHUNK, SENTENCE
from rag.store.schema import REBUILD
from rag.store.writing import content_digest

if TYPE_CHECKING:
    from rag.embedding import Embedder

_BLOCK = 10_000  # vectors compared at a time


@dataclass(frozen=True, slots=True)
class VerifyReport:
    """Outcome of a verification.

    Attributes:
        papers, passages: how many were checked.
        repaired: what was derived again, one line each.
        problems: what is wrong and could not be repaired, one line each.
    """

    papers: int
    passages: int
    repaired: tuple[str, ...]
    problems: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Findings:
    """What is wrong.

    Attributes:
        papers, passages: how many were checked.
        problems: what can't be derived, one line each.
        damaged: papers whose passages don't hold, by row id, each with the reason.
        full_text: what is wrong with the full text; "" if nothing.
        stale: kinds of passages whose FAISS file is missing or another's.
    """

    papers: int
    passages: int
    problems: tuple[str, ...]
    damaged: dict[int, tuple[Paper, str]]
    full_text: str
    stale: tuple[int, ...]

    @property
    def notes(self) -> tuple[str, ...]:
        """What can be derived again, one line each."""
        notes = [f"passages of {paper.title!r}: {why}" for paper, why in self.damaged.values()]
        notes += [f"FAISS file of {'chunks' if k == CHUNK else 'sentences'}" for k in self.stale]
        return (*notes, *([f"full-text index: {self.full_text}"] if self.full_text else []))


def verify_index(
    directory: Path,
    embedder: Embedder,
    count: TokenCounter,
    *,
    repair: bool = True,
    waiting: Callable[[], None] = lambda: None,
) -> VerifyReport:
    """Check an index wholly and repair what can be derived.

    Args:
        waiting: called once when another process holds the index and this one waits to repair.

    Raises:
        IndexMissingError, IndexCorruptError (the database can't be read), EmbedderMismatchError,
        IndexBusyError, DiskError (something is to be repaired and the place can't be written).
    """
    try:
        Snapshot(directory).close()  # where there is no index, locking would begin one
        with ExitStack() as held:
            # Locked before anything is read: what is written back is then what stands there.
            writer, refusal = _locked(directory, waiting, held) if repair else (None, None)
            found = _checked(directory, embedder, writer)
            if not repair:
                return VerifyReport(found.papers, found.passages, (), found.problems + found.notes)
            if found.notes and refusal is not None:
                raise _unrepaired(directory, refusal, found.notes)
            if writer is not None:
                _repair(directory, writer, found, embedder, count)
            return VerifyReport(found.papers, found.passages, found.notes, found.problems)
    except IndexCorruptError as e:
        if "rag verify" not in e.remedy:
            raise
        raise IndexCorruptError(e.message, REBUILD.format(directory)) from e


def _locked(
    directory: Path, waiting: Callable[[], None], held: ExitStack
) -> tuple[Writer | None, DiskError | None]:
    """The index's only writer; or why there can be none, which a whole index doesn't need."""
    path = directory / DATABASE_NAME
    if not os.access(path, os.W_OK):  # SQLite would only say so once something is to be written
        return None, DiskError(f"cannot write {path}")
    try:
        return held.enter_context(writing(directory, waiting)), None
    except DiskError as e:
        return None, e


def _unrepaired(directory: Path, refusal: DiskError, notes: tuple[str, ...]) -> DiskError:
    more = f" and {len(notes) - 1} more" if len(notes) > 1 else ""
    return DiskError(
        f"{refusal.message}; not repaired: {notes[0]}{more}",
        f"run it as somebody who may write there; all findings: rag verify --no-repair "
        f"--index {directory}",
    )


def _checked(directory: Path, embedder: Embedder, writer: Writer | None) -> _Findings:
    with closing(Snapshot(directory)) as snapshot:
        require_embedder(snapshot.manifest, embedder, str(directory))
        # Newer SQLite looks into the full text too; that part is derived, and asked for below.
        found = [line for line in snapshot.integrity() if "fts5" not in line.lower()]
        if found:
            raise IndexCorruptError(
                f"the database in {directory} is damaged: {found[0]}", REBUILD.format(directory)
            )
        papers = {p.id: p for p in snapshot.papers()}
        broken, passages = _broken_passages(papers, snapshot)
        stale = []
        for kind in (CHUNK, SENTENCE):
            agrees, suspects = _dense_agrees(directory, snapshot, kind)
            stale += [] if agrees else [kind]
            for paper in snapshot.by_rowid(suspects).values():
                broken.setdefault(paper.id, "a vector is damaged")
        rows = snapshot.rowids(broken)
        return _Findings(
            len(papers),
            passages,
            tuple(_digest_problems(papers, snapshot)),
            {rows[i]: (papers[i], why) for i, why in broken.items()},
            (snapshot if writer is None else writer).full_text_problem(),
            tuple(stale),
        )


def _repair(
    directory: Path, writer: Writer, found: _Findings, embedder: Embedder, count: TokenCounter
) -> None:
    """Derive again what doesn't hold; the index has been locked since before it was found."""
    if found.full_text:
        with writer.change():
            writer.rebuild_full_text()
    if found.damaged:
        tokens = int(writer.manifest.get("chunk_tokens", Settings().chunk_tokens))
        damaged = [paper for paper, _ in found.damaged.values()]
        settings = replace(Settings(), chunk_tokens=tokens)
        fresh = make_passages(damaged, embedder.encode, count, settings)
        with writer.change():
            for row, paper, made in zip(found.damaged, damaged, fresh, strict=True):
                writer.put(paper, identity_keys(paper), made, row)
    if found.notes:
        with closing(Snapshot(directory)) as snapshot:
            for kind in (CHUNK, SENTENCE):
                write_dense(directory, snapshot, kind)


def _digest_problems(papers: dict[str, Paper], snapshot: Snapshot) -> list[str]:
    stored = snapshot.digests()
    return [
        f"{paper.title!r}: text differs from its stored digest; index its file again"
        for paper in papers.values()
        if stored.get(paper.id) != content_digest(paper.title, paper.abstract)
    ]


def _broken_passages(papers: dict[str, Paper], snapshot: Snapshot) -> tuple[dict[str, str], int]:
    """Papers whose passages don't hold, with the reason; and the number of passages seen."""
    import numpy as np

    dimension = int(snapshot.manifest.get("dimension", "0"))
    broken: dict[str, str] = {}
    spans: dict[tuple[str, int], list[Span]] = {}
    total = 0
    for paper_id, kind, start, end, blob in snapshot.passages():
        total += 1
        spans.setdefault((paper_id, kind), []).append(Span(start, end))
        vector = np.frombuffer(blob, dtype="<f4") if len(blob) % 4 == 0 else np.empty(0)
        if len(vector) != dimension or not abs(float(np.linalg.norm(vector)) - 1) < 1e-3:
            broken[paper_id] = "a vector is damaged"
    for paper in papers.values():
        for kind in (CHUNK, SENTENCE):
            found = sorted(spans.get((paper.id, kind), []), key=lambda s: s.start)
            if any(s.end > len(paper.abstract) for s in found):
                broken[paper.id] = "offsets lie outside the abstract"
            elif not _covers(paper.abstract, found):
                broken.setdefault(paper.id, "some are missing or overlap")
    return broken, total


def _covers(text: str, spans: list[Span]) -> bool:
    """Whether spans, in order, hold everything but white space exactly once."""
    ends = [0, *(s.end for s in spans)]
    starts = [*(s.start for s in spans), len(text)]
    return all(
        end <= start and not text[end:start].strip()
        for end, start in zip(ends, starts, strict=True)
    )


def _dense_agrees(directory: Path, snapshot: Snapshot, kind: int) -> tuple[bool, set[int]]:
    """Whether the FAISS file holds what the store holds; and the papers (row ids) whose stored
    vectors differ from a file that is whole by its checksum, so that they must be the damaged."""
    found = DenseIndex.load(dense_path(directory, kind, dense_key(snapshot.manifest, kind)))
    if found is None:
        return False, set()
    seen, suspects = 0, set[int]()
    try:
        for ids, owners, vectors in snapshot.vector_blocks(kind, _BLOCK):
            have = found.vectors_of(ids)
            if have is None or have.shape != vectors.shape:
                return False, set()
            seen += len(ids)
            suspects |= set(owners[(vectors != have).any(axis=1)].tolist())
    except IndexCorruptError:  # Its paper is among the broken already.
        return False, set()
    if seen != len(found):
        return False, set()
    return not suspects, suspects
