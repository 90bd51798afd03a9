"""A trimmed sentence is a contiguous part of it that says the same about what was asked.

Only cuts that can't change meaning are made: a connective at the start, a purpose clause before
the main one, where to get the code behind a semicolon. Nothing is cut that holds a negation, a
restriction, a comparison, a figure, or a word of the question.
"""

from __future__ import annotations

import re

from rag.records import Span
from rag.words import content_stems

_CONNECTIVE = re.compile(
    r"(?:however|moreover|furthermore|additionally|in addition|besides|specifically|in particular|"
    r"finally|lastly|therefore|thus|hence|consequently|accordingly|to this end|to (?:address|solve|"
    r"tackle|overcome|remedy|fill|bridge) (?:this|these|the|such)(?: [\w-]+){0,4}|in this (?:paper|"
    r"work|article|study|report)|in (?:summary|conclusion|response|turn)|notably|importantly|"
    r"interestingly|as a result|(?:first|second|third)(?=,\s+(?!(?:second|third|fourth|and|or)\b))|"
    r"firstly|secondly|thirdly|meanwhile|overall|"
    r"more (?:specifically|importantly|concretely)|concretely|last but not least),\s+",
    re.IGNORECASE,
)
# "To our knowledge" and "to some extent" are no purposes: they say how far a statement goes.
_PURPOSE = re.compile(
    r"(?:(?:in order )?to (?!(?:our|my|the|an?|some|any|this|that|these|what|which|date|be)\b)|"
    r"(?:motivated by|inspired by|building (?:up)?on) )[^,;:.]{4,140},\s+"
    # Only before one who acts: "to critics, the rule is a weapon", "to treat burns, the cream is
    # useless" say whose view it is and what for.
    r"(?=(?:we|(?:the|this|our) (?:authors?|present|paper|work|study|article|report|review|survey))"
    r"\b)",
    re.IGNORECASE,
)
# "Our code is publicly available at …".
_HELD = (
    r"(?:code(?:base)?s?|data|datasets?|models?|weights|checkpoints?|implementations?|demos?|"
    r"videos?|materials?|scripts?|benchmarks?|corpus|project page|web ?(?:site|page)|repository)"
)
_ASIDE = re.compile(
    rf"(?:(?:our|the|all|its|both|source|full|official|pre-?trained|training)\s+)*{_HELD}"
    rf"(?:(?:,|/|\s+and|,\s+and)\s*(?:\w+\s+)?{_HELD})*(?:\s+(?:for|of|to)\s+[\w\s-]{{1,40}})?"
    r"(?:\s*:\s*\S*(?:https?:|www\.|github).*|\s+(?:is|are|has been|have been|will be|can be)\s+"
    r"(?:(?:\w+ly|made|also|now|here)\s+)*"
    r"(?:available|released|open-?sourced|accessed|accessible|found|downloaded|hosted|online|at)"
    r"(?:\s+(?:at|online|here|on github|https?:).*)?)[\s.]*|"
    r"we (?:\w+ly )?(?:release|open-source|share)\b.{0,60}\b(?:at|on|https?:).*https?:.*",
    re.IGNORECASE | re.DOTALL,
)
# The same behind a semicolon.
_ADDED = re.compile(rf";\s+(?:and )?(?:{_ASIDE.pattern})\Z", re.IGNORECASE | re.DOTALL)
_ASIDE_WORDS = 16  # a longer one says more than that
_KEEP = re.compile(
    r"\d|\b(?:no|not|never|none|nor|neither|without|only|unless|except|but|although|though|while|"
    r"whereas|however|yet|nevertheless|nonetheless|still|if|when|once|until|provided|assuming|"
    r"depend\w*|limited|especially|mostly|up to|at (?:least|most)|than|more|less|fewer|may|might|"
    r"could|would|should|cannot|fails?|lacks?|knowledge|extents?|degrees?|orders?|approximations?|"
    r"precision|accurac\w+|errors?|appearances?)\b|n't\b",
    re.IGNORECASE,
)
_FIGURE = re.compile(r"\d[\d.,]*")
# What the main clause demands is demanded for the purpose before it: "to keep the accuracy, the
# baseline needs twice the memory".
_DEMAND = re.compile(
    r"(?:[\w'’-]+\s+){1,6}?(?:must|needs?|requires?|ha(?:s|ve) to|should|takes?|suffices?|costs?|"
    r"is (?:needed|required|enough|necessary)|are (?:needed|required|enough|necessary))\b",
    re.IGNORECASE,
)
_TO_SOLVE = re.compile(r"to (?!this end\b)", re.IGNORECASE)
_PLACE = (
    r"where(?! to\b)|download\w*|public\w*|open[- ]?sourc\w*|availab\w*|implementations?|code|"
    r"released?"
)
# Such a question is answered by what is cut otherwise: a purpose, a model, an address.
_ASKS_FOR_IT = re.compile(
    r"\b(?:why|purpose|goals?|aims?|point of|reasons?|motivat\w*|what\b.*\bfor|based on|buil[dt]s? "
    rf"(?:up)?on|inspir\w*|{_PLACE})\b",
    re.IGNORECASE,
)
_ASKS_WHERE = re.compile(
    rf"\b(?:{_PLACE}|github|gitlab|repo(?:sitory|s)?|links?|urls?|web ?(?:site|page)s?|"
    r"project page|access\w*|licen[cs]\w*|shar(?:e|ed|ing)|find|found|obtain\w*|get|"
    r"host(?:s|ed)?|reproduc\w*)\b",
    re.IGNORECASE,
)


def is_aside(text: str, question: str) -> bool:
    """Whether a sentence only says where code, data or the like can be had, which wasn't asked.

    Args:
        question: what was asked; a sentence that shares a content word with it is none.
    """
    return (
        len(text.split()) <= _ASIDE_WORDS
        and _ASIDE.fullmatch(text.strip()) is not None
        and not _ASKS_WHERE.search(question)
        and not set(content_stems(question)) & set(content_stems(text))
    )


def limits(text: str) -> frozenset[str]:
    """Figures, and words that deny or limit: two sentences that differ in these say two things."""
    words = {found.group().lower() for found in _KEEP.finditer(text)}
    return frozenset(words | set(_FIGURE.findall(text)))


def trimmed(text: str, question: str) -> Span:
    """The part of a sentence worth quoting, as offsets into `text`; the whole when in doubt.

    Args:
        question: what was asked; a part that shares a content word with it is never cut.
    """
    asked = set(content_stems(question))
    wanted = _ASKS_FOR_IT.search(question) is not None
    start = 0 if wanted and _TO_SOLVE.match(text) else _skip(text, 0, _CONNECTIVE, asked)
    if wanted:
        return Span(start, len(text))
    start = _skip(text, start, _PURPOSE, asked)
    end = len(text)
    # Behind other semicolons stands what limits or completes the statement.
    added = _ADDED.search(text, start)
    if added and added.start() - start >= 40 and _droppable(added.group(), asked):
        end = added.start()
    return Span(start, end)


def _skip(text: str, start: int, pattern: re.Pattern[str], asked: set[str]) -> int:
    found = pattern.match(text, start)
    if found and _droppable(found.group(), asked) and len(text) - found.end() >= 40:
        purpose = re.match(r"(?:in order )?to\b", found.group(), re.IGNORECASE)
        if purpose and _DEMAND.match(text, found.end()):
            return start
        return found.end()
    return start


def _droppable(part: str, asked: set[str]) -> bool:
    return not _KEEP.search(part) and not (asked & set(content_stems(part)))
