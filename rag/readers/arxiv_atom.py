"""The arXiv API's Atom feed: one entry a paper.

Manual: https://info.arxiv.org/help/api/user-manual.html, section 3.3.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from rag.readers.build import Item, build, refuse
from rag.readers.source import Source
from rag.readers.xmlsafe import child_text, child_texts, children, elements

if TYPE_CHECKING:
    from lxml.etree import _Element


def read(source: Source) -> Iterator[Item]:
    """Yield the papers of a feed, or of a single entry."""
    for number, entry in enumerate(elements(source, "entry"), 1):
        yield _paper(source, f"record {number}", entry)


def _paper(source: Source, where: str, entry: _Element) -> Item:
    name = child_text(entry, "id")
    if "/api/errors" in name:
        return refuse(source, where, f"arXiv answered: {child_text(entry, 'summary')}")
    return build(
        source,
        where,
        title=child_text(entry, "title"),
        abstract=child_text(entry, "summary"),
        authors=child_texts(entry, "author/name"),
        date=child_text(entry, "published") or child_text(entry, "updated"),
        url="" if "arxiv.org/" in name else _page(entry),
        doi=child_text(entry, "doi"),
        arxiv=name,
        updated=child_text(entry, "updated"),
        venue=child_text(entry, "journal_ref"),
    )


def _page(entry: _Element) -> str:
    """The page of an entry of any other feed."""
    links = children(entry, "link")
    return next(
        (link.get("href") or "" for link in links if link.get("rel") in (None, "alternate")), ""
    )
