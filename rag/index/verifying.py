"""Every digest, offset and vector is recomputed from what is read back; what can be derived
(full text, FAISS files, passages) is repaired, what can't (papers) is reported."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from rag.chunking import TokenCounter
from rag.config import Settings
from rag.dedupe import identity_keys
from rag.dense import DenseIndex
from rag.errors import IndexCorruptError
from rag.index.building import make_passages, writing
from rag.index.opened import dense_path, write_dense
from rag.index.shape import dense_key, require_embedder
from rag.records import Paper, Span
from rag.store import Snapshot
from rag.store.reading import CHUNK, SENTENCE
from rag.store.writing import content_digest

if TYPE_CHECKING:
    from rag.embedding import Embedder


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


def verify_index(
    directory: Path, embedder: Embedder, count: TokenCounter, *, repair: bool = True
) -> VerifyReport:
    """Check an index wholly and repair what can be derived.

    Raises:
        IndexMissingError, IndexCorruptError (the database can't be read), EmbedderMismatchError.
    """
    snapshot = Snapshot(directory)
    try:
        require_embedder(snapshot.manifest, embedder, str(directory))
        # Newer SQLite looks into the full text too; that part is derived, and mended below.
        found = [line for line in snapshot.integrity() if "fts5" not in line.lower()]
        if found:
            raise IndexCorruptError(
                f"the database in {directory} is damaged: {found[0]}",
                f"move it away and run: rag index YOUR-FILES --index {directory}",
            )
        papers = {p.id: p for p in snapshot.papers()}
        problems = _digest_problems(papers, snapshot)
        broken, passages = _broken_passages(papers, snapshot)
        stale_dense = []
        for kind in (CHUNK, SENTENCE):
            agrees, suspects = _dense_agrees(directory, snapshot, kind)
            stale_dense += [] if agrees else [kind]
            for paper in snapshot.by_rowid(suspects).values():
                broken.setdefault(paper.id, "a vector is damaged")
        chunk_tokens = int(snapshot.manifest.get("chunk_tokens", Settings().chunk_tokens))
    finally:
        snapshot.close()
    notes = [f"passages of {papers[i].title!r}: {why}" for i, why in broken.items()]
    notes += [f"FAISS file of {'chunks' if k == CHUNK else 'sentences'}" for k in stale_dense]
    if not repair:
        return VerifyReport(len(papers), passages, (), tuple(problems + notes))
    with writing(directory) as writer:
        trouble = writer.full_text_problem()
        if trouble:
            notes.append(f"full-text index: {trouble}")
            with writer.change():
                writer.rebuild_full_text()
        if broken:
            damaged = [papers[i] for i in broken]
            settings = replace(Settings(), chunk_tokens=chunk_tokens)
            fresh = make_passages(damaged, embedder, count, settings)
            with writer.change():
                for paper, made in zip(damaged, fresh, strict=True):
                    keys = identity_keys(paper)
                    row = next(r for r, p in writer.known(keys) if p.id == paper.id)
                    writer.put(paper, keys, made, row)
    if notes:
        snapshot = Snapshot(directory)
        try:
            for kind in (CHUNK, SENTENCE):
                write_dense(directory, snapshot, kind)
        finally:
            snapshot.close()
    return VerifyReport(len(papers), passages, tuple(notes), tuple(problems))


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
    import numpy as np

    found = DenseIndex.load(dense_path(directory, kind, dense_key(snapshot.manifest, kind)))
    if found is None:
        return False, set()
    try:
        ids, owners, vectors = snapshot.vectors(kind)
    except IndexCorruptError:  # Its paper is among the broken already.
        return False, set()
    have_ids, have = found.stored()
    if not np.array_equal(ids, have_ids) or vectors.shape != have.shape:
        return False, set()
    differ = ~(vectors == have).all(axis=1)
    return not differ.any(), {int(owner) for owner in owners[differ]}
