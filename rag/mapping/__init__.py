"""A map of a collection: each paper has a place, near ones are alike, and the regions have names.

A map is computed once for each state of an index and kept in the cache folder; what stands there
is checked against the index, and made anew when anything is amiss.
"""

from __future__ import annotations

import contextlib
import json
import math
import threading
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rag.config import cache_dir
from rag.index.shape import dense_key
from rag.models import write_atomically
from rag.records import Paper
from rag.store import Snapshot
from rag.store.reading import CHUNK

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from rag.index import OpenIndex

_FORM = 1  # raised when places or names are made in another way
_SEED = 0
# One map at a time: how many threads numpy has is the whole process's, and a map needs one (see
# rag.mapping.projecting). Two at once would leave it there, and make one of them on several.
_MAKING = threading.Lock()


@dataclass(frozen=True, slots=True)
class Point:
    """A paper's place.

    Attributes:
        year: of publication; None when unknown.
        x, y: 0 to 1 each; only distances count, not directions.
        topic: which of the map's topics it belongs to, from 0.
    """

    paper_id: str
    title: str
    year: int | None
    x: float
    y: float
    topic: int


@dataclass(frozen=True, slots=True)
class Map:
    """All papers of an index, in the order in which they came in.

    Attributes:
        topics: their names, all different, the one with most papers first; at most 12.
    """

    points: tuple[Point, ...]
    topics: tuple[str, ...]


def map_of(index: OpenIndex) -> Map:
    """The map of an index's newest committed state; from the cache when it was made before.

    Takes up to some seconds the first time. A cache folder that can't be written costs time,
    nothing else; nothing is written where the index stands.

    Raises:
        IndexCorruptError: a vector in the index is damaged.
    """
    # A snapshot of its own stays at one state while other threads move the index on.
    with contextlib.closing(Snapshot(index.directory)) as snapshot:
        path = cache_path(snapshot)
        papers = tuple(snapshot.papers())
        found = _kept(path, papers)
        if found is not None:
            return found
        with _MAKING:
            found = _kept(path, papers)  # by whoever was at it when this one came
            if found is None:
                found = _made(snapshot)
                _keep(path, found)
    return found


def cache_path(snapshot: Snapshot) -> Path:
    """Where the map of a state of an index is kept."""
    name, state = snapshot.manifest.get("uuid", "")[:8], dense_key(snapshot.manifest, CHUNK)
    return cache_dir() / f"map{_FORM}-{name}-{state}.json"


# ── making ──────────────────────────────────────────────────────────────────────────────────────


def _made(snapshot: Snapshot) -> Map:
    import numpy as np

    from rag.mapping.projecting import clusters, project
    from rag.mapping.topics import labels

    _, owners, passages = snapshot.vectors(CHUNK)
    rowids, vectors = paper_vectors(owners, passages)
    known = snapshot.by_rowid([int(row) for row in rowids])
    papers = [known[int(row)] for row in rowids]
    topics = clusters(vectors, _SEED).tolist()
    names = labels([f"{paper.title}. {paper.abstract}" for paper in papers], topics)
    places = np.round(project(vectors).astype(np.float64), 5).tolist()
    return _joined(papers, ((x, y, t) for (x, y), t in zip(places, topics, strict=True)), names)


def paper_vectors(
    owners: NDArray[np.int64], passages: NDArray[np.float32]
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """One vector for each paper: the mean of its passages' vectors, of length 1.

    Args:
        owners: int64 (n,), each passage's paper.
        passages: float32 (n, d).

    Returns:
        The papers int64 (m,), ascending, and their vectors float32 (m, d).
    """
    import numpy as np

    papers, inverse, counts = np.unique(owners, return_inverse=True, return_counts=True)
    sums = np.zeros((len(papers), passages.shape[1]), np.float64)
    np.add.at(sums, inverse, passages)
    means = sums / counts[:, None]
    lengths = np.linalg.norm(means, axis=1, keepdims=True)
    return papers, (means / np.maximum(lengths, 1e-12)).astype(np.float32)


def _joined(
    papers: Iterable[Paper], places: Iterable[tuple[float, float, int]], names: Iterable[str]
) -> Map:
    points = (
        Point(paper.id, paper.title, paper.year, x, y, topic)
        for paper, (x, y, topic) in zip(papers, places, strict=True)
    )
    return Map(tuple(points), tuple(names))


# ── keeping ─────────────────────────────────────────────────────────────────────────────────────


def _written(made: Map) -> str:
    """Names, and each paper's id, place and topic; titles and years are the index's to tell."""
    points = [(p.paper_id, p.x, p.y, p.topic) for p in made.points]
    return json.dumps({"topics": made.topics, "points": points}, ensure_ascii=False)


def _kept(path: Path, papers: tuple[Paper, ...]) -> Map | None:
    """The map in a file, when it is whole and of these papers; else None."""
    try:
        held = json.loads(path.read_text(encoding="utf-8"))
        names, points = (
            held["topics"],
            [(i, float(x), float(y), t) for i, x, y, t in held["points"]],
        )
    except (OSError, ValueError, TypeError, KeyError, RecursionError):
        return None
    whole = (
        [point[0] for point in points] == [paper.id for paper in papers]
        and isinstance(names, list)
        and all(isinstance(name, str) and name for name in names)
        and all(_inside(x) and _inside(y) for _, x, y, _ in points)
        and all(type(point[3]) is int for point in points)
        and {point[3] for point in points} == set(range(len(names)))
    )
    return _joined(papers, (point[1:] for point in points), names) if whole else None


def _inside(value: float) -> bool:
    return math.isfinite(value) and 0 <= value <= 1


def _keep(path: Path, made: Map) -> None:
    """Write a map, and remove those of the index's earlier states."""
    _, name, _ = path.name.split("-")
    with contextlib.suppress(OSError):
        write_atomically(path, lambda p: p.write_text(_written(made), encoding="utf-8"))
        for stale in path.parent.glob(f"map*-{name}-*.json") if name else ():
            if stale != path:
                stale.unlink(missing_ok=True)
