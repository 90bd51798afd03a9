"""Tagged bibliographies (RIS, NBIB) cut into records with their line numbers, streamed.

A line with a tag starts a field; any other non-empty line goes on with the field before it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field


@dataclass(slots=True)
class Record:
    """One record.

    Attributes:
        line: 1-based number of its first line.
        fields: pairs of tag and value, in file order, continuation lines joined by spaces.
        closed: whether its end tag stood in the file.
        stray: number of the first line in it that belongs to no field; 0 when there is none.
    """

    line: int
    fields: list[tuple[str, str]] = field(default_factory=list)
    closed: bool = False
    stray: int = 0

    def all(self, *tags: str) -> list[str]:
        """The non-empty values of the tags, tag by tag."""
        return [value for tag in tags for name, value in self.fields if name == tag and value]

    def first(self, *tags: str) -> str:
        """The first non-empty value, trying tag after tag."""
        return next(iter(self.all(*tags)), "")


def records(
    lines: Iterable[str], pattern: re.Pattern[str], start: str, end: str = ""
) -> Iterator[Record]:
    """Cut lines into records.

    Args:
        lines: the file's lines.
        pattern: matches a line with a tag; its two groups are tag and value.
        start: the tag that opens a record, even while another is open.
        end: the tag that closes one; "" when the format has none.
    """
    record: Record | None = None
    parts: list[str] = []  # of the field that is open
    tag = ""

    def close_field() -> None:
        if record is not None and tag:
            record.fields.append((tag, " ".join(parts)))

    for number, line in enumerate(lines, 1):
        text = line.strip("\ufeff \t\r\n")
        match = pattern.match(line.strip("\ufeff\r\n"))
        if match is None:
            if text and tag:
                parts.append(text)
            elif text and record is not None:
                record.stray = record.stray or number
            continue
        close_field()
        tag, parts = match[1], [match[2].strip()]
        if tag == start:
            if record is not None:
                yield record
            record = Record(number)
        elif end and tag == end:
            if record is not None:
                record.closed = True
                yield record
            record, tag = None, ""
        elif record is None:
            # A field outside of any record: one whose start is missing begins here.
            record = Record(number, stray=number)
    close_field()
    if record is not None:
        yield record
