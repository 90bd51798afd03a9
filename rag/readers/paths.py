"""What the user named becomes a list of files, all of it checked before the first is opened."""

from __future__ import annotations

import glob
import os
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import BinaryIO

from rag.errors import InputError


@dataclass(frozen=True, slots=True)
class Named:
    """A file to read.

    Attributes:
        path: where it is; "-" for standard input.
        label: for refusals.
        name: for `Paper.source`.
    """

    path: str
    label: str
    name: str


def expand(paths: Sequence[str]) -> list[Named]:
    """Turn files, directories, patterns and "-" into files, in the order given.

    Raises:
        InputError: nothing was named, or something named does not exist or holds no file.
    """
    if not paths:
        raise InputError("No file was named.", "Name a file, a directory, or - for standard input.")
    return [found for path in paths for found in _expand(path)]


def open_named(named: Named, stdin: BinaryIO | None) -> BinaryIO:
    """Open one file for reading bytes.

    Raises:
        OSError: it cannot be opened.
    """
    if named.path == "-":
        return stdin if stdin is not None else sys.stdin.buffer
    return open(named.path, "rb")


def _expand(path: str) -> list[Named]:
    if path == "-":
        return [Named("-", "-", "stdin")]
    if "\0" in path:
        raise InputError("A file's name holds a NUL character.", "Check the name.")
    if os.path.isdir(path):
        return _directory(path)
    if os.path.exists(path):
        return [_named(path)]
    if glob.has_magic(path):
        matches = sorted(glob.glob(path, recursive=True))
        if matches:
            return [
                named
                for match in matches
                for named in (_directory(match) if os.path.isdir(match) else [_named(match)])
            ]
        raise InputError(f"Nothing matches {path}.", "Check the pattern.")
    raise InputError(f"There is no file {path}.", "Check the path.")


def _directory(path: str) -> list[Named]:
    found = [_named(file) for file in _walk(path)]
    if not any(os.access(named.path, os.R_OK) for named in found):
        raise InputError(
            f"There is no readable file in {path}.",
            "Put files of papers there, or name another directory.",
        )
    return found


def _walk(path: str) -> Iterator[str]:
    for folder, folders, files in os.walk(path):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(files):
            file = os.path.join(folder, name)
            # A pipe or a device in a folder would hang the whole run.
            if not name.startswith(".") and os.path.isfile(file):
                yield file


def _named(path: str) -> Named:
    shown = path.encode("utf-8", "backslashreplace").decode()  # names need not be UTF-8 on disk
    return Named(path, shown, os.path.basename(shown))
