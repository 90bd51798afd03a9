"""Plots as inline SVG: pure functions of numbers, coloured by the page's classes alone, so that
they are right on a light and on a dark page.

All lengths are units of the viewBox; the page scales it. Every text is escaped.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape

from rag.metrics import Bin, percentile
from rag.render import counted

_WIDTH, _HEIGHT = 440, 300
_LEFT, _RIGHT, _TOP, _BOTTOM = 46, 16, 14, 46
_SHARES = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)
_BARS = 24
_ROW_STEPS = tuple(n * 10**power for power in range(9) for n in (1, 2, 5))  # between grid lines
_STEPS = (1, 1.5, 2, 2.5, 3, 4, 5, 7.5, 10)  # times a power of ten: ends of an axis


@dataclass(frozen=True, slots=True)
class Point:
    """A value at a place of the x axis, with its interval (NaN, NaN for none)."""

    x: float
    value: float
    low: float = math.nan
    high: float = math.nan


@dataclass(frozen=True, slots=True)
class Series:
    """A line of a plot; `style` is the class that colours it, "a", "b" or "c"."""

    name: str
    points: tuple[Point, ...]
    style: str = "a"


@dataclass(frozen=True, slots=True)
class _Frame:
    """Places data in the plot's area."""

    low: float
    high: float
    top: float = 1.0

    def x(self, value: float) -> float:
        share = (value - self.low) / (self.high - self.low)
        return round(_LEFT + share * (_WIDTH - _LEFT - _RIGHT), 1)

    def y(self, value: float) -> float:
        return round(_HEIGHT - _BOTTOM - value / self.top * (_HEIGHT - _TOP - _BOTTOM), 1)


def curve(series: Sequence[Series], x_title: str, y_title: str, label: str) -> str:
    """Lines over whole numbers (a depth), shares 0 to 1 upward, each with its interval's band."""
    series = [s for s in series if any(_real(p.value) for p in s.points)]
    places = [p.x for s in series for p in s.points] or [0.0, 1.0]
    low, high = min(places), max(places)
    frame = _Frame(low - 0.15, high + 0.15 if high > low else high + 1)
    ticks = [(frame.x(x), f"{x:g}") for x in sorted(set(places))]
    parts = [_axes(frame, ticks, [(y, f"{y:g}") for y in _SHARES], x_title, y_title)]
    parts += [_band(frame, s) for s in series]
    for s in series:
        known = [p for p in s.points if _real(p.value)]
        parts.append(_line(((frame.x(p.x), frame.y(p.value)) for p in known), f"line {s.style}"))
        for p in known:
            said = f"{s.name}, {x_title.lower()} {p.x:g}: {p.value:.3f}"
            if _real(p.low):
                said += f" ({p.low:.3f}–{p.high:.3f})"
            parts.append(_dot(frame.x(p.x), frame.y(p.value), f"dot {s.style}", said))
    return _svg(parts, label)


def legend(series: Sequence[Series]) -> str:
    """The lines' names with their colours, as HTML to stand above the plot; "" for one line."""
    shown = [s for s in series if any(_real(p.value) for p in s.points)]
    if len(shown) < 2:
        return ""
    return f'<p class="legend">{"".join(key(s.name, f"dot {s.style}") for s in shown)}</p>'


def key(name: str, style: str) -> str:
    """One name with its colour."""
    return (
        '<span class="key"><svg viewBox="0 0 10 10" aria-hidden="true">'
        f'<circle class="{style}" cx="5" cy="5" r="5"/></svg>{escape(name)}</span>'
    )


def roc(points: Sequence[tuple[float, float]], shipped: tuple[float, float], said: str) -> str:
    """The ROC curve with the shipped threshold's point marked.

    Args:
        points: (share of unanswerable answered, share of answerable answered).
        said: what the mark is.
    """
    frame = _Frame(0, 1)
    parts = [_share_axes(frame, "unanswerable questions answered", "answerable questions answered")]
    parts.append(_line([(frame.x(0), frame.y(0)), (frame.x(1), frame.y(1))], "guide"))
    parts.append(_line([(frame.x(x), frame.y(y)) for x, y in points], "line a"))
    parts.append(_dot(frame.x(shipped[0]), frame.y(shipped[1]), "mark", said, 6))
    return _svg(parts, f"ROC curve of answering; {said}")


def reliability(bins: Sequence[Bin], label: str) -> str:
    """Predicted against observed shares; a dot's area is its bin's share of the cases."""
    frame = _Frame(0, 1)
    parts = [_share_axes(frame, "estimated probability", "share that was answerable")]
    parts.append(_line([(frame.x(0), frame.y(0)), (frame.x(1), frame.y(1))], "guide"))
    filled = [b for b in bins if b.count]
    most = max((b.count for b in filled), default=1)
    for b in filled:
        x, y = frame.x(b.predicted), frame.y(b.observed)
        parts.append(_line([(x, frame.y(b.predicted)), (x, y)], "gap"))
        said = (
            f"{b.low:g} to {b.high:g}: {counted(b.count, 'question')}, "
            f"{b.predicted:.2f} estimated, {b.observed:.2f} observed"
        )
        parts.append(_dot(x, y, "dot a", said, 3 + 8 * math.sqrt(b.count / most)))
    return _svg(parts, label)


