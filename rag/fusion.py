"""Scores of different kinds are brought to one scale before they are added.

Every function is pure and keeps the order of its input; a list without spread adds nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import sqrt


def standardise(scores: Sequence[float]) -> list[float]:
    """Scores as distances from their mean in standard deviations.

    Zero-one standardisation of score lists before combination: Montague and Aslam 2001,
    "Relevance Score Normalization for Metasearch" (ZMUV). All zeros when there is no spread.
    """
    n = len(scores)
    if n == 0:
        return []
    mean = sum(scores) / n
    spread = sqrt(sum((s - mean) ** 2 for s in scores) / n)
    return [(s - mean) / spread if spread > 1e-9 else 0.0 for s in scores]


def weighted_sum(lists: Sequence[Sequence[float]], weights: Sequence[float]) -> list[float]:
    """Standardised score lists added up: CombSUM of Fox and Shaw 1994 with weights.

    Args:
        lists: equally long; entry i of each belongs to the same item.
        weights: one a list.
    """
    columns = [standardise(scores) for scores in lists]
    return [
        sum(w * column[i] for w, column in zip(weights, columns, strict=True))
        for i in range(len(lists[0]) if lists else 0)
    ]
