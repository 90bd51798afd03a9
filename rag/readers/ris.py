"""RIS: records from TY to ER, read by rispy one at a time.

Cut beforehand, because rispy alone gives no line numbers and lets a record without its ER
swallow the next one. Tags: https://en.wikipedia.org/wiki/RIS_(file_format).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from rag.readers.build import Item, build, refuse
from rag.readers.ids import arxiv_id
from rag.readers.source import Source
from rag.readers.tagged import Record, records

LINE = re.compile(r"\s{0,3}([A-Z][A-Z0-9])  -\s?(.*)", re.S)
# Some exporters write one blank. Not the rule, or "AI - based methods" would be a field.
_ONE_BLANK = re.compile(r"\s{0,3}([A-Z][A-Z0-9]) -\s?(.*)", re.S)


def read(source: Source) -> Iterator[Item]:
    """Yield the papers of a file."""
    import rispy  # type: ignore[import-untyped, unused-ignore]

    parser = rispy.RisParser(enforce_list_tags=False, delimiter_tags_mapping={})
    pattern = _ONE_BLANK if re.search(r"^TY - ", source.peek(), re.M) else LINE
    for record in records(source.lines(), pattern, "TY", "ER"):
        where = f"line {record.line}"
        if record.line == record.stray:
            yield refuse(source, where, "a record without its first line (TY)")
            continue
        yield _paper(source, where, record, parser)


def _paper(source: Source, where: str, record: Record, parser: Any) -> Item:
    lines = [f"{tag}  - {value}" for tag, value in record.fields]
    parsed = parser.parse_lines(iter([*lines, "ER  - "]))
    if not parsed:  # pragma: no cover - records() yields no record without TY
        return refuse(source, where, "not a RIS record")
    entry: dict[str, Any] = parsed[0]
    urls = _all(entry, "urls") + _all(entry, "file_attachments2")
    names = [*urls, *_all(entry, "accession_number"), *_all(entry, "custom1")]
    return build(
        source,
        where,
        title=_first(entry, "title", "primary_title", "translated_title", "short_title"),
        abstract=" ".join(_all(entry, "abstract") or _all(entry, "notes_abstract")),
        authors=_all(entry, "authors") or _all(entry, "first_authors"),
        date=_first(entry, "year", "publication_year", "date"),
        url=next((url for url in urls if url.startswith(("http://", "https://"))), ""),
        doi=_first(entry, "doi"),
        arxiv=next((name for name in names if arxiv_id(name)), ""),
        venue=_first(
            entry, "journal_name", "alternate_title3", "secondary_title", "alternate_title2"
        ),
    )


def _all(entry: dict[str, Any], key: str) -> list[str]:
    value = entry.get(key, [])
    values = value if isinstance(value, list) else [value]
    return [text for text in values if isinstance(text, str) and text]


def _first(entry: dict[str, Any], *keys: str) -> str:
    return next((text for key in keys for text in _all(entry, key)), "")
