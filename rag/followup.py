"""Whether a question leans on earlier ones, and on what, told from its wording; one that stands
by itself is left as it is, whatever came before."""

from __future__ import annotations

import re
from enum import Enum

from rag.intent import intent_of
from rag.words import content_stems

_POINTING = re.compile(
    r"\b(?:it|its|itself|they|them|their|theirs|this|that|these|those|the same|the former|"
    r"the latter|the (?:first|second|third|last|other) "
    r"(?:ones?|two|three|papers?|methods?|models?|approach(?:es)?)|"
    r"(?:that|this|the) (?:paper|work|study|method|model|approach|dataset|system|authors?))\b",
    re.IGNORECASE,
)
# What can only mean something said before.
_BACK = re.compile(
    r"\b(?:this|that|the same) (?:paper|work|study|article)\b(?! that)|\bthe (?:former|latter)\b",
    re.IGNORECASE,
)
_ELLIPSIS = re.compile(
    r"^\s*(?:and|but|or|so|also|then|what about|how about|why|how so|what else|any)\b", re.I
)
_RELATIVE = re.compile(
    r"\b(?:papers?|methods?|models?|works?|approach(?:es)?|those|one) that\b", re.I
)
_ONE = r"(?: (?:ones?|papers?|methods?|models?|approach(?:es)?|works?))?"
_PLACES = (
    (0, re.compile(rf"\bthe (?:former|first){_ONE}\b", re.IGNORECASE)),
    (1, re.compile(rf"\bthe (?:latter|second|other){_ONE}\b", re.IGNORECASE)),
    (2, re.compile(rf"\bthe third{_ONE}\b", re.IGNORECASE)),
)
_INSIDE = re.compile(r"\b(?:it|its|they|them|their|this|these|that)\b", re.IGNORECASE)
# A name inside the question: a capital past its first word.
_NAME = re.compile(r"(?<=[\w,;:] )[\"“(]?[A-Z][\w-]+|\b[a-z]+[A-Z]\w*")
# What asks about a thing that may be new; "what is the accuracy?" asks about one that is known.
_DEFINED = re.compile(
    r"^\W*(?:what(?:'s|’s| is| are)|define|explain|describe|tell me about|how do(?:es)?) "
    r"(?!(?:the|your|our|new|special)\b)[^\W_]",
    re.IGNORECASE,
)
# A name by its shape: a capital past its first letter or past the first word, or a digit in it.
_NAMED = re.compile(r"\b[A-Za-z]\w*(?:[A-Z]|\d)|(?<=\w )[\"“(]?[A-Z]\w+")
REMEMBERED = 4  # earlier questions that a follow-up may lean on
_DESCRIBED = 3  # content words of a clause that describes something
_NEW_CLAUSE = re.compile(r"\b(?:and|or|but|while|because|when|since)\b|[,;.?]")


class Leaning(Enum):
    """How surely a question leans on what was said before.

    UNSAID: it may stand alone by its wording, but finds nothing better elsewhere.
    """

    NOT = 0
    UNSAID = 1
    MAYBE = 2
    CERTAIN = 3


def leaning(text: str) -> Leaning:
    """Whether a question can't be understood alone."""
    own = content_stems(text)
    # Pointers that point inside the question: "papers that …", "X is fast and it …".
    plain = _RELATIVE.sub(" ", text)
    if _names_something(text):
        plain = _INSIDE.sub(" ", plain)
    if _ELLIPSIS.search(plain) and len(own) <= 6:
        return Leaning.CERTAIN if len(own) <= 3 else Leaning.MAYBE
    if _POINTING.search(plain):
        return Leaning.CERTAIN if len(own) <= 4 or _BACK.search(plain) else Leaning.MAYBE
    # "Which papers are about pruning?" has its topic, if only one word of it.
    if content_stems(intent_of(text).topic):
        return Leaning.NOT
    return Leaning.CERTAIN if len(own) <= 1 else Leaning.NOT


def names_alone(text: str) -> bool:
    """Whether a short question points at nothing but names one thing: "What is GCAV?"."""
    if len(content_stems(text)) != 1 or _POINTING.search(text):
        return False
    return bool(_DEFINED.search(text) or _NAMED.search(text))


def _names_something(text: str) -> bool:
    """Whether a pointer stands in a later clause than a thing that it can mean."""
    name, pointer = _NAME.search(text), _POINTING.search(text)
    if not pointer:
        return False
    clause = text[: pointer.start()].rpartition(",")[0]
    if len(content_stems(clause)) >= _DESCRIBED:
        return True
    if not name:
        return False
    return bool(_NEW_CLAUSE.search(text, name.end(), max(name.end(), pointer.start())))


def pointed_at(text: str) -> int | None:
    """Which of the things named before is meant ("the second one": 1); None when not said."""
    found = [(m.start(), place) for place, pattern in _PLACES if (m := pattern.search(text))]
    return min(found)[1] if found else None
