"""Where the topics' names stand on a map: near the middle of their papers, never one over another,
and over as few papers as may be.

All lengths are units of the drawing's viewBox. No font is measured: widths are estimated on the
wide side.
"""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import median

FIRST, REST = 16.0, 12.5  # font sizes of a name's first term and of its others
_LINE = 1.25  # times the font size
_LETTERS = (34, 42)  # of the two lines at most
_MARGIN = 5.0  # between two names, and to the edge
_CELL = 10.0  # side of the squares in which papers are counted
_STEP = 14.0  # between places that are tried
_REACH = 34  # steps from the middle of a topic's papers
_DISTANCE = 0.2  # what a unit away from the middle costs, in covered papers
_USUAL = 300  # papers of a map; of more, each counts for less
_MARKED = 12.0  # what covering a marked paper costs, in covered papers
_NARROW = frozenset("iljtfrI.,:;'|!()[] -’")
_WIDE = frozenset("mwMW@%")

Place = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Name:
    """A topic's name as it is drawn: one or two lines, centred in a box.

    Attributes:
        x, y: the middle of the box.
        width, height: of the box.
    """

    topic: int
    lines: tuple[str, ...]
    x: float
    y: float
    width: float
    height: float

    def overlaps(self, other: Name, margin: float = 0.0) -> bool:
        """Whether the two boxes are closer than the margin."""
        return (
            abs(self.x - other.x) < (self.width + other.width) / 2 + margin
            and abs(self.y - other.y) < (self.height + other.height) / 2 + margin
        )


def placed(
    names: Sequence[str],
    cores: Sequence[Sequence[Place]],
    papers: Sequence[Place],
    marked: Sequence[Place],
    width: float,
    height: float,
) -> tuple[Name, ...]:
    """Names with their places, in order; one for which there is no room is left out.

    Args:
        cores: the places in whose middle each topic's name belongs; one without gets no name.
        papers: places that should rather stay free.
        marked: places that should really stay free.
        width, height: of the drawing.
    """
    ordinary, apart = _Counts(papers, width, height), _Counts(marked, width, height)
    each = len(papers) / _USUAL if len(papers) > _USUAL else 1.0
    found: list[Name] = []
    for topic, (name, core) in enumerate(zip(names, cores, strict=True)):
        if not core:
            continue
        lines = _lines(name)
        sizes = (FIRST, REST)
        wide = max(_width(line, size) for line, size in zip(lines, sizes, strict=False))
        high = sum(_LINE * size for _, size in zip(lines, sizes, strict=False))
        middle = (median(x for x, _ in core), median(y for _, y in core))
        best: tuple[float, Name] | None = None
        for x, y in _tried(middle, wide, high, width, height):
            cost = _DISTANCE * math.dist(middle, (x, y))
            if best is not None and cost >= best[0]:
                continue
            box = Name(topic, lines, x, y, wide, high)
            cost += ordinary.within(box) / each + _MARKED * apart.within(box)
            if (best is None or cost < best[0]) and not any(
                box.overlaps(other, _MARGIN) for other in found
            ):
                best = cost, box
        if best is not None:
            found.append(best[1])
    return tuple(found)


def _lines(name: str) -> tuple[str, ...]:
    """The first term, and the others below it."""
    first, _, rest = name.partition(", ")
    lines = (_cut(first, _LETTERS[0]), _cut(rest, _LETTERS[1]))
    return tuple(line for line in lines if line) or ("…",)


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1].rstrip()}…"


def _width(text: str, size: float) -> float:
    return size * sum(_em(letter) for letter in text)


def _em(letter: str) -> float:
    if letter in _NARROW:
        return 0.4
    if letter in _WIDE or unicodedata.east_asian_width(letter) in "WF":
        return 1.05
    return 0.76 if letter.isupper() else 0.64


def _tried(middle: Place, wide: float, high: float, width: float, height: float) -> Iterator[Place]:
    """Places for a box inside the drawing, the nearest to the middle among the first."""
    left, right = wide / 2 + _MARGIN, width - wide / 2 - _MARGIN
    top, bottom = high / 2 + _MARGIN, height - high / 2 - _MARGIN
    if left > right or top > bottom:
        return
    steps = sorted((n * _STEP for n in range(-_REACH, _REACH + 1)), key=abs)
    for dy in steps:
        for dx in steps:
            yield (
                min(max(middle[0] + dx, left), right),
                min(max(middle[1] + dy, top), bottom),
            )


class _Counts:
    """How many places lie in a box, by sums over squares; those at its edge may be counted too."""

    def __init__(self, places: Sequence[Place], width: float, height: float) -> None:
        self._columns, self._rows = int(width / _CELL) + 1, int(height / _CELL) + 1
        sums = [[0] * (self._columns + 1) for _ in range(self._rows + 1)]
        for x, y in places:
            sums[self._row(y) + 1][self._column(x) + 1] += 1
        for row in range(1, self._rows + 1):
            for column in range(1, self._columns + 1):
                before = sums[row][column - 1] + sums[row - 1][column] - sums[row - 1][column - 1]
                sums[row][column] += before
        self._sums = sums

    def _column(self, x: float) -> int:
        return min(max(int(x / _CELL), 0), self._columns - 1)

    def _row(self, y: float) -> int:
        return min(max(int(y / _CELL), 0), self._rows - 1)

    def within(self, box: Name) -> int:
        """Places in the squares that the box touches."""
        left, right = self._column(box.x - box.width / 2), self._column(box.x + box.width / 2) + 1
        top, bottom = self._row(box.y - box.height / 2), self._row(box.y + box.height / 2) + 1
        sums = self._sums
        return sums[bottom][right] - sums[top][right] - sums[bottom][left] + sums[top][left]
