"""Every figure of an evaluation is a pure function of plain values; none knows what it measures.

A ranking is document ids, best first, each at most once. `relevance` maps ids to grades; a
document that it lacks, or has with a grade of 0 or less, is not relevant. Where nothing is
relevant the ranking measures are 0, as in trec_eval.
"""

from __future__ import annotations

import random
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import log2
from typing import TypeVar

T = TypeVar("T")


def precision_at(ranking: Sequence[str], relevance: Mapping[str, int], k: int) -> float:
    """Share of the first k places held by relevant documents, 0 to 1.

    Divided by k however short the ranking is: Manning, Raghavan and Schütze 2008, "Introduction
    to Information Retrieval", section 8.4; trec_eval's P_k.
    """
    return sum(relevance.get(d, 0) > 0 for d in ranking[:k]) / k


def recall_at(ranking: Sequence[str], relevance: Mapping[str, int], k: int) -> float:
    """Share of all relevant documents that are among the first k, 0 to 1.

    Manning, Raghavan and Schütze 2008, section 8.3; trec_eval's recall_k.
    """
    total = _count(relevance)
    return sum(relevance.get(d, 0) > 0 for d in ranking[:k]) / total if total else 0.0


def reciprocal_rank(
    ranking: Sequence[str], relevance: Mapping[str, int], k: int | None = None
) -> float:
    """1 / place of the first relevant document, 0 when none is among the first k.

    Its mean over queries is MRR: Voorhees 1999, "The TREC-8 Question Answering Track Report",
    section 3; trec_eval's recip_rank for k None.
    """
    for place, document in enumerate(ranking[:k], 1):
        if relevance.get(document, 0) > 0:
            return 1 / place
    return 0.0


def average_precision(ranking: Sequence[str], relevance: Mapping[str, int]) -> float:
    """Mean over all relevant documents of the precision at their places, 0 to 1.

    Its mean over queries is MAP: Buckley and Voorhees 2000, "Evaluating Evaluation Measure
    Stability", section 2; trec_eval's map. A relevant document that was not found adds 0.
    """
    total, found, added = _count(relevance), 0, 0.0
    for place, document in enumerate(ranking, 1):
        if relevance.get(document, 0) > 0:
            found += 1
            added += found / place
    return added / total if total else 0.0


def ndcg_at(ranking: Sequence[str], relevance: Mapping[str, int], k: int) -> float:
    """Discounted gain of the first k as a share of the best possible, 0 to 1.

    Gains are the grades themselves, divided by log2(place + 1): Järvelin and Kekäläinen 2002,
    "Cumulated Gain-Based Evaluation of IR Techniques", with the discount from the first place
    on, as trec_eval's ndcg_cut_k. The ideal ranking is made of all judged documents, found or
    not.
    """
    ideal = _discounted(sorted((g for g in relevance.values() if g > 0), reverse=True)[:k])
    gains = [max(relevance.get(d, 0), 0) for d in ranking[:k]]
    return _discounted(gains) / ideal if ideal else 0.0


def auc(positive: Sequence[float], negative: Sequence[float]) -> float:
    """Probability that a positive case scores above a negative one, ties counting half.

    The Mann-Whitney statistic: Hanley and McNeil 1982, "The Meaning and Use of the Area under a
    Receiver Operating Characteristic Curve". NaN when either list is empty.
    """
    if not positive or not negative:
        return float("nan")
    ordered = sorted(negative)
    # Below plus not-above counts each lower negative twice and each equal one once.
    twice = sum(bisect_left(ordered, x) + bisect_right(ordered, x) for x in positive)
    return twice / (2 * len(positive) * len(negative))


def roc_points(
    positive: Sequence[float], negative: Sequence[float]
) -> list[tuple[float, float, float]]:
    """(threshold, false positive rate, true positive rate) for each bound that tells cases apart.

    A case is called positive when it scores the threshold or more: Fawcett 2006, "An Introduction
    to ROC Analysis", section 4. Thresholds fall from infinity (nothing is positive) to the lowest
    score (everything is); equal scores move together. Empty when either list is.
    """
    if not positive or not negative:
        return []
    up, down = sorted(positive), sorted(negative)

    def share(ordered: Sequence[float], bound: float) -> float:
        return (len(ordered) - bisect_left(ordered, bound)) / len(ordered)

    bounds = [float("inf"), *sorted({*positive, *negative}, reverse=True)]
    return [(bound, share(down, bound), share(up, bound)) for bound in bounds]


