"""Outcomes become figures; each figure says over which questions it is taken.

Pure: the same outcomes give the same figures and intervals. A measure is defined once and serves
a run's figures, those of each style, and the comparison of two runs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from rag.evaluation.judging import DEPTHS, TOPS, Outcome
from rag.metrics import (
    auc,
    bootstrap_interval,
    brier_score,
    expected_calibration_error,
    mean,
    percentile,
)

Group = Literal["Papers", "Evidence", "Answers", "Citations", "Refusing", "Speed"]
Statistic = Callable[[Sequence[Outcome]], float]


@dataclass(frozen=True, slots=True)
class Measure:
    """How a figure is taken from outcomes.

    Attributes:
        key: stable name in files; name: for people.
        over: which questions, in words; counted: the same as a test of an outcome.
        better: 1 when higher is better, -1 when lower is, 0 when neither.
        places: decimals shown.
        value: what the statistic is the mean of, where it is a mean.
    """

    key: str
    name: str
    group: Group
    over: str
    counted: Callable[[Outcome], bool]
    statistic: Statistic
    better: int = 1
    places: int = 3
    value: Callable[[Outcome], float] | None = None


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure with its 95 % bootstrap interval over questions; NaN where nothing was counted.

    Attributes:
        over: which questions, in words; count: how many of them.
    """

    key: str
    name: str
    group: str
    value: float
    low: float
    high: float
    over: str
    count: int
    places: int = 3


def figure_of(measure: Measure, outcomes: Sequence[Outcome]) -> Figure:
    """One measure over the outcomes that it counts."""
    counted = [o for o in outcomes if measure.counted(o)]
    if measure.value is not None:  # The same, much faster.
        low, high = bootstrap_interval([measure.value(o) for o in counted], mean)
    else:
        low, high = bootstrap_interval(counted, measure.statistic)
    return Figure(
        measure.key, measure.name, measure.group, measure.statistic(counted), low, high,
        measure.over, len(counted), measure.places,
    )  # fmt: skip


def main_figures(
    outcomes: Sequence[Outcome], progress: Callable[[int, str], None] = lambda done, name: None
) -> list[Figure]:
    """The figures of an evaluation, in the order of the report.

    Args:
        progress: told how many figures are done, and which is next.
    """
    found = []
    for done, measure in enumerate(MEASURES):
        progress(done, measure.name)
        found.append(figure_of(measure, outcomes))
    return found


def style_figures(outcomes: Sequence[Outcome]) -> dict[str, list[Figure]]:
    """Some of the same by wording: which kinds of questions go wrong. In order of occurrence."""
    groups: dict[str, list[Outcome]] = {}
    for outcome in outcomes:
        groups.setdefault(outcome.style or "(none)", []).append(outcome)
    return {style: [figure_of(m, group) for m in PER_STYLE] for style, group in groups.items()}


def separable(outcomes: Sequence[Outcome]) -> tuple[list[float], list[float]]:
    """Probabilities of the answerable questions, and of the unanswerable ones."""
    return (
        [o.probability for o in outcomes if o.answerable],
        [o.probability for o in outcomes if not o.answerable],
    )


def forecast(outcomes: Sequence[Outcome]) -> tuple[list[float], list[bool]]:
    """Probabilities, and whether each question was answerable."""
    return [o.probability for o in outcomes], [o.answerable for o in outcomes]


# ── the measures ────────────────────────────────────────────────────────────────────────────────


def _averaged(value: Callable[[Outcome], float]) -> Statistic:
    return lambda outcomes: mean([value(o) for o in outcomes])


def _yes(o: Outcome) -> bool:
    return o.answerable


def _asked(o: Outcome) -> bool:
    return o.answerable and o.in_claims == o.in_claims  # NaN without facts


def _everything(o: Outcome) -> bool:
    return True


def _mean(
    key: str, name: str, group: Group, over: str,
    counted: Callable[[Outcome], bool], value: Callable[[Outcome], float], better: int = 1,
) -> Measure:  # fmt: skip
    return Measure(key, name, group, over, counted, _averaged(value), better, value=value)


def _papers() -> Iterator[Measure]:
    def at(k: int) -> Callable[[Outcome], float]:
        return lambda o: o.recall[k - 1]

    yield _mean("precision_1", "right paper first (P@1)", "Papers", "answerable", _yes,
                lambda o: o.precision_1)  # fmt: skip
    for k in DEPTHS:
        yield _mean(f"recall_{k}", f"recall@{k} of papers", "Papers", "answerable", _yes, at(k))
    yield _mean("mrr", "MRR of papers", "Papers", "answerable", _yes, lambda o: o.reciprocal)
    yield _mean("ndcg_10", "nDCG@10 of papers", "Papers", "answerable", _yes, lambda o: o.ndcg_10)
    yield _mean("read", "right papers among those read", "Papers", "answerable", _yes,
                lambda o: o.read)  # fmt: skip


