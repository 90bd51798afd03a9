"""Vectors to places and groups, the same for the same vectors every time.

Everything runs on one thread while it is at it: sums over several threads are rounded in an order
that changes from run to run, and t-SNE makes much of the smallest difference.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    import numpy as np
    from numpy.typing import NDArray

MOST_CLUSTERS = 12
_SEED = 20
_WHOLE = 1500  # vectors up to which all of them go through t-SNE, some 4 s
_SAMPLED = 1000  # of more vectors, those that do; the others are placed among them
_FEW = 8  # distinct vectors below which their two main axes say all there is
_NEIGHBOURS = 5  # sampled ones between which another is placed
_STRAY = 0.5  # of the sampled ones' usual spacing, by which it is moved at random
_SHARPNESS = 0.02  # cosine by which a neighbour's weight falls to a third
_FITTED = 3000  # vectors at most on which cluster centres are fitted
_SCORED = 1000  # vectors at most on which a number of clusters is judged
_HARDLY = 0.003  # of a silhouette
_BLOCK = 4096  # vectors compared at a time, to bound memory
_GOLDEN_ANGLE = math.pi * (3 - math.sqrt(5))


def project(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Places on a plane at which near ones are alike, by t-SNE (van der Maaten and Hinton 2008).

    Of more than 1,500 vectors a sample goes through t-SNE, and each of the others is placed
    between the sampled ones that it is most like. No two places are the same.

    Args:
        vectors: float32 (n, d), rows of length 1; n may be 0, and rows may be equal.

    Returns:
        float32 (n, 2), each 0 to 1; the same for the same vectors.
    """
    import numpy as np

    if not len(vectors):
        return np.zeros((0, 2), np.float32)
    first, inverse = _distinct(vectors)
    distinct = np.asarray(vectors, np.float64)[first]
    with _one_thread():
        if len(distinct) < _FEW:
            places = _main_axes(distinct)
        elif len(distinct) <= _WHOLE:
            places = _neighbourly(distinct)
        else:
            places = _by_sample(distinct)
        places = _apart(_boxed(_turned(places))[inverse])
    return places.astype(np.float32)


def clusters(vectors: NDArray[np.float32], seed: int) -> NDArray[np.int64]:
    """Groups of like vectors, by k-means on the unit sphere.

    About sqrt(n / 6) groups, 1 to 12; of the numbers near that, the smallest whose mean
    silhouette by cosine (Rousseeuw 1987) is hardly below the best one's.

    Args:
        vectors: float32 (n, d), rows of length 1; n may be 0.
        seed: of the random starts.

    Returns:
        int64 (n,): each vector's group, from 0, numbered by falling size; none is empty.
    """
    import numpy as np

    n, distinct = len(vectors), len(_distinct(vectors)[0])
    about = min(MOST_CLUSTERS, round(math.sqrt(n / 6)))
    highest = min(MOST_CLUSTERS, about + 2, distinct - 1)
    if about < 2 or highest < 2:
        return np.zeros(n, np.int64)
    rng = np.random.default_rng(seed)
    fitted = vectors[_sample(rng, n, _FITTED)]
    scored = fitted[_sample(rng, len(fitted), _SCORED)]
    lowest = min(max(2, about - 2), highest)
    with _one_thread():
        tried = [_centres(fitted, k, seed) for k in range(lowest, highest + 1)]
        scores = [_silhouette(scored, _nearest(scored, centres)) for centres in tried]
        enough = max(scores) - _HARDLY
        groups = _nearest(
            vectors, next(c for c, s in zip(tried, scores, strict=True) if s >= enough)
        )
    return _by_size(groups)


def _one_thread() -> AbstractContextManager[object]:
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]  # it has no types

    limits: AbstractContextManager[object] = threadpool_limits(limits=1)
    return limits


# ── places ──────────────────────────────────────────────────────────────────────────────────────


