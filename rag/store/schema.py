"""A database opened here has the schema below, whole, or the opening fails with a remedy.

On disk: `papers` one row each; `paper_keys` every identity (DOI, arXiv id, title) that leads to
a paper, and the marks of its records where a file has several;
`passages` the chunks (kind 0) and sentences (kind 1) as offsets into the abstract with
their vectors (little-endian float32, L2-normalised); `papers_fts` the full text, kept in step by
triggers; `manifest` what the index was built with. `generation` in the manifest grows by one with
each committed change and is what readers and derived files are keyed by.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from rag.errors import (
    DiskError,
    IndexBusyError,
    IndexCorruptError,
    IndexMissingError,
    IndexVersionError,
)

DATABASE_NAME = "papers.sqlite3"
SCHEMA_VERSION = 1
_APPLICATION_ID = 0x52414731  # "RAG1": tells our files from any other SQLite database.
_BUSY_MS = 10_000

_FULL_TEXT = """USING fts5(
    title, abstract, content='{}', content_rowid='rowid',
    tokenize="porter unicode61 remove_diacritics 2"
)"""
_SCHEMA = f"""
CREATE TABLE manifest (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE papers (
    rowid INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, title TEXT NOT NULL,
    abstract TEXT NOT NULL, authors TEXT NOT NULL, year INTEGER, url TEXT NOT NULL,
    doi TEXT NOT NULL, arxiv_id TEXT NOT NULL, source TEXT NOT NULL, updated TEXT NOT NULL,
    venue TEXT NOT NULL, digest TEXT NOT NULL
);
CREATE TABLE paper_keys (
    key TEXT NOT NULL, paper INTEGER NOT NULL REFERENCES papers ON DELETE CASCADE,
    PRIMARY KEY (key, paper)
) WITHOUT ROWID;
CREATE INDEX paper_keys_of ON paper_keys (paper);
CREATE TABLE passages (
    rowid INTEGER PRIMARY KEY, paper INTEGER NOT NULL REFERENCES papers ON DELETE CASCADE,
    kind INTEGER NOT NULL CHECK (kind IN (0, 1)), ordinal INTEGER NOT NULL,
    start INTEGER NOT NULL, end INTEGER NOT NULL CHECK (end > start AND start >= 0),
    tokens INTEGER NOT NULL, vector BLOB NOT NULL,
    UNIQUE (paper, kind, ordinal)
);
CREATE VIRTUAL TABLE papers_fts {_FULL_TEXT.format("papers")};
CREATE TRIGGER papers_fts_insert AFTER INSERT ON papers BEGIN
    INSERT INTO papers_fts (rowid, title, abstract) VALUES (new.rowid, new.title, new.abstract);
END;
CREATE TRIGGER papers_fts_delete AFTER DELETE ON papers BEGIN
    INSERT INTO papers_fts (papers_fts, rowid, title, abstract)
    VALUES ('delete', old.rowid, old.title, old.abstract);
END;
CREATE TRIGGER papers_fts_update AFTER UPDATE OF title, abstract ON papers BEGIN
    INSERT INTO papers_fts (papers_fts, rowid, title, abstract)
    VALUES ('delete', old.rowid, old.title, old.abstract);
    INSERT INTO papers_fts (rowid, title, abstract) VALUES (new.rowid, new.title, new.abstract);
END;
"""

REBUILD = "move the directory away and run: rag index YOUR-FILES --index {}"
# The full text is derived: what is damaged in it alone, verifying mends.
_MEND = "run: rag verify --index {0}; if it can't mend it, " + REBUILD.replace("{}", "{0}")

FileState = tuple[tuple[int, int, int] | None, tuple[int, int, int] | None]


@dataclass(frozen=True, slots=True)
class Reader:
    """A connection that only reads.

    Attributes:
        seen: the files as they were when it was opened, where SQLite takes them to be at rest and
            would not notice a change; None where it keeps one state apart itself.
    """

    connection: sqlite3.Connection
    seen: FileState | None


@contextmanager
def translated(directory: Path, *, reading: bool = False) -> Iterator[None]:
    """Turn SQLite's and the disk's failures into errors that carry their remedy.

    Args:
        reading: nothing is written, so that the place is asked to be readable only.
    """
    cannot = f"cannot {'read' if reading else 'write'} the index in {directory}"
    elsewhere = f"choose a directory you may {'read' if reading else 'write to'} with --index DIR"
    try:
        yield
    except sqlite3.DatabaseError as e:
        text = str(e).lower()
        if "locked" in text or "busy" in text:
            raise IndexBusyError(
                f"the index in {directory} is being written by another process",
                "wait for the other `rag index` to end, then try again",
            ) from e
        if "full" in text or "disk i/o" in text:
            remedy = "free some disk space and run the same command again; nothing was damaged"
            raise DiskError(f"{cannot}: {e}", remedy) from e
        if "readonly" in text or "read-only" in text or "unable to open" in text:
            raise DiskError(f"{cannot}: {e}", elsewhere) from e
        remedy = REBUILD if "not a database" in text else _MEND
        raise IndexCorruptError(
            f"the index in {directory} is damaged ({e})", remedy.format(directory)
        ) from e
    except OSError as e:
        if reading:
            raise DiskError(f"{cannot}: {e.strerror or e}", elsewhere) from e
        raise DiskError(
            f"cannot write in {directory}: {e.strerror or e}",
            "free some disk space, or choose another directory with --index DIR",
        ) from e


def connect_reader(directory: Path) -> Reader:
    """Open an index for reading only; works in a directory that cannot be written.

    Raises:
        IndexMissingError, IndexCorruptError, IndexVersionError, DiskError.
    """
    path = directory / DATABASE_NAME
    with translated(directory, reading=True):
        if not path.is_file():
            raise IndexMissingError(
                f"there is no index in {directory}",
                f"build one with: rag index PATH --index {directory}",
            )
        writable, log = os.access(directory, os.W_OK), files_state(path)[1]
        # Without a place for WAL's shared memory, SQLite can only read a file that is at rest;
        # while somebody's log is there, theirs serves.
        if not writable and log is None:
            return _at_rest(directory)
        try:
            return Reader(_connected(directory, "mode=ro"), None)
        except sqlite3.OperationalError as e:
            # What is in a log of our own must not be passed over; another's may be closed to us.
            if (writable and log is not None and log[1]) or not _lacks_place(e):
                raise
        return _at_rest(directory)


def _at_rest(directory: Path) -> Reader:
    seen = files_state(
        directory / DATABASE_NAME
    )  # before it is opened, so that no change is missed
    return Reader(_connected(directory, "mode=ro&immutable=1"), seen)


def files_state(path: Path) -> FileState:
    """What tells a change of a database or its log: inode, size and time of each that is there."""
    return _file_state(path), _file_state(path.with_name(f"{path.name}-wal"))


def _file_state(path: Path) -> tuple[int, int, int] | None:
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    return found.st_ino, found.st_size, found.st_mtime_ns


def _lacks_place(error: sqlite3.Error) -> bool:
    """Whether SQLite could not keep its shared memory: not allowed to, or no room for it."""
    return error.sqlite_errorcode & 0xFF in (
        sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_FULL
    )  # fmt: skip


def _connected(directory: Path, mode: str) -> sqlite3.Connection:
    path = directory / DATABASE_NAME
    connection = sqlite3.connect(
        f"{path.absolute().as_uri()}?{mode}", uri=True, check_same_thread=False
    )
    try:
        connection.execute(f"PRAGMA busy_timeout = {_BUSY_MS}")
        _check_header(connection, directory)
        # A view of the full text's own terms; it takes no room and writes no file.
        connection.execute("PRAGMA temp_store = MEMORY")
        connection.execute(
            "CREATE VIRTUAL TABLE temp.papers_terms USING fts5vocab(main, papers_fts, row)"
        )
    except BaseException:
        connection.close()
        raise
    connection.isolation_level = None
    return connection


def full_text_problem(directory: Path) -> str:
    """What FTS5 finds wrong with the full text, asked without writing; "" if nothing.

    It checks only what it could also write, so a copy is checked, in memory, against the papers.
    """
    connection = connect_reader(directory).connection
    try:
        connection.execute("BEGIN")
        connection.execute(
            "CREATE TEMP VIEW checked AS SELECT rowid, title, abstract FROM main.papers"
        )
        connection.execute(f"CREATE VIRTUAL TABLE temp.checked_fts {_FULL_TEXT.format('checked')}")
        for part in ("data", "idx", "docsize", "config"):
            connection.execute(f"DELETE FROM temp.checked_fts_{part}")
            connection.execute(
                f"INSERT INTO temp.checked_fts_{part} SELECT * FROM main.papers_fts_{part}"
            )
        connection.execute(
            "INSERT INTO temp.checked_fts (checked_fts, rank) VALUES ('integrity-check', 1)"
        )
    except sqlite3.DatabaseError as e:
        return str(e)
    finally:
        connection.close()
    return ""


def connect_writer(directory: Path) -> sqlite3.Connection:
    """Open an index for writing, creating the directory and the schema where there is none."""
    with translated(directory):
        directory.mkdir(parents=True, exist_ok=True)
        connection = sqlite3.connect(
            directory / DATABASE_NAME, isolation_level=None, check_same_thread=False
        )
        try:
            connection.execute(f"PRAGMA busy_timeout = {_BUSY_MS}")
            if connection.execute("PRAGMA schema_version").fetchone()[0] == 0:
                _create(connection)
            _check_header(connection, directory)
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA foreign_keys = ON")
            connection.execute("PRAGMA synchronous = FULL")
        except BaseException:
            connection.close()
            raise
    return connection


def _create(connection: sqlite3.Connection) -> None:
    # One transaction, so that a kill leaves an empty file or a whole schema.
    connection.executescript(
        f"BEGIN IMMEDIATE; PRAGMA application_id = {_APPLICATION_ID};"
        f"PRAGMA user_version = {SCHEMA_VERSION}; {_SCHEMA} COMMIT;"
    )


def _check_header(connection: sqlite3.Connection, directory: Path) -> None:
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    application = connection.execute("PRAGMA application_id").fetchone()[0]
    tables = connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0]
    if tables == 0:
        raise IndexMissingError(
            f"the index in {directory} is empty",
            f"build it with: rag index PATH --index {directory}",
        )
    if application != _APPLICATION_ID:
        raise IndexCorruptError(
            f"{directory / DATABASE_NAME} is not an index of this program",
            "choose another directory with --index DIR",
        )
    if version > SCHEMA_VERSION:
        raise IndexVersionError(
            f"the index in {directory} was written by a newer release (format {version}; "
            f"this one reads up to {SCHEMA_VERSION})",
            "upgrade this program, or build a new index: rag index PATH --index OTHER-DIR",
        )