def histogram(values: Sequence[float], x_title: str, label: str) -> str:
    """How many questions took how long, with the median and the 95th percentile marked."""
    top = _nice(max(values, default=1.0) or 1.0)
    counts = [0] * _BARS
    for value in values:
        counts[min(int(value / top * _BARS), _BARS - 1)] += 1
    most = max(max(counts), 1)
    step = next(n for n in _ROW_STEPS if 5 * n >= most)
    highest = math.ceil(most / step) * step
    frame = _Frame(0, top, 1.2 * highest)  # room for the marks' words
    ticks = [(frame.x(top * n / 5), f"{top * n / 5:g}") for n in range(6)]
    rows = [(float(y), f"{y}") for y in range(0, highest + 1, step)]
    parts = [_axes(frame, ticks, rows, x_title, "questions")]
    for n, count in enumerate(counts):
        if count:
            left, right = frame.x(top * n / _BARS), frame.x(top * (n + 1) / _BARS)
            said = (
                f"{top * n / _BARS:.2g} to {top * (n + 1) / _BARS:.2g}: "
                f"{counted(count, 'question')}"
            )
            parts.append(
                f'<rect class="bar" x="{left + 0.75:.1f}" y="{frame.y(count)}" '
                f'width="{right - left - 1.5:.1f}" height="{frame.y(0) - frame.y(count):.1f}" '
                f'rx="1.5"><title>{escape(said)}</title></rect>'
            )
    for share, name, row in ((0.5, "median", 0), (0.95, "95 %", 1)):
        value = percentile(values, share)
        if _real(value):
            x = frame.x(value)
            anchor, shift = ("end", -5) if value > 0.7 * top else ("start", 5)
            parts.append(_line([(x, frame.y(frame.top)), (x, frame.y(0))], "mark-line"))
            parts.append(
                _text(x + shift, _TOP + 11 + 15 * row, f"{name} {value:.2f}", "said", anchor)
            )
    return _svg(parts, label)


def whisker(value: float, low: float, high: float, better: int = 1) -> str:
    """A value between 0 and 1 with its interval, as a small bar for a tile."""
    if not _real(value):
        return ""

    def x(share: float) -> float:
        return round(4 + 192 * min(max(share, 0.0), 1.0), 1)

    parts = ['<line class="rail" x1="4" y1="8" x2="196" y2="8"/>']
    if _real(low):
        parts.append(f'<line class="range" x1="{x(low)}" y1="8" x2="{x(high)}" y2="8"/>')
    parts.append(f'<circle class="{"value" if better >= 0 else "value down"}" '
                 f'cx="{x(value)}" cy="8" r="4.5"/>')  # fmt: skip
    return f'<svg class="whisker" viewBox="0 0 200 16" aria-hidden="true">{"".join(parts)}</svg>'


# ── parts ───────────────────────────────────────────────────────────────────────────────────────


def _svg(parts: Iterable[str], label: str) -> str:
    return (
        f'<svg class="plot" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" '
        f'aria-label="{escape(label)}">{"".join(parts)}</svg>'
    )


def _share_axes(frame: _Frame, x_title: str, y_title: str) -> str:
    ticks = [(frame.x(v), f"{v:g}") for v in _SHARES]
    return _axes(frame, ticks, [(v, f"{v:g}") for v in _SHARES], x_title, y_title)


def _axes(
    frame: _Frame,
    ticks: Sequence[tuple[float, str]],
    rows: Sequence[tuple[float, str]],
    x_title: str,
    y_title: str,
) -> str:
    """Grid lines with their figures, and the axes' titles."""
    right, bottom = _WIDTH - _RIGHT, _HEIGHT - _BOTTOM
    parts = []
    for value, name in rows:
        y = frame.y(value)
        kind = "axis" if value == 0 else "grid"
        parts.append(f'<line class="{kind}" x1="{_LEFT}" y1="{y}" x2="{right}" y2="{y}"/>')
        parts.append(_text(_LEFT - 8, y + 4, name, "tick", "end"))
    parts += [_text(x, bottom + 18, name, "tick", "middle") for x, name in ticks]
    parts.append(_text((_LEFT + right) / 2, _HEIGHT - 8, x_title, "title", "middle"))
    middle = (_TOP + bottom) / 2
    parts.append(
        f'<text class="title" text-anchor="middle" '
        f'transform="translate(12 {middle:g}) rotate(-90)">{escape(y_title)}</text>'
    )
    return "".join(parts)


def _band(frame: _Frame, series: Series) -> str:
    known = [p for p in series.points if _real(p.low) and _real(p.high)]
    if len(known) < 2:
        return ""
    edge = [(frame.x(p.x), frame.y(p.high)) for p in known]
    edge += [(frame.x(p.x), frame.y(p.low)) for p in reversed(known)]
    return f'<polygon class="band {series.style}" points="{_path(edge)}"/>'


def _line(points: Iterable[tuple[float, float]], style: str) -> str:
    return f'<polyline class="{style}" points="{_path(points)}"/>'


def _path(points: Iterable[tuple[float, float]]) -> str:
    return " ".join(f"{x:g},{y:g}" for x, y in points)


def _dot(x: float, y: float, style: str, said: str, radius: float = 3.5) -> str:
    return (
        f'<circle class="{style}" cx="{x:g}" cy="{y:g}" r="{radius:.1f}">'
        f"<title>{escape(said)}</title></circle>"
    )


def _text(x: float, y: float, text: str, style: str, anchor: str) -> str:
    return f'<text class="{style}" x="{x:g}" y="{y:g}" text-anchor="{anchor}">{escape(text)}</text>'


def _real(value: float) -> bool:
    return math.isfinite(value)


def _nice(value: float) -> float:
    """The next end of an axis from a value up."""
    power = 10.0 ** math.floor(math.log10(value))
    return next(step * power for step in _STEPS if step * power >= value * 0.999)
