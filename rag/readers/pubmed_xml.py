"""PubMed XML (efetch, the yearly baseline), streamed; structured abstracts keep their labels.

DTD: https://dtd.nlm.nih.gov/ncbi/pubmed/out/pubmed_240101.dtd.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from rag.readers.build import Item, build
from rag.readers.source import Source
from rag.readers.xmlsafe import child_text, child_texts, children, elements, text_of

if TYPE_CHECKING:
    from lxml.etree import _Element

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")


def read(source: Source) -> Iterator[Item]:
    """Yield the papers of an article set, or of a bare list of citations."""
    found = elements(source, "PubmedArticle", "MedlineCitation", "BookDocument")
    for number, record in enumerate(found, 1):
        yield _paper(source, f"record {number}", record)


def _paper(source: Source, where: str, record: _Element) -> Item:
    citation = next(iter(children(record, "MedlineCitation")), record)
    article = next(iter(children(citation, "Article")), citation)
    pmid = child_text(citation, "PMID")
    return build(
        source,
        where,
        title=child_text(article, "ArticleTitle")
        or child_text(article, "VernacularTitle")
        or child_text(article, "Book/BookTitle"),
        abstract=_abstract(article),
        authors=[
            name for author in children(article, "AuthorList/Author") if (name := _name(author))
        ],
        date=child_text(article, "Journal/JournalIssue/PubDate/Year")
        or child_text(article, "Journal/JournalIssue/PubDate/MedlineDate")
        or child_text(article, "ArticleDate/Year")
        or child_text(article, "Book/PubDate/Year"),
        url=f"https://pubmed.ncbi.nlm.nih.gov/{pmid}/" if pmid.isdecimal() else "",
        doi=_doi(article, record),
        updated=_date(citation),
        venue=child_text(article, "Journal/Title")
        or child_text(citation, "MedlineJournalInfo/MedlineTA"),
    )


def _abstract(article: _Element) -> str:
    parts = []
    for part in children(article, "Abstract/AbstractText"):
        text, label = text_of(part).strip(), (part.get("Label") or "").strip()
        if text:
            parts.append(f"{label}: {text}" if label and label != "UNLABELLED" else text)
    return " ".join(parts)


def _name(author: _Element) -> str:
    given = child_text(author, "ForeName") or child_text(author, "Initials")
    family = child_text(author, "LastName")
    suffix = child_text(author, "Suffix")
    full = " ".join(part for part in (given, family, suffix) if part)
    return full or child_text(author, "CollectiveName")


def _doi(article: _Element, record: _Element) -> str:
    """The DOI that the article gives; older records have it only beside the citation."""
    for element in [
        *children(article, "ELocationID"),
        *children(article, "ArticleIdList/ArticleId"),
        *children(record, "PubmedData/ArticleIdList/ArticleId"),
    ]:
        if "doi" in (element.get("EIdType"), element.get("IdType")):
            return text_of(element)
    return ""


def _date(citation: _Element) -> str:
    for path in ("DateRevised", "DateCompleted"):
        year, month, day = (child_texts(citation, f"{path}/{n}") for n in ("Year", "Month", "Day"))
        if year and month and day:
            name = month[0][:3].lower()
            number = str(_MONTHS.index(name) + 1) if name in _MONTHS else month[0]
            return f"{year[0]}-{number}-{day[0]}"
    return ""
