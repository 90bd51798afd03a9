"""One process at a time writes an index: a lock file beside the database."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from rag.errors import DiskError, IndexBusyError

LOCK_NAME = "write.lock"
_WAIT_S = 600.0


@contextmanager
def locked(directory: Path, waiting: Callable[[], None] = lambda: None) -> Iterator[None]:
    """Hold the lock of an index, whose folder is made if need be.

    Args:
        waiting: called once when another process holds it.

    Raises:
        IndexBusyError: another one holds it and didn't end within ten minutes.
        DiskError: the directory can't be written.
    """
    from filelock import FileLock, Timeout

    try:
        directory.mkdir(parents=True, exist_ok=True)
        lock = FileLock(directory / LOCK_NAME)
        try:
            lock.acquire(timeout=0)
        except Timeout:
            waiting()
            lock.acquire(timeout=_WAIT_S)
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
        yield
    finally:
        lock.release()
