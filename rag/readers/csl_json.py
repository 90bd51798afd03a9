"""CSL JSON (Zotero, Mendeley, pandoc, Crossref's content negotiation): fields as its schema says.

Schema: https://github.com/citation-style-language/schema, csl-data.json.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from rag.readers.build import Item, build
from rag.readers.json_records import authors_of, date_of, first_text, text_of
from rag.readers.json_values import read_any
from rag.readers.source import Source
from rag.records import Refusal


def read(source: Source) -> Iterator[Item]:
    """Yield the papers of an array of items, an object that wraps one, or lines."""
    for value in read_any(source):
        yield value if isinstance(value, Refusal) else _paper(source, *value)


def is_csl(keys: set[str]) -> bool:
    """Whether a record with these keys is a CSL item."""
    csl = {"issued", "container-title", "DOI", "URL", "accessed", "citation-key", "title-short"}
    return "title" in keys and "type" in keys and bool(keys & csl) and "indexed" not in keys


def _paper(source: Source, where: str, item: Mapping[str, object]) -> Item:
    archive = str(item.get("archive") or item.get("publisher") or "").lower()
    number = text_of(item.get("number"))
    eprint = first_text(item.get("archive_location"))
    if "arxiv" in archive or number.lower().startswith("arxiv:"):
        eprint = eprint or number
    return build(
        source,
        where,
        title=first_text(item.get("title")),
        abstract=text_of(item.get("abstract")),
        authors=authors_of(item.get("author")),
        date=date_of(item.get("issued") or item.get("submitted") or ""),
        url=first_text(item.get("URL")),
        doi=first_text(item.get("DOI")),
        arxiv=eprint,
        venue=first_text(item.get("container-title") or item.get("event-title") or ""),
    )
