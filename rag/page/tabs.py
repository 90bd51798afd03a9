"""Which tabs have a question under way, and which of these are to stop."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager


class Tabs:
    """Of all browsers; a tab is known by a name. Safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._signs: dict[str | None, threading.Event] = {}
        self._waiting: set[str | None] = set()

    def ask(self, tab: str | None) -> None:
        """A question of this tab waits for whoever answers it."""
        with self._lock:
            self._signs[tab] = threading.Event()
            self._waiting.add(tab)

    def take(self, tab: str | None) -> bool:
        """Whether a question waits; from now on it doesn't, so that only one answers it."""
        with self._lock:
            waits = tab in self._waiting
            self._waiting.discard(tab)
            return waits

    def busy(self, tab: str | None) -> bool:
        """Whether a question of this tab is under way."""
        with self._lock:
            return tab in self._signs

    def forget(self, tab: str | None) -> None:
        """Its question can't be answered."""
        with self._lock:
            self._waiting.discard(tab)
            self._signs.pop(tab, None)

    @contextmanager
    def answering(self, tab: str | None) -> Iterator[Callable[[], bool]]:
        """Gives what tells whether to stop; forgets the tab in the end, however that comes."""
        with self._lock:
            sign = self._signs.setdefault(tab, threading.Event())
        try:
            yield sign.is_set
        finally:
            with self._lock:
                if self._signs.get(tab) is sign:
                    del self._signs[tab]

    def stop(self, tab: str | None) -> None:
        """Ask the tab's answer to end, if there is one under way."""
        with self._lock:
            if sign := self._signs.get(tab):
                sign.set()
