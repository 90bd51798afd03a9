"""A Snapshot sees one committed state of the index, whole, until it is refreshed.

Reads run inside one read transaction (SQLite's WAL keeps that state alive while writers go on).
"""

from __future__ import annotations

import json
import threading
from array import array
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from rag.errors import IndexBusyError, IndexCorruptError
from rag.records import Filters, Paper, Span
from rag.store.schema import (
    DATABASE_NAME,
    connect_reader,
    files_state,
    full_text_problem,
    translated,
)

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

CHUNK, SENTENCE = 0, 1
T = TypeVar("T")
_COLUMNS = "id, title, abstract, authors, year, url, doi, arxiv_id, source, updated, venue"


def paper_of(row: Sequence[object]) -> Paper:
    """A paper from a row of `_COLUMNS`."""
    id_, title, abstract, authors, year, url, doi, arxiv_id, source, updated, venue = row
    return Paper(
        str(id_), str(title), str(abstract), tuple(json.loads(str(authors))),
        int(str(year)) if year is not None else None,
        str(url), str(doi), str(arxiv_id), str(source), str(updated), str(venue),
    )  # fmt: skip


class Snapshot:
    """Read access to one state of an index. Safe to share between threads."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._lock = threading.RLock()
        self._path = directory / DATABASE_NAME
        self._connect()
        self._terms: tuple[int, dict[str, int]] | None = None
        self.refresh()

    def close(self) -> None:
        """Let the database go."""
        self._connection.close()

    def _connect(self) -> None:
        reader = connect_reader(self.directory)
        self._connection, self._seen = reader.connection, reader.seen

    def _changed(self) -> bool:
        """Whether files that were taken to be at rest are other than they were."""
        return self._seen is not None and files_state(self._path) != self._seen

    @contextmanager
    def _reading(self) -> Iterator[None]:
        """One thread at a time; failures carry their remedy."""
        with self._lock:
            try:
                with translated(self.directory, reading=True):
                    yield
            except IndexCorruptError as e:
                if not self._changed():
                    raise
                raise IndexBusyError(
                    f"the index in {self.directory} changed while it was read", "ask again"
                ) from e

    def refresh(self) -> bool:
        """Move on to the newest committed state; True when it differs from the one before."""
        with self._reading():
            before = getattr(self, "manifest", None)
            if self._changed():
                old = self._connection
                self._connect()
                old.close()
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            self._connection.execute("BEGIN")
            self.manifest: dict[str, str] = dict(
                self._connection.execute("SELECT key, value FROM manifest")
            )
            return self.manifest != before

    @property
    def generation(self) -> int:
        """Count of committed changes, >= 0."""
        return int(self.manifest.get("generation", "0"))

    def _rows(self, sql: str, values: Sequence[object] = ()) -> list[tuple[object, ...]]:
        with self._reading():
            return self._connection.execute(sql, values).fetchall()

    def count(self) -> int:
        """Papers in the index."""
        return int(str(self._rows("SELECT count(*) FROM papers")[0][0]))

    def papers(self) -> Iterator[Paper]:
        """All papers, in the order in which they came in."""
        for row in self._rows(f"SELECT {_COLUMNS} FROM papers ORDER BY rowid"):
            yield paper_of(row)

    def paper(self, paper_id: str) -> Paper | None:
        """The paper of that id, if there is one."""
        rows = self._rows(f"SELECT {_COLUMNS} FROM papers WHERE id = ?", (paper_id,))
        return paper_of(rows[0]) if rows else None

    def sources(self, most: int = 200) -> tuple[str, ...]:
        """Names of files and venues that papers are from, the most frequent first."""
        rows = self._rows(
            "SELECT name FROM (SELECT source AS name FROM papers UNION ALL SELECT venue FROM "
            "papers WHERE venue != source) WHERE name != '' GROUP BY name "
            "ORDER BY count(*) DESC, name LIMIT ?",
            (most,),
        )
        return tuple(str(name) for (name,) in rows)

    def rowids(self, paper_ids: Collection[str]) -> dict[str, int]:
        """The row ids of the papers with these ids."""
        rows = self._rows(
            "SELECT id, rowid FROM papers WHERE id IN (SELECT value FROM json_each(?))",
            (json.dumps(list(paper_ids)),),
        )
        return {str(paper_id): int(str(rowid)) for paper_id, rowid in rows}

    def by_rowid(self, rowids: Collection[int]) -> dict[int, Paper]:
        """The papers with these row ids."""
        rows = self._rows(
            f"SELECT rowid, {_COLUMNS} FROM papers WHERE rowid IN (SELECT value FROM json_each(?))",
            (json.dumps(sorted(rowids)),),
        )
        return {int(str(row[0])): paper_of(row[1:]) for row in rows}

    def gathered(self, columns: str, make: Callable[..., T]) -> tuple[int, list[T]]:
        """What is made of each paper, in the order in which they came in; and their generation.

        Args:
            columns: of the table of papers; written by us, never by a user.
            make: called with their values; one paper at a time is in memory.
        """
        with self._reading():
            rows = self._connection.execute(f"SELECT {columns} FROM papers ORDER BY rowid")
            return self.generation, [make(*row) for row in rows]

    def allowed(self, filters: Filters) -> set[int] | None:
        """Row ids of the papers that pass; None when nothing is filtered."""
        tests: list[str] = []
        any_source: list[str] = []
        values: list[object] = []
        if filters.year_from is not None:
            tests.append("year >= ?")
            values.append(filters.year_from)
        if filters.year_to is not None:
            tests.append("year <= ?")
            values.append(filters.year_to)
        for name in filters.sources:
            whole = "fold(source) = ? OR fold(venue) = ?"
            part = "instr(fold(source), ?) OR instr(fold(venue), ?)"
            # The whole name of a source is that one, not all that begin alike.
            known = f"EXISTS (SELECT 1 FROM papers WHERE {whole})"
            any_source.append(f"CASE WHEN {known} THEN {whole} ELSE {part} END")
            values += [name.casefold()] * 6
        if any_source:
            tests.append(f"({' OR '.join(any_source)})")
        if filters.authors:
            any_author = ["instr(fold_names(authors), ?)"] * len(filters.authors)
            tests.append(f"({' OR '.join(any_author)})")
            values += [name.casefold() for name in filters.authors]
        if filters.paper_ids:
            tests.append("id IN (SELECT value FROM json_each(?))")
            values.append(json.dumps(list(filters.paper_ids)))
        if not tests:
            return None
        with self._lock:
            # SQLite's own lower() knows ASCII only; JSON escapes are undone for names.
            for name, function in (("fold", _folded), ("fold_names", _folded_names)):
                self._connection.create_function(name, 1, function, deterministic=True)
        rows = self._rows(f"SELECT rowid FROM papers WHERE {' AND '.join(tests)}", values)
        return {int(str(row[0])) for row in rows}

    def vectors(
        self, kind: int
    ) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float32]]:
        """Passage row ids (n,), their papers' row ids (n,) and vectors float32 (n, d).

        Raises:
            IndexCorruptError: a vector has another length than the manifest says.
        """
        with self._reading():
            return self._gathered_vectors(self._vector_rows(kind))

    def vector_blocks(
        self, kind: int, most: int
    ) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float32]]]:
        """As `vectors`, but in blocks of at most so many: one block at a time is in memory.

        Raises:
            IndexCorruptError: a vector has another length than the manifest says.
        """
        with self._reading():
            rows = self._vector_rows(kind)
            while len((block := self._gathered_vectors(islice(rows, most)))[0]):
                yield block

    def _vector_rows(self, kind: int) -> Iterator[tuple[int, int, bytes]]:
        size = 4 * int(self.manifest.get("dimension", "0"))
        for row in self._connection.execute(
            "SELECT rowid, paper, vector FROM passages WHERE kind = ? ORDER BY rowid", (kind,)
        ):
            if len(row[2]) != size:
                raise IndexCorruptError(
                    f"the index in {self.directory} holds a damaged vector",
                    f"mend it with: rag verify --index {self.directory}",
                )
            yield row

    def _gathered_vectors(
        self, rows: Iterable[tuple[int, int, bytes]]
    ) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float32]]:
        import numpy as np

        dimension = int(self.manifest.get("dimension", "0"))
        ids, owners, blob = array("q"), array("q"), bytearray()
        # Row by row: the vectors of a large index are in memory once.
        for rowid, paper, vector in rows:
            ids.append(rowid)
            owners.append(paper)
            blob += vector
        matrix = np.frombuffer(blob, dtype="<f4").reshape(len(ids), dimension)
        return np.array(ids, np.int64), np.array(owners, np.int64), matrix

    def owners(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Passage row ids, ascending, and the row id of each one's paper: int64 (n,) both."""
        import numpy as np

        with self._reading():
            # Sorted by SQLite, they would be read from the table, past every vector in it;
            # unsorted, they come from the index that keeps passages apart, which is small.
            pairs = np.fromiter(
                self._connection.execute("SELECT rowid, paper FROM passages"),
                dtype=[("rowid", np.int64), ("paper", np.int64)],
            )
        order = np.argsort(pairs["rowid"], kind="stable")
        return pairs["rowid"][order], pairs["paper"][order]

    def sentences(self, rowids: Collection[int]) -> dict[int, list[tuple[int, Span]]]:
        """For each paper's row id, its sentences in order: (passage row id, span)."""
        rows = self._rows(
            "SELECT paper, rowid, start, end FROM passages WHERE kind = 1 AND paper IN "
            "(SELECT value FROM json_each(?)) ORDER BY paper, ordinal",
            (json.dumps(sorted(rowids)),),
        )
        found: dict[int, list[tuple[int, Span]]] = {}
        for paper, rowid, start, end in rows:
            span = Span(int(str(start)), int(str(end)))
            found.setdefault(int(str(paper)), []).append((int(str(rowid)), span))
        return found

    def sentence_vectors(
        self, paper_ids: Collection[str]
    ) -> dict[str, tuple[list[Span], NDArray[np.float32]]]:
        """For each paper, its sentences in order: n spans and their vectors float32 (n, d)."""
        import numpy as np

        rows = self._rows(
            "SELECT p.id, s.start, s.end, s.vector FROM passages s JOIN papers p "
            "ON p.rowid = s.paper WHERE s.kind = 1 AND p.id IN (SELECT value FROM json_each(?)) "
            "ORDER BY s.paper, s.ordinal",
            (json.dumps(list(paper_ids)),),
        )
        grouped: dict[str, list[tuple[object, ...]]] = {}
        for row in rows:
            grouped.setdefault(str(row[0]), []).append(row)
        return {
            paper_id: (
                [Span(int(str(r[1])), int(str(r[2]))) for r in group],
                np.stack([np.frombuffer(bytes(r[3]), dtype="<f4") for r in group]),  # type: ignore[call-overload]  # BLOB columns come as bytes
            )
            for paper_id, group in grouped.items()
        }

    def passage_vectors(self, passages: Collection[int]) -> NDArray[np.float32]:
        """Vectors of the passages with these row ids, float32 (n, d), by ascending row id."""
        import numpy as np

        rows = self._rows(
            "SELECT vector FROM passages WHERE rowid IN (SELECT value FROM json_each(?)) "
            "ORDER BY rowid",
            (json.dumps(sorted(passages)),),
        )
        return np.stack([np.frombuffer(bytes(r[0]), dtype="<f4") for r in rows])  # type: ignore[call-overload]  # BLOB columns come as bytes

    def lexical(
        self, terms: Sequence[str], limit: int, allowed: set[int] | None = None
    ) -> list[tuple[int, float]]:
        """Papers that hold any of the terms: (row id, BM25 >= 0), best first.

        FTS5's BM25 (k1 1.2, b 0.75; Robertson and Zaragoza 2009) over Porter stems. Terms are
        quoted, so nothing a user types is read as query syntax.
        """
        if not terms:
            return []
        plain = dict.fromkeys(term.replace('"', '""').replace("\0", " ") for term in terms)
        query = " OR ".join(f'"{term}"' for term in plain)
        inside = "" if allowed is None else "AND rowid IN (SELECT value FROM json_each(?))"
        values: list[object] = [query]
        values += [] if allowed is None else [json.dumps(sorted(allowed))]
        rows = self._rows(
            f"SELECT rowid, -bm25(papers_fts) FROM papers_fts WHERE papers_fts MATCH ? {inside} "
            "ORDER BY rank, rowid LIMIT ?",
            [*values, limit],
        )
        return [(int(str(rowid)), max(0.0, float(str(score)))) for rowid, score in rows]

    def document_frequency(self, term: str) -> int:
        """In how many papers a word's stem occurs."""
        rows = self._rows(
            "SELECT count(*) FROM papers_fts WHERE papers_fts MATCH ?",
            ('"' + term.replace('"', '""').replace("\0", " ") + '"',),
        )
        return int(str(rows[0][0]))

    def terms(self) -> dict[str, int]:
        """Every stem of the full text (lower case, without accents) with its papers' number."""
        with self._lock:
            if self._terms is None or self._terms[0] != self.generation:
                rows = self._rows("SELECT term, doc FROM temp.papers_terms")
                self._terms = (self.generation, {str(t): int(str(n)) for t, n in rows})
            return self._terms[1]

    def passages(self) -> Iterator[tuple[str, int, int, int, bytes]]:
        """Every passage with its paper's id: (paper id, kind, start, end, vector bytes)."""
        with self._reading():  # Row by row: nobody needs all vectors at once.
            yield from self._connection.execute(
                "SELECT p.id, s.kind, s.start, s.end, s.vector FROM passages s "
                "JOIN papers p ON p.rowid = s.paper ORDER BY s.rowid"
            )

    def digests(self) -> dict[str, str]:
        """Stored content digest of each paper, by paper id."""
        return {str(i): str(d) for i, d in self._rows("SELECT id, digest FROM papers")}

    def integrity(self) -> list[str]:
        """SQLite's own findings about the file; empty when it is whole."""
        found = [str(row[0]) for row in self._rows("PRAGMA integrity_check(20)")]
        found = [] if found == ["ok"] else found
        orphans = self._rows("PRAGMA foreign_key_check")
        return found + [f"orphaned row in {row[0]}" for row in orphans]

    def full_text_problem(self) -> str:
        """What FTS5 finds wrong with the newest state of its index; "" if nothing."""
        with self._reading():
            return full_text_problem(self.directory)


def _folded(text: str | None) -> str:
    return (text or "").casefold()


def _folded_names(names: str | None) -> str:
    return _folded("\n".join(json.loads(names or "[]")))


__all__ = ["CHUNK", "SENTENCE", "Snapshot", "paper_of"]
