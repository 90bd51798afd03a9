"""Answers as files that people keep and share: documents to read and references to cite with.

Pure: a text comes out, nothing is written, and the same answers always give the same text.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

from rag.errors import UsageError
from rag.exporting.documents import conversation_html, conversation_markdown
from rag.exporting.references import bibtex, csl_json, ris
from rag.exporting.texts import cited_papers
from rag.records import Answer

__all__ = ["FORMATS", "Format", "export", "file_name"]

_MAX_NAME = 80  # characters of a file's name
_MAX_BYTES = 200  # of UTF-8; file systems end at 255
_FALLBACK = "conversation"
# Names that Windows keeps for devices, whatever comes behind a dot.
_DEVICES = frozenset(
    ["con", "prn", "aux", "nul", *(f"{port}{n}" for port in ("com", "lpt") for n in range(10))]
)


class Format(NamedTuple):
    """A kind of file.

    Attributes:
        label: for people.
        suffix: of the file's name, with its dot.
        media_type: as registered or as commonly sent.
    """

    label: str
    suffix: str
    media_type: str


FORMATS: Mapping[str, Format] = MappingProxyType(
    {
        "md": Format("Markdown", ".md", "text/markdown"),
        "html": Format("Web page", ".html", "text/html"),
        "bib": Format("BibTeX references", ".bib", "application/x-bibtex"),
        "ris": Format("RIS references", ".ris", "application/x-research-info-systems"),
        "json": Format("CSL-JSON references", ".json", "application/vnd.citationstyles.csl+json"),
    }
)
_DOCUMENTS = {"md": conversation_markdown, "html": conversation_html}
_REFERENCES = {"bib": bibtex, "ris": ris, "json": csl_json}


def export(fmt: str, title: str, answers: Sequence[Answer]) -> str:
    """The content of a file, to be written as UTF-8.

    Args:
        fmt: one of `FORMATS`.
        title: of the conversation; references have none.
        answers: in the order in which they were given; references are those of the papers
            they cite, each once, in order of first citation.

    Raises:
        UsageError: there is no such format, or references are asked for and nothing is cited.
    """
    if fmt in _DOCUMENTS:
        return _DOCUMENTS[fmt](title, answers)
    if fmt not in _REFERENCES:
        raise UsageError(
            f"There is no format {fmt!r} to save as.", f"Choose from {', '.join(FORMATS)}."
        )
    papers = cited_papers(answers)
    if not papers:
        raise UsageError(
            "No paper is cited here, so there are no references to save.",
            "Save it as Markdown or as a web page, or ask something that the abstracts answer.",
        )
    return _REFERENCES[fmt](papers)


def file_name(title: str, suffix: str) -> str:
    """A file's name that all common systems accept, made of the title's letters and digits.

    Args:
        title: any text.
        suffix: with its dot, as in `FORMATS`.

    Returns:
        At most 80 characters (and 200 bytes of UTF-8), suffix included; words are joined by
        hyphens.
    """
    text = unicodedata.normalize("NFKC", title)
    # Letters, the marks that belong to them, and digits; all else parts words.
    kept = "".join(c if unicodedata.category(c)[0] in "LMN" else " " for c in text)
    stem = "-".join(kept.split())
    room = _MAX_NAME - len(suffix)
    stem = stem[:room].encode()[: _MAX_BYTES - len(suffix.encode())].decode(errors="ignore")
    stem = stem.rstrip("-")
    if not stem or stem.lower() in _DEVICES:
        stem = "-".join(filter(None, (_FALLBACK, stem)))
    return stem + suffix
