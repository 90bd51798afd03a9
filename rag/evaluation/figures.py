"""Judged questions become figures; each figure says over which questions it is taken.

Pure: the same outcomes give the same figures and intervals.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from rag.evaluation.judging import TOPS, Judged
from rag.evaluation.tables import Table, number
from rag.metrics import auc, bootstrap_interval, mean, percentile

STAGES = ("retrieve", "evidence", "generate", "verify", "total")
_PERCENTILES = (0.5, 0.9, 0.95, 1.0)


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure with its 95 % bootstrap interval over questions; NaN where nothing was counted.

    Attributes:
        over: which questions, in words; count: how many of them.
    """

    name: str
    value: float
    low: float
    high: float
    over: str
    count: int


def main_figures(judged: Sequence[Judged]) -> list[Figure]:
    """The figures of an evaluation, in the order of the report."""
    yes = [j for j in judged if j.asked.answerable]
    no = [j for j in judged if not j.asked.answerable]
    asked = [j for j in yes if j.asked.facts]
    answered = [j for j in yes if j.answered]
    told = [j for j in asked if j.answered]
    found = [
        _share("right paper first (P@1)", yes, "answerable", lambda j: j.precision_1),
        _share("recall@3 of papers", yes, "answerable", lambda j: j.recall_3),
        _share("recall@5 of papers", yes, "answerable", lambda j: j.recall_5),
        _share("MRR of papers", yes, "answerable", lambda j: j.reciprocal),
    ]
    for place, top in enumerate(TOPS):
        name = f"facts in the top {top} sentence{'s' if top > 1 else ''}"
        values = [j.in_evidence[place] for j in asked]
        low, high = bootstrap_interval(values, mean)
        over = "answerable with facts"
        found.append(Figure(name, mean(values), low, high, over, len(values)))
    found += [
        _share("facts in the answer's claims", asked, "answerable with facts", _in_claims),
        _share("facts in the claims when answered", told, "answered with facts", _in_claims),
        _share("right paper cited when answered", answered, "answered", lambda j: float(j.cited)),
        _share("answerable answered", yes, "answerable", lambda j: float(j.answered)),
        _share("unanswerable refused", no, "unanswerable", lambda j: float(not j.answered)),
        _figure("AUC of the estimated probability", judged, "all", _separation),
    ]
    return found


def _in_claims(j: Judged) -> float:
    return j.in_claims


def _separation(judged: Sequence[Judged]) -> float:
    return auc(
        [j.probability for j in judged if j.asked.answerable],
        [j.probability for j in judged if not j.asked.answerable],
    )


def _share(
    name: str, judged: Sequence[Judged], over: str, value: Callable[[Judged], float]
) -> Figure:
    values = [value(j) for j in judged]
    low, high = bootstrap_interval(values, mean)
    return Figure(name, mean(values), low, high, over, len(values))


def _figure(
    name: str,
    judged: Sequence[Judged],
    over: str,
    statistic: Callable[[Sequence[Judged]], float],
) -> Figure:
    low, high = bootstrap_interval(judged, statistic)
    return Figure(name, statistic(judged), low, high, over, len(judged))


def figures_table(figures: Sequence[Figure]) -> Table:
    """One row a figure."""
    rows = tuple(
        (f.name, number(f.value), f"{number(f.low)}–{number(f.high)}", str(f.count), f.over)
        for f in figures
    )
    return Table("Answers", ("", "value", "95 % interval", "n", "questions"), rows)


def styles_table(judged: Sequence[Judged]) -> Table:
    """The same by wording: which kinds of questions go wrong."""
    rows = []
    for style in dict.fromkeys(j.asked.style for j in judged):
        group = [j for j in judged if j.asked.style == style]
        yes = [j for j in group if j.asked.answerable]
        facts = [j for j in yes if j.asked.facts]
        right = mean([float(j.answered == j.asked.answerable) for j in group])
        rows.append(
            (
                style or "(none)", str(len(group)),
                number(mean([j.precision_1 for j in yes])),
                number(mean([j.in_evidence[TOPS.index(3)] for j in facts])),
                number(mean([j.in_claims for j in facts])),
                number(mean([float(j.answered) for j in group])), number(right),
            )
        )  # fmt: skip
    header = ("By style", "n", "P@1", "facts, top 3", "facts, claims", "answered", "rightly so")
    return Table("", header, tuple(rows))


def latency_object(judged: Sequence[Judged]) -> dict[str, dict[str, float]]:
    """Milliseconds of each stage: percentiles over the questions."""
    return {
        stage: {
            _name(p): percentile([getattr(j.answer.timings, stage) for j in judged], p)
            for p in _PERCENTILES
        }
        for stage in STAGES
    }


def latency_table(judged: Sequence[Judged]) -> Table:
    """One row a stage."""
    rows = tuple(
        (stage, *(number(value, 1) for value in values.values()))
        for stage, values in latency_object(judged).items()
    )
    return Table("", ("Milliseconds", *(_name(p) for p in _PERCENTILES)), rows)


def length_object(judged: Sequence[Judged]) -> dict[str, float]:
    """Words of the answers given."""
    words = [float(j.words) for j in judged if j.answered]
    return {"median": percentile(words, 0.5), "max": percentile(words, 1)}


def _name(share: float) -> str:
    return "max" if share == 1 else f"p{share * 100:.0f}"
