"""A map as inline SVG and HTML: coloured by the page's classes alone, every text escaped, no
script, and nothing that refers to anything outside.

All lengths are units of the viewBox; the page scales it. What is drawn later lies on top: regions,
papers, found papers, topics' names, and the answer's sources in the answer's order.
"""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Iterable, Sequence
from html import escape

from rag.mapping import Map, Point
from rag.mapping.placing import FIRST, REST, Name, Place, placed
from rag.render import counted

WIDTH, HEIGHT = 960, 600
_PAD = 36
_CAPTION = 22  # height of the line below
_SINGLY = 3000  # papers up to which each is drawn with its title
_BYTES = 1_400_000  # of the papers drawn singly, beyond which they are drawn as mere dots
_DOTS = 60_000  # papers drawn at most
_RINGED = 400  # found papers drawn singly at most
_CLASSES = 12  # topic-0 … topic-11
_TITLE = 200  # letters of a title at most
_REGION = 500  # papers at most that the regions are made of
_MARK = 11.0  # radius of a source
# What XML and HTML have no place for, and what turns the direction of the text after it.
_HARMFUL = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff"
    "\ufdd0-\ufdef\ufffe\uffff]"
)


def map_svg(plan: Map, marked: Collection[str] = (), found: Collection[str] = ()) -> str:
    """The map: one focusable `<g class="point" data-paper="ID">` for each paper, the first source
    (or found or other paper) within the order of Tab, from where a page's script can go to others.

    Of more than 3,000 papers only the marked and the found ones are; the others are mere dots.

    Args:
        marked: ids of the papers that the answer cites, in its order; drawn large, with their
            numbers from 1 on.
        found: ids of papers found for the question; drawn with a thin ring.
    """
    known = {point.paper_id: point for point in plan.points}
    numbers = {paper: n for n, paper in enumerate(dict.fromkeys(marked), 1)}
    sources = [known[paper] for paper in numbers if paper in known]
    ringed = [known[p] for p in dict.fromkeys(found) if p in known and p not in numbers]
    apart = {point.paper_id for point in (*sources, *ringed[:_RINGED])}
    others = [point for point in plan.points if point.paper_id not in apart]
    radius = min(6.0, 74 / math.sqrt(max(len(plan.points), 1)))
    notes = []

    singly = [_paper(plan, p, max(radius, 1.9)) for p in others] if len(others) <= _SINGLY else []
    if len(others) > _SINGLY or sum(map(len, singly)) > _BYTES:
        shown = _thinned(others, _DOTS)
        singly = _dots(shown, max(radius, 0.9))
        if len(shown) < len(others):
            drawn = len(plan.points) - len(others) + len(shown)
            notes.append(f"{drawn:,} of {len(plan.points):,} papers are drawn.")
    if len(ringed) > _RINGED:
        notes.append(f"The first {_RINGED} of {len(ringed):,} papers found have a ring.")
    if missing := len(numbers) - len(sources):
        verb = "is" if missing == 1 else "are"
        notes.append(f"{missing} of {counted(len(numbers), 'source')} {verb} not on this map.")
    if not plan.points:
        notes.append("There are no papers yet.")

    reach = min(100.0, max(30.0, 1000 / math.sqrt(min(len(plan.points), _REGION) or 1)))
    cores = _cores(plan, reach)
    names = placed(
        [_plain(name) for name in plan.topics], cores, list(map(_place, plan.points)),
        list(map(_place, sources)), WIDTH, HEIGHT,
    )  # fmt: skip
    parts = [
        f'<g class="regions" aria-hidden="true">{"".join(_regions(cores, reach))}</g>',
        *singly,
        *(_paper(plan, p, max(radius, 3.0), ring=True) for p in ringed[:_RINGED]),
        f'<g class="names" aria-hidden="true">{"".join(map(_name, names))}</g>',
        *(_paper(plan, p, _MARK, number=numbers[p.paper_id]) for p in sources),
    ]
    height = HEIGHT + (_CAPTION if notes else 0)
    if notes:
        parts.append(_text(WIDTH / 2, height - 8, " ".join(notes), "caption", REST))
    # One stop for Tab: 200 of them would lie between the map and what follows it.
    entry = next((p.paper_id for p in (*sources, *ringed, *plan.points)), "")
    own, stop = (f'data-paper="{escape(_plain(entry))}" tabindex="{at}"' for at in ("-1", "0"))
    drawn_papers = "".join(parts).replace(own, stop, 1)
    said = f"Map of {counted(len(plan.points), 'paper')} in {counted(len(plan.topics), 'topic')}"
    return (
        f'<svg class="map" xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" '
        f'role="group" aria-label="{said}">{drawn_papers}</svg>'
    )


def map_html(plan: Map, marked: Collection[str] = (), found: Collection[str] = ()) -> str:
    """The map with its key: each topic's name and number of papers, and what the rings mean."""
    sizes = [len(group) for group in _groups(plan.topics, plan.points)]
    items = [
        f'<li><span class="swatch {_topic(n)}"></span><bdi>{escape(_plain(name))}</bdi> '
        f'<span class="count">{counted(size, "paper")}</span></li>'
        for n, (name, size) in enumerate(zip(plan.topics, sizes, strict=True))
    ]
    known = {point.paper_id for point in plan.points}
    if known.intersection(marked):
        items.append('<li><span class="swatch source">1</span>source of the answer</li>')
    if known.intersection(found) - set(marked):
        items.append('<li><span class="swatch found"></span>also found</li>')
    return (
        f'<figure class="map"><p class="visually-hidden">{escape(_spoken(plan, marked))}</p>'
        f'<div class="sheet">{map_svg(plan, marked, found)}</div>'
        f'<ul class="map-key">{"".join(items)}</ul></figure>'
    )


