"""Names of papers in one spelling each: equal papers give equal strings, anything else gives "".

Sources: DOI handbook, section 2.2 (case-insensitive, prefix 10.NNNN); arXiv identifier scheme,
https://info.arxiv.org/help/arxiv_identifier.html (YYMM.NNNNN since 2007, archive/YYMMNNN before).
"""

from __future__ import annotations

import re
from datetime import date
from urllib.parse import quote

# Those made of a SICI (ANSI/NISO Z39.56) hold a page in angle brackets, then a version and a check
# character: "10.1002/(SICI)1097-0258(19980815)17:15<1661::AID-SIM968>3.0.CO;2-2".
_DOI = re.compile(
    r"10\.\d{4,9}/(?:[^\s\"<>]+<[^\s\"<>]{0,60}>\d\.\d\.[a-z]{2};2(?:-[^\s\"<>.,;])?|[^\s\"<>]+)",
    re.I,
)
_ESCAPED = re.compile(r"%(?:2f|3c|3e)|&(?:amp;)?[lg]t;", re.I)
_UNESCAPED = {"%2f": "/", "%3c": "<", "%3e": ">", "lt;": "<", "gt;": ">"}
_NO_URL = re.compile(r"[^\w/.:;()\[\]+,=@~!$&*%-]")
_ARXIV_DOI = re.compile(r"10\.48550/arxiv\.(.+)")
_ARXIV = re.compile(
    r"(?:https?://)?"
    r"(?:(?:[a-z]+\.)?arxiv\.org/(?:abs|pdf|html|format)/"
    r"|(?:(?:www\.)?huggingface\.co)?/papers/"
    r"|(?:dx\.)?doi\.org/10\.48550/arxiv\."
    r"|10\.48550/arxiv\."
    r"|arxiv\s*:\s*)?"
    r"(?P<new>\d{2}(?:0[1-9]|1[0-2])\.\d{4,5}|(?P<archive>[a-z]+(?:-[a-z]+)?)(?:\.[a-z-]{2,})?"
    r"/(?P<number>\d{2}(?:0[1-9]|1[0-2])\d{3}))"
    r"(?:v\d+)?(?:\.pdf)?/?(?:[?#]\S*)?(?:\s*\[[\w.,\s-]*\])?",
    re.IGNORECASE,
)
_YEAR = re.compile(r"(?<!\d)([12]\d{3})(?!\d)")
_COMPACT_DATE = re.compile(r"\s*([12]\d{3})(0[1-9]|1[0-2])([0-3]\d)(?!\d)")
_ISO_DATE = re.compile(r"\s*([12]\d{3})[-/](\d{1,2})[-/](\d{1,2})(?!\d)")
_URL = re.compile(r"https?://(?:[^\s<>\"'{}|\\^`\u2018-\u201d\u3001\u3002]|\\[_%&#~])+", re.I)
_MAX_URL = 2000  # characters


def doi(text: str) -> str:
    """A DOI bare and in lower case: "https://doi.org/10.1000/XYZ" gives "10.1000/xyz"."""
    match = _DOI.search(_ESCAPED.sub(lambda found: _UNESCAPED[found[0][-3:].lower()], text))
    if not match or len(match.group()) > 500:
        return ""
    found = _trimmed(match.group()).lower()
    return "" if found.endswith("/") else found


def doi_url(bare_doi: str) -> str:
    """The address of a DOI, with what an address may not hold percent-encoded."""
    return "https://doi.org/" + _NO_URL.sub(lambda found: quote(found[0], safe=""), bare_doi)


def arxiv_id(text: str) -> str:
    """An arXiv id without version and subject class, from an id, a URL or an arXiv DOI.

    "arXiv:2301.00001v2 [cs.CL]" gives "2301.00001", "math.GT/0309136" gives "math/0309136".
    """
    match = _ARXIV.fullmatch(text.strip())
    if not match:
        return ""
    if match["number"]:
        return f"{match['archive'].lower()}/{match['number']}"
    return match["new"]


def arxiv_id_of_doi(bare_doi: str) -> str:
    """The arXiv id inside a DOI that arXiv gave, else ""."""
    match = _ARXIV_DOI.fullmatch(bare_doi)
    return arxiv_id(match.group(1)) if match else ""


def year(value: object) -> int | None:
    """The year in a date of any shape, 1000 to 2999; None when there is none."""
    text = str(value)
    if match := _COMPACT_DATE.match(text):
        return int(match.group(1))
    match = _YEAR.search(text)
    return int(match.group(1)) if match else None


def iso_date(value: object) -> str:
    """A full date as YYYY-MM-DD; "" when a part is missing or impossible."""
    text = str(value)
    match = _ISO_DATE.match(text) or _COMPACT_DATE.match(text)
    if not match:
        return ""
    try:
        return date(int(match[1]), int(match[2]), int(match[3])).isoformat()
    except ValueError:
        return ""


def web_url(text: str) -> str:
    """The address if it is one that a page may safely link to (http, https), else ""."""
    text = text.strip()
    match = _URL.fullmatch(text)
    return text if match and len(text) <= _MAX_URL and "\\" not in text else ""


def first_url(text: str) -> str:
    """The first web address in running text, without the punctuation and braces around it.

    An address that a line break cut ("https://github.com/some- one/x") is no address.
    """
    for match in _URL.finditer(text):
        if len(match.group()) > _MAX_URL:
            continue
        found = _trimmed(re.sub(r"\\([_%&#~])", r"\1", match.group()))
        cut = found.endswith("-") and text[match.end() : match.end() + 1].isspace()
        host = found.split("//", 1)[1].split("/", 1)[0]
        if not cut and "." in host.strip("."):
            return found
    return ""


def _trimmed(text: str) -> str:
    """Without trailing punctuation that belongs to the sentence around it."""
    while text:
        last = text[-1]
        if last in ".,;:!?*'\"" or (
            last in ")]}" and text.count(last) > text.count({")": "(", "]": "[", "}": "{"}[last])
        ):
            text = text[:-1]
        else:
            break
    return text
