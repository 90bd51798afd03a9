"""Text as people wrote it, minus what the file format put around it.

Nothing is replaced by a placeholder character: markup goes, entities become what they name,
control characters go, and everything else stays, LaTeX included.
"""

from __future__ import annotations

import html
import re

_CONTROL = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\ufeff\ufffe\uffff]")
_PAGE_CONTROL = re.compile("[\x0b\x0c\x85]")
_SURROGATE = re.compile("[\ud800-\udfff]")
_ENTITY = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")
_NAMES_BLOCK = r"p|br|hr|div|li|ul|ol|dl|dt|dd|tr|td|th|table|title|sec|list|list-item|label|h[1-6]"
_NAMES_INLINE = (
    r"i|b|u|s|a|em|strong|sub|sup|span|tt|code|small|font|italic|bold|sc|underline|monospace|math"
    r"|abstract|section|inline-formula|disp-formula|tex-math|ext-link|xref|named-content|inf|scp"
)
_ATTRIBUTES = r"""(?:\s+[\w:.-]+\s*=\s*(?:"[^"<>]*"|'[^'<>]*'|[^\s"'<>=]+))*\s*/?"""
_BLOCK = re.compile(rf"</?(?:jats:)?(?:{_NAMES_BLOCK}){_ATTRIBUTES}>", re.I)
_INLINE = re.compile(
    rf"</?(?:(?:jats:)?(?:{_NAMES_INLINE})|(?:jats|mml):[\w-]+){_ATTRIBUTES}>", re.I
)
_HEADED = re.compile(
    r"^\s*<(?:jats:)?title>\s*(?:abstract|summary)\s*:?\s*</(?:jats:)?title>", re.I
)
_NOTHING = re.compile(
    r"[\W_]*(?:(?:there is )?no (?:abstract|summary|description)"
    r"(?:(?: is| was)? (?:available|provided|found|given|supplied))?(?: for this \w+)?"
    r"|(?:abstract|summary|description) (?:is )?(?:not |un)(?:available|provided|found)"
    r"|abstract|n[./]?a|none|null|nil|nan|tba|tbd|not available|unavailable|missing)?[\W_]*",
    re.I,
)
_NO_TITLE = re.compile(r"[\W_]*(?:untitled|no title(?: available| provided| given)?)[\W_]*", re.I)


def strip_controls(text: str, *, keep_spacing: bool = False) -> str:
    """Remove control characters, byte order marks and non-characters.

    Args:
        text: any text.
        keep_spacing: the white space is not going to be folded, so the control characters that
            count as white space (form feed and the like) go as well; tabs stay.
    """
    text = _CONTROL.sub("", text)
    return _PAGE_CONTROL.sub("", text) if keep_spacing else text


def fold(text: str) -> str:
    """Every run of white space as one space, none at the ends."""
    return " ".join(text.split())


def strip_markup(text: str) -> str:
    """Remove HTML, JATS and MathML tags, then decode entities; LaTeX and comparisons stay.

    Only tags of known names go, so that "a <b and c> d" is left as it is.
    """
    for _ in range(2):  # Crossref holds tags that were escaped once more
        if "<" in text:
            text = _HEADED.sub("", text)
            text = _INLINE.sub("", _BLOCK.sub(" ", text))
        if "&" not in text:
            break
        text = _ENTITY.sub(_decoded, text)
    return text


def _decoded(match: re.Match[str]) -> str:
    char = html.unescape(match.group())
    # html.unescape turns an impossible character number into U+FFFD and NUL-like into nothing.
    return match.group() if "\ufffd" in char else char


def one_line(text: str) -> str:
    """Fit for a message: a single line that every terminal and file can take."""
    return fold(strip_controls(text)).encode("utf-8", "backslashreplace").decode()


def has_surrogate(text: str) -> bool:
    """Whether it holds what is no character: undecodable bytes, or half of a JSON escape pair."""
    return _SURROGATE.search(text) is not None


def is_nothing(text: str) -> bool:
    """Whether an abstract or title says nothing: no letter or digit, or a placeholder."""
    return len(text) < 80 and _NOTHING.fullmatch(text) is not None


def is_no_title(text: str) -> bool:
    """Whether a title says nothing."""
    return is_nothing(text) or (len(text) < 80 and _NO_TITLE.fullmatch(text) is not None)
