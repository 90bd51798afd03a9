"""BibTeX and BibLaTeX, split by bibtexparser; a broken entry costs itself only.

Values are resolved here (concatenation with #, @string names, the month macros), since the
library's own pass leaves concatenations as they are.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator, Mapping
from typing import Any

from rag.readers.build import Item, build, refuse
from rag.readers.ids import arxiv_id
from rag.readers.latex import to_text
from rag.readers.source import Source

_MONTHS = {
    "jan": "January", "feb": "February", "mar": "March", "apr": "April", "may": "May",
    "jun": "June", "jul": "July", "aug": "August", "sep": "September", "oct": "October",
    "nov": "November", "dec": "December",
}  # fmt: skip
_HEAD = re.compile(
    r"^(?P<type>[ \t]*@(?!(?:string|preamble|comment)\b)[A-Za-z]+\s*[{(]\s*)"
    r"(?:(?P<field>[A-Za-z][\w-]*\s*=)|(?P<key>[^\s,{}()=\"]+(?:[ \t]+[^\s,{}()=\"]+)+)(?=\s*,))",
    re.M | re.I,
)
_NAME = re.compile(r"[^\s{}\"#,=]+")


def read(source: Source) -> Iterator[Item]:
    """Yield the papers of a bibliography."""
    from bibtexparser import model
    from bibtexparser.splitter import Splitter

    # It logs a warning for each broken entry, which is reported as a refusal here.
    logging.getLogger("bibtexparser").setLevel(logging.CRITICAL)
    splitter: Any = Splitter(_HEAD.sub(_with_key, source.text()))
    blocks: list[Any] = splitter.split().blocks
    strings: dict[str, str] = dict(_MONTHS)
    for block in blocks:
        where = f"line {(block.start_line or 0) + 1}"
        if isinstance(block, model.String):
            strings[block.key.lower()] = resolve(block.value, strings)
        elif isinstance(block, model.DuplicateBlockKeyBlock | model.DuplicateFieldKeyBlock):
            inner: Any = block.ignore_error_block
            while isinstance(inner, model.DuplicateBlockKeyBlock | model.DuplicateFieldKeyBlock):
                inner = inner.ignore_error_block
            if isinstance(inner, model.Entry):
                yield _paper(source, where, inner, strings)
            elif isinstance(inner, model.String):
                strings[inner.key.lower()] = resolve(inner.value, strings)
        elif isinstance(block, model.ParsingFailedBlock):
            yield refuse(source, where, f"a broken entry: {_reason(block)}")
        elif isinstance(block, model.Entry):
            yield _paper(source, where, block, strings)


def resolve(value: object, strings: Mapping[str, str]) -> str:
    """The text of a raw value: `"a " # name # {b}` with names replaced by their text.

    A name that was never defined stands for itself, as the month in "month = January" does.
    """
    text = str(value).strip()
    parts: list[str] = []
    at = 0
    while at < len(text):
        if text[at] in '{"':
            end = _closing(text, at)
            parts.append(text[at + 1 : end])
            at = end + 1
        elif match := _NAME.match(text, at):
            name = match.group()
            parts.append(strings.get(name.lower(), name))
            at = match.end()
        else:  # "#" and white space between the parts
            at += 1
    return "".join(parts)


def _with_key(match: re.Match[str]) -> str:
    """The head of an entry with a key that the splitter takes; nothing here uses the key."""
    if match["field"]:
        return f"{match['type']}at{match.start()}, {match['field']}"
    return match["type"] + re.sub(r"\s+", "_", match["key"])


def split_names(text: str) -> list[str]:
    """The names of an author field, split at "and" outside of braces; "others" is no name."""
    names, depth, start = [], 0, 0
    for match in re.finditer(r"\\.|[{}]|\s+and\s+", text, re.I | re.S):
        token = match.group()
        if token in "{}":
            depth += 1 if token == "{" else -1
        elif token[0] != "\\" and depth == 0:
            names.append(text[start : match.start()])
            start = match.end()
    names.append(text[start:])
    return [name.strip() for name in names if name.strip().lower() not in ("", "others")]


def _closing(text: str, start: int) -> int:
    """Where the brace or quotation mark that opens at `start` closes (the end if nowhere)."""
    depth = 0
    at = start if text[start] == "{" else start + 1
    while at < len(text):
        char = text[at]
        if char == "\\":
            at += 1
        elif char == "{":
            depth += 1
        elif char == "}":
            depth -= 1
            if depth == 0 and text[start] == "{":
                return at
        elif char == '"' and depth == 0 and text[start] == '"':
            return at
        at += 1
    return len(text)


def _paper(source: Source, where: str, entry: Any, strings: Mapping[str, str]) -> Item:
    fields: dict[str, str] = {}
    for field in entry.fields:
        fields.setdefault(field.key.lower(), resolve(field.value, strings))
    urls = [fields.get("url", ""), fields.get("howpublished", ""), fields.get("note", "")]
    urls = [re.sub(r"^\\url\s*\{(.*)\}$", r"\1", url.strip()) for url in urls]
    is_arxiv = fields.get("archiveprefix", fields.get("eprinttype", "arxiv")).lower() == "arxiv"
    names = [fields.get("eprint", "") if is_arxiv else "", fields.get("arxivid", ""), *urls]
    subtitle = to_text(fields.get("subtitle", ""))
    title = to_text(fields.get("title", ""))
    return build(
        source,
        where,
        title=f"{title}: {subtitle}" if title.strip() and subtitle.strip() else title,
        abstract=to_text(fields.get("abstract", "")),
        authors=[to_text(name) for name in split_names(fields.get("author", ""))],
        date=fields.get("year", "") or fields.get("date", ""),
        url=next((to_text(url) for url in urls if url.startswith(("http://", "https://"))), ""),
        doi=to_text(fields.get("doi", "")),
        arxiv=next((name for name in names if arxiv_id(name)), ""),
        updated=fields.get("date-modified", ""),
        venue=to_text(
            fields.get("journal", "")
            or fields.get("journaltitle", "")
            or fields.get("booktitle", "")
        ),
    )


def _reason(block: Any) -> str:
    reason = getattr(block.error, "abort_reason", "") or str(block.error)
    return " ".join(reason.split())[:200]
