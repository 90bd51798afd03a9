"""Collections are made and taken away whole: a folder is renamed into the place where it is listed,
or out of it, and one lock lets a single process at a time create, rename or delete."""

from __future__ import annotations

import contextlib
import os
import re
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from rag.collections.kept import (
    NAME_FILE,
    Collection,
    collections,
    gone,
    named_folder,
    named_in,
)
from rag.collections.names import checked, folder_name, likeness, shown
from rag.errors import DiskError, IndexBusyError, RagError, UsageError
from rag.index.locking import LOCK_NAME
from rag.models import write_atomically
from rag.store import DATABASE_NAME, Snapshot

_PATIENCE_S = 10.0
_NEW, _DELETED = ".new-", ".deleted-"
_INDEX_FILES = re.compile(
    rf"{re.escape(DATABASE_NAME)}(?:-wal|-shm|-journal)?"
    r"|\.?dense-(?:chunks|sentences)-[0-9a-f]+\.faiss(?:\.\d+\.tmp)?"
    r"|\.?name\.txt(?:\.\d+\.tmp)?|write\.lock"
)


def create(name: str) -> Collection:
    """A new collection without papers.

    Args:
        name: 1 to 60 characters once white space is folded, without control characters.

    Raises:
        UsageError: the name can't be used, or is in use, whatever its case.
        IndexBusyError, DiskError.
    """
    name = checked(name)
    with _changing() as folder:
        _require_free(name)
        place = folder / folder_name(name, [entry.name for entry in folder.iterdir()])
        # Named before it stands where it is seen: a kill leaves a whole collection or none.
        fresh = folder / f"{_NEW}{uuid.uuid4().hex}"
        fresh.mkdir()
        _write_name(fresh, name)
        fresh.rename(place)
        return named_in(place)


def rename(collection: Collection, name: str) -> Collection:
    """The collection under another name; its key and its folder stay.

    Raises:
        UsageError: the name can't be used or is another's, the collection isn't a named one, or
            it is no longer there.
        IndexBusyError, DiskError.
    """
    if collection.kind != "named":
        raise UsageError(
            f'"{collection.name}" can\'t be renamed', "create a collection of your own instead"
        )
    name = checked(name)
    with _changing() as folder:
        _require_present(collection, folder)
        _require_free(name, collection.key)
        _write_name(collection.place, name)
    return replace(collection, name=name)


def delete(collection: Collection) -> None:
    """Take a named collection and its papers away, for good.

    Raises:
        UsageError: it isn't a named one, it is no longer there, or its folder holds other files
            than an index's.
        IndexBusyError: a process is writing to it.
        DiskError.
    """
    if collection.kind != "named":
        raise UsageError(
            f'"{collection.name}" can\'t be deleted here',
            "only collections that were created by name can",
        )
    with _changing() as folder:
        _require_present(collection, folder)
        _take_away(collection, folder)


def discard_revived(collection: Collection) -> None:
    """Take away what a writer made of a collection that was deleted while it was about to write:
    a folder without a name, whose index holds no paper."""
    with contextlib.suppress(RagError), _changing() as folder:
        if collection.place.is_dir() and not (collection.place / NAME_FILE).exists():
            if (collection.place / DATABASE_NAME).exists():
                snapshot = Snapshot(collection.place)
                try:
                    empty = snapshot.count() == 0
                finally:
                    snapshot.close()
            else:
                empty = True
            if empty:
                _take_away(collection, folder)


# ── how a folder comes and goes ─────────────────────────────────────────────────────────────────


@contextmanager
def _changing() -> Iterator[Path]:
    """The folder of the named collections, while no other process changes what is in it."""
    from filelock import FileLock, Timeout

    folder = named_folder()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = FileLock(folder / ".lock")
        lock.acquire(timeout=_PATIENCE_S)
    except Timeout as e:
        raise IndexBusyError(
            "another process is changing the collections", "try again in a moment"
        ) from e
    except OSError as e:
        raise _unwritable(folder, e) from e
    try:
        for leftover in folder.glob(".*-*"):  # of a process that was killed
            if leftover.name.startswith((_NEW, _DELETED)):
                _take_apart(leftover)
        yield folder
    except OSError as e:
        raise _unwritable(folder, e) from e
    finally:
        lock.release()


def _unwritable(folder: Path, error: OSError) -> DiskError:
    return DiskError(
        f"cannot write in {folder}: {error.strerror or error}",
        "free some disk space, or make the folder writable for your account",
    )


def _require_free(name: str, key: str = "") -> None:
    for other in collections():
        if other.key != key and likeness(other.name) == likeness(name):
            raise UsageError(
                f'there is a collection called "{other.name}" already', "choose another name"
            )


def _require_present(collection: Collection, folder: Path) -> None:
    place = collection.place
    if place.parent != folder or place.name.startswith(".") or not place.is_dir():
        raise gone(collection)


def _write_name(place: Path, name: str) -> None:
    write_atomically(place / NAME_FILE, lambda path: path.write_text(f"{name}\n", encoding="utf-8"))


def _take_away(collection: Collection, folder: Path) -> None:
    """Rename the folder aside, where it isn't listed, then take it apart."""
    from filelock import FileLock, Timeout

    place = collection.place
    if place.is_symlink():
        raise UsageError(
            f"{place} is a link to a folder elsewhere", "remove the link yourself if you want to"
        )
    _require_index_only(place)
    busy = IndexBusyError(
        f'"{collection.name}" is being written or read by another process',
        "wait for it to end, then delete the collection again",
    )
    lock = FileLock(place / LOCK_NAME)
    try:
        lock.acquire(timeout=0)
    except Timeout as e:
        raise busy from e
    try:
        aside = folder / f"{_DELETED}{uuid.uuid4().hex}"
        if os.name == "nt":
            lock.release()  # Windows moves no folder with an open file, which also keeps it safe.
        try:
            place.rename(aside)
        except PermissionError as e:
            if os.name == "nt":
                raise busy from e
            raise
        _take_apart(aside)
    finally:
        lock.release()


def _require_index_only(place: Path) -> None:
    others = sorted(
        entry.name
        for entry in place.iterdir()
        if not _INDEX_FILES.fullmatch(entry.name) or entry.is_dir()
    )
    if others:
        more = f" and {len(others) - 1} more" if len(others) > 1 else ""
        raise UsageError(
            f'{place} holds "{shown(others[0])}"{more}, which is no file of an index',
            "move it elsewhere, then delete the collection again",
        )


def _take_apart(aside: Path) -> None:
    """Remove an index's own files and then the folder; whatever else is in it stays, and so does
    what can't be removed now, for the next time."""
    with contextlib.suppress(OSError):
        for entry in aside.iterdir():
            if _INDEX_FILES.fullmatch(entry.name) and not entry.is_dir():
                with contextlib.suppress(OSError):
                    entry.unlink()
        aside.rmdir()
