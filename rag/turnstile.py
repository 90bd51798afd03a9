"""One at a time, first come, first served, and everybody waiting knows how many are before them.

Gradio's own queue tells a place only in its spinner, and doesn't let a waiting question be stopped.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

_GLANCE_S = 0.2  # how often a waiting one looks whether it was stopped


class Turnstile:
    """A fair lock for generators: `waiting` yields places until it is one's turn."""

    def __init__(self) -> None:
        self._line: list[object] = []
        self._moved = threading.Condition()

    @contextmanager
    def place(self) -> Iterator[Callable[[Callable[[], bool]], Iterator[int]]]:
        """A place in the line, given up at the end of the block.

        Yields:
            A function that, given what tells whether to stop, yields how many are before this one
            whenever that changes, and returns when none is or when stopped.
        """
        me = object()
        with self._moved:
            self._line.append(me)

        def waiting(stopped: Callable[[], bool]) -> Iterator[int]:
            said = 0
            while not stopped():
                with self._moved:
                    before = self._line.index(me)
                    if before == said and before:
                        self._moved.wait(_GLANCE_S)
                        continue
                if not before:
                    return
                said = before
                yield before

        try:
            yield waiting
        finally:
            with self._moved:
                self._line.remove(me)
                self._moved.notify_all()
