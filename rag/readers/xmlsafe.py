"""XML and HTML read with everything off that reaches beyond the file or blows up.

No DTD is loaded, no entity is resolved, nothing is fetched, lxml's size limits stay on; a file
that declares entities of its own is refused outright, since no bibliography needs to.
"""

from __future__ import annotations

import html
import io
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, BinaryIO, cast

from rag.readers.clean import has_surrogate
from rag.readers.decode import UnreadableError
from rag.readers.source import Source

if TYPE_CHECKING:
    from lxml.etree import _Element

_DECLARATION = re.compile(rb"""^\s*<\?xml[^>]*?\bencoding\s*=\s*["']([\w.-]+)["']""")
_ROOT = re.compile(r"<[^\W\d]")


class _AsUtf8(io.RawIOBase):
    """Text handed to the parser as UTF-8 bytes."""

    def __init__(self, text: io.TextIOWrapper) -> None:
        self._text = text

    def read(self, size: int = -1) -> bytes:
        text = self._text.read(max(1, size // 4) if size > 0 else -1)
        if has_surrogate(text):
            raise UnreadableError("it holds bytes that are no text in UTF-8 or in Windows-1252")
        return text.encode("utf-8")


def elements(source: Source, *names: str) -> Iterator[_Element]:
    """Yield each element of the given local names, complete, in file order; then forget it.

    One that stands directly within another of them is left to that one.

    Raises:
        UnreadableError: the XML is not well formed from some line on, or it declares entities.
    """
    from lxml import etree

    if "<!ENTITY" in _ROOT.split(source.peek(), maxsplit=1)[0]:
        raise UnreadableError("it declares XML entities, which are not resolved, for safety")
    try:
        walk = etree.iterparse(
            cast(BinaryIO, _bytes(source)),
            events=("end",),
            tag=[f"{{*}}{name}" for name in names],
            resolve_entities=False,
            no_network=True,
            load_dtd=False,
            huge_tree=False,
        )
        for _, element in walk:
            dtd = element.getroottree().docinfo.internalDTD
            if dtd is not None and next(iter(dtd.iterentities()), None) is not None:
                raise UnreadableError(
                    "it declares XML entities, which are not resolved, for safety"
                )
            outer = element.getparent()
            if outer is not None and _local(outer) in names:
                continue
            yield element
            element.clear(keep_tail=False)
            parent = element.getparent()
            while parent is not None and element.getprevious() is not None:
                del parent[0]
    except etree.XMLSyntaxError as error:
        line = error.lineno or 0
        reason = re.sub(r", line \d+, column \d+.*", "", error.msg or "", flags=re.S)
        raise UnreadableError(
            f"not well-formed XML: {reason}; reading stopped", f"line {line}" if line else ""
        ) from error


def html_root(text: str) -> _Element | None:
    """The tree of an HTML page, however broken; None when there is nothing in it."""
    from lxml import etree

    parser = etree.HTMLParser(
        encoding="utf-8", no_network=True, huge_tree=False, remove_comments=True, remove_pis=True
    )
    try:
        return etree.fromstring(text.encode("utf-8", "backslashreplace"), parser)
    except etree.XMLSyntaxError:
        return None


def text_of(element: _Element | None) -> str:
    """All text inside an element; entities of HTML's names are decoded, others stay as written."""
    if element is None:
        return ""
    parts = [element.text or ""]
    for child in element:
        if isinstance(child.tag, str):
            parts.append(text_of(child))
        elif (child.text or "").startswith("&"):
            parts.append(html.unescape(child.text or ""))
        parts.append(child.tail or "")
    return "".join(parts)


def child_text(element: _Element, path: str) -> str:
    """The text at a path of local names ("a/b/@c"), whatever the namespace; "" when absent."""
    return next(iter(child_texts(element, path)), "")


def child_texts(element: _Element, path: str) -> list[str]:
    """The non-empty texts at a path of local names, in document order."""
    return [text for found in children(element, path) if (text := text_of(found).strip())]


def children(element: _Element, path: str) -> list[_Element]:
    """The elements at a path of local names, whatever the namespace."""
    found = [element]
    for name in path.split("/"):
        found = [child for parent in found for child in parent.iterchildren(f"{{*}}{name}")]
    return found


def _local(element: _Element) -> str:
    return str(element.tag).rpartition("}")[2]


def _bytes(source: Source) -> object:
    declared = _DECLARATION.match(source.head[:512])
    marked = source.head[:2] in (b"\xff\xfe", b"\xfe\xff") or b"\0" in source.head[:4]
    if marked or (declared and declared[1].lower() not in (b"utf-8", b"utf8", b"us-ascii")):
        return source.stream  # lxml knows better than a guess what the file says of itself
    return _AsUtf8(source.open_text())
