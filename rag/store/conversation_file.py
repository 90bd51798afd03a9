"""One SQLite file that is opened for each operation anew, seen whole or not at all, and readable
by its user alone; what goes wrong with it has a remedy.

On disk: `conversations` one row each; `papers` what their answers name, once per conversation;
`turns` a question with its answer and evidence (see rag.store.remembering); `uses` which turn
names which paper; `judgements` what people said of an answer. What is deleted is overwritten.
"""

from __future__ import annotations

import errno
import os
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from rag.errors import DiskError, RagError
from rag.store.schema import FileState, files_state

VERSION = 1
MOST_TURNS = 500
_APPLICATION_ID = 0x52414743  # "RAGC": tells this file from any other SQLite database.
_BUSY_SECONDS = 20.0

# `recency` orders conversations even when the clock was set back. `plain` stands before what is
# long, so that a search reads little.
_SCHEMA = f"""
PRAGMA application_id = {_APPLICATION_ID};
PRAGMA user_version = {VERSION};
CREATE TABLE conversations (
    rowid INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, owner BLOB NOT NULL,
    recency INTEGER NOT NULL UNIQUE, started TEXT NOT NULL, changed TEXT NOT NULL,
    title TEXT NOT NULL, plain TEXT NOT NULL, collection BLOB NOT NULL
);
CREATE INDEX conversations_of ON conversations (owner, recency);
CREATE TABLE papers (
    rowid INTEGER PRIMARY KEY,
    conversation INTEGER NOT NULL REFERENCES conversations ON DELETE CASCADE,
    digest TEXT NOT NULL, body BLOB NOT NULL, UNIQUE (conversation, digest)
);
CREATE TABLE turns (
    rowid INTEGER PRIMARY KEY,
    conversation INTEGER NOT NULL REFERENCES conversations ON DELETE CASCADE,
    number INTEGER NOT NULL CHECK (number BETWEEN 1 AND {MOST_TURNS}), plain TEXT NOT NULL,
    question BLOB NOT NULL, answer BLOB NOT NULL, evidence BLOB NOT NULL,
    UNIQUE (conversation, number)
);
CREATE TABLE uses (
    turn INTEGER NOT NULL REFERENCES turns ON DELETE CASCADE,
    paper INTEGER NOT NULL REFERENCES papers ON DELETE CASCADE, PRIMARY KEY (turn, paper)
) WITHOUT ROWID;
CREATE INDEX uses_of ON uses (paper);
CREATE TABLE judgements (
    turn INTEGER PRIMARY KEY REFERENCES turns ON DELETE CASCADE,
    good INTEGER NOT NULL CHECK (good IN (0, 1)), note BLOB NOT NULL
)
"""
_BUSY = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}
_NO_ROOM = {sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR}
_NO_PLACE = {
    sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM, sqlite3.SQLITE_AUTH
}  # fmt: skip
# Closing a file drops all locks that this process has on it, so that nobody may have begun to use
# a file before the one who creates it has closed it.
_opening = threading.Lock()


@contextmanager
def reading(path: Path) -> Iterator[sqlite3.Connection | None]:
    """One state of the file; None when there is none yet, and none is made then.

    Raises:
        DiskError: it cannot be read.
        RagError: it is damaged, of another program or of a newer release, or busy for too long.
            Any ValueError in the block counts as damage: it is what unreadable contents give.
    """
    with translated(path):
        if not path.exists():
            yield None
            return
        db, seen = _reader(path)
        with closing(db), _unchanged(path, seen):
            yield db if _has_schema(db, path) else None


@contextmanager
def writing(path: Path, create: bool = False) -> Iterator[sqlite3.Connection | None]:
    """One transaction: all of it is done when the block ends well, else nothing.

    Args:
        create: make the file, and folders above it, where there are none, for this user alone;
            otherwise None is given.

    Raises:
        DiskError, RagError: as for `reading`.
    """
    with translated(path):
        if not create and not path.exists():
            yield None
            return
        db = _begun(path, create)
        if db is None:
            yield None
            return
        # An exception closes the connection, which undoes what was begun.
        with closing(db):
            if not _has_schema(db, path):
                for statement in _SCHEMA.split(";"):
                    db.execute(statement)
            yield db
            db.execute("COMMIT")


def _reader(path: Path) -> tuple[sqlite3.Connection, FileState | None]:
    """A connection that sees one state; and the files as they were, where they must not change:
    without a place for WAL's shared memory, SQLite can only read a file at rest."""
    writable, log = _writable(path), files_state(path)[1]
    if writable or log is not None:
        db = _connect(path, "rw" if writable else "ro")
        try:
            db.execute("BEGIN")
            _has_schema(db, path)  # the first that is read is what settles the state
            return db, None
        except BaseException as e:
            db.close()
            lost = writable and log is not None and log[1]  # what is in a log of one's own
            code = e.sqlite_errorcode & 0xFF if isinstance(e, sqlite3.OperationalError) else 0
            if lost or code not in _NO_ROOM | _NO_PLACE:
                raise
    seen = files_state(path)
    return _connect(path, "ro&immutable=1"), seen


