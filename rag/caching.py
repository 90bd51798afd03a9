"""What is kept in the cache folder is made by one process or thread at a time, however many need it
at once, and is never trusted to be what was written."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any


@contextmanager
def alone(folder: Path, waiting: Callable[[], None] = lambda: None) -> Iterator[None]:
    """Hold the right to make a folder of the cache. Whoever gets it looks first whether another
    has made the folder meanwhile.

    Args:
        folder: named "kind-digest"; all of one kind share a lock, which stands beside them.
        waiting: called once when another one holds it.

    Raises:
        OSError: the cache can't be written.
    """
    from filelock import FileLock, Timeout

    folder.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(folder.with_name(f"{_kind(folder)}.lock"))
    try:
        lock.acquire(timeout=0)
    except Timeout:
        waiting()
        lock.acquire()  # for as long as it takes: a lock ends with the process that holds it
    try:
        yield
    finally:
        lock.release()


def replace_folder(fresh: Path, folder: Path) -> None:
    """Put a folder in its place, and remove those of its kind that stood for other digests."""
    shutil.rmtree(folder, ignore_errors=True)
    fresh.rename(folder)
    for former in folder.parent.glob(f"{_kind(folder)}-*"):
        # Of a kind whose name only begins alike, the digest is not all that follows.
        if former != folder and _kind(former) == _kind(folder) and former.is_dir():
            shutil.rmtree(former, ignore_errors=True)


def read_note(path: Path) -> dict[str, Any]:
    """The JSON object in a file; an empty one when the file is missing or holds anything else."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _kind(folder: Path) -> str:
    return folder.name.rpartition("-")[0]
