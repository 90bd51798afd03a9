"""The collections that are open, each with an assistant of its own; models are loaded once and
shared by all of them. What has no papers yet is answered from an index of nothing, so that looking
at a collection writes nothing where it will stand."""

from __future__ import annotations

import copy
import os
import tempfile
import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rag.collections.kept import (
    GIVEN,
    OWN,
    STARTER,
    Collection,
    collections,
    gone,
    is_starter_folder,
)
from rag.errors import IndexMissingError, UsageError
from rag.session import token_counter
from rag.store import DATABASE_NAME

if TYPE_CHECKING:
    from rag.index import OpenIndex
    from rag.pipeline import Assistant

_KEPT = 8  # collections open at a time: each has its vectors in memory
_Stamp = tuple[int, int] | None
Progress = Callable[[int, str], None]


@dataclass(frozen=True, slots=True)
class _Held:
    """An open assistant, and which file its database is."""

    assistant: Assistant
    stamp: _Stamp

    @property
    def current(self) -> bool:
        """Whether that file still stands where it stood: an index can be deleted, and another one
        made in the same place."""
        return self.stamp is not None and self.stamp == _stamp(self.assistant.index.directory)


class Shelf:
    """Assistants by collection, opened when they are asked for. Safe to share between threads.

    Args:
        assistant: open already; its models, reader and settings serve all collections.
        given: the index named on the command line, if any.

    Attributes:
        shared: that assistant.
    """

    def __init__(self, assistant: Assistant, given: Path | None = None) -> None:
        self.shared, self._given = assistant, given
        self._lock = threading.Lock()
        self._opening: dict[str, threading.Lock] = {}
        self._held: OrderedDict[str, _Held] = OrderedDict()
        self._seen: dict[str, Collection] = {}
        self._nothing: tuple[tempfile.TemporaryDirectory[str], OpenIndex] | None = None
        directory = assistant.index.directory
        self._first = self._key_of(directory)
        self._held[self._first] = _Held(assistant, _stamp(directory))

    def _key_of(self, directory: Path) -> str:
        if is_starter_folder(directory):
            return STARTER
        whole = directory.resolve()
        for collection in self.collections():
            if collection.kind != "starter" and collection.place.resolve() == whole:
                return collection.key
        self._given = directory
        return GIVEN

    @property
    def first(self) -> str:
        """The key of the collection to begin with: the one of the assistant given, while it is
        there, else the user's own."""
        return self._first if any(c.key == self._first for c in self.collections()) else OWN

    def collections(self) -> tuple[Collection, ...]:
        """All that are offered now; see `rag.collections.collections`."""
        found = collections(self._given)
        with self._lock:
            self._seen |= {collection.key: collection for collection in found}
        return found

    def collection(self, key: str) -> Collection:
        """The collection of that key.

        Raises:
            UsageError: there is none, or no longer.
        """
        for collection in self.collections():
            if collection.key == key:
                return collection
        with self._lock:
            seen = self._seen.get(key)
        raise (
            gone(seen)
            if seen
            else UsageError("there is no such collection", "choose another collection")
        )

    def assistant(self, key: str, progress: Progress | None = None) -> Assistant:
        """The assistant that answers from a collection, opened on the first call.

        A collection that nothing was added to yet has one too: its index, which stands elsewhere,
        holds no papers. It is looked at anew with each call.

        Args:
            progress: told the papers done and the newest's title while the starter corpus is
                indexed, on its first use on a machine.

        Raises:
            UsageError: the collection is no longer there.
            IndexCorruptError, IndexVersionError, EmbedderMismatchError, DiskError.
        """
        collection = self.collection(key)
        with self._turn(key):
            with self._lock:
                held = self._held.get(key)
                if held is not None:
                    self._held.move_to_end(key)
            if held is not None and held.current:
                return held.assistant
            self.forget(key)
            stamp = _stamp(collection.place)
            try:
                index = self._open(collection, progress)
            except IndexMissingError:
                return self._over(self._index_of_nothing())
            if collection.kind == "starter":
                stamp = _stamp(index.directory)
            assistant = self._over(index)
            with self._lock:
                self._held[key] = _Held(assistant, stamp)
                while len(self._held) > _KEPT:
                    self._held.popitem(last=False)
            return assistant

    def _open(self, collection: Collection, progress: Progress | None) -> OpenIndex:
        from rag.index import OpenIndex

        embedder, settings = self.shared.index.embedder, self.shared.settings
        if collection.kind != "starter":
            return OpenIndex(collection.place, embedder)
        from rag.starter import open_starter

        return open_starter(embedder, settings, token_counter(), progress)

    def _over(self, index: OpenIndex) -> Assistant:
        """Another assistant: questions being answered go on with the index they began with."""
        assistant = copy.copy(self.shared)
        assistant.index = index
        return assistant

    def _index_of_nothing(self) -> OpenIndex:
        from rag.index import OpenIndex, add_papers

        with self._lock:
            if self._nothing is None:
                # Gone with this shelf.
                folder = tempfile.TemporaryDirectory(
                    prefix="rag-empty-", ignore_cleanup_errors=True
                )
                embedder, place = self.shared.index.embedder, Path(folder.name)
                add_papers(place, (), embedder, token_counter(), self.shared.settings)
                self._nothing = folder, OpenIndex(place, embedder)
            return self._nothing[1]

    def changed(self, key: str) -> None:
        """After a write: let the open assistant, if there is one, see what was written."""
        with self._turn(key):
            with self._lock:
                held = self._held.get(key)
            if held is not None and held.current:
                held.assistant.index.refresh()
            else:
                self.forget(key)

    def forget(self, key: str) -> None:
        """Let go of a collection that is to be deleted; a question that is being answered from it
        goes on, except on Windows, which deletes no open file."""
        with self._lock:
            held = self._held.pop(key, None)
        if held is not None and os.name == "nt":
            held.assistant.index.close()

    def _turn(self, key: str) -> threading.Lock:
        with self._lock:
            return self._opening.setdefault(key, threading.Lock())


def _stamp(directory: Path) -> _Stamp:
    """Which file a database is, whatever its name; None when there is none."""
    try:
        stat = (directory / DATABASE_NAME).stat()
    except OSError:
        return None
    return stat.st_dev, stat.st_ino
