"""Files of papers, in any of the usual formats, as `Paper` records; what is not taken says why.

Every record of every file comes out as exactly one `Paper` or one `Refusal`, in file order.
Nothing here knows about indexes: `Paper.id` stays empty. The libraries that some formats need
are imported when such a file is met.
"""

from __future__ import annotations

import importlib
import io
import zlib
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, BinaryIO, cast

from rag.errors import UsageError
from rag.records import Paper, Refusal

if TYPE_CHECKING:
    from rag.readers.paths import Named
    from rag.readers.source import Source

__all__ = ["FORMATS", "read_bytes", "read_paths", "sniff"]

# By name, so that a command that reads no papers does not pay for a dozen modules.
_READERS = {
    "listing": ("listing", "read"),
    "listing-html": ("listing_html", "read"),
    "arxiv-json": ("arxiv_json", "read"),
    "arxiv-atom": ("arxiv_atom", "read"),
    "json": ("json_records", "read"),
    "jsonl": ("json_records", "read_jsonl"),
    "csv": ("tabular", "read"),
    "tsv": ("tabular", "read_tsv"),
    "bibtex": ("bibtex", "read"),
    "ris": ("ris", "read"),
    "nbib": ("nbib", "read"),
    "wos": ("wos", "read"),
    "enw": ("enw", "read"),
    "pubmed-xml": ("pubmed_xml", "read"),
    "csl-json": ("csl_json", "read"),
}
FORMATS: tuple[str, ...] = ("auto", *_READERS)

Note = Callable[[str], None]


def _log(text: str) -> None:
    import logging

    logging.getLogger(__name__).info(text)


def read_paths(
    paths: Sequence[str],
    format: str = "auto",
    *,
    stdin: BinaryIO | None = None,
    note: Note = _log,
) -> Iterator[Paper | Refusal]:
    """Read files, directories (recursively, hidden files left out), patterns and "-".

    Args:
        paths: what to read, in this order; a directory's files are read by name.
        format: one of `FORMATS`; "auto" tells each file's format from its content.
        stdin: what "-" reads; the process's standard input when None.
        note: told one line for people about whatever was guessed (an encoding).

    Raises:
        UsageError: there is no such format.
        InputError: something named does not exist or a directory holds no file; raised at
            once, before anything is read.
    """
    from rag.readers.paths import expand

    _check(format)
    return _read_all(expand(paths), format, stdin, note)


def read_bytes(
    data: bytes, name: str, format: str = "auto", *, note: Note = _log
) -> Iterator[Paper | Refusal]:
    """Read one file that is already in memory.

    Args:
        data: the file's content.
        name: the file's name, for `Paper.source` and refusals.
        format: one of `FORMATS`.
        note: told one line for people about whatever was guessed (an encoding).

    Raises:
        UsageError: there is no such format.
    """
    _check(format)
    base = name.replace("\\", "/").rstrip("/").rsplit("/", 1)[-1]
    return _read(io.BytesIO(data), name, base or name, format, note)


def sniff(head: bytes, name: str = "") -> str | None:
    """Tell the format of a file from its content.

    Args:
        head: the beginning of the file, unpacked; the more, the surer.
        name: the file's name, which only breaks ties.

    Returns:
        One of `FORMATS` other than "auto", or None when it is none of them.
    """
    from rag.readers import sniffing

    return sniffing.sniff(head, name)


def _check(format: str) -> None:
    if format not in FORMATS:
        raise UsageError(f"There is no format {format!r}.", f"Choose from {', '.join(FORMATS)}.")


def _read_all(
    files: Sequence[Named], format: str, stdin: BinaryIO | None, note: Note
) -> Iterator[Paper | Refusal]:
    from rag.readers.paths import open_named

    for file in files:
        try:
            stream = open_named(file, stdin)
        except OSError as error:
            yield Refusal(file.label, "", f"it cannot be opened: {error.strerror or error}")
            continue
        try:
            yield from _read(stream, file.label, file.name, format, note)
        finally:
            if file.path != "-":
                stream.close()


def _read(
    stream: BinaryIO, label: str, name: str, format: str, note: Note
) -> Iterator[Paper | Refusal]:
    from rag.readers.clean import one_line
    from rag.readers.decode import UnreadableError
    from rag.readers.source import Source

    count = 0
    try:
        source = Source(stream, label, name, note)
        for item in _reader(format if format != "auto" else _told(source))(source):
            yield item
            count += 1
    except UnreadableError as error:
        yield Refusal(label, error.where, one_line(error.reason))
    except (OSError, EOFError, zlib.error) as error:
        yield Refusal(label, "", "reading stopped: " + one_line(str(error) or "it ends too early"))
    else:
        if not count:
            yield Refusal(label, "", "no records in it")


def _reader(format: str) -> Callable[[Source], Iterator[Paper | Refusal]]:
    module, function = _READERS[format]
    found = getattr(importlib.import_module(f"{__name__}.{module}"), function)
    return cast("Callable[[Source], Iterator[Paper | Refusal]]", found)


def _told(source: Source) -> str:
    """The format told from content, or the reason why there is none."""
    from rag.readers.decode import UnreadableError, binary_kind

    if not source.head.strip():
        raise UnreadableError("it is empty")
    found = sniff(source.head, source.name)
    if found is None:
        kind = binary_kind(source.head)
        raise UnreadableError(
            f"it is {kind}" if kind else "its format is not recognised; name it with --format"
        )
    return found
