"""One opened input: its first bytes can be looked at any number of times, the rest is read once.

Nothing here seeks, so pipes work, and gzip is told by its magic bytes, so names do not matter.
Memory is bounded: a line by `MAX_LINE` characters, a format read as a whole by `MAX_WHOLE`.
"""

from __future__ import annotations

import gzip
import io
from collections.abc import Callable, Iterator
from typing import BinaryIO, cast

from rag.readers.decode import UnreadableError, detect, peek

HEAD = 262_144  # bytes looked at to tell encoding and format
MAX_LINE = 64 * 2**20  # characters
MAX_WHOLE = 2**30  # characters, for formats that cannot be read piece by piece

Note = Callable[[str], None]


class _Rejoined(io.RawIOBase):
    """The bytes already taken off a stream, then the stream."""

    def __init__(self, head: bytes, rest: BinaryIO) -> None:
        self._head = memoryview(head)
        self._rest = rest

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: object) -> int:
        view = memoryview(cast(bytearray, buffer)).cast("B")
        if self._head:
            data: bytes | memoryview = self._head[: len(view)]
            self._head = self._head[len(data) :]
        else:
            data = self._rest.read(len(view)) or b""
        view[: len(data)] = data
        return len(data)


def _take(stream: BinaryIO, size: int) -> bytes:
    """Read `size` bytes, fewer only at the end: a pipe hands them over in small pieces."""
    parts: list[bytes] = []
    while size > 0 and (part := stream.read(size)):
        parts.append(part)
        size -= len(part)
    return b"".join(parts)


class Source:
    """An input being read.

    Args:
        stream: where the bytes come from; it is not closed here.
        label: the name as the user gave it, for refusals.
        name: the base name, for `Paper.source`.
        note: told one line for people about whatever was guessed.

    Attributes:
        head: the first `HEAD` bytes, unpacked.
        stream: all the bytes, unpacked, to be read once.
    """

    def __init__(self, stream: BinaryIO, label: str, name: str, note: Note) -> None:
        self.label = label
        self.name = name
        self._note = note
        head = _take(stream, HEAD)
        if head.startswith(b"\x1f\x8b"):
            packed = io.BufferedReader(_Rejoined(head, stream))
            stream = cast(BinaryIO, gzip.GzipFile(fileobj=packed, mode="rb"))
            head = _take(stream, HEAD)
        self.head = head
        self.stream: BinaryIO = io.BufferedReader(_Rejoined(head, stream))

    def note(self, text: str) -> None:
        """Tell the user about a guess."""
        self._note(f"{self.label}: {text}")

    def peek(self) -> str:
        """The head as text, "" when it is no text."""
        return peek(self.head)

    def open_text(self) -> io.TextIOWrapper:
        """All of the text, line ends folded to newlines; undecodable bytes are surrogates.

        Raises:
            UnreadableError: it is no text.
        """
        encoding = detect(self.head)
        if encoding.note:
            self.note(encoding.note)
        return io.TextIOWrapper(self.stream, encoding=encoding.name, errors=encoding.errors)

    def lines(self) -> Iterator[str]:
        """Each line, newline included, without holding more than one in memory.

        Raises:
            UnreadableError: it is no text, or a line is longer than `MAX_LINE` characters.
        """
        text = self.open_text()
        number = 0
        while line := text.readline(MAX_LINE):
            number += 1
            if len(line) == MAX_LINE and not line.endswith("\n"):
                raise UnreadableError(
                    f"the line is longer than {MAX_LINE:,} characters", f"line {number}"
                )
            yield line

    def text(self) -> str:
        """All of the text at once.

        Raises:
            UnreadableError: it is no text, or larger than `MAX_WHOLE` characters.
        """
        text = self.open_text().read(MAX_WHOLE + 1)
        if len(text) > MAX_WHOLE:
            raise UnreadableError(
                f"it is larger than {MAX_WHOLE >> 30} GB, too much for this format; "
                "convert it to JSON lines or CSV"
            )
        return text
