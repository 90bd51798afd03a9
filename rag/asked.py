"""What a question wants to be told, "which optimizer", "how many heads", apart from what it tells
itself to name the paper; found from its wording alone.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from rag.records import Span

Want = Literal["thing", "number", "manner", "terse"]

_WORD = re.compile(r"[\w'’-]+")
_AUXILIARY = frozenset(
    [
        "do", "does", "did", "is", "are", "was", "were", "has", "have", "had", "can", "could",
        "should", "will", "would", "may", "might", "must", "be", "been", "being",
    ]
)  # fmt: skip
_CLOSING = frozenset(
    [
        "and", "that", "when", "while", "if", "where", "by", "for", "from", "over", "than", "to",
    ]
)  # fmt: skip
_MEASURES = frozenset(
    [
        "many", "much", "long", "large", "big", "fast", "often", "high", "low", "deep", "far",
        "quickly", "accurate", "well", "small", "old", "close",
    ]
)  # fmt: skip
_THING = frozenset(["which", "what", "whats", "what's", "what’s"])
_MANNER = frozenset(["how", "why", "who", "where", "when"])
_LONGEST = 7  # words of what is wanted
_TAIL = 3  # last words of keywords without a comma, where people put what they want


@dataclass(frozen=True, slots=True)
class Asked:
    """What is wanted.

    Attributes:
        want: a thing ("which …"), a number ("how many …"), a manner or reason ("how", "why"), or
            unsaid in keywords ("terse").
        words: which of the question's content words say it, as indices; empty when none does.
    """

    want: Want
    words: tuple[int, ...]


def asked_for(question: str, content: Sequence[Span]) -> Asked:
    """Find what a question wants.

    Args:
        content: its content words (see `rag.matching.content_words`).
    """
    tokens = [(m.group().lower(), m.start(), m.end()) for m in _WORD.finditer(question)]
    place = next((i for i, (t, _, _) in enumerate(tokens) if t in _THING or t in _MANNER), None)
    if place is None:
        comma = question.rfind(",")
        if comma > 0:
            return Asked("terse", _inside(content, comma, len(question)))
        return Asked("terse", tuple(range(len(content)))[-_TAIL:])
    word = tokens[place][0]
    following = tokens[place + 1][0] if place + 1 < len(tokens) else ""
    if word == "how" and following in ("many", "much"):
        return Asked("number", _phrase(tokens, place + 2, content))
    if word == "how" and following in _MEASURES:
        first = tokens[place + 1]
        return Asked("number", _inside(content, first[1], first[2]))
    if word in _MANNER:
        return Asked("manner", ())
    return Asked("thing", _phrase(tokens, place + 1, content))


def _phrase(
    tokens: Sequence[tuple[str, int, int]], first: int, content: Sequence[Span]
) -> tuple[int, ...]:
    """The words from `first` up to the verb or the next clause."""
    last = first
    while last < len(tokens) and last - first < _LONGEST:
        word = tokens[last][0]
        if word in _AUXILIARY or (word in _CLOSING and last > first):
            break
        last += 1
    if last == first:
        return ()
    return _inside(content, tokens[first][1], tokens[last - 1][2])


def _inside(content: Sequence[Span], start: int, end: int) -> tuple[int, ...]:
    return tuple(i for i, s in enumerate(content) if s.start >= start and s.end <= end)
