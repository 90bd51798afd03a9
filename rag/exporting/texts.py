"""Texts and addresses in the state in which any of the exported formats can hold them.

Nothing that a file could take for structure (a line break, a control character, half of a
surrogate pair) is left in a text that has been through here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from urllib.parse import quote, urlsplit

from rag.records import Answer, Paper

_CONTROL = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\ufeff\ufffe\uffff]")
_SPACING = re.compile("[\x0b\x0c\r\x1c-\x1f\x85\u2028\u2029]")
_SURROGATE = re.compile("[\ud800-\udfff]")
_UNSAFE_IN_URL = re.compile(r"[\\{}<>\"^`|]")
_MAX_URL = 2000  # characters


def one_line(text: str) -> str:
    """The text on one line: white space folded, control characters gone, encodable as UTF-8."""
    return _SURROGATE.sub("\ufffd", " ".join(_CONTROL.sub("", text).split()))


def visible(text: str) -> str:
    """The text for showing, as long as before, so that character offsets still hold.

    Line separators of all kinds but the newline become spaces; what no document may hold
    becomes U+FFFD.
    """
    text = _CONTROL.sub("\ufffd", _SPACING.sub(" ", text))
    return _SURROGATE.sub("\ufffd", text)


def safe_url(url: str) -> str:
    """The address when it is one of the web's (http, https), else "".

    Characters that delimit an address in some format are percent-encoded.
    """
    url = url.strip()
    if len(url) > _MAX_URL or any(char.isspace() or not char.isprintable() for char in url):
        return ""
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    if parts.scheme not in ("http", "https") or not parts.netloc:
        return ""
    return _UNSAFE_IN_URL.sub(lambda match: quote(match.group()), url)


def address(paper: Paper) -> str:
    """Where people find the paper: its own address, else that of its DOI or arXiv id; or ""."""
    if own := safe_url(paper.url):
        return own
    if paper.doi:
        return safe_url("https://doi.org/" + quote(paper.doi, safe="/:;,()[]+=@", errors="replace"))
    return safe_url(f"https://arxiv.org/abs/{paper.arxiv_id}") if paper.arxiv_id else ""


def lead(answer: Answer) -> str:
    """What introduces a list of papers, such as how many there are; "" for other answers."""
    first, listed, _ = answer.text.partition("\n[")
    return first if listed and answer.claims else ""


def cited_papers(answers: Sequence[Answer]) -> list[Paper]:
    """The papers that the answers' claims cite, each once, in order of first citation."""
    found: dict[object, Paper] = {}
    for paper in _cited(answers):
        found.setdefault(paper.id or paper, paper)
    return list(found.values())


def _cited(answers: Sequence[Answer]) -> Iterator[Paper]:
    for answer in answers:
        papers = {source.n: source.paper for source in answer.sources}
        for claim in answer.claims:
            for citation in claim.citations:
                if citation.source in papers:
                    yield papers[citation.source]
