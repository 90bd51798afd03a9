"""Our measures against trec_eval's, numpy's and scikit-learn's, on random cases and Cranfield."""

from __future__ import annotations

import csv
import json
import math
import random
import re
from itertools import pairwise

import numpy as np
import pytest
import pytrec_eval
from sklearn.metrics import brier_score_loss, roc_auc_score, roc_curve

from rag.metrics import (
    auc,
    average_precision,
    bootstrap_interval,
    brier_score,
    expected_calibration_error,
    mean,
    ndcg_at,
    paired_interval,
    percentile,
    precision_at,
    recall_at,
    reciprocal_rank,
    reliability_bins,
    roc_points,
)
from tests.conftest import CRANFIELD

Runs = dict[str, list[str]]
Judged = dict[str, dict[str, int]]
CUTS = (1, 3, 5, 10, 100)


def theirs(runs: Runs, qrels: Judged) -> dict[str, dict[str, float]]:
    cuts = ",".join(map(str, CUTS))
    measures = {f"P.{cuts}", f"recall.{cuts}", f"ndcg_cut.{cuts}", "map", "recip_rank"}
    scored = {q: {d: float(len(r) - i) for i, d in enumerate(r)} for q, r in runs.items()}
    found: dict[str, dict[str, float]] = pytrec_eval.RelevanceEvaluator(qrels, measures).evaluate(
        scored
    )
    return found


def ours(ranking: list[str], relevance: dict[str, int]) -> dict[str, float]:
    values = {
        "map": average_precision(ranking, relevance),
        "recip_rank": reciprocal_rank(ranking, relevance),
    }
    for k in CUTS:
        values[f"P_{k}"] = precision_at(ranking, relevance, k)
        values[f"recall_{k}"] = recall_at(ranking, relevance, k)
        values[f"ndcg_cut_{k}"] = ndcg_at(ranking, relevance, k)
    return values


def assert_equal_to_trec_eval(runs: Runs, qrels: Judged) -> None:
    reference = theirs(runs, qrels)
    assert reference.keys() == runs.keys()
    for query, ranking in runs.items():
        mine = ours(ranking, qrels[query])
        for name, value in reference[query].items():
            assert mine[name] == pytest.approx(value, abs=1e-9), (query, name)


@pytest.mark.parametrize("grades", [(0, 1), (0, 1, 2, 3), (-1, 0, 1, 4)])
@pytest.mark.parametrize("seed", range(5))
def test_random_rankings_as_trec_eval(seed: int, grades: tuple[int, ...]) -> None:
    draw = random.Random(seed)
    runs: Runs = {}
    qrels: Judged = {}
    for n in range(40):
        documents = [f"d{i}" for i in range(draw.randint(1, 150))]
        judged = draw.sample(documents, draw.randint(1, len(documents)))
        qrels[f"q{n}"] = {d: draw.choice(grades) for d in judged}
        # Judged documents that no ranking holds count for the ideal.
        qrels[f"q{n}"] |= {f"unseen{i}": draw.choice(grades) for i in range(draw.randint(0, 5))}
        runs[f"q{n}"] = draw.sample(documents, draw.randint(1, len(documents)))
    assert_equal_to_trec_eval(runs, qrels)


def test_cranfield_rankings_as_trec_eval() -> None:
    if not CRANFIELD.is_dir():
        pytest.skip(f"{CRANFIELD} is not here")
    documents = {}
    for line in (CRANFIELD / "corpus.jsonl").read_text(encoding="utf-8").splitlines():
        entry = json.loads(line)
        documents[entry["_id"]] = set(re.findall(r"\w+", entry["text"]))
    qrels: Judged = {}
    with (CRANFIELD / "qrels" / "test.tsv").open(encoding="utf-8") as file:
        for row in csv.DictReader(file, delimiter="\t"):
            qrels.setdefault(row["query-id"], {})[row["corpus-id"]] = int(row["score"])
    runs: Runs = {}
    for line in (CRANFIELD / "queries.jsonl").read_text(encoding="utf-8").splitlines():
        query = json.loads(line)
        words = set(re.findall(r"\w+", query["text"]))
        best = sorted(documents, key=lambda d: (-len(words & documents[d]), d))
        if query["_id"] in qrels:
            runs[query["_id"]] = best[:1000]
    assert len(runs) > 150
    assert_equal_to_trec_eval(runs, qrels)
    # Word overlap is a real ranking: the comparison isn't of zeros.
    assert mean([ndcg_at(r, qrels[q], 10) for q, r in runs.items()]) > 0.1


def test_reciprocal_rank_is_cut() -> None:
    ranking = [f"d{i}" for i in range(20)]
    assert reciprocal_rank(ranking, {"d9": 1}, 10) == pytest.approx(1 / 10)
    assert reciprocal_rank(ranking, {"d10": 1}, 10) == 0
    assert reciprocal_rank(ranking, {"d10": 1}) == pytest.approx(1 / 11)


def test_nothing_relevant_is_zero() -> None:
    for relevance in ({}, {"a": 0}, {"a": -1}):
        assert set(ours(["a", "b"], relevance).values()) == {0.0}


@pytest.mark.parametrize("seed", range(10))
def test_auc_as_scikit_learn(seed: int) -> None:
    draw = random.Random(seed)
    # Few distinct values, so that ties are common.
    positive = [float(draw.randint(0, 12)) for _ in range(draw.randint(1, 60))]
    negative = [float(draw.randint(0, 9)) for _ in range(draw.randint(1, 60))]
    labels = [1] * len(positive) + [0] * len(negative)
    assert auc(positive, negative) == pytest.approx(
        roc_auc_score(labels, positive + negative), abs=1e-12
    )


