"""EndNote's tagged export (.enw, "Refer"): a record starts with %0, the kind of the work.

Tags: https://en.wikipedia.org/wiki/Refer_(software).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from rag.readers.build import Item, build, refuse
from rag.readers.source import Source
from rag.readers.tagged import records

LINE = re.compile(r"%([0-9A-Z@!?$&(+<>\[\]~^*#|])(?:[ \t]|(?=\s*$))(.*)", re.S)


def read(source: Source) -> Iterator[Item]:
    """Yield the papers of a file."""
    for record in records(source.lines(), LINE, "0"):
        where = f"line {record.line}"
        if record.line == record.stray:
            yield refuse(source, where, "a record without its first line (%0)")
            continue
        urls = record.all("U")
        yield build(
            source,
            where,
            title=record.first("T", "!"),
            abstract=record.first("X"),
            authors=record.all("A"),
            date=record.first("D", "8"),
            url=next((url for url in urls if url.startswith(("http://", "https://"))), ""),
            doi=record.first("R"),
            venue=record.first("J", "B"),
        )
