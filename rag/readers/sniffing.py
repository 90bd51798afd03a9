"""The format of a file is told by what is in it, never by its name.

The name only decides between ways of saying no: a table without the needed columns is still
read as a table when it is called one, so that the refusal can name the columns.
"""

from __future__ import annotations

import re

from rag.readers.arxiv_json import is_arxiv
from rag.readers.csl_json import is_csl
from rag.readers.decode import peek
from rag.readers.json_values import first_keys, is_lines
from rag.readers.listing import is_listing, lone_paper
from rag.readers.tabular import delimiter

_PUBMED = re.compile(r"<(?:PubmedArticleSet|PubmedArticle|PubmedBookArticle|MedlineCitation)\b")
_ATOM = re.compile(r"<(?:\w+:)?(?:feed|entry)\b[^>]*[\"']http://www\.w3\.org/2005/Atom[\"']")
_HTML = re.compile(r"<(?:!doctype\s+html|html|head|body|h[1-3]|article|main|section|div)\b", re.I)
_XML = re.compile(r"<(?:\?xml|!--|!DOCTYPE|[A-Za-z])")
_JSON = re.compile(r"\{\s*[\"}]|\[\s*[\[{\"\]]")
_BIBTEX = re.compile(
    r"^[ \t]*@(?:(?:string|preamble|comment)\s*[{(]|[A-Za-z]+\s*[{(]\s*[^\s,{}=\"]*\s*,"
    # Entries without a key or with one that holds a blank, if they are of a usual type.
    r"|(?:article|book|booklet|conference|dataset|in(?:book|collection|proceedings)|manual|misc"
    r"|(?:masters|phd)?thesis|online|patent|proceedings|(?:tech)?report|unpublished)"
    r"\s*[{(]\s*(?:[a-z][\w-]*\s*=|[^,{}()=\"\n]+,))",
    re.M | re.I,
)
_WOS = re.compile(r"(?:FN (?:Clarivate|Thomson|ISI)\b|PT [A-Z]\n(?=(?:.*\n){0,40}?(?:TI|AU|SO) ))")
_ENW = re.compile(r"^%0 [A-Z].*\n(?=(?:.+\n){0,40}?%[A-Z@] )", re.M)
_RIS = re.compile(r"^\s{0,3}TY {1,2}-(?: |$)", re.M)
_NBIB = re.compile(r"^PMID- ?\d+", re.M)
_TABLES = {".csv": "csv", ".tsv": "tsv", ".tab": "tsv"}


def sniff(head: bytes, name: str = "") -> str | None:
    """Tell the format; see `rag.readers.sniff`."""
    text = peek(head).lstrip("\ufeff \t\n")
    if not text:
        return None
    if text[0] == "<" and (found := _markup(text)):
        return found
    if _JSON.match(text):
        return _json(text)
    if _WOS.match(text):
        return "wos"
    if _ENW.search(text):
        return "enw"
    if separator := delimiter(text):
        return "tsv" if separator == "\t" else "csv"
    for pattern, found in ((_RIS, "ris"), (_NBIB, "nbib"), (_BIBTEX, "bibtex")):
        if pattern.search(text):
            return found
    if is_listing(text) or lone_paper(text):
        return "listing"
    ending = name[name.rfind(".") :].lower() if "." in name else ""
    return _TABLES.get(ending)


def _markup(text: str) -> str | None:
    if _XML.match(text) is None:
        return None
    if _PUBMED.search(text):
        return "pubmed-xml"
    if _ATOM.search(text):
        return "arxiv-atom"
    return "listing-html" if _HTML.search(text) else None


def _json(text: str) -> str:
    keys = first_keys(text)
    if is_arxiv(keys):
        return "arxiv-json"
    if is_csl(keys):
        return "csl-json"
    return "jsonl" if is_lines(text) else "json"
