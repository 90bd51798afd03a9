"""Papers as BibTeX, RIS and CSL-JSON: read back, titles, abstracts, names and years are equal.

Formats: BibTeX as in O. Patashnik, "BibTeXing" (1988), read as UTF-8; RIS as Reference Manager
defined it; CSL-JSON as in the schema of the Citation Style Language, version 1.0.2. White space
is folded and control characters are left out, as where papers are read.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Sequence

from rag.exporting.latex import braced, escaped
from rag.exporting.names import Name, parsed
from rag.exporting.texts import address, one_line
from rag.records import Paper
from rag.words import FUNCTION_WORDS

_WORD = re.compile(r"[^\W_]+")
_LETTERS = str.maketrans(
    {"ß": "ss", "æ": "ae", "œ": "oe", "ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "ı": "i"}
)
_KEY_PART = 24  # characters of a key's name and word


def bibtex(papers: Sequence[Paper]) -> str:
    """Entries for LaTeX: @article with a venue, else @misc. Ends with a newline unless empty."""
    return "\n".join(map(_bibtex_entry, cite_keys(papers), papers))


def ris(papers: Sequence[Paper]) -> str:
    """Records for reference managers; one field a line, lines end with a newline only."""
    return "\n".join(map(_ris_record, papers))


def csl_json(papers: Sequence[Paper]) -> str:
    """A JSON array of items for citation processors; ids are the keys that BibTeX has."""
    items = list(map(_csl_item, cite_keys(papers), papers))
    return json.dumps(items, ensure_ascii=False, indent=2) + "\n"


def cite_keys(papers: Sequence[Paper]) -> list[str]:
    """A key each, such as "vaswani2017attention"; the next one alike ends in "a", then "b", ….

    A key depends on the paper and on those before it only: adding papers at the end changes none.
    """
    keys: dict[str, None] = {}
    for paper in papers:
        stem = _key_stem(paper)
        key, n = stem, 0
        while key in keys:
            n += 1
            key = stem + _letters(n)
        keys[key] = None
    return list(keys)


# ── keys ────────────────────────────────────────────────────────────────────────────────────────


def _key_stem(paper: Paper) -> str:
    names = _names(paper)
    family = _folded(names[0].family) if names else ""
    if names and not family:
        family = next(filter(None, map(_folded, names[0].literal.split())), "")
    words = _WORD.findall(one_line(paper.title))
    telling = [word for word in words if word.lower() not in FUNCTION_WORDS]
    word = next(filter(None, map(_folded, [*telling, *words])), "untitled")
    if not family or family[0].isdigit():
        family = "anon" + family
    return f"{family[:_KEY_PART]}{paper.year or ''}{word[:_KEY_PART]}"


def _folded(text: str) -> str:
    """The letters and digits of a text, lower case and without accents, as far as ASCII goes."""
    text = unicodedata.normalize("NFKD", text.lower().translate(_LETTERS))
    return "".join(char for char in text.lower() if char.isascii() and char.isalnum())


def _letters(n: int) -> str:
    """1 gives "a", 26 "z", 27 "aa"."""
    letters = ""
    while n:
        n, rest = divmod(n - 1, 26)
        letters = chr(ord("a") + rest) + letters
    return letters


def _names(paper: Paper) -> list[Name]:
    return [parsed(author) for author in paper.authors if one_line(author)]


# ── BibTeX ──────────────────────────────────────────────────────────────────────────────────────


def _bibtex_entry(key: str, paper: Paper) -> str:
    venue, abstract = one_line(paper.venue), one_line(paper.abstract)
    arxiv = one_line(paper.arxiv_id)
    fields = {
        "title": braced(one_line(paper.title)),
        "author": " and ".join(map(_bibtex_name, _names(paper))),
        "journal": escaped(venue),
        "year": str(paper.year or ""),
        "eprint": _verbatim(arxiv),
        "archivePrefix": "arXiv" if arxiv else "",
        "doi": _verbatim(paper.doi),
        "url": address(paper),
        "abstract": escaped(abstract),
    }
    lines = [f"  {name} = {{{value}}}," for name, value in fields.items() if value]
    kind = "article" if venue else "misc"
    return "\n".join([f"@{kind}{{{key},", *lines, "}", ""])


def _verbatim(text: str) -> str:
    """A name of a paper, which styles print as it stands; only what would end the field goes."""
    codes = {"\\": "%5C", "{": "%7B", "}": "%7D"}
    return re.sub(r"[\\{}]", lambda match: codes[match.group()], one_line(text))


def _bibtex_name(name: Name) -> str:
    if name.literal:
        return braced(name.literal)
    family = braced(name.family) if _has_inner_particle(name.family) else _part(name.family)
    return ", ".join([family, *(_part(part) for part in (name.suffix, name.given) if part)])


def _part(text: str) -> str:
    """A part of a name; in braces where programs that split names would trip over escapes."""
    source = escaped(text)
    return braced(text) if "\\" in source else source


def _has_inner_particle(family: str) -> bool:
    """Whether a word in lower case follows one in upper case, as in "Ortega y Gasset".

    BibTeX would take all of that for particles.
    """
    words = family.split()
    return any(
        word[0].islower() and any(before[0].isupper() for before in words[:at])
        for at, word in enumerate(words)
    )


# ── RIS ─────────────────────────────────────────────────────────────────────────────────────────


def _ris_record(paper: Paper) -> str:
    arxiv = one_line(paper.arxiv_id)
    fields = [
        ("TY", "JOUR" if one_line(paper.venue) else "GEN"),
        *(("AU", name.filed) for name in _names(paper)),
        ("T1", one_line(paper.title)),
        ("PY", str(paper.year or "")),
        ("JO", one_line(paper.venue)),
        ("AN", f"arXiv:{arxiv}" if arxiv else ""),
        ("UR", address(paper).replace(";", "%3B")),  # which would part two addresses
        ("DO", one_line(paper.doi)),
        ("AB", one_line(paper.abstract)),
    ]
    lines = [f"{tag}  - {value}" for tag, value in fields if value]
    return "\n".join([*lines, "ER  - ", ""])


# ── CSL-JSON ────────────────────────────────────────────────────────────────────────────────────


def _csl_item(key: str, paper: Paper) -> dict[str, object]:
    venue, arxiv = one_line(paper.venue), one_line(paper.arxiv_id)
    item: dict[str, object] = {
        "id": key,
        "citation-key": key,
        "type": "article-journal" if venue else "article",
        "title": one_line(paper.title),
        "author": [_csl_name(name) for name in _names(paper)],
        "issued": {"date-parts": [[paper.year]]} if paper.year else None,
        "container-title": venue,
        "archive": "arXiv" if arxiv else "",
        "archive_location": arxiv,
        "DOI": one_line(paper.doi),
        "URL": address(paper),
        "abstract": one_line(paper.abstract),
    }
    return {name: value for name, value in item.items() if value}


def _csl_name(name: Name) -> dict[str, str]:
    if name.literal:
        return {"literal": name.literal}
    parts = {"family": name.family, "given": name.given, "suffix": name.suffix}
    return {part: value for part, value in parts.items() if value}