def _evidence() -> Iterator[Measure]:
    def facts(place: int) -> Callable[[Outcome], float]:
        return lambda o: o.in_evidence[place]

    def precision(place: int) -> Callable[[Outcome], float]:
        return lambda o: o.span_precision[place]

    def recall(place: int) -> Callable[[Outcome], float]:
        return lambda o: o.span_recall[place]

    def spanned(o: Outcome) -> bool:
        return o.answerable and o.span_recall[0] == o.span_recall[0]

    def sentences(k: int) -> str:
        return f"top {k} sentence{'s' if k > 1 else ''}"

    for place, k in enumerate(TOPS):
        yield _mean(f"facts_{k}", f"facts in the {sentences(k)}", "Evidence",
                    "answerable with facts", _asked, facts(place))  # fmt: skip
    for place, k in enumerate(TOPS):
        yield _mean(f"span_recall_{k}", f"gold spans met by the {sentences(k)}", "Evidence",
                    "with gold spans", spanned, recall(place))  # fmt: skip
    for place, k in enumerate(TOPS):
        yield _mean(f"span_precision_{k}", f"{sentences(k)} in gold spans", "Evidence",
                    "with gold spans", spanned, precision(place))  # fmt: skip


def _answers() -> Iterator[Measure]:
    def answered(o: Outcome) -> bool:
        return o.answered

    def told(o: Outcome) -> bool:
        return _asked(o) and o.answered

    def right(o: Outcome) -> bool:
        return o.answerable and o.answered

    def several(o: Outcome) -> bool:
        return right(o) and o.papers > 1

    def shown(o: Outcome) -> bool:
        return o.answered and o.claims > 0

    yield _mean("facts", "facts in the answer's claims", "Answers", "answerable with facts",
                _asked, lambda o: o.in_claims)  # fmt: skip
    yield _mean("facts_answered", "facts in the claims when answered", "Answers",
                "answered with facts", told, lambda o: o.in_claims)  # fmt: skip
    yield _mean("cited", "right paper cited when answered", "Answers", "answerable, answered",
                right, lambda o: float(o.cited))  # fmt: skip
    yield _mean("papers_cited", "right papers cited, of several", "Answers",
                "answered, several papers", several, lambda o: o.papers_cited)  # fmt: skip
    yield Measure("words", "words of an answer, median", "Answers", "answered", answered,
                  lambda found: percentile([float(o.words) for o in found], 0.5), 0, 0)  # fmt: skip
    yield _mean("citation_recall", "citation recall (ALCE)", "Citations", "answered", shown,
                lambda o: o.citation_recall)  # fmt: skip
    yield _mean("citation_precision", "citation precision (ALCE)", "Citations", "answered", shown,
                lambda o: o.citation_precision)  # fmt: skip
    yield Measure("unsupported", "claims shown without support", "Citations", "answered", answered,
                  lambda found: float(sum(o.unsupported for o in found)), -1, 0)  # fmt: skip


def _refusing() -> Iterator[Measure]:
    yield _mean("refused", "answerable refused", "Refusing", "answerable", _yes,
                lambda o: float(not o.answered), -1)  # fmt: skip
    yield _mean("let_through", "unanswerable answered", "Refusing", "unanswerable",
                lambda o: not o.answerable, lambda o: float(o.answered), -1)  # fmt: skip
    yield Measure("auc", "AUC of the estimated probability", "Refusing", "all", _everything,
                  lambda found: auc(*separable(found)))  # fmt: skip
    yield Measure("brier", "Brier score", "Refusing", "all", _everything,
                  lambda found: brier_score(*forecast(found)), -1)  # fmt: skip
    yield Measure("ece", "expected calibration error", "Refusing", "all", _everything,
                  lambda found: expected_calibration_error(*forecast(found)), -1)  # fmt: skip
    for share, name in ((0.5, "median"), (0.95, "95th percentile")):
        yield Measure(f"ms_{share * 100:.0f}", f"milliseconds a question, {name}", "Speed", "all",
                      _everything, _latency(share), -1, 0)  # fmt: skip


def _latency(share: float) -> Statistic:
    return lambda found: percentile([o.total_ms for o in found], share)


MEASURES: tuple[Measure, ...] = (*_papers(), *_evidence(), *_answers(), *_refusing())
BY_KEY = {measure.key: measure for measure in MEASURES}
_RIGHTLY = _mean("rightly", "rightly answered or refused", "Refusing", "all", _everything,
                 lambda o: float(o.answered == o.answerable))  # fmt: skip
_ANSWERED = _mean("answered", "answered", "Refusing", "all", _everything,
                  lambda o: float(o.answered), 0)  # fmt: skip
PER_STYLE: tuple[Measure, ...] = (
    *(BY_KEY[k] for k in ("precision_1", "recall_5", "facts_3", "facts", "cited", "papers_cited")),
    _ANSWERED,
    _RIGHTLY,
)
