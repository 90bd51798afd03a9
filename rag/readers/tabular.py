"""CSV and its kin, streamed: the header names the columns, the delimiter is told by the header.

A row with more fields than the header has is refused, not cut: an unquoted comma within the
abstract would otherwise lose the rest of it.
"""

from __future__ import annotations

import ast
import csv
import io
import json
from collections.abc import Iterator

from rag.readers.build import Item, build, refuse, split_authors
from rag.readers.decode import UnreadableError
from rag.readers.ids import arxiv_id
from rag.readers.json_records import inverted
from rag.readers.keys import Lookup, known
from rag.readers.source import Source

_DELIMITERS = ",\t;|"
_FIELD_LIMIT = 16 * 2**20  # characters; the csv module's own limit is 131,072


def read(source: Source) -> Iterator[Item]:
    """Yield the papers of a file with any of the usual delimiters."""
    return _read(source, delimiter(source.peek()) or ",")


def read_tsv(source: Source) -> Iterator[Item]:
    """Yield the papers of a tab-separated file."""
    return _read(source, "\t")


def delimiter(head: str) -> str:
    """The delimiter by which the first line names a title and an abstract column; "" if none."""
    best, most = "", 0
    for candidate in _DELIMITERS:
        fields = known(_header(head, candidate))
        if {"title", "abstract"} <= fields and len(fields) > most:
            best, most = candidate, len(fields)
    return best


def _header(head: str, candidate: str) -> list[str]:
    lines = io.StringIO(_without_hint(head[:20_000]), newline="")
    try:
        return next((row for row in csv.reader(lines, delimiter=candidate) if row), [])
    except csv.Error:
        return []


def _without_hint(head: str) -> str:
    """Without the first line by which Excel is told the delimiter ("sep=;")."""
    first, _, rest = head.partition("\n")
    return rest if first.strip().lower().startswith("sep=") and len(first.strip()) <= 5 else head


def _read(source: Source, separator: str) -> Iterator[Item]:
    csv.field_size_limit(_FIELD_LIMIT)
    rows = csv.reader(source.lines(), delimiter=separator)
    header: list[str] = []
    line = 1
    while True:
        where = f"line {line}"
        try:
            row = next(rows)
        except StopIteration:
            return
        except csv.Error as error:
            yield refuse(source, where, f"not a row of the table: {error}")
            row = []
        line = rows.line_num + 1
        if not any(cell.strip() for cell in row):
            continue
        if not header:
            if not _without_hint(separator.join(row) + "\n"):
                continue
            header = row
            missing = {"title", "abstract"} - known(header)
            if missing:
                found = ", ".join(cell.strip()[:30] for cell in header[:8])
                raise UnreadableError(
                    f"no column named {' or '.join(sorted(missing))} (found: {found})"
                )
        elif any(cell.strip() for cell in row[len(header) :]):
            yield refuse(
                source,
                where,
                f"{len(row)} fields where the header has {len(header)}; "
                f"quote the ones that hold {separator!r}",
            )
        else:
            yield _paper(source, where, Lookup(dict(zip(header, row, strict=False))))


def _paper(source: Source, where: str, row: Lookup[str]) -> Item:
    def first(field: str) -> str:
        return next((text for value in row.all(field) if (text := value.strip())), "")

    abstract = first("abstract")
    if abstract and abstract == row.get("abstractinvertedindex", "").strip():
        abstract = _rebuilt(abstract)
        if not abstract:
            return refuse(source, where, "its abstract_inverted_index cannot be read")
    urls = [url.strip() for url in row.all("url")]
    return build(
        source,
        where,
        title=first("title"),
        abstract=abstract,
        authors=split_authors(first("authors")),
        date=first("date"),
        url=next((url for url in urls if url.startswith(("http://", "https://"))), ""),
        doi=first("doi"),
        arxiv=next((name for name in row.all("arxiv") if arxiv_id(name)), ""),
        updated=first("updated"),
        venue=first("venue"),
    )


def _rebuilt(cell: str) -> str:
    """The abstract in OpenAlex's {"word": [positions]}, as JSON or as Python writes it; else ""."""
    for parse in (json.loads, ast.literal_eval):
        try:
            value = parse(cell)
        except (ValueError, SyntaxError, RecursionError, MemoryError):
            continue
        return inverted(value) if isinstance(value, dict) else ""
    return ""
