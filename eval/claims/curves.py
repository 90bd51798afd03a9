"""The ROC curves as one self-contained drawing: false alarms to the right, detection upwards."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise

Point = tuple[float, float]
_COLOURS = ("#1b6ca8", "#c1440e", "#4d7c3a")
_LEFT, _TOP, _SIDE = 46, 14, 300
_BOTTOM = _TOP + _SIDE


def area(points: Sequence[Point]) -> float:
    """Area under a curve by trapezia.

    Args:
        points: (false-alarm rate, detection rate), each in [0, 1], by rising false alarms.
    """
    return sum((b[0] - a[0]) * (a[1] + b[1]) / 2 for a, b in pairwise(points))


def roc_svg(curves: Mapping[str, Sequence[Point]], shipped: Mapping[str, Point], at: float) -> str:
    """The drawing, as SVG text that needs no other file.

    Args:
        curves: name to points (false-alarm rate, detection rate), in [0, 1]; 3 at most.
        shipped: name to the point of the setting in use, drawn as a disc.
        at: the false-alarm rate marked by a dashed line.
    """
    height = _BOTTOM + 44 + 15 * len(curves)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 370 {height}" '
        'font-family="sans-serif" font-size="10" role="img">',
        "<title>Detection of wrong claims against false alarms</title>",
        f'<rect width="370" height="{height}" fill="white"/>',
    ]
    for mark in (0, 20, 40, 60, 80, 100):
        x, y = _place((mark / 100, mark / 100))
        parts.append(f'<path d="M{x} {_TOP}V{_BOTTOM}M{_LEFT} {y}H{_LEFT + _SIDE}" stroke="#ddd"/>')
        parts.append(f'<text x="{x}" y="{_BOTTOM + 13}" text-anchor="middle">{mark}</text>')
        parts.append(f'<text x="{_LEFT - 6}" y="{y + 3}" text-anchor="end">{mark}</text>')
    x = _place((at, 0))[0]
    parts.append(
        f'<path d="M{_LEFT} {_BOTTOM}L{_LEFT + _SIDE} {_TOP}" stroke="#aaa"/>'
        f'<path d="M{x} {_TOP}V{_BOTTOM}" stroke="#444" stroke-dasharray="3 3"/>'
        f'<text x="{_LEFT + _SIDE / 2}" y="{_BOTTOM + 27}" text-anchor="middle">'
        "true claims refused (false alarms), %</text>"
        f'<text x="12" y="{_TOP + _SIDE / 2}" text-anchor="middle" '
        f'transform="rotate(-90 12 {_TOP + _SIDE / 2})">wrong claims caught, %</text>'
    )
    for n, (name, points) in enumerate(curves.items()):
        colour = _COLOURS[n]
        line = " ".join("{},{}".format(*_place(p)) for p in points)
        parts.append(
            f'<polyline points="{line}" fill="none" stroke="{colour}" stroke-width="1.6"/>'
        )
        x, y = _place(shipped[name])
        parts.append(f'<circle cx="{x}" cy="{y}" r="3.5" fill="{colour}"/>')
        y = _BOTTOM + 44 + 15 * n
        parts.append(f'<circle cx="{_LEFT + 4}" cy="{y - 3}" r="3.5" fill="{colour}"/>')
        parts.append(
            f'<text x="{_LEFT + 14}" y="{y}">{name} (area {area(points):.3f}; disc: shipped)</text>'
        )
    return "".join(parts) + "</svg>\n"


def _place(point: Point) -> Point:
    return round(_LEFT + _SIDE * point[0], 1), round(_BOTTOM - _SIDE * point[1], 1)
