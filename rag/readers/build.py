"""The one place where a record becomes a `Paper` or a `Refusal`: all formats obey the same rules.

A paper that leaves here has a title and an abstract that are non-empty, free of control
characters and surrogates, and within the limits below.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from rag.readers import clean, ids
from rag.readers.source import Source
from rag.records import Paper, Refusal

MAX_ABSTRACT = 200_000  # characters
MAX_TITLE = 2_000  # characters
_MAX_RAW = 4 * MAX_ABSTRACT  # before markup is stripped, so that stripping stays fast
_INITIALS = re.compile(r"(?:[^\W\d_]\.?[\s-]?){1,4}")

Item = Paper | Refusal


def build(
    source: Source,
    where: str,
    *,
    title: str,
    abstract: str,
    authors: Iterable[str] = (),
    date: object = "",
    url: str = "",
    doi: str = "",
    arxiv: str = "",
    updated: object = "",
    venue: str = "",
    verbatim: bool = False,
) -> Item:
    """Make a paper out of raw fields, or say why not.

    Args:
        source: the file it came from.
        where: "line 12" or "record 3", for the refusal.
        title: raw; markup and entities are allowed.
        abstract: raw; markup and entities are allowed, LaTeX stays.
        authors: one name each.
        date: of publication, in any shape.
        url: anything that is no web address counts as none.
        doi: in any spelling.
        arxiv: an arXiv id or URL in any spelling; anything else counts as none.
        updated: date of this version of the record, in any shape.
        venue: journal or conference.
        verbatim: keep the white space and markup within title and abstract.
    """
    if len(abstract) > _MAX_RAW:
        return refuse(source, where, _too_long("abstract", MAX_ABSTRACT))
    if len(title) > _MAX_RAW:
        return refuse(source, where, _too_long("title", MAX_TITLE))
    title, abstract = _text(title, verbatim), _text(abstract, verbatim)
    if clean.is_no_title(title):
        return refuse(source, where, "it has no title")
    named = f'"{clean.fold(title)[:60]}"'
    if clean.is_nothing(abstract):
        return refuse(source, where, f"{named} has no abstract")
    if len(title) > MAX_TITLE:
        return refuse(source, where, _too_long("title", MAX_TITLE))
    if len(abstract) > MAX_ABSTRACT:
        return refuse(source, where, f"{named}: {_too_long('abstract', MAX_ABSTRACT)}")
    names = tuple(name for name in (_text(author) for author in authors) if name)
    venue = _text(venue)
    if any(clean.has_surrogate(text) for text in (title, abstract, venue, *names)):
        return refuse(source, where, "it holds bytes that are no text in UTF-8 or in Windows-1252")
    bare_doi = ids.doi(doi)
    # A DOI or arXiv id may stand in the address only.
    arxiv_id = ids.arxiv_id(arxiv) or ids.arxiv_id_of_doi(bare_doi) or _arxiv_of_url(url)
    if not bare_doi and "doi.org/" in url:
        bare_doi = ids.doi(url)
    if clean.has_surrogate(bare_doi):
        bare_doi = ""
    return Paper(
        id="",
        title=title,
        abstract=abstract,
        authors=names,
        year=ids.year(date),
        url=_best_url(url, arxiv_id, bare_doi, abstract),
        doi=bare_doi,
        arxiv_id=arxiv_id,
        source=source.name,
        updated=ids.iso_date(updated),
        venue=venue,
    )


def refuse(source: Source, where: str, reason: str) -> Refusal:
    """A refusal of one record of a file."""
    return Refusal(source.label, where, clean.one_line(reason))


def split_authors(text: str) -> list[str]:
    """Names out of one string, whatever separates them.

    "A. Smith, B. Jones and C. Doe", "Smith, Anna; Jones, Bob", "Smith, A., Jones, B." and
    "Smith, Anna" are told apart by the separators and by which parts are initials.
    """
    text = re.sub(r"\s+et\.? al\.?$", "", clean.fold(text))
    if text.count(".") == 1:  # "Smith J, Jones KL.": the stop ends the list, not the name
        text = re.sub(r"(?<=\s)([A-Z]{1,4})\.$", r"\1", text)
    for separator in (";", "|"):
        if separator in text:
            return [name.strip() for name in text.split(separator) if name.strip()]
    chunks = [chunk.strip(" ,") for chunk in re.split(r",?\s+(?:and|&)\s+", text)]
    names: list[str] = []
    for chunk in chunks:
        parts = [part.strip() for part in chunk.split(",") if part.strip()]
        if len(parts) % 2 == 0 and all(_INITIALS.fullmatch(part) for part in parts[1::2]):
            names += [f"{parts[i]}, {parts[i + 1]}" for i in range(0, len(parts), 2)]
        elif len(parts) == 2 and " " not in parts[0]:
            names.append(f"{parts[0]}, {parts[1]}")
        else:
            names += parts
    return names


def _text(text: str, verbatim: bool = False) -> str:
    if verbatim:
        return clean.strip_controls(text, keep_spacing=True).strip()
    # Entities may name control characters and white space, so those go last.
    return clean.fold(clean.strip_controls(clean.strip_markup(text)))


def _too_long(field: str, limit: int) -> str:
    return f"the {field} is longer than {limit:,} characters"


def _arxiv_of_url(url: str) -> str:
    return ids.arxiv_id(url) if "arxiv" in url.lower() or "/papers/" in url else ""


def _best_url(url: str, arxiv_id: str, doi: str, abstract: str) -> str:
    """Where people should go: the record's own address, the paper's page, else its code."""
    if address := ids.web_url(url):
        return address
    if arxiv_id:
        return f"https://arxiv.org/abs/{arxiv_id}"
    if doi and (address := ids.web_url(ids.doi_url(doi))):
        return address
    return ids.first_url(abstract)