@contextmanager
def _unchanged(path: Path, seen: FileState | None) -> Iterator[None]:
    """What looks like damage of files that changed meanwhile is none."""
    try:
        yield
    except (sqlite3.DatabaseError, ValueError) as e:
        if seen is None or files_state(path) == seen:
            raise
        raise RagError(
            f"the conversations in {path} changed while they were read", "try again"
        ) from e


def _begun(path: Path, create: bool) -> sqlite3.Connection | None:
    """A connection with its transaction begun; None for a file that is not to be made."""
    until = time.monotonic() + _BUSY_SECONDS
    while True:
        db = _connected(path, create)
        try:
            there = _has_schema(db, path)
            if there or create:
                if not there:
                    db.execute("PRAGMA auto_vacuum = FULL")  # the file shrinks with what it holds
                db.execute("PRAGMA journal_mode = WAL")
                db.execute("PRAGMA synchronous = FULL")
                db.execute("PRAGMA foreign_keys = ON")
                db.execute("PRAGMA secure_delete = ON")
                db.execute("BEGIN IMMEDIATE")
                return db
        except sqlite3.OperationalError as e:
            # Of several that turn a new file to WAL each would wait for the others: SQLite
            # refuses all but one at once, without the wait that it grants otherwise.
            db.close()
            if e.sqlite_errorcode & 0xFF not in _BUSY or time.monotonic() > until:
                raise
            time.sleep(0.01)
            continue
        except BaseException:
            db.close()
            raise
        db.close()
        return None


def _connected(path: Path, create: bool) -> sqlite3.Connection:
    with _opening:
        if create and not path.exists():
            for folder in [*reversed(path.parent.parents), path.parent]:
                if not folder.exists():
                    folder.mkdir(mode=0o700, exist_ok=True)
            with suppress(FileExistsError):  # another process was quicker
                os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    if _writable(path):
        return _connect(path, "rw")
    return _connect(path, "ro" if files_state(path)[1] else "ro&immutable=1")


def _writable(path: Path) -> bool:
    return os.access(path, os.W_OK) and os.access(path.parent, os.W_OK)


def _connect(path: Path, mode: str) -> sqlite3.Connection:
    uri = f"{path.absolute().as_uri()}?mode={mode}"
    with _opening:
        return sqlite3.connect(uri, uri=True, timeout=_BUSY_SECONDS, isolation_level=None)


def _has_schema(db: sqlite3.Connection, path: Path) -> bool:
    """Whether the file has our tables; False when it has none at all."""
    (tables,) = db.execute("SELECT count(*) FROM sqlite_schema").fetchone()
    if not tables:
        return False
    (application,) = db.execute("PRAGMA application_id").fetchone()
    (version,) = db.execute("PRAGMA user_version").fetchone()
    if application != _APPLICATION_ID:
        raise RagError(
            f"{path} is not a file of conversations of this program",
            "name another file in $RAG_CONVERSATIONS",
        )
    if version > VERSION:
        raise RagError(
            f"the conversations in {path} were written by a newer release (format {version}; "
            f"this one reads up to {VERSION})",
            f"upgrade this program, or {_aside(path)}",
        )
    return True


def _aside(path: Path) -> str:
    return f"rename the file, for instance to {path.name}.aside, and a new one is begun"


@contextmanager
def translated(path: Path) -> Iterator[None]:
    """Turn failures of SQLite, of the disk and of what was read into errors with a remedy."""
    try:
        yield
    except sqlite3.Error as e:
        code, said = getattr(e, "sqlite_errorcode", 0) & 0xFF, " ".join(str(e).split())
        if code in _BUSY:
            raise RagError(
                f"the conversations in {path} are being written by another process",
                "try again in a moment",
            ) from e
        if code in _NO_ROOM or code in _NO_PLACE:
            raise _unusable(path, said, code in _NO_ROOM) from e
        raise RagError(f"the conversations in {path} are damaged ({said})", _aside(path)) from e
    except OSError as e:
        full = e.errno in (errno.ENOSPC, errno.EDQUOT)
        raise _unusable(path, e.strerror or str(e), full) from e
    except (ValueError, RecursionError) as e:
        raise RagError(f"the conversations in {path} are damaged ({e})", _aside(path)) from e


def _unusable(path: Path, said: str, full: bool) -> DiskError:
    remedy = "make the file and its folder writable, or name another file in $RAG_CONVERSATIONS"
    if full:
        remedy = "free some disk space and try again; what was kept before still stands"
    return DiskError(f"cannot read or write the conversations in {path}: {said}", remedy)
