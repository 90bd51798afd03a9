"""Web of Science's plain text: a record from PT to ER, lines that go on are indented.

Tags: https://webofscience.help.clarivate.com/en-us/Content/wos-core-collection/woscc-field-tags.htm.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from rag.readers.build import Item, build, refuse
from rag.readers.source import Source
from rag.readers.tagged import Record, records

LINE = re.compile(r"([A-Z][A-Z0-9])(?!\S) ?(.*)", re.S)
_OUTSIDE = re.compile(r"(?:FN|VR|EF)(?!\S)")  # around the records


def read(source: Source) -> Iterator[Item]:
    """Yield the papers of a file."""
    for record in records(_lines(source.lines()), LINE, "PT", "ER"):
        where = f"line {record.line}"
        if record.line == record.stray:
            yield refuse(source, where, "a record without its first line (PT)")
        else:
            yield _paper(source, where, record)


def _lines(lines: Iterable[str]) -> Iterator[str]:
    """The lines, each name with the tag before it, and nothing of the file's own frame."""
    tag = ""
    for raw in lines:
        line = raw.lstrip("\ufeff")
        if match := LINE.match(line):
            tag = match[1]
        if _OUTSIDE.match(line):
            yield "\n"
        elif tag in ("AF", "AU") and line[:1] == " " and line.strip():
            yield f"{tag} {line.strip()}\n"
        else:
            yield line


def _paper(source: Source, where: str, record: Record) -> Item:
    return build(
        source,
        where,
        title=record.first("TI"),
        abstract=record.first("AB"),
        authors=record.all("AF") or record.all("AU") or record.all("CA"),
        date=record.first("PY", "EA"),
        doi=record.first("DI"),
        venue=record.first("SO"),
    )
