"""Whether a question leans on earlier ones, and on what, told from its wording; one that stands
by itself is left as it is, whatever came before."""

from __future__ import annotations

import re
from enum import Enum

from rag.intent import intent_of
from rag.words import content_stems

_ONE = r"(?:ones?|papers?|methods?|models?|approach(?:es)?|works?)"
_NTH = r"(?:first|second|third|fourth|fifth|1st|2nd|3rd|4th|5th|last|other)"
_FIRM = (
    r"\b(?:it|its|itself|they|them|their|theirs|this|that|these|those|the same|the former|"
    rf"the latter|the {_NTH} (?:{_ONE}|two|three)|(?:that|this) (?:paper|work|study|method|model|"
    r"approach|dataset|system|authors?)|(?:paper|number|no\.?|#) ?[1-9])\b|\[[1-9]\]"
)
_THINGS = r"(?:paper|work|study|method|model|approach|dataset|system|authors?)"
_VERB = r"(?:is|are|was|were|do|does|did|can|could|has|have|will|would)"
# One of several that were named before, or all: "which one is faster?", "do both use it?".
_CHOICE = (
    r"\bwhich ones?\b(?! of\b)|\b(?:which|either|neither|both|each) of the (?:two|three)\b|"
    rf"^\W*(?:and |so |but )?{_VERB} (?:both|either|neither|the (?:two|three))\b"
    r"(?! [\w-]+ (?:and|or)\b)|"
    r"\b(?:between|among|compare|contrast) the (?:two|three)(?= papers?\b| works\b|\W*$)"
)
_SEVERAL = re.compile(
    rf"{_CHOICE}|\b(?:of|between|among|compare|contrast) "
    rf"(?:them\b|the (?:two|three)\b|(?:these|those)(?= {_VERB}\b|\W*$))|"
    r"\b(?:these|those) (?:papers|works|studies|methods|models|approaches|systems|two|three|"
    r"ones)\b",
    re.IGNORECASE,
)
_POINTING = re.compile(rf"{_FIRM}|{_CHOICE}|\bthe {_THINGS}\b", re.IGNORECASE)
_POINTING_FIRMLY = re.compile(rf"{_FIRM}|{_CHOICE}", re.IGNORECASE)
# "The paper about Mamba", "the authors of LoRA": told which.
_TOLD = re.compile(
    rf"\bthe {_THINGS}s? (?:on|about|of|by|behind|called|named|from|with|that|which)\b"
    r"(?! (?:it|this|that|these|those|them)\b)",
    re.IGNORECASE,
)
_JOINED = re.compile(r"\s*(?:and|but|or|also)\b", re.IGNORECASE)
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
_ORDINALS = {
    "first": 0, "former": 0, "1st": 0, "second": 1, "latter": 1, "2nd": 1, "third": 2, "3rd": 2,
    "fourth": 3, "4th": 3, "fifth": 4, "5th": 4, "last": -1,
}  # fmt: skip
_PLACE = re.compile(
    rf"\bthe (?P<plain>former|latter)\b|\bthe (?P<nth>{_NTH})(?: {_ONE}\b|(?=\W*$|[,;:] "
    rf"(?:(?:at|by|for|from|in|on|to|with) )?(?:what|which|whom?|how|why|where|when|{_VERB})\b))|"
    r"\b(?:paper|number|no\.?|#) ?(?P<n>[1-9])\b|\[(?P<cited>[1-9])\]",
    re.IGNORECASE,
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
# Said to be polite; nothing is asked.
_POLITE = re.compile(
    r"^\W*(?:(?:thanks?(?: you)?(?: (?:so|very) much| a lot)?|ok(?:ay)?|great|cool|nice|good|"
    r"perfect|got it|hi|hello|hey)\b\W*)+$",
    re.IGNORECASE,
)
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
    own, intent = content_stems(text), intent_of(text)
    if intent.like:
        return Leaning.CERTAIN
    # Pointers that point inside the question: "papers that …", "X is fast and it …".
    plain = _TOLD.sub(" ", _RELATIVE.sub(" ", text))
    if _names_something(text):
        plain = _INSIDE.sub(" ", plain)
    pointing = _POINTING.search(plain)
    # "Which papers are about pruning?" has its topic, if only one word of it.
    if intent.kind in ("list", "count") and not pointing:
        return Leaning.NOT
    if _ELLIPSIS.search(plain) and len(own) <= 6:
        return Leaning.CERTAIN if len(own) <= 3 else Leaning.MAYBE
    if pointing:
        return Leaning.CERTAIN if len(own) <= 4 or _BACK.search(plain) else Leaning.MAYBE
    return Leaning.CERTAIN if len(own) <= 1 else Leaning.NOT


def points_firmly(text: str) -> bool:
    """Whether a word stands for something said before; "why …" and "the model" may not."""
    return bool(_POINTING_FIRMLY.search(text) or _JOINED.match(text))


def points_at_several(text: str) -> bool:
    """Whether it is asked of all that was named before, or of one among it: "which one …"."""
    return bool(_SEVERAL.search(text))


def is_polite(text: str) -> bool:
    """Whether it is "Thanks!" or the like, and no question."""
    return bool(_POLITE.match(text))


def asks_nothing(text: str) -> bool:
    """Whether there is nothing to look for: thanks, a greeting, words like "what is it"."""
    return is_polite(text) or not content_stems(text)


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


def without_place(text: str) -> str:
    """A question with "it" for what `pointed_at` finds: "how was the second one trained?"."""
    return _PLACE.sub("it", text)


def pointed_at(text: str, before: int | None = None) -> int | None:
    """Which of the things named before is meant ("the second one": 1; the last: -1); None when
    not said.

    Args:
        before: which was meant so far; "the other one" is the other of the first two.
    """
    found = _PLACE.search(text)
    if not found:
        return None
    said = found["plain"] or found["nth"]
    if said is None:
        return int(found["n"] or found["cited"]) - 1
    if said.lower() == "other":
        return 0 if before == 1 else 1
    return _ORDINALS[said.lower()]
