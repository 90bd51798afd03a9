r"""LaTeX that only spells a character becomes that character; formulas and citations stay.

`G{\"o}del \& {BERT}` gives "Gödel & BERT"; `$\alpha$-decay \cite{x}` stays as it is.
"""

from __future__ import annotations

import re
import unicodedata

_COMBINING = {
    "`": "\u0300", "'": "\u0301", "^": "\u0302", "~": "\u0303", "=": "\u0304", "u": "\u0306",
    ".": "\u0307", '"': "\u0308", "r": "\u030a", "H": "\u030b", "v": "\u030c", "d": "\u0323",
    "c": "\u0327", "k": "\u0328", "b": "\u0331",
}  # fmt: skip
_SPECIAL = {
    "ss": "\u00df", "ae": "\u00e6", "AE": "\u00c6", "oe": "\u0153", "OE": "\u0152",
    "aa": "\u00e5", "AA": "\u00c5", "o": "\u00f8", "O": "\u00d8", "l": "\u0142", "L": "\u0141",
    "i": "\u0131", "j": "\u0237", "dh": "\u00f0", "DH": "\u00d0", "th": "\u00fe", "TH": "\u00de",
    "dj": "\u0111", "DJ": "\u0110", "ng": "\u014b", "NG": "\u014a",
    "textendash": "\u2013", "textemdash": "\u2014", "textquoteright": "\u2019",
    "textquoteleft": "\u2018", "textregistered": "\u00ae", "texttrademark": "\u2122",
    "textdegree": "\u00b0", "ldots": "\u2026", "dots": "\u2026", "textasciitilde": "~",
    "textasciicircum": "^", "textbraceleft": "{", "textbraceright": "}",
    "textbackslash": "\\", "textunderscore": "_", "copyright": "\u00a9", "pounds": "\u00a3",
    "S": "\u00a7", "P": "\u00b6", "textless": "<", "textgreater": ">", "textbar": "|",
    "textpm": "\u00b1", "texttimes": "\u00d7", "textdiv": "\u00f7", "textmu": "\u00b5",
    "textquotedblleft": "\u201c", "textquotedblright": "\u201d", "textquotedbl": '"',
    "textquotesingle": "'", "textellipsis": "\u2026", "textbullet": "\u2022", "textdollar": "$",
}  # fmt: skip
_FORMATTING = (
    "emph|textit|textbf|textsc|texttt|textrm|textsf|textsl|textsubscript|textsuperscript|textup|textnormal|underline|mbox|text"
    "|url|enquote|uppercase|lowercase|it|bf|sc|tt|rm|em|sl"
)
_BASE = r"(?:\{\s*(?P<braced>\\[ij]|[^\W\d_])\s*\}|(?P<bare>\\[ij](?![A-Za-z])|[^\W\d_]))"
_TOKEN = re.compile(
    r"(?P<math>(?<!\\)\$\$?(?:[^$\\]|\\.)+\$\$?"
    # Up to the next opening only: an unclosed one must not be searched to the end every time.
    r"|\\\((?:[^\\]|\\[^()])*\\\)|\\\[(?:[^\\]|\\[^\[\]])*\\\])"
    r"|(?P<accent>\\(?:(?P<sign>[`'^~=.\"])\s*|(?P<letter>[uvHcdbkr])(?:\s+|(?=\{)))" + _BASE + ")"
    # An accent over nothing is the sign itself: "\~{}" in addresses.
    r"|\\(?P<alone>[`'^~\"])\{\s*\}"
    r"|\\(?P<special>" + "|".join(sorted(_SPECIAL, key=len, reverse=True)) + r")(?![A-Za-z])"
    r"(?:\{\}|\s+(?=[^\W\d_])|\\(?=\s))?"
    r"|\\(?P<escaped>[&%$#_{}])"
    r"|(?P<format>\\(?:" + _FORMATTING + r")(?:\s*(?=\{)|\s+(?=\w)))"
    r"|(?P<other>\\[A-Za-z]+\*?(?:\s*\[[^\[\]{}]*\])?(?:\{[^{}]*\})*)"
    r"|(?P<brace>[{}])",
    re.S,
)


def to_text(text: str) -> str:
    r"""Decode accents, escapes and special letters; drop grouping braces and font commands.

    Formulas (between dollar signs, `\(…\)`) and other commands are returned as they stand.
    """
    if "\\" not in text and "{" not in text and "}" not in text:
        return text
    return _TOKEN.sub(_replaced, text)


def _replaced(match: re.Match[str]) -> str:
    if match["accent"]:
        base = (match["braced"] or match["bare"]).lstrip("\\")
        return unicodedata.normalize("NFC", base + _COMBINING[match["sign"] or match["letter"]])
    if match["special"]:
        return _SPECIAL[match["special"]]
    if match["alone"]:
        return match["alone"]
    if match["escaped"]:
        return match["escaped"]
    if match["format"] or match["brace"]:
        return ""
    return match.group()
