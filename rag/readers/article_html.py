"""A saved page of one article: its metadata name the paper, its body at most the abstract.

The names are those that Google Scholar reads, https://scholar.google.com/intl/en/scholar/inclusion.html.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice
from typing import TYPE_CHECKING

from rag.readers import clean
from rag.readers.build import Item, build, refuse, split_authors
from rag.readers.source import Source
from rag.readers.xmlsafe import text_of

if TYPE_CHECKING:
    from lxml.etree import _Element

_HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")
_SKIPPED = ("script", "style", "template", "noscript", "head")
_BLOCKS = ("p", "div", "section", "br", "li", *_HEADINGS)
_ENOUGH = 40  # characters: fewer are a menu's
# "Abstract reasoning is …" is an abstract's own beginning, "Abstract: We reason" is not.
_LABEL = re.compile(
    r"\s*(?:<h\d[^<>]*>\s*abstract\s*</h\d>|abstract\s*[:\u2014]|abstract\.?\n)", re.I
)
_TITLE_LABEL = re.compile(r"\s*title\s*:\s*", re.I)
_REMEDY = (
    "it looks like the page of one article, but {} was found in it; export the paper as BibTeX "
    "or RIS, or save its title, authors and abstract as lines of a .txt file"
)


def is_article(root: _Element, linked: bool) -> bool:
    """Whether a page is of one article.

    Args:
        root: the page.
        linked: whether headings of it link to papers, as those of a list do.
    """
    if _meta(root).get("citation_title") or len(_blocks(root)) == 1:
        return True
    return not linked and len(_abstract_headings(root)) == 1


def read(source: Source, root: _Element) -> Iterator[Item]:
    """Yield the one paper of a page, or why there is none."""
    meta = _meta(root)

    def first(*names: str) -> str:
        return next((meta[f"citation_{name}"][0] for name in names if f"citation_{name}" in meta),
                    "")  # fmt: skip

    title, abstract = first("title") or _title(root), first("abstract") or _abstract(root)
    if not clean.fold(title) or not clean.fold(abstract):
        lacking = "no abstract" if clean.fold(title) else "no title"
        yield refuse(source, "", _REMEDY.format(lacking))
        return
    authors = meta.get("citation_author", [])
    yield build(
        source,
        "",
        title=title,
        abstract=_LABEL.sub("", abstract, count=1) if _LABEL.match(abstract) else abstract,
        authors=authors or split_authors(first("authors").rstrip("; ")),
        date=first("publication_date", "date", "online_date", "year"),
        url=_address(root),
        doi=first("doi"),
        arxiv=first("arxiv_id"),
        venue=first("journal_title", "conference_title", "inbook_title"),
    )


def _meta(root: _Element) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for element in root.iter("meta"):
        name = (element.get("name") or element.get("property") or "").strip().lower()
        if content := (element.get("content") or "").strip():
            found.setdefault(name, []).append(content)
    return found


def _address(root: _Element) -> str:
    links = [link.get("href") or "" for link in root.iter("link") if link.get("rel") == "canonical"]
    return next((link for link in links if link.startswith(("http://", "https://"))), "")


def _classes(element: _Element) -> list[str]:
    return (element.get("class") or "").lower().split()


def _blocks(root: _Element) -> list[_Element]:
    """arXiv's blocks that hold an abstract."""
    return [block for block in root.iter("blockquote") if "abstract" in _classes(block)]


def _abstract_headings(root: _Element) -> list[_Element]:
    found = (h for h in root.iter(*_HEADINGS) if isinstance(h.tag, str))
    return [h for h in found if clean.fold(text_of(h)).rstrip(":.").lower() == "abstract"]


def _title(root: _Element) -> str:
    """The heading of the first rank, arXiv's label before it left out; else the page's title."""
    headings = [clean.fold(text_of(h)) for h in root.iter("h1")]
    titled = [clean.fold(text_of(h)) for h in root.iter("h1") if "title" in _classes(h)]
    own = [t for t in titled or headings if t and t.rstrip(":.").lower() != "abstract"]
    if len(own) == 1:
        return _TITLE_LABEL.sub("", own[0], count=1)
    return clean.fold(next((text_of(t) for t in root.iter("title")), ""))


def _abstract(root: _Element) -> str:
    if blocks := _blocks(root):
        return text_of(blocks[0])
    # A page's menu may have the heading once more.
    for heading in _abstract_headings(root):
        if text := _after(heading):
            return text
    for element in root.iter("div", "section", "p"):
        if "abstract" in _classes(element) or (element.get("id") or "").lower() == "abstract":
            return text_of(element)
    return ""


def _after(heading: _Element) -> str:
    """What follows a heading in the innermost part of the page that holds more than a heading."""
    for scope in islice(heading.iterancestors(), 20):
        if len(text := _up_to_next(scope, heading)) >= _ENOUGH:
            return text
    return ""


def _up_to_next(scope: _Element, heading: _Element) -> str:
    """The text from a heading to the next of its rank; headings of lower rank become labels."""
    from lxml import etree

    parts: list[str] = []
    inside = False
    skipped: _Element | None = None
    for event, element in etree.iterwalk(scope, events=("start", "end")):
        if event == "end":
            if element is heading:
                inside = True
            if element is skipped:
                skipped = None
            if inside and skipped is None and element is not scope:
                parts += [" " if element.tag in _BLOCKS else "", element.tail or ""]
        elif inside and skipped is None:
            if element.tag in _HEADINGS and element.tag <= heading.tag:
                break
            if element.tag in _HEADINGS:
                parts.append(f" {clean.fold(text_of(element)).rstrip(':')}:")
            if element.tag in (*_SKIPPED, *_HEADINGS):
                skipped = element
            else:
                parts += [" " if element.tag in _BLOCKS else "", element.text or ""]
    return clean.fold("".join(parts))
