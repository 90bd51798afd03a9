"""A folder in BEIR layout becomes papers, queries and judgements; a wrong line is named, and a
document is either a paper or counted as impossible to index, never lost.

Layout: Thakur et al. 2021, "BEIR: A Heterogeneous Benchmark for Zero-shot Evaluation of
Information Retrieval Models": corpus.jsonl, queries.jsonl and qrels/SPLIT.tsv.
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rag.errors import InputError
from rag.records import Paper

# Part of what shapes a benchmark's index: raised when documents become papers in another way.
FORM = "1"
_DOI = "beir.local/"
_TITLE_WORDS = 12  # of a text that stands in for a missing title
_LAYOUT = "a BEIR folder holds corpus.jsonl, queries.jsonl and qrels/SPLIT.tsv"

Judgements = dict[str, dict[str, int]]


@dataclass(frozen=True, slots=True)
class Documents:
    """A benchmark's corpus.

    Attributes:
        papers: one for each document that has a title or a text, in file order.
        empty: ids of the documents that have neither.
        untitled: how many had a text only; textless: how many had a title only.
    """

    papers: tuple[Paper, ...]
    empty: tuple[str, ...]
    untitled: int
    textless: int


def read_documents(folder: Path) -> Documents:
    """Read corpus.jsonl.

    Each document's id becomes a DOI of its own, so that documents with equal titles stay apart.
    Without a text the title is the abstract too; without a title the text's first words stand in.

    Raises:
        InputError: the file is missing or unreadable, or a line is no document.
    """
    path = folder / "corpus.jsonl"
    papers: list[Paper] = []
    empty: list[str] = []
    untitled = textless = 0
    for id_, entry in _entries(path):
        title = _folded(entry, "title")
        text = _folded(entry, "text")
        if not title and not text:
            empty.append(id_)
            continue
        untitled += not title
        textless += not text
        title = title or " ".join(text.split(" ")[:_TITLE_WORDS])
        papers.append(Paper("", title, text or title, doi=f"{_DOI}{id_}", source=folder.name))
    if not papers:
        raise InputError(f"{path} holds no document with a title or a text", _LAYOUT)
    return Documents(tuple(papers), tuple(empty), untitled, textless)


def document_id(paper: Paper) -> str:
    """The id that the benchmark gave a paper's document."""
    return paper.doi.removeprefix(_DOI)


def read_queries(folder: Path) -> dict[str, str]:
    """Query texts by id, in file order.

    Raises:
        InputError: the file is missing or unreadable, or a line is no query.
    """
    path = folder / "queries.jsonl"
    return {id_: _folded(entry, "text") for id_, entry in _entries(path)}


def read_judgements(folder: Path, split: str) -> Judgements:
    """Grades of documents by query, from qrels/SPLIT.tsv (tab separated, with a header).

    Raises:
        InputError: the file is missing or a line hasn't a query, a document and a whole number.
    """
    path = folder / "qrels" / f"{split}.tsv"
    found: Judgements = {}
    rows = csv.reader(_text(path).splitlines(), delimiter="\t", quoting=csv.QUOTE_NONE)
    for number, row in enumerate(rows, 1):
        if not row or (number == 1 and row[-1].strip() == "score"):
            continue
        if len(row) != 3 or not re.fullmatch(r"-?\d{1,9}", row[2].strip()):
            raise InputError(
                f"{path}, line {number}: not query id, document id and whole-number score",
                "mend the line: three columns, separated by tabs",
            )
        found.setdefault(row[0], {})[row[1]] = int(row[2])
    if not found:
        raise InputError(f"{path} holds no judgement", _LAYOUT)
    return found


def _entries(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each line's id and object; ids are unique within a file."""
    seen: set[str] = set()
    for number, line in enumerate(_text(path).split("\n"), 1):
        if not line.strip():
            continue
        try:
            entry = json.loads(line)
        except (ValueError, RecursionError) as e:
            raise InputError(f"{path}, line {number}: not a JSON object ({e})", _LAYOUT) from e
        id_ = entry.get("_id") if isinstance(entry, dict) else None
        if not isinstance(id_, str) or not id_:
            raise InputError(f'{path}, line {number}: needs the field "_id" with a text', _LAYOUT)
        for name in ("title", "text"):
            if not isinstance(entry.get(name) or "", str):
                raise InputError(f'{path}, line {number}: "{name}" must be a text', _LAYOUT)
        if id_ in seen:
            raise InputError(
                f'{path}, line {number}: the id "{id_}" is there twice', "give each its own"
            )
        seen.add(id_)
        yield id_, entry


def _folded(entry: dict[str, Any], name: str) -> str:
    return " ".join(str(entry.get(name) or "").split())


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as e:
        raise InputError(f"{path} is not UTF-8 text", _LAYOUT) from e
    except OSError as e:
        raise InputError(f"cannot read {path}: {e.strerror or e}", _LAYOUT) from e
