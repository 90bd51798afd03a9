"""A trending-papers page saved as HTML: a heading is a title, a paragraph after it the abstract.

Where headings link to papers, only those count and the others are page furniture; in a page
without such links every heading counts. A page of one article is left to `article_html`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from rag.readers import article_html, clean
from rag.readers.build import Item, build, refuse
from rag.readers.ids import arxiv_id
from rag.readers.source import Source
from rag.readers.xmlsafe import html_root, text_of

if TYPE_CHECKING:
    from lxml.etree import _Element

_HEADINGS = ("h1", "h2", "h3")
_SKIPPED = ("script", "style", "template", "noscript")
_ENOUGH = 100  # characters: a paragraph of this length is an abstract and no byline


def read(source: Source) -> Iterator[Item]:
    """Yield the papers of a page."""
    root = html_root(source.text())
    found = [] if root is None else _sections(root)
    linked = any(name for _, name, _ in found)
    if root is not None and article_html.is_article(root, linked):
        yield from article_html.read(source, root)
        return
    for number, (heading, name, paragraphs) in enumerate(found, 1):
        if linked and not name:
            continue
        title = clean.fold(text_of(heading))
        where = f"heading {number}"
        if not paragraphs:
            yield refuse(source, where, f'"{title[:60]}" has no abstract' if title else "empty")
            continue
        abstract = next((p for p in paragraphs if len(p) >= _ENOUGH), max(paragraphs, key=len))
        yield build(source, where, title=title, abstract=abstract, arxiv=name, url=_link(heading))


def _sections(root: _Element) -> list[tuple[_Element, str, list[str]]]:
    """Each heading, the arXiv id that it links to (or ""), the paragraphs up to the next."""
    found: list[tuple[_Element, str, list[str]]] = []
    for element in root.iter("h1", "h2", "h3", "p"):
        if any(parent.tag in (*_SKIPPED, *_HEADINGS) for parent in element.iterancestors()):
            continue
        if element.tag in _HEADINGS:
            found.append((element, _linked_id(element), []))
        elif found and (text := clean.fold(text_of(element))):
            found[-1][2].append(text)
    return found


def _links(heading: _Element) -> list[str]:
    """The addresses that a heading links to, or is inside a link to."""
    inside = [link.get("href") for link in heading.iter("a")]
    around = [link.get("href") for link in heading.iterancestors("a")]
    return [address for address in inside + around if address]


def _linked_id(heading: _Element) -> str:
    return next((name for link in _links(heading) if (name := arxiv_id(link))), "")


def _link(heading: _Element) -> str:
    return next((link for link in _links(heading) if link.startswith(("http:", "https:"))), "")
