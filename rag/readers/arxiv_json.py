"""The arXiv metadata snapshot (one object a line, gigabytes of them): streamed.

Fields: https://www.kaggle.com/datasets/Cornell-University/arxiv (id, title, abstract, authors,
authors_parsed, doi, journal-ref, update_date, versions).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from rag.readers.build import Item, build, split_authors
from rag.readers.ids import year
from rag.readers.json_records import authors_of, text_of
from rag.readers.json_values import read_any
from rag.readers.latex import to_text
from rag.readers.source import Source
from rag.records import Refusal


def read(source: Source) -> Iterator[Item]:
    """Yield the papers of a snapshot, or of an array with the same fields."""
    for value in read_any(source):
        yield value if isinstance(value, Refusal) else _paper(source, *value)


def is_arxiv(keys: set[str]) -> bool:
    """Whether a record with these keys is of the snapshot."""
    own = {"authors_parsed", "journal-ref", "report-no", "submitter", "update_date", "versions"}
    return {"id", "title", "abstract"} <= keys and len(keys & own) >= 2


def _paper(source: Source, where: str, record: Mapping[str, object]) -> Item:
    name = text_of(record.get("id"))
    authors = authors_of(record.get("authors_parsed")) or split_authors(
        text_of(record.get("authors"))
    )
    updated = text_of(record.get("update_date"))
    return build(
        source,
        where,
        title=to_text(text_of(record.get("title"))),
        abstract=text_of(record.get("abstract")),
        authors=[to_text(author) for author in authors],
        date=_first_version(record.get("versions")) or updated,
        doi=text_of(record.get("doi")),
        arxiv=name,
        updated=updated,
        venue=to_text(text_of(record.get("journal-ref"))),
    )


def _first_version(versions: object) -> str:
    """The year of submission: `update_date` changes whenever the record is touched."""
    if isinstance(versions, list) and versions and isinstance(versions[0], dict):
        return str(year(text_of(versions[0].get("created"))) or "")
    return ""