def test_auc_without_cases_is_nan() -> None:
    assert math.isnan(auc([], [1.0]))
    assert math.isnan(auc([1.0], []))


@pytest.mark.parametrize("size", [1, 2, 3, 10, 101])
def test_percentile_as_numpy(size: int) -> None:
    draw = random.Random(size)
    values = [draw.gauss(0, 1) for _ in range(size)]
    for share in (0, 0.025, 0.25, 0.5, 0.9, 0.95, 0.999, 1):
        assert percentile(values, share) == pytest.approx(
            float(np.percentile(values, 100 * share)), abs=1e-12
        )


def test_percentile_refuses_a_percentage() -> None:
    with pytest.raises(ValueError, match="0 to 1"):
        percentile([1.0, 2.0], 95)


def test_empty_lists_have_no_average() -> None:
    assert math.isnan(mean([]))
    assert math.isnan(percentile([], 0.5))
    assert all(math.isnan(x) for x in bootstrap_interval([], mean))


def test_bootstrap_is_seeded_and_holds_the_mean() -> None:
    draw = random.Random(7)
    values = [float(draw.random() < 0.7) for _ in range(200)]
    low, high = bootstrap_interval(values, mean)
    assert (low, high) == bootstrap_interval(values, mean)
    assert (low, high) != bootstrap_interval(values, mean, seed=1)
    assert low < mean(values) < high
    # The binomial standard error at 200 cases: 1.96 * sqrt(p (1 - p) / n) on each side.
    expected = 2 * 1.96 * math.sqrt(mean(values) * (1 - mean(values)) / 200)
    assert high - low == pytest.approx(expected, rel=0.15)


def test_bootstrap_interval_covers_as_often_as_it_says() -> None:
    draw = random.Random(3)
    covered = 0
    for trial in range(200):
        values = [draw.gauss(1.0, 1.0) for _ in range(50)]
        low, high = bootstrap_interval(values, mean, rounds=200, seed=trial)
        covered += low <= 1.0 <= high
    # 95 % nominal; percentile intervals of 50 values fall a little short of it.
    assert 0.88 <= covered / 200 <= 0.99


def test_bootstrap_leaves_out_rounds_without_a_value() -> None:
    items = [(1.0, True), (0.0, False)]

    def separation(drawn: object) -> float:
        pairs = list(drawn)  # type: ignore[call-overload]  # a sequence of pairs
        return auc([s for s, y in pairs if y], [s for s, y in pairs if not y])

    assert bootstrap_interval(items, separation) == (1.0, 1.0)


@pytest.mark.parametrize("seed", range(5))
def test_roc_points_as_scikit_learn(seed: int) -> None:
    draw = random.Random(seed)
    positive = [draw.randint(0, 12) / 12 for _ in range(draw.randint(1, 60))]
    negative = [draw.randint(0, 9) / 12 for _ in range(draw.randint(1, 60))]
    labels = [1] * len(positive) + [0] * len(negative)
    false, true, bounds = roc_curve(labels, positive + negative, drop_intermediate=False)
    found = roc_points(positive, negative)
    assert [b for b, _, _ in found] == pytest.approx(list(bounds))
    assert [x for _, x, _ in found] == pytest.approx(list(false))
    assert [y for _, _, y in found] == pytest.approx(list(true))
    # Its area is the AUC.
    area = sum((b[1] - a[1]) * (a[2] + b[2]) / 2 for a, b in pairwise(found))
    assert area == pytest.approx(auc(positive, negative))
    assert roc_points([], negative) == roc_points(positive, []) == []


def test_brier_score_as_scikit_learn() -> None:
    draw = random.Random(1)
    probabilities = [draw.random() for _ in range(80)]
    outcomes = [draw.random() < p for p in probabilities]
    assert brier_score(probabilities, outcomes) == pytest.approx(
        brier_score_loss(outcomes, probabilities)
    )
    assert brier_score([1.0, 0.0], [True, False]) == 0
    assert brier_score([1.0, 0.0], [False, True]) == 1
    assert math.isnan(brier_score([], []))


def test_calibration_by_hand() -> None:
    probabilities = [0.05, 0.15, 0.15, 0.95, 1.0]
    outcomes = [False, True, False, True, True]
    bins = reliability_bins(probabilities, outcomes)
    assert [b.count for b in bins] == [1, 2, 0, 0, 0, 0, 0, 0, 0, 2]
    assert (bins[1].low, bins[1].high) == (0.1, 0.2)
    assert bins[1].predicted == pytest.approx(0.15)
    assert bins[1].observed == 0.5
    assert math.isnan(bins[5].observed)
    # By cases: 1/5 of 0.05, 2/5 of 0.35, 2/5 of 0.025.
    error = expected_calibration_error(probabilities, outcomes)
    assert error == pytest.approx((0.05 + 2 * 0.35 + 2 * 0.025) / 5)
    assert expected_calibration_error([1.0, 0.0], [True, False]) == 0
    assert math.isnan(expected_calibration_error([], []))


def test_paired_interval_leaves_out_what_both_share() -> None:
    draw = random.Random(5)
    hard = [float(draw.random() < 0.5) for _ in range(100)]
    better = [min(x + float(n % 10 == 0), 1.0) for n, x in enumerate(hard)]
    low, high = paired_interval(list(zip(hard, better, strict=True)), mean)
    assert 0 <= low < mean(better) - mean(hard) < high
    # Apart, the two means vary far more than their difference does.
    apart = bootstrap_interval(better, mean)
    assert high - low < 0.6 * (apart[1] - apart[0])
    assert paired_interval([(x, x) for x in hard], mean) == (0, 0)