def _distinct(vectors: NDArray[np.float32]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Rows that are the first of their kind (m,), and each row's kind (n,)."""
    import numpy as np

    kinds: dict[bytes, int] = {}
    first: list[int] = []
    inverse: list[int] = []
    for row, vector in enumerate(vectors):
        kind = kinds.setdefault(vector.tobytes(), len(kinds))
        if kind == len(first):
            first.append(row)
        inverse.append(kind)
    return np.array(first, np.int64), np.array(inverse, np.int64)


def _sample(rng: np.random.Generator, n: int, size: int) -> NDArray[np.int64]:
    """Ascending numbers below n, all of them when they are no more than `size`."""
    import numpy as np

    return np.sort(rng.permutation(n)[:size]).astype(np.int64)


def _main_axes(vectors: NDArray[np.float64]) -> NDArray[np.float64]:
    """Coordinates (n, 2) along the two directions of most variance."""
    import numpy as np

    centred = vectors - vectors.mean(axis=0)
    left, sizes, _ = np.linalg.svd(centred, full_matrices=False)
    found = (left * sizes)[:, :2]
    return np.pad(found, ((0, 0), (0, 2 - found.shape[1])))


def _neighbourly(vectors: NDArray[np.float64]) -> NDArray[np.float64]:
    """t-SNE of distinct vectors; their main axes when they are too much alike for it."""
    import numpy as np
    from sklearn.manifold import TSNE

    perplexity = min(30.0, max(2.0, math.sqrt(len(vectors))), (len(vectors) - 1) / 3)
    start = _main_axes(vectors)
    spread = float(start[:, 0].std())
    if spread < 1e-6:
        return start
    # Large shapes are kept when it starts from the main axes (Kobak and Berens 2019).
    model = TSNE(
        metric="cosine",
        init=(start / spread * 1e-4).astype(np.float32),
        perplexity=perplexity,
        max_iter=500,
        random_state=_SEED,
    )
    places: NDArray[np.float64] = model.fit_transform(vectors).astype(np.float64)
    return places if bool(np.isfinite(places).all()) else start


def _by_sample(vectors: NDArray[np.float64]) -> NDArray[np.float64]:
    """t-SNE of a sample, every other vector at the mean of its nearest sampled ones' places."""
    import numpy as np

    rng = np.random.default_rng(_SEED)
    chosen = _sample(rng, len(vectors), _SAMPLED)
    fixed, landmarks = _neighbourly(vectors[chosen]), vectors[chosen].astype(np.float32)
    places = np.empty((len(vectors), 2))
    for start in range(0, len(vectors), _BLOCK):
        alike = vectors[start : start + _BLOCK].astype(np.float32) @ landmarks.T
        near = np.argpartition(-alike, _NEIGHBOURS, axis=1)[:, :_NEIGHBOURS]
        cosines = np.take_along_axis(alike, near, axis=1)
        weights = np.exp((cosines - cosines.max(axis=1, keepdims=True)) / _SHARPNESS)
        weights /= weights.sum(axis=1, keepdims=True)
        places[start : start + _BLOCK] = np.einsum("ij,ijk->ik", weights, fixed[near])
    # Many are most like the same few; without this they would stand in heaps.
    places += rng.normal(scale=_STRAY * float(np.median(_spacing(fixed))), size=places.shape)
    places[chosen] = fixed
    return places


def _spacing(places: NDArray[np.float64]) -> NDArray[np.float64]:
    """Each place's distance to the one nearest to it."""
    from sklearn.neighbors import NearestNeighbors

    distances: NDArray[np.float64] = NearestNeighbors(n_neighbors=1).fit(places).kneighbors()[0]
    return distances[:, 0]


def _turned(places: NDArray[np.float64]) -> NDArray[np.float64]:
    """Longest side across, and the longer tail of each axis on its right or upper end."""
    import numpy as np

    centred = places - places.mean(axis=0)
    _, axes = np.linalg.eigh(centred.T @ centred)
    turned = centred @ axes[:, ::-1]
    signs = np.where((turned**3).sum(axis=0) < 0, -1.0, 1.0)
    upright: NDArray[np.float64] = turned * signs
    return upright


def _boxed(places: NDArray[np.float64]) -> NDArray[np.float64]:
    """Each axis from 0 to 1; an axis without extent at 0.5."""
    import numpy as np

    low, extent = places.min(axis=0), np.ptp(places, axis=0)
    flat = extent <= max(1e-12, 1e-3 * float(extent.max()))
    boxed: NDArray[np.float64] = np.where(flat, 0.5, (places - low) / np.where(flat, 1.0, extent))
    return boxed


def _apart(places: NDArray[np.float64]) -> NDArray[np.float64]:
    """Places moved a little until hardly any two are closer than a dot is wide; none are equal."""
    import numpy as np
    from sklearn.neighbors import NearestNeighbors

    n = len(places)
    if n < 2:
        return places
    gap = min(0.02, 0.4 / math.sqrt(n))
    places = places + _rosettes(places, gap)
    for _ in range(40 if n <= _WHOLE else 10):
        model = NearestNeighbors(n_neighbors=min(8, n - 1)).fit(places)
        distances, near = model.kneighbors()
        lacking = np.maximum(0.0, gap - distances)
        if lacking.max() < 0.1 * gap:
            break
        away = (places[:, None] - places[near]) / np.maximum(distances, 1e-9)[..., None]
        places = places + 0.4 * (lacking[..., None] * away).sum(axis=1)
    low, high = np.minimum(places.min(axis=0), 0.0), np.maximum(places.max(axis=0), 1.0)
    inside: NDArray[np.float64] = (places - low) / (high - low)
    return inside


def _rosettes(places: NDArray[np.float64], gap: float) -> NDArray[np.float64]:
    """Shifts (n, 2) that lay equal places out as the seeds of a sunflower (Vogel 1979)."""
    import numpy as np

    seen: dict[bytes, int] = {}
    ranks = np.empty(len(places))
    for row, place in enumerate(places):
        key = np.round(place, 9).tobytes()
        ranks[row] = seen[key] = seen.get(key, -1) + 1
    radius, angle = 0.56 * gap * np.sqrt(ranks), _GOLDEN_ANGLE * ranks
    return np.column_stack((radius * np.cos(angle), radius * np.sin(angle)))


# ── groups ──────────────────────────────────────────────────────────────────────────────────────


def _centres(vectors: NDArray[np.float32], k: int, seed: int) -> NDArray[np.float32]:
    """Centres of k groups (k, d), of length 1."""
    import numpy as np
    from sklearn.cluster import KMeans

    starts = min(20, max(3, 5000 // len(vectors)))
    centres = KMeans(k, n_init=starts, random_state=seed).fit(vectors).cluster_centers_
    lengths = np.linalg.norm(centres, axis=1, keepdims=True)
    scaled: NDArray[np.float32] = (centres / np.maximum(lengths, 1e-9)).astype(np.float32)
    return scaled


def _nearest(vectors: NDArray[np.float32], centres: NDArray[np.float32]) -> NDArray[np.int64]:
    import numpy as np

    nearest: NDArray[np.int64] = np.argmax(vectors @ centres.T, axis=1)
    return nearest


def _silhouette(vectors: NDArray[np.float32], groups: NDArray[np.int64]) -> float:
    """Mean silhouette by cosine, -1 to 1; -1 where there is only one group."""
    from sklearn.metrics import silhouette_score

    if not 2 <= len(set(groups.tolist())) < len(vectors):
        return -1.0
    return float(silhouette_score(vectors, groups, metric="cosine"))


def _by_size(groups: NDArray[np.int64]) -> NDArray[np.int64]:
    """Groups numbered anew: the largest is 0, of equal ones that with the earliest member."""
    import numpy as np

    kinds, first, sizes = np.unique(groups, return_index=True, return_counts=True)
    order = np.lexsort((first, -sizes))
    number = np.empty(int(kinds.max()) + 1, np.int64)
    number[kinds[order]] = np.arange(len(kinds))
    ordered: NDArray[np.int64] = number[groups]
    return ordered
