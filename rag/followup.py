"""A question that leans on earlier ones is made self-contained by what it leans on; one that
stands by itself is left as it is, whatever came before."""

from __future__ import annotations

import re
from collections.abc import Sequence

from rag.words import content_stems

_POINTING = re.compile(
    r"\b(?:it|its|itself|they|them|their|theirs|this|that|these|those|the same|the former|"
    r"the latter|the (?:first|second|third|last|other) (?:one|paper|method|model|approach)|"
    r"(?:that|this|the) (?:paper|work|study|method|model|approach|dataset|system|authors?))\b",
    re.IGNORECASE,
)
_ELLIPSIS = re.compile(
    r"^\s*(?:and|but|or|so|also|what about|how about|why|how so|what else)\b", re.I
)
_RELATIVE = re.compile(
    r"\b(?:papers?|methods?|models?|works?|approach(?:es)?|those|one) that\b", re.I
)


_INSIDE = re.compile(r"\b(?:it|its|they|them|their|this|these|that)\b", re.IGNORECASE)
# A name inside the question: a capital past its first word.
_NAME = re.compile(r"(?<=[\w,;:] )[\"“(]?[A-Z][\w-]+|\b[a-z]+[A-Z]\w*")
_NEW_CLAUSE = re.compile(r"\b(?:and|or|but|while|because|when|since)\b|[,;.?]")


def _names_something(text: str) -> bool:
    """Whether a pointer stands in a later clause than a named thing that it can mean."""
    name, pointer = _NAME.search(text), _POINTING.search(text)
    if not name or not pointer:
        return False
    return bool(_NEW_CLAUSE.search(text, name.end(), max(name.end(), pointer.start())))


def leans_on_history(text: str) -> bool:
    """Whether a question can't be understood alone."""
    own = content_stems(text)
    # Pointers that point inside the question: "papers that …", "X is fast and it …".
    plain = _RELATIVE.sub(" ", text)
    if _names_something(text):
        plain = _INSIDE.sub(" ", plain)
    if _ELLIPSIS.search(plain) and len(own) <= 6:
        return True
    if _POINTING.search(plain):
        return len(own) <= 8
    return len(own) <= 1


def self_contained(text: str, history: Sequence[str]) -> str:
    """The question with what it refers to.

    The nearest earlier question that stands by itself gives the topic; one that itself leans on
    others is kept between them, newest last.

    Args:
        history: earlier questions, oldest first.

    Returns:
        The question alone when it needs nothing, else "TOPIC … — QUESTION".
    """
    if not history or not leans_on_history(text):
        return text
    topic: list[str] = []
    for earlier in reversed(history[-4:]):
        topic.insert(0, earlier.strip())
        if not leans_on_history(earlier):
            break
    return f"{' '.join(topic)} — {text.strip()}"