def brier_score(probabilities: Sequence[float], outcomes: Sequence[bool]) -> float:
    """Mean squared distance of probability and outcome, 0 (right and sure) to 1; NaN of nothing.

    Brier 1950, "Verification of Forecasts Expressed in Terms of Probability", for two classes,
    counted once (half of the original sum over both).
    """
    return mean([(p - y) ** 2 for p, y in zip(probabilities, outcomes, strict=True)])


@dataclass(frozen=True, slots=True)
class Bin:
    """Cases whose probability is in [low, high), the last bin including 1.

    Attributes:
        count: how many cases.
        predicted: their mean probability; observed: the share of them that came true. NaN where
            there is no case.
    """

    low: float
    high: float
    count: int
    predicted: float
    observed: float


def reliability_bins(
    probabilities: Sequence[float], outcomes: Sequence[bool], bins: int = 10
) -> list[Bin]:
    """Cases by probability, in bins of equal width: what a reliability diagram shows.

    Guo et al. 2017, "On Calibration of Modern Neural Networks", section 2.
    """
    groups: list[list[tuple[float, bool]]] = [[] for _ in range(bins)]
    for p, y in zip(probabilities, outcomes, strict=True):
        groups[min(int(p * bins), bins - 1)].append((p, y))
    return [
        Bin(n / bins, (n + 1) / bins, len(group), mean([p for p, _ in group]),
            mean([float(y) for _, y in group]))
        for n, group in enumerate(groups)
    ]  # fmt: skip


def expected_calibration_error(
    probabilities: Sequence[float], outcomes: Sequence[bool], bins: int = 10
) -> float:
    """How far probability and outcome lie apart, 0 to 1: the bins' distances, by their cases.

    Guo et al. 2017, equation 3 (Naeini et al. 2015). NaN of nothing.
    """
    found = [b for b in reliability_bins(probabilities, outcomes, bins) if b.count]
    if not found:
        return float("nan")
    return sum(b.count * abs(b.observed - b.predicted) for b in found) / len(probabilities)


def mean(values: Sequence[float]) -> float:
    """Arithmetic mean; NaN of nothing."""
    return sum(values) / len(values) if values else float("nan")


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which `share` (0 to 1) of the values lie, interpolated linearly.

    Definition 7 of Hyndman and Fan 1996, "Sample Quantiles in Statistical Packages" (numpy's
    default). NaN of nothing.
    """
    if not 0 <= share <= 1:
        raise ValueError(f"a share is 0 to 1, not {share}")
    if not values:
        return float("nan")
    ordered = sorted(values)
    place = share * (len(ordered) - 1)
    low = min(int(place), len(ordered) - 2) if len(ordered) > 1 else 0
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (place - low) * (ordered[high] - ordered[low])


def bootstrap_interval(
    items: Sequence[T],
    statistic: Callable[[Sequence[T]], float],
    *,
    level: float = 0.95,
    rounds: int = 1000,
    seed: int = 0,
) -> tuple[float, float]:
    """Percentile bootstrap interval of a statistic of independent items.

    Efron and Tibshirani 1993, "An Introduction to the Bootstrap", section 13.3. The same seed
    gives the same interval. Rounds whose statistic is NaN (an AUC without negatives) are left
    out; NaN, NaN when none is left.

    Args:
        level: share of the resampled statistics between the bounds, 0 to 1.
        rounds: how many resamples.
    """
    draw = random.Random(seed)
    found = [statistic(draw.choices(items, k=len(items))) for _ in range(rounds if items else 0)]
    values = [v for v in found if v == v]
    tail = (1 - level) / 2
    return percentile(values, tail), percentile(values, 1 - tail)


def paired_interval(
    pairs: Sequence[tuple[T, T]], statistic: Callable[[Sequence[T]], float]
) -> tuple[float, float]:
    """95 % bootstrap interval of statistic(second) - statistic(first) over the same items.

    Pairs are resampled whole: Efron and Tibshirani 1993, section 8.3; so what is hard for both
    sides doesn't widen the interval.
    """

    def difference(drawn: Sequence[tuple[T, T]]) -> float:
        return statistic([b for _, b in drawn]) - statistic([a for a, _ in drawn])

    return bootstrap_interval(pairs, difference)


def _count(relevance: Mapping[str, int]) -> int:
    return sum(grade > 0 for grade in relevance.values())


def _discounted(gains: Sequence[int]) -> float:
    return sum(gain / log2(place + 1) for place, gain in enumerate(gains, 1))