def _spoken(plan: Map, marked: Collection[str]) -> str:
    """What the map shows, for those who don't see it."""
    sizes = [len(group) for group in _groups(plan.topics, plan.points)]
    topics = "; ".join(
        f"{_plain(name)}: {counted(size, 'paper')}"
        for name, size in zip(plan.topics, sizes, strict=True)
    )
    said = f"A map of {counted(len(plan.points), 'paper')}; papers near each other are alike."
    said += f" Topics: {topics}." if topics else ""
    known = {point.paper_id: point for point in plan.points}
    cited = [known[paper] for paper in dict.fromkeys(marked) if paper in known]
    if cited:
        where = "; ".join(f"{_plain(p.title)} (in {_plain(plan.topics[p.topic])})" for p in cited)
        said += f" Sources of the answer: {where}."
    return said


# ── parts ───────────────────────────────────────────────────────────────────────────────────────


def _paper(plan: Map, point: Point, radius: float, ring: bool = False, number: int = 0) -> str:
    """A paper that can be chosen; a source when it has a number."""
    x, y = _place(point)
    title = _plain(point.title)
    title = title if len(title) <= _TITLE else f"{title[: _TITLE - 1].rstrip()}…"
    year = str(point.year) if point.year is not None else ""
    said = escape(", ".join(filter(None, (title, year, _plain(plan.topics[point.topic])))))
    label = f"Source {number}: {said}" if number else said
    style = " source" if number else " found" if ring else ""
    at = f'cx="{x:g}" cy="{y:g}"'
    rings = f'<circle class="ring" {at} r="{radius + 3.5:.3g}"/>' if number or ring else ""
    figure = _text(x, y + 4.5, str(number), "number", REST) if number else ""
    paper = escape(_plain(point.paper_id))
    return (
        f'<g class="point{style} {_topic(point.topic)}" data-paper="{paper}" '
        f'tabindex="-1" role="button" aria-label="{label}"><title>{said}</title>{rings}'
        f'<circle class="dot" {at} r="{radius:.3g}"/>{figure}</g>'
    )


def _dots(points: Iterable[Point], radius: float) -> list[str]:
    """Mere dots: one path a topic, each a line of no length with round ends."""
    paths: dict[str, list[str]] = {}
    for point in points:
        x, y = _place(point)
        paths.setdefault(_topic(point.topic), []).append(f"M{x:g} {y:g}h0")
    return [
        f'<path class="dots {topic}" aria-hidden="true" stroke-linecap="round" '
        f'stroke-width="{2 * radius:.3g}" d="{"".join(d)}"/>'
        for topic, d in sorted(paths.items())
    ]


def _regions(cores: Sequence[Sequence[Place]], reach: float) -> list[str]:
    """Each topic's ground: discs around its papers."""
    return [
        f'<path class="region {_topic(topic)}" stroke-linecap="round" stroke-width="{reach:.3g}" '
        f'd="{"".join(f"M{x:g} {y:g}h0" for x, y in places)}"/>'
        for topic, places in enumerate(cores)
        if places
    ]


def _cores(plan: Map, reach: float) -> list[list[Place]]:
    """The places of each topic's papers that have others of it nearby; all where none has."""
    groups = _groups(plan.topics, _thinned(plan.points, _REGION))
    cores = []
    for places in groups:
        wanted = min(3, len(places) - 1)
        near = [sum(math.dist(place, p) < reach for p in places) - 1 for place in places]
        core = [place for place, count in zip(places, near, strict=True) if count >= wanted]
        cores.append(core or places)
    return cores


def _name(name: Name) -> str:
    top = name.y - name.height / 2
    first = _text(name.x, top + FIRST, name.lines[0], "first", FIRST)
    below = top + 1.25 * FIRST + REST
    rest = _text(name.x, below, name.lines[1], "rest", REST) if name.lines[1:] else ""
    return f'<g class="name {_topic(name.topic)}">{first}{rest}</g>'


def _text(x: float, y: float, text: str, style: str, size: float) -> str:
    return (
        f'<text class="{style}" x="{x:g}" y="{y:g}" font-size="{size:g}" '
        f'text-anchor="middle">{escape(text)}</text>'
    )


def _place(point: Point) -> Place:
    x, y = (min(max(value, 0.0), 1.0) for value in (point.x, point.y))
    return round(_PAD + x * (WIDTH - 2 * _PAD), 1), round(_PAD + y * (HEIGHT - 2 * _PAD), 1)


def _groups(topics: Sequence[str], points: Iterable[Point]) -> list[list[Place]]:
    groups: list[list[Place]] = [[] for _ in topics]
    for point in points:
        groups[point.topic].append(_place(point))
    return groups


def _thinned(points: Sequence[Point], most: int) -> Sequence[Point]:
    """At most so many of the points, evenly taken."""
    if len(points) <= most:
        return points
    return [points[n * len(points) // most] for n in range(most)]


def _topic(topic: int) -> str:
    return f"topic-{topic % _CLASSES}"


def _plain(text: str) -> str:
    return _HARMFUL.sub("\N{REPLACEMENT CHARACTER}", text)
