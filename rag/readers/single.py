"""One paper as a short text of one's own: its title, the names, then the abstract.

"Title:", "Authors:" and "Abstract:" may stand before them; the abstract may be wrapped, or be the
labelled paragraphs of a structured one. Anything less certain is left to the listing.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from rag.readers.build import split_authors

_MOST = 20_000  # characters
_LONG = 250  # characters of a line that nobody wrapped
_LABEL = re.compile(
    r"(title|authors?|by|abstract|summary|doi|date|year|published|arxiv|journal|venue|keywords)"
    r"\s*:\s*(.*)",
    re.I | re.S,
)
_SECTION = re.compile(
    r"(?:background|introduction|context|rationale|importance|objectives?|aims?|purpose|methods?"
    r"|materials and methods|methodology|design|setting|participants|patients|interventions?"
    r"|measurements|main outcomes?(?: measures?| and measures)?|results?|findings|discussion"
    r"|limitations|interpretation|significance|conclusions?(?: and relevance)?)\s*:\s*\S.*",
    re.I | re.S,
)
_SAME = {
    "author": "authors", "by": "authors", "summary": "abstract", "year": "date",
    "published": "date", "journal": "venue",
}  # fmt: skip
_NO_PROSE = ("- ", "---", "#", "<", "{", "[", "@")  # lists, YAML, Markdown, code
_SENTENCE_END = re.compile(r"[.!?][\"')\]\u201d\u2019]*$")
_PARTICLES = frozenset(
    ["van", "von", "de", "der", "den", "del", "della", "di", "da", "dos", "du", "la", "le", "el",
     "al", "bin", "ibn", "y", "zu"]
)  # fmt: skip
_NAME_WORD = re.compile(r"[^\W\d_a-z][^\W\d_]*(?:[-'\u2019.][^\W\d_]*)*\.?")
_MARKS = re.compile(r"[\d*\u2020\u2021\u00a7\u00b9\u00b2\u00b3\u2070-\u2079]+(?:,[\d*\u2020]+)*")


@dataclass(slots=True)
class Single:
    """What such a text says; the fields that it lacks are empty."""

    title: str = ""
    abstract: str = ""
    authors: Sequence[str] = ()
    date: str = ""
    doi: str = ""
    arxiv: str = ""
    venue: str = ""


def single(text: str) -> Single | None:
    """The one paper that a text holds; None when it holds several or something else."""
    if len(text) > _MOST:
        return None
    lines = [line.strip(" \t\ufeff") for line in text.split("\n")]
    if any(line.startswith(_NO_PROSE) for line in lines):
        return None
    lines = [f"{line}:" if line.lower() in ("abstract", "summary") else line for line in lines]
    return _labelled(lines) or _plain(lines)


def _labelled(lines: Sequence[str]) -> Single | None:
    """Fields with their names before them; at the top, title and names may go without."""
    fields: dict[str, list[str]] = {"title": []}
    field = "title"
    told = False  # whether a label says which line is the title
    for line in lines:
        if match := _LABEL.match(line):
            field = _SAME.get(match[1].lower(), match[1].lower())
            told = told or field == "title"
            if fields.get(field):
                return None  # the next paper
            fields[field] = [match[2]] if match[2] else []
        else:
            fields.setdefault(field, []).append(line)
    abstract = fields.pop("abstract", [])
    # A line that is no prose may be the title of the next paper.
    several = sum(map(bool, abstract)) > 1
    if several and not _is_one_text(abstract) and not _is_structured(abstract):
        return None
    said = {name: [part for part in parts if part] for name, parts in fields.items()}
    title = said.pop("title")
    if not told and len(title) == 2 and "authors" not in said and _is_names(title[1]):
        said["authors"] = [title.pop()]
    if not title or len(title) > 1 + told:
        return None
    text = {name: " ".join(parts) for name, parts in said.items()}
    return Single(
        " ".join(title), " ".join(filter(None, abstract)), _names(text.get("authors", "")),
        text.get("date", ""), text.get("doi", ""), text.get("arxiv", ""), text.get("venue", ""),
    ) if any(abstract) else None  # fmt: skip


def _names(text: str) -> list[str]:
    return split_authors(_MARKS.sub("", text))


def _plain(lines: Sequence[str]) -> Single | None:
    """A line of title, a line of names or none, and nothing but an abstract after them."""
    filled = [line for line in lines if line]
    if len(filled) < 3 or _SECTION.fullmatch(filled[0]) or _is_prose(filled[0]):
        return None
    named = _is_names(filled[1])
    body = filled[2:] if named else filled[1:]
    at = lines.index(body[0], lines.index(filled[1]) + 1 if named else 0)
    sections = [line for line in body if _SECTION.match(line)]
    if named:
        holds = len(sections) >= 2 or _is_one_text(lines[at:])
    else:
        holds = len(sections) >= 2 and bool(_SECTION.match(body[0]))
    if not holds or (sections and not _is_structured(body)):
        return None
    names = _names(filled[1]) if named else []
    return Single(filled[0], " ".join(body), names)


def _is_structured(body: Sequence[str]) -> bool:
    """Whether every line is a section or goes on with one: no title hides between them."""
    return all(_SECTION.match(line) or _is_prose(line) for line in body if line)


def _is_one_text(lines: Sequence[str]) -> bool:
    """Whether lines are one abstract, be they its paragraphs or pieces of wrapped ones."""
    paragraphs = [part.split("\n") for part in re.split(r"\n\s*\n", "\n".join(lines).strip())]
    if any(len(line) >= _LONG for part in paragraphs for line in part):
        return all(_is_prose(line) for part in paragraphs for line in part)
    return all(_is_prose(" ".join(part)) for part in paragraphs)


def _is_prose(text: str) -> bool:
    return text.count(" ") >= 8 and _SENTENCE_END.search(text) is not None


def _is_names(line: str) -> bool:
    """Whether a line holds names and nothing else: two words each, capitals, initials."""
    if len(line) > 2000 or ":" in line or line.endswith(("?", "!")):
        return False
    names = _names(line)
    return bool(names) and all(_is_name(name) for name in names)


def _is_name(name: str) -> bool:
    words = name.replace(",", " ").split()
    own = [word for word in words if word.lower() not in _PARTICLES]
    return 2 <= len(words) <= 6 and bool(own) and all(_NAME_WORD.fullmatch(w) for w in own)
