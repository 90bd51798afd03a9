"""Text that a person typed or pasted becomes papers: in any format the readers know, or as titles
and abstracts the way people copy them. Every line ends up in a paper, in a refusal or in a note.

Where no format is recognised, a paragraph is told to be a title or an abstract by what it looks
like. An abstract without a title gets its first words as one.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from rag.collections.paragraphs import ABSTRACT_ALONE, SECTION, Part, ends, parts
from rag.readers import read_bytes, sniff
from rag.readers.build import build, refuse, split_authors
from rag.readers.clean import fold, strip_markup
from rag.readers.listing import is_furniture, looks_like_abstract
from rag.readers.source import Source
from rag.records import Paper, Refusal

SOURCE = "pasted text"
_TITLE = 80  # characters of a title made of first words
_NAME_WORD = re.compile(r"[^\W\d_][\w.'\u2019-]*")
_PARTICLES = re.compile(r"al|bin|d[aiou]s?|del?|de[nr]|el|l[ae]|te[nr]|v[ao]n|y", re.I)


@dataclass(slots=True)
class _Draft:
    """A paper in the making."""

    line: int
    title: str
    abstract: str
    authors: list[str] = field(default_factory=list)
    addresses: list[str] = field(default_factory=list)


def read_pasted(text: str, note: Callable[[str], None]) -> Iterator[Paper | Refusal]:
    """Read what a person pasted; nothing comes of white space.

    Args:
        note: told one line for people about whatever was guessed.
    """
    # A browser may hand over halves of characters; those without their other half are shown so.
    whole = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    if not whole.strip():
        return
    data = whole.encode()
    kind = sniff(data)
    if kind is None and whole.lstrip().startswith(("<?xml", "<!")):
        yield Refusal(SOURCE, "", "its format is not recognised")
        return
    if kind is not None and (kind != "listing" or _is_page(whole)):
        items = list(read_bytes(data, SOURCE, note=note))
        refused = sum(isinstance(item, Refusal) for item in items)
        # A page of titles and abstracts has few lines that are neither; broken lines have many.
        if kind != "listing" or 3 * refused <= len(items) - refused:
            yield from items
            return
    source = Source(io.BytesIO(data), SOURCE, SOURCE, note)
    yield from _papers(parts(whole.replace("\r\n", "\n").replace("\r", "\n")), source)


def first_words(abstract: str) -> str:
    """A title for an abstract without one: its first words, some 80 characters."""
    if len(abstract) <= _TITLE:
        return abstract
    cut = abstract.rfind(" ", 0, _TITLE + 1)
    # Scripts without spaces are cut between characters.
    return abstract[: cut if cut > _TITLE // 2 else _TITLE].rstrip(" ,;:.-\u2013\u2014") + "…"


def _is_page(text: str) -> bool:
    """Whether lines of a web page stand among titles and abstracts."""
    lines = (line.strip() for line in text.split("\n"))
    return any(line and is_furniture(line) and not ABSTRACT_ALONE.fullmatch(line) for line in lines)


def _papers(given: Sequence[Part], source: Source) -> Iterator[Paper | Refusal]:
    found: list[_Draft | Refusal] = []
    title: _Draft | None = None  # whose abstract is still to come
    titled = False  # whether the newest paper's title was in the text
    for part in given:
        text = part.text
        newest = found[-1] if found else None
        if part.label == "address":
            of = title or newest
            if isinstance(of, _Draft):
                of.addresses.append(text)
            else:
                found.append(
                    refuse(source, f"line {part.line}", f"an address without a title ({text[:80]})")
                )
        elif _is_abstract(part, title is not None, len(given) == 1):
            goes_on = part.tight and titled and not part.label
            if title is not None:
                title.abstract = text
                found.append(title)
                title, titled = None, True
            elif isinstance(newest, _Draft) and (goes_on or SECTION.match(text)):
                newest.abstract += f" {text}"
            else:
                found.append(_Draft(part.line, "", text))
                titled = False
        elif title is not None and _are_authors(part):
            title.authors += split_authors(text)
        elif part.tight and isinstance(newest, _Draft) and title is None and ends(text):
            newest.abstract += f" {text}"
        elif not (len(part.lines) == 1 and not part.label and is_furniture(text)):
            if title is not None:
                found.append(_without_abstract(title, source))
            title = _Draft(part.line, *_title_and_names(part))
    if title is not None:
        found.append(_without_abstract(title, source))
    for item in found:
        yield _built(item, source) if isinstance(item, _Draft) else item


def _is_abstract(part: Part, awaited: bool, alone: bool) -> bool:
    if part.label:
        return part.label == "abstract"
    text = part.text
    if looks_like_abstract(text) or SECTION.match(text):
        return True
    # Shorter than other abstracts, but a sentence: where one is awaited, it is one.
    return (awaited or alone) and ends(text) and not _are_names(text)


def _title_and_names(part: Part) -> tuple[str, str, list[str]]:
    """A title, no abstract yet, and the authors when lines of names follow the title."""
    lines = list(part.lines)
    names: list[str] = []
    while len(lines) > 1 and _are_names(lines[-1]):
        names[:0] = split_authors(lines.pop())
    return " ".join(lines), "", names


def _are_authors(part: Part) -> bool:
    return part.label == "author" or (not part.label and _are_names(part.text))


def _are_names(line: str) -> bool:
    """Whether a line is a list of people: two or more, or one with an initial."""
    names = split_authors(re.sub(r"[\d*\u2020\u2021\u00b9\u00b2\u00b3]", "", line))
    people = all(_is_name(name) for name in names)
    return people and (len(names) >= 2 or re.search(r"\b[A-Z]\.", line) is not None)


def _is_name(name: str) -> bool:
    words = name.replace(",", " ").split()
    return 2 <= len(words) <= 5 and all(
        _PARTICLES.fullmatch(word) or (_NAME_WORD.fullmatch(word) and not word[0].islower())
        for word in words
    )


def _without_abstract(draft: _Draft, source: Source) -> Refusal:
    return refuse(source, f"line {draft.line}", f'"{draft.title[:200]}" has no abstract')


def _built(draft: _Draft, source: Source) -> Paper | Refusal:
    abstract = fold(strip_markup(draft.abstract))
    title = draft.title or first_words(abstract)
    where = f"line {draft.line}"
    item = build(
        source, where, title=title, abstract=abstract, authors=draft.authors,
        url=next((a for a in draft.addresses if a.lower().startswith("http")), ""),
        doi=next((a for a in draft.addresses if "doi" in a.lower()), ""),
        arxiv=next((a for a in draft.addresses if "arxiv" in a.lower()), ""),
    )  # fmt: skip
    if isinstance(item, Paper):
        if not draft.title:
            source.note(f"{where}: no title was found, so its first words became it: “{title}”")
        if draft.authors:
            source.note(f"{where}: taken as its authors: {'; '.join(draft.authors)}")
    return item
