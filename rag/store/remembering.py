"""What is kept of a conversation, in which form: a record turned into bytes and back is equal to
the one that went in, whatever characters it holds.

Bytes are JSON in UTF-8, with lone surrogates passed through so that no text has to be refused.
Papers stand outside of what names them, under a digest of their content, so that a conversation
holds each of them once.
"""

from __future__ import annotations

import hashlib
import json
import operator
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass
from functools import lru_cache
from types import UnionType
from typing import Any, Literal, TypeVar, get_args, get_origin, get_type_hints

from rag.records import Answer, Evidence, Paper

TITLE_LENGTH = 120
UNTITLED = "Untitled"
_Record = TypeVar("_Record")


# ── what comes back ─────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a person thought of an answer.

    Attributes:
        note: in their words, at most 2,000 characters; "" when they wrote none.
    """

    good: bool
    note: str


@dataclass(frozen=True, slots=True)
class Kept:
    """One turn of a conversation.

    Attributes:
        evidence: the sentences that the answer was made of, as they were given.
        judgement: None when nobody judged the answer.
    """

    answer: Answer
    evidence: tuple[Evidence, ...]
    judgement: Judgement | None


@dataclass(frozen=True, slots=True)
class Conversation:
    """A conversation, whole.

    Attributes:
        collection: what was asked, as named when it was started.
        started: ISO 8601 in UTC ("2026-01-31T08:30:00Z").
        changed: likewise, when a question was last asked, asked again or taken back.
        turns: in order; the first has number 1.
    """

    id: str
    title: str
    collection: str
    started: str
    changed: str
    turns: tuple[Kept, ...]


@dataclass(frozen=True, slots=True)
class Summary:
    """A conversation in a list; `turns` is their number."""

    id: str
    title: str
    collection: str
    changed: str
    turns: int


@dataclass(frozen=True, slots=True)
class Judged:
    """A judged answer, without whose it was.

    Attributes:
        history: the earlier questions of the same conversation, oldest first.
    """

    question: str
    history: tuple[str, ...]
    collection: str
    good: bool
    note: str
    answer: Answer


# ── records as bytes ────────────────────────────────────────────────────────────────────────────


def text_bytes(text: str) -> bytes:
    """Any text as bytes; no two texts have the same."""
    return text.encode("utf-8", "surrogatepass")


def bytes_text(data: object) -> str:
    """The text that `text_bytes` was given. Raises ValueError for anything else."""
    if not isinstance(data, bytes):
        raise ValueError("a text is missing")
    return data.decode("utf-8", "surrogatepass")


def checked_text(value: object) -> str:
    """What a column of texts holds. Raises ValueError when it is no text."""
    if not isinstance(value, str):
        raise ValueError("a text is missing")
    return value


def checked_number(value: object) -> int:
    """What a column of whole numbers holds. Raises ValueError when it is none."""
    if not isinstance(value, int):
        raise ValueError("a number is missing")
    return value


def packed(value: object, kind: Any, papers: dict[str, bytes]) -> bytes:
    """A value of the type `kind` (one of rag.records, or a tuple of such) as bytes.

    Args:
        papers: what is added to: the bytes of every paper met, by its digest.

    Raises:
        TypeError: a field holds something else than its type says.
    """
    return _dumped(_lowered(value, kind, papers))


def unpacked(data: object, kind: type[_Record], papers: Mapping[str, Paper]) -> _Record:
    """The value that `packed` was given.

    Args:
        papers: at least those it names, by their digests.

    Raises:
        ValueError: the bytes are not such a value, or a paper is missing.
    """
    return _raised(json.loads(bytes_text(data)), kind, papers)  # type: ignore[no-any-return]  # checked value by value


def unpacked_paper(data: object) -> Paper:
    """A paper from its bytes. Raises ValueError when they are not one."""
    paper = _whole(json.loads(bytes_text(data)), Paper, {})
    assert isinstance(paper, Paper)
    return paper


def _dumped(value: object) -> bytes:
    # Not escaped: JSON's escapes would join two lone surrogates into one character.
    return text_bytes(json.dumps(value, ensure_ascii=False, separators=(",", ":")))


@lru_cache(maxsize=64)
def _hints(kind: type) -> tuple[tuple[str, Any], ...]:
    hints = get_type_hints(kind)
    return tuple((field.name, hints[field.name]) for field in fields(kind))


def _lowered(value: Any, kind: Any, papers: dict[str, bytes]) -> object:
    """The value as JSON knows it."""
    if kind is Paper:
        data = _dumped(_fields_of(value, kind, papers))
        digest = hashlib.blake2b(data, digest_size=16).hexdigest()
        papers[digest] = data
        return digest
    if is_dataclass(kind):
        return _fields_of(value, kind, papers)
    if get_origin(kind) is tuple:
        return [_lowered(item, get_args(kind)[0], papers) for item in value]
    if isinstance(kind, UnionType):
        return None if value is None else _lowered(value, get_args(kind)[0], papers)
    if kind is float:
        return float(value)  # also NumPy's numbers
    if kind is int:
        return operator.index(value)
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is no text")
    return value


def _fields_of(value: Any, kind: Any, papers: dict[str, bytes]) -> dict[str, object]:
    return {name: _lowered(getattr(value, name), hint, papers) for name, hint in _hints(kind)}


def _raised(value: Any, kind: Any, papers: Mapping[str, Paper]) -> Any:
    """What `_lowered` was given; ValueError for anything it cannot have made."""
    if kind is Paper:
        if not isinstance(value, str) or value not in papers:
            raise ValueError("a paper is missing")
        return papers[value]
    if is_dataclass(kind):
        return _whole(value, kind, papers)
    if get_origin(kind) is tuple and isinstance(value, list):
        return tuple(_raised(item, get_args(kind)[0], papers) for item in value)
    if isinstance(kind, UnionType):
        return None if value is None else _raised(value, get_args(kind)[0], papers)
    if get_origin(kind) is Literal:
        fits = value in get_args(kind)
    else:
        fits = isinstance(kind, type) and type(value) is kind
    if not fits:
        raise ValueError(f"{str(value)[:40]!r} is not of its field's type")
    return value


def _whole(value: Any, kind: Any, papers: Mapping[str, Paper]) -> Any:
    """A record from its fields: those not there (of an older release) have their defaults."""
    if not isinstance(value, dict):
        raise ValueError("a record is missing")
    known = {name: hint for name, hint in _hints(kind) if name in value}
    try:
        return kind(**{name: _raised(value[name], hint, papers) for name, hint in known.items()})
    except TypeError as e:
        raise ValueError(str(e)) from e


# ── titles, and texts to be searched ────────────────────────────────────────────────────────────


def titled(text: str) -> str:
    """A title of 1 to 120 characters, on one line; a longer one ends on a word and "…"."""
    line = "".join(" " if unicodedata.category(c) == "Cc" else _printable(c) for c in text)
    line = " ".join(line.split())
    if len(line) > TITLE_LENGTH:
        cut = line[:TITLE_LENGTH]
        space = cut.rfind(" ")
        # A very long word, or a script without spaces, is cut where it must be.
        words = cut[:space] if space >= TITLE_LENGTH // 2 else cut[:-1]
        line = words.rstrip(" ,;:–—-") + "…"
    return line or UNTITLED


def plain(text: str) -> str:
    """A text for searching: without case, accents or typographic variants.

    Made letter by letter, so that a part of a text is, made plain, part of the plain text.
    """
    if text.isascii() and text.isprintable():
        return text.lower()
    return "".join(_plain_letter(char) for char in text)


# Letters whose stroke is no accent to Unicode, and what keyboards have no keys for.
_SPELT = str.maketrans(
    {"ø": "o", "ł": "l", "đ": "d", "ð": "d", "ħ": "h", "ı": "i", "æ": "ae", "œ": "oe", "þ": "th",
     "‘": "'", "’": "'", "ʼ": "'", "“": '"', "”": '"', "„": '"', "‐": "-", "‑": "-", "–": "-",
     "—": "-", "−": "-"}
)  # fmt: skip
# Combining classes of signs that spell the word: a consonant's dot, kana's voicing, a lost vowel.
_SPELLING = (0, 7, 8, 9)


@lru_cache(maxsize=4096)
def _plain_letter(char: str) -> str:
    category = unicodedata.category(char)
    if category == "Cc":
        return " "
    if category == "Cf":  # soft hyphens, joiners, direction marks: nobody types them
        return ""
    folded = unicodedata.normalize("NFKD", _printable(char)).casefold()
    kept = [
        c for c in unicodedata.normalize("NFKD", folded) if unicodedata.combining(c) in _SPELLING
    ]
    return "".join(kept).translate(_SPELT)


def _printable(char: str) -> str:
    return "\ufffd" if "\ud800" <= char <= "\udfff" else char
