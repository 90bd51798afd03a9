"""Text that stays text in Markdown: in CommonMark, and in the extensions that most programs have
(tables, strikethrough, formulas, footnotes, attributes)."""

from __future__ import annotations

import re

from rag.exporting.texts import visible

_ENTITY = r"&(?=#?\w+;)"
_ANYWHERE = re.compile(
    r"[\\`*\[\]<{|~$^]"
    r"|(?<![^\W_])_|_(?![^\W_])"  # inside a word it stands for itself
    r"|(?:^|(?<=[ #]))#"  # opens a heading, or closes one
    rf"|{_ENTITY}"
)
_AT_START = re.compile(r"^(?:(\d{1,9})(?=[.)])|(?=[-+=>]))")


def escaped(text: str) -> str:
    """Markdown that shows the text, on one line; it may begin a line or follow other text."""
    text = " ".join(visible(text).split())
    return _AT_START.sub(r"\1\\", _ANYWHERE.sub(r"\\\g<0>", text), count=1)


def linked(text: str, url: str) -> str:
    """The text as a link.

    Args:
        url: without white space, angle brackets and backslashes; "" for no link.
    """
    if not url:
        return escaped(text)
    url = re.sub(_ENTITY, r"\\&", url)
    return f"[{escaped(text)}]({f'<{url}>' if re.search('[()]', url) else url})"
