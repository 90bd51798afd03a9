"""A change is one transaction: papers, keys, passages, vectors and generation, or none of them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from rag.records import Paper
from rag.store.reading import _COLUMNS, paper_of
from rag.store.schema import connect_writer, translated


@dataclass(frozen=True, slots=True)
class Passage:
    """A chunk (kind 0) or sentence (kind 1) to be stored.

    `vector` holds the embedding as little-endian float32 bytes, L2-normalised.
    """

    kind: int
    ordinal: int
    start: int
    end: int
    tokens: int
    vector: bytes


def content_digest(title: str, abstract: str) -> str:
    """What decides whether a paper must be embedded again."""
    return hashlib.sha256(f"{title}\x00{abstract}".encode()).hexdigest()


def record_key(paper: Paper) -> str:
    """A key that only this very record has."""
    return f"record:{hashlib.sha256(repr(replace(paper, id='')).encode()).hexdigest()[:24]}"


def _names(paper: Paper) -> str:
    return json.dumps(paper.authors, ensure_ascii=False)


class Writer:
    """Write access; hold the index's lock while using it (see rag.index)."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._connection = connect_writer(directory)

    def close(self) -> None:
        """Fold the write-ahead log into the database, so that it is one file at rest."""
        with translated(self.directory):
            try:
                # As far as readers allow; the next writer does the rest.
                self._connection.execute("PRAGMA busy_timeout = 0")
                self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            finally:
                self._connection.close()

    @property
    def manifest(self) -> dict[str, str]:
        """What the index was built with."""
        with translated(self.directory):
            return dict(self._connection.execute("SELECT key, value FROM manifest"))

    @contextmanager
    def change(self) -> Iterator[None]:
        """One atomic change; the generation grows by one when it commits."""
        with translated(self.directory):
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._connection.execute(
                    "INSERT INTO manifest VALUES ('generation', '1') ON CONFLICT (key) "
                    "DO UPDATE SET value = CAST(value AS INTEGER) + 1"
                )
                self._connection.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise

    def describe(self, values: Mapping[str, str]) -> None:
        """Set entries of the manifest (inside a change)."""
        self._connection.executemany(
            "INSERT INTO manifest VALUES (?, ?) "
            "ON CONFLICT (key) DO UPDATE SET value = excluded.value",
            list(values.items()),
        )

    def likeliest(
        self, keys: Sequence[str], paper: Paper, most: int
    ) -> list[tuple[int, Paper, frozenset[str]]]:
        """Papers that share a key, at most `most`: (row id, paper, all keys that lead to it).

        Those that share more keys come first, then those with the same text, then with the same
        authors as `paper`, so that the bound never hides a paper from its own record.
        """
        digest = content_digest(paper.title, paper.abstract)
        with translated(self.directory):
            rows = self._connection.execute(
                "SELECT rowid, (SELECT json_group_array(key) FROM paper_keys WHERE paper = rowid), "
                f"{_COLUMNS} FROM papers JOIN (SELECT paper, count(*) AS shared FROM paper_keys "
                "WHERE key IN (SELECT value FROM json_each(?)) GROUP BY paper) ON paper = rowid "
                "ORDER BY shared DESC, digest = ? DESC, authors = ? DESC, rowid LIMIT ?",
                (json.dumps(list(keys)), digest, _names(paper), most),
            ).fetchall()
        return [(row[0], paper_of(row[2:]), frozenset(json.loads(row[1]))) for row in rows]

    def has_id(self, paper_id: str) -> bool:
        """Whether a paper has this id."""
        with translated(self.directory):
            row = self._connection.execute("SELECT 1 FROM papers WHERE id = ?", (paper_id,))
            return row.fetchone() is not None

    def put(
        self,
        paper: Paper,
        keys: Sequence[str],
        passages: Sequence[Passage] | None,
        rowid: int | None = None,
    ) -> int:
        """Insert a paper, or replace the one at `rowid` (inside a change).

        Args:
            passages: the paper's chunks and sentences; None keeps the stored ones, which is
                right only when title and abstract are unchanged.

        Returns:
            The paper's row id.
        """
        row = (
            paper.id, paper.title, paper.abstract, _names(paper),
            paper.year, paper.url, paper.doi, paper.arxiv_id, paper.source, paper.updated,
            paper.venue, content_digest(paper.title, paper.abstract),
        )  # fmt: skip
        if rowid is None:
            marks = ", ".join("?" * len(row))
            cursor = self._connection.execute(
                f"INSERT INTO papers ({_COLUMNS}, digest) VALUES ({marks})", row
            )
            rowid = int(cursor.lastrowid or 0)
        else:
            sets = ", ".join(f"{name} = ?" for name in f"{_COLUMNS}, digest".split(", "))
            self._connection.execute(f"UPDATE papers SET {sets} WHERE rowid = ?", (*row, rowid))
        self._connection.executemany(
            "INSERT OR IGNORE INTO paper_keys VALUES (?, ?)", [(key, rowid) for key in keys]
        )
        if passages is not None:
            self._connection.execute("DELETE FROM passages WHERE paper = ?", (rowid,))
            self._connection.executemany(
                "INSERT INTO passages (paper, kind, ordinal, start, end, tokens, vector) "
                "VALUES (?, ?, ?, ?, ?, ?, ?)",
                [(rowid, p.kind, p.ordinal, p.start, p.end, p.tokens, p.vector) for p in passages],
            )
        return rowid

    def remove(self, paper_ids: Sequence[str]) -> int:
        """Take papers out with all that hangs on them (inside a change); how many went."""
        cursor = self._connection.executemany(
            "DELETE FROM papers WHERE id = ?", [(paper_id,) for paper_id in paper_ids]
        )
        return cursor.rowcount

    def rebuild_full_text(self) -> None:
        """Derive the full-text index from the papers again (inside a change)."""
        self._connection.execute("INSERT INTO papers_fts (papers_fts) VALUES ('rebuild')")

    def full_text_problem(self) -> str:
        """What FTS5 finds wrong when it compares its index with the papers; "" if nothing."""
        import sqlite3

        try:
            self._connection.execute(
                "INSERT INTO papers_fts (papers_fts, rank) VALUES ('integrity-check', 1)"
            )
        except sqlite3.DatabaseError as e:
            return str(e)
        return ""
