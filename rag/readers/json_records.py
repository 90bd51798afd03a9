"""JSON records of any make (OpenAlex, Semantic Scholar, Crossref, a script of one's own).

Fields are found by their names (see `keys`); values may be text, numbers, lists of either, or
objects that hold the text under one of the usual names.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime

from rag.readers.build import Item, build, split_authors
from rag.readers.json_values import Value, read_any, read_lines
from rag.readers.keys import Lookup, inner_of
from rag.readers.source import Source
from rag.records import Refusal

_TEXT_KEYS = ("value", "text", "#text", "$", "content", "name", "display_name", "title", "en")
_MAX_POSITION = 200_000  # words: an inverted index with a larger position is damaged


def read(source: Source) -> Iterator[Item]:
    """Yield the papers of an array, of an object that wraps one, or of lines."""
    return convert(source, read_any(source))


def read_jsonl(source: Source) -> Iterator[Item]:
    """Yield the papers of a file with one object a line."""
    return convert(source, read_lines(source))


def convert(source: Source, values: Iterator[Value | Refusal]) -> Iterator[Item]:
    """Turn records into papers, passing refusals on."""
    for value in values:
        yield value if isinstance(value, Refusal) else paper(source, *value)


def paper(source: Source, where: str, record: Mapping[str, object]) -> Item:
    """Make a paper of one record of unknown make."""
    if inner := inner_of(record):
        record = _openreview(record) | inner
    fields = Lookup(record)
    outer = Lookup(_mapping(record.get("externalIds")) | _mapping(record.get("ids")))
    place = _mapping(record.get("primary_location"))
    venue = fields.all("venue") or [_mapping(place.get("source")).get("display_name")]
    ids = [text_of(v) for v in outer.all("arxiv") + fields.all("arxiv")]
    dois = [text_of(v) for v in fields.all("doi") + outer.all("doi")]
    urls = [text_of(v) for v in [*fields.all("url"), place.get("landing_page_url")]]
    return build(
        source,
        where,
        title=next((t for v in fields.all("title") if (t := first_text(v))), ""),
        abstract=next((t for v in fields.all("abstract") if (t := text_of(v))), ""),
        authors=next((names for v in fields.all("authors") if (names := authors_of(v))), []),
        date=next((d for v in fields.all("date") if (d := date_of(v))), ""),
        updated=next((d for v in fields.all("updated") if (d := date_of(v))), ""),
        url=next((url for url in urls if url.startswith(("http://", "https://"))), ""),
        doi=next((doi for doi in dois if doi), ""),
        arxiv=_first_arxiv(ids),
        venue=first_text(venue[0]),
    )


def text_of(value: object) -> str:
    """The text in a value; the parts of a list are joined by spaces."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool) or value is None:
        return ""
    if isinstance(value, int | float):
        return str(value)
    if isinstance(value, list):
        return " ".join(text for item in value[:1000] if (text := _shallow(item)))
    if isinstance(value, dict):
        return inverted(value) or _shallow(value)
    return ""


def first_text(value: object) -> str:
    """The first text in a value: Crossref has its titles as lists of one."""
    if isinstance(value, list):
        return next((text for item in value if (text := text_of(item))), "")
    return text_of(value)


def authors_of(value: object) -> list[str]:
    """Names from a string, a list of strings, or a list of objects."""
    if isinstance(value, str):
        return split_authors(value)
    if isinstance(value, dict):  # Europe PMC: {"author": […]}; OpenReview: {"value": […]}
        listed = (value.get(key) for key in ("author", "authors", "value"))
        value = next((inner for inner in listed if isinstance(inner, list)), [value])
    if not isinstance(value, list):
        return []
    if len(value) == 1 and isinstance(value[0], str):
        return split_authors(value[0])
    # Zotero lists editors and translators beside the authors.
    own = [v for v in value if isinstance(v, dict) and v.get("creatorType") == "author"]
    return [name for item in own or value if (name := _name(item))]


def date_of(value: object) -> str:
    """A date from text, a number, or CSL date parts ({"date-parts": [[2020, 1, 2]]})."""
    if isinstance(value, dict):
        parts = value.get("date-parts")
        if isinstance(parts, list) and parts and isinstance(parts[0], list):
            numbers = [str(part).zfill(2) for part in parts[0] if part is not None]
            return "-".join(numbers[:3])
        return next((text_of(value[k]) for k in ("date-time", "raw", "literal") if k in value), "")
    return first_text(value)


def _name(item: object) -> str:
    if isinstance(item, list):  # arXiv's authors_parsed: [family, given, suffix]
        parts = [part for part in map(text_of, item[:3]) if part]
        return " ".join([*parts[1:2], *parts[:1], *parts[2:]])
    if not isinstance(item, dict):
        return text_of(item)
    fields = {str(key).lower(): value for key, value in item.items()}
    for key in ("author", "raw_author_name"):
        inner = fields.get(key)
        if isinstance(inner, dict):
            return _name(inner)
    for key in ("name", "display_name", "literal", "fullname", "full_name", "raw_author_name"):
        if text := text_of(fields.get(key)):
            return text
    family = next((t for k in ("family", "last", "lastname", "last_name", "surname")
                   if (t := text_of(fields.get(k)))), "")  # fmt: skip
    given = next((t for k in ("given", "first", "firstname", "first_name", "forename")
                  if (t := text_of(fields.get(k)))), "")  # fmt: skip
    particle = text_of(fields.get("non-dropping-particle"))
    suffix = text_of(fields.get("suffix"))
    return " ".join(part for part in (given, particle, family, suffix) if part)


def _shallow(value: object) -> str:
    """Text of a list's item: one level of nesting is enough, and keeps recursion bounded."""
    if isinstance(value, dict):
        for key in _TEXT_KEYS:
            inner = value.get(key)
            if isinstance(inner, str | int | float) and inner:
                return str(inner)
        return ""
    return text_of(value) if not isinstance(value, list) else ""


def inverted(value: dict[str, object]) -> str:
    """OpenAlex's abstract, {"word": [positions]}, put back in order; "" if it is none."""
    if not value or not all(
        isinstance(places, list) and all(type(p) is int for p in places)
        for places in value.values()
    ):
        return ""
    words = ((p, w) for w, places in value.items() if isinstance(places, list) for p in places)
    placed = sorted(words)
    if not placed or placed[0][0] < 0 or placed[-1][0] > _MAX_POSITION:
        return ""
    return " ".join(itertools.starmap(lambda _, word: word, placed))


def _openreview(note: Mapping[str, object]) -> dict[str, object]:
    """What a note of OpenReview says beside its content: its page, its date in milliseconds."""
    forum, made = note.get("forum"), note.get("pdate") or note.get("cdate") or note.get("tcdate")
    found: dict[str, object] = {}
    if isinstance(forum, str) and forum:
        found["url"] = f"https://openreview.net/forum?id={forum}"
    if isinstance(made, int) and 0 < made < 10**14:
        found["date"] = str(datetime.fromtimestamp(made / 1000, UTC).date())
    return found


def _first_arxiv(candidates: list[str]) -> str:
    from rag.readers.ids import arxiv_id

    return next((found for text in candidates if (found := arxiv_id(text))), "")


def _mapping(value: object) -> dict[str, object]:
    return value if isinstance(value, dict) else {}
