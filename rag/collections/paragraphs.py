"""Lines of pasted text, joined to what belongs together: a title, an abstract, or either with what
it says of itself. Lines broken to fit a page are told from lines that are whole by their length."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from rag.readers.clean import strip_controls
from rag.readers.listing import looks_like_abstract

_UNWRAPPED = 120  # characters: a longer line wasn't broken to fit a page
_SECTIONS = (
    r"(?:background|introduction|context|objectives?|aims?|purpose|(?:materials and )?methods?"
    r"|methodology|design|setting|participants|patients|results?|findings|discussion"
    r"|conclusions?|interpretation|significance|limitations)"
)
SECTION = re.compile(rf"{_SECTIONS}(?: [\w ]{{1,30}})?\s*[:.]\s+\S", re.I)
_SECTION_ALONE = re.compile(rf"{_SECTIONS}\s*:?", re.I)
_LABEL = re.compile(
    r"(title|authors?)\s*:\s*(?=\S)|(abstract|summary)(?:\s*[:\u2014\u2013]|\.(?=\s)|\s-(?=\s))\s*",
    re.I,
)
ABSTRACT_ALONE = re.compile(r"\W*(?:abstract|summary)\W*", re.I)
_ADDRESS = re.compile(r"(?:https?://|doi:\s*|arxiv:\s*)\S+", re.I)
_SENTENCE_END = re.compile(r"[.!\u3002\uff01][)\"'\u201d\u2019]?$")
_OPEN_END = re.compile(r"[.,;:\-]$")


@dataclass(slots=True)
class Part:
    """Lines that belong together.

    Attributes:
        line: number of the first, from 1.
        label: "title", "author", "abstract" or "address" when the text itself says so.
        tight: no blank line stands before it.
    """

    line: int
    lines: list[str]
    label: str = ""
    tight: bool = False

    @property
    def text(self) -> str:
        """All of it as one line."""
        return " ".join(self.lines)


def parts(text: str) -> list[Part]:
    """Paragraphs; long lines, and lines that say what they are, begin parts of their own."""
    found: list[Part] = []
    tight = joins = False
    label = ""
    headings: list[str] = []  # of the text below them, which they are kept with
    for number, raw in enumerate(text.split("\n"), 1):
        line = " ".join(strip_controls(raw).split())
        if not line:
            tight = joins = False
            continue
        if ABSTRACT_ALONE.fullmatch(line):
            label, tight, joins = "abstract", False, False
            continue
        if _SECTION_ALONE.fullmatch(line):
            headings.append(line.rstrip(" :"))
            continue
        if _ADDRESS.fullmatch(line):
            found.append(Part(number, [line], "address"))
            joins = False
            continue
        if said := _LABEL.match(line):
            label = "abstract" if said[2] else said[1].lower().rstrip("s")
            line, joins = line[said.end() :], False
            if not line:
                continue
        unwrapped = len(line) >= _UNWRAPPED
        if headings:
            line = f"{', '.join(headings)}: {line}"
            headings.clear()
        if joins and not unwrapped:
            found[-1].lines.append(line)
        else:
            found.append(Part(number, [line], label, tight))
            label = ""
        tight, joins = True, not unwrapped
    if headings:
        found.append(Part(text.count("\n") + 1, [", ".join(headings)]))
    return [piece for part in found for piece in _pieces(part)]


def _pieces(part: Part) -> list[Part]:
    """A part taken apart where a title and its abstract stand in it without a blank line."""
    lines = part.lines
    if part.label not in ("", "title") or len(lines) == 1:
        return [part]
    ended = 0  # lines that go on with the abstract above
    while part.tight and not part.label and ended < len(lines) and ends(lines[ended]):
        ended += 1
    if ended:
        above = Part(part.line, lines[:ended], "", True)
        rest = Part(part.line + ended, lines[ended:], "", True)
        return [above, *(_pieces(rest) if rest.lines else ())]
    pairs = [(lines[i], lines[i + 1]) for i in range(0, len(lines) - 1, 2)]
    if len(lines) % 2 == 0 and all(_heads(t, [a]) and ends(a) for t, a in pairs):
        return [
            Part(part.line + i, [line], "abstract" if i % 2 else "title", part.tight or i > 0)
            for i, line in enumerate(lines)
        ]
    end = 1 if part.label else 0
    while end < min(4, len(lines) - 1) and _heads(lines[end], lines[end + 1 :]):
        end += 1
    if not end or not looks_like_abstract(" ".join(lines[end:])):
        return [part]
    return [
        Part(part.line, lines[:end], part.label, part.tight),
        Part(part.line + end, lines[end:], "abstract", True),
    ]


def ends(text: str) -> bool:
    """Whether a text ends as a sentence does; titles may end with a question mark."""
    return _SENTENCE_END.search(text) is not None


def _heads(line: str, rest: Sequence[str]) -> bool:
    """Whether a line stands above running text rather than being the first line of it."""
    if _OPEN_END.search(line) or rest[0][:1].islower() or not looks_like_abstract(" ".join(rest)):
        return False
    words = [word for word in line.split() if len(word) >= 4]
    capitals = sum(not word[0].islower() for word in words)
    short = len(line) < 0.75 * max(len(other) for other in rest)
    return short or (len(words) >= 2 and capitals >= 0.6 * len(words))
