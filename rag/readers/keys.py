"""Which field of a record of unknown make means what.

Keys are compared in lower case and by their letters and digits only, so "Paper Title",
"paper_title" and "paperTitle" are one key. Earlier aliases win over later ones.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TypeVar

ALIASES: dict[str, tuple[str, ...]] = {
    "title": (
        "title", "papertitle", "articletitle", "documenttitle", "displayname", "titlefull",
        "primarytitle", "fulltitle", "ti", "headline",
    ),
    "abstract": (
        "abstract", "paperabstract", "abstracttext", "abstractnote", "articleabstract",
        "abstractinvertedindex", "summary", "description", "abstracts", "ab",
    ),
    "authors": (
        "authors", "author", "authorsparsed", "authorships", "authornames", "authorfullnames",
        "authorlist", "authorstring", "authorsname", "creators", "creator", "au",
        "authorshipsauthordisplayname", "authorshipsrawauthorname",
    ),
    "date": (
        "publicationdate", "publisheddate", "datepublished", "issued", "published",
        "publishedat", "publishedyear", "publishedprint", "publishedonline", "pubdate",
        "publicationyear", "pubyear", "year", "date", "submitteddate", "created", "py",
        "updatedate", "updated",
    ),
    "updated": (
        "updated", "updatedate", "updateddate", "updatedat", "lastmodified", "modified",
        "lastupdated", "datemodified",
    ),
    "url": (
        "url", "paperurl", "urlabs", "absurl", "htmlurl", "landingpageurl", "link", "links",
        "entryid", "urls", "primarylocationlandingpageurl", "pdfurl", "urlpdf",
    ),
    "doi": ("doi", "articledoi", "doiurl", "di"),
    "arxiv": ("arxivid", "arxiv", "eprint", "arxivurl", "id", "paperid", "entryid", "archiveid"),
    "venue": (
        "venue", "journal", "journalname", "journalref", "journaltitle", "containertitle",
        "booktitle", "publicationtitle", "sourcetitle", "publicationname", "conference",
        "proceedings", "proceedingstitle", "primarylocationsourcedisplayname", "so",
    ),
}  # fmt: skip

V = TypeVar("V")


def normalised(key: str) -> str:
    """The letters and digits of a key, in lower case."""
    return "".join(char for char in key.casefold() if char.isalnum())


def known(names: Iterable[str]) -> set[str]:
    """Which of the fields of `ALIASES` a header or an object has."""
    have = {normalised(str(name)) for name in names}
    return {field for field, aliases in ALIASES.items() if not have.isdisjoint(aliases)}


def inner_of(value: object) -> dict[str, object] | None:
    """What holds the fields in a record of Zotero's API ("data") or OpenReview ("content")."""
    if not isinstance(value, dict) or "title" in known(value):
        return None
    for key in ("data", "content"):
        inner = value.get(key)
        if isinstance(inner, dict) and "title" in known(inner):
            return inner
    return None


class Lookup(Mapping[str, V]):
    """A record whose values are found by any alias of a field.

    Args:
        record: the keys as written; of two that mean the same, the first counts.
    """

    def __init__(self, record: Mapping[str, V]) -> None:
        self._values: dict[str, V] = {}
        for key, value in record.items():
            self._values.setdefault(normalised(str(key)), value)

    def __getitem__(self, key: str) -> V:
        return self._values[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def all(self, field: str) -> list[V]:
        """The values under the aliases of `field`, the likeliest first; empty ones left out."""
        found = [self._values[alias] for alias in ALIASES[field] if alias in self._values]
        return [value for value in found if value not in (None, "", [], {})]
