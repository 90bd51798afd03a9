"""A run as one value, and that value as JSON and as tables for a terminal; nothing is measured
here."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

from rag.evaluation.against import FORMAT, Comparison
from rag.evaluation.baseline import Plain
from rag.evaluation.figures import PER_STYLE, Figure, forecast, separable
from rag.evaluation.judging import DEPTHS, TOPS, Judged, Outcome
from rag.evaluation.mistakes import grouped, mistakes, share_right
from rag.evaluation.tables import Table, number
from rag.metrics import mean, percentile, reliability_bins, roc_points
from rag.render import answer_object

STAGES = ("retrieve", "evidence", "generate", "verify", "total")
_PERCENTILES = (0.5, 0.9, 0.95, 1.0)
_NAN = float("nan")
_LISTED = 20  # questions named in a comparison on a terminal
# Figures at every depth, which the main tables leave to the plots and the table of depths.
DEEP = {f"recall_{k}" for k in DEPTHS if k not in (3, 5, 10)} | {
    f"span_{kind}_{k}" for kind in ("recall", "precision") for k in TOPS
}


class Row(NamedTuple):
    """One line of two pipelines side by side."""

    name: str
    ours: float
    plain: float
    places: int


@dataclass(frozen=True, slots=True)
class Report:
    """A run.

    Attributes:
        shaped_by: what decides whether runs can be compared, by its name for people.
        threshold: probability below which answers are withheld.
        spans_note: why gold spans are missing; "" when none is.
        loading_s: seconds to load the model; peak_mb: most memory held, before any baseline.
        plain: the plain pipeline's answers, where it was asked for.
        comparison: with an older run, where one was given.
    """

    shaped_by: Mapping[str, str]
    settings: Mapping[str, Any]
    threshold: float
    corpus_papers: int
    judged: tuple[Judged, ...]
    figures: tuple[Figure, ...]
    styles: Mapping[str, Sequence[Figure]]
    spans_note: str
    loading_s: float
    peak_mb: float
    plain: tuple[Plain, ...] = ()
    comparison: Comparison | None = None

    @property
    def outcomes(self) -> list[Outcome]:
        """What the figures are taken from."""
        return [j.outcome for j in self.judged]

    @property
    def model(self) -> str:
        """The language model that read, with its format."""
        info = next((j.answer.model for j in self.judged if j.answer.model.sha256), None)
        return f"{info.name} ({info.quantization})" if info else "none"


# ── values ──────────────────────────────────────────────────────────────────────────────────────


def report_object(report: Report) -> dict[str, Any]:
    """The whole run as JSON values; a figure that makes no sense is NaN."""
    outcomes = report.outcomes
    found: dict[str, Any] = {
        "format": FORMAT,
        "shaped_by": dict(report.shaped_by),
        "settings": dict(report.settings),
        "questions": len(outcomes),
        "corpus_papers": report.corpus_papers,
        "right": share_right(outcomes)[0],
        "figures": [asdict(figure) for figure in report.figures],
        "styles": {s: [asdict(f) for f in figures] for s, figures in report.styles.items()},
        "gold_spans": report.spans_note or "all found",
        "answer_words": length_object(outcomes),
        "unsupported_claims": sum(o.unsupported for o in outcomes),
        "refusing": {
            "threshold": report.threshold,
            "roc": [list(point) for point in roc_points(*separable(outcomes))],
            "reliability": [asdict(b) for b in reliability_bins(*forecast(outcomes))],
        },
        "latency_ms": latency_object(report.judged),
        "model_loading_s": report.loading_s,
        "peak_memory_mb": report.peak_mb,
        "answers": [_answer(j) for j in report.judged],
    }
    if report.plain:
        found["baseline"] = {
            "figures": [row._asdict() for row in beside(report)],
            "answers": [asdict(p) for p in report.plain],
        }
    if report.comparison is not None:
        found["against"] = asdict(report.comparison)
    return found


def _answer(j: Judged) -> dict[str, Any]:
    asked = j.asked
    return answer_object(j.answer, asked.id) | {
        "asked": {
            "style": asked.style,
            "split": asked.split,
            "answerable": asked.answerable,
            "papers": list(asked.papers),
            "facts": [[f.pattern for f in fact] for fact in asked.facts],
        },
        "judged": asdict(j.outcome),
        "mistakes": mistakes(j.outcome),
        "unsupported": list(j.unsupported),
    }


def latency_object(judged: Sequence[Judged]) -> dict[str, dict[str, float]]:
    """Milliseconds of each stage: percentiles over the questions."""
    return {
        stage: {
            percentile_name(p): percentile([getattr(j.answer.timings, stage) for j in judged], p)
            for p in _PERCENTILES
        }
        for stage in STAGES
    }


def percentile_name(share: float) -> str:
    """Its column's title."""
    return "max" if share == 1 else f"p{share * 100:.0f}"


def length_object(outcomes: Iterable[Outcome]) -> dict[str, float]:
    """Words of the answers given."""
    words = [float(o.words) for o in outcomes if o.answered]
    return {"median": percentile(words, 0.5), "max": percentile(words, 1)}


def beside(report: Report) -> list[Row]:
    """This program's answers and the plain pipeline's, over the questions that both answered."""
    ours = {o.id: o for o in report.outcomes}
    both = [(ours[p.id], p) for p in report.plain]

    def row(
        name: str,
        my: Callable[[Outcome], float],
        its: Callable[[Plain], float],
        over: Callable[[Sequence[float]], float],
        places: int,
    ) -> Row:
        # What one of both has no figure for counts for neither.
        pairs = [(a, b) for o, p in both if (a := my(o)) == a and (b := its(p)) == b]
        return Row(name, over([a for a, _ in pairs]), over([b for _, b in pairs]), places)

    def median(values: Sequence[float]) -> float:
        return percentile(values, 0.5)

    return [
        row("facts found", lambda o: o.in_claims, lambda p: p.facts, mean, 3),
        row("right paper cited", lambda o: float(o.cited), lambda p: float(p.cited), mean, 3),
        row("citation recall (ALCE)", lambda o: o.citation_recall,
            lambda p: p.citation_recall, mean, 3),
        row("citation precision (ALCE)", lambda o: o.citation_precision,
            lambda p: p.citation_precision, mean, 3),
        row("words, median", lambda o: float(o.words) if o.answered else _NAN,
            lambda p: float(p.words), median, 0),
        row("seconds, median", lambda o: o.total_ms / 1000, lambda p: p.seconds, median, 2),
    ]  # fmt: skip


# ── a terminal ──────────────────────────────────────────────────────────────────────────────────


def tables(report: Report) -> list[Table]:
    """What a terminal shows."""
    found = [
        figures_table(report.figures), depths_table(report.figures), styles_table(report.styles),
        latency_table(report.judged),
    ]  # fmt: skip
    if report.plain:
        found.append(baseline_table(report))
    if report.comparison is not None:
        found.append(comparison_table(report.comparison))
    return found


def notes(report: Report) -> list[str]:
    """What a terminal shows below the tables."""
    outcomes = report.outcomes
    words = length_object(outcomes)
    right, total = share_right(outcomes)
    wrong = [f"{len(group)} {kind}" for kind, group in grouped(report.judged).items()]
    unsupported = [reason for j in report.judged for reason in j.unsupported]
    found = [
        f"right in every respect: {right} of {total}" + (f" ({', '.join(wrong)})" if wrong else ""),
        f"answers: {number(words['median'], 0)} words at the median, {number(words['max'], 0)} "
        "at most",
        f"claims shown without support: {len(unsupported)}",
        *unsupported[:5],
        f"peak memory {number(report.peak_mb, 0)} MB; the model loaded in "
        f"{number(report.loading_s, 1)} s",
    ]
    if report.spans_note:
        found.append(f"gold spans: {report.spans_note}")
    if report.comparison is not None:
        found += comparison_notes(report.comparison)
    return found


def figures_table(figures: Sequence[Figure]) -> Table:
    """One row a figure, the groups one after another; figures of no question are left out."""
    rows = []
    group = ""
    for f in figures:
        if f.key in DEEP or f.count == 0:
            continue
        if f.group != group:
            group = f.group
            rows.append((f"── {group}", "", "", "", ""))
        rows.append((f.name, number(f.value, f.places), interval(f), str(f.count), f.over))
    return Table("Answers", ("", "value", "95 % interval", "n", "questions"), tuple(rows))


def interval(f: Figure) -> str:
    """A figure's interval."""
    return f"{number(f.low, f.places)}–{number(f.high, f.places)}"


def depths_table(figures: Sequence[Figure]) -> Table:
    """What changes with the papers or sentences looked at."""
    values = {f.key: number(f.value) for f in figures}
    rows = [("recall of papers", *(values[f"recall_{k}"] for k in DEPTHS))]
    for name, key in (
        ("facts in sentences", "facts_"),
        ("gold spans met by sentences", "span_recall_"),
        ("sentences in gold spans", "span_precision_"),
    ):
        cells = [values[f"{key}{k}"] for k in TOPS]
        rows.append((name, *cells, *[""] * (len(DEPTHS) - len(cells))))
    return Table("", ("Within the first", *map(str, DEPTHS)), tuple(rows))


def styles_table(styles: Mapping[str, Sequence[Figure]]) -> Table:
    """The same by wording: which kinds of questions go wrong."""
    names = ("P@1", "recall@5", "facts, top 3", "facts, claims", "cited", "of several")
    rows = tuple(
        (style, str(figures[-1].count), *(number(f.value) for f in figures))
        for style, figures in styles.items()
    )
    header = ("By style", "n", *names, "answered", "rightly")
    assert len(header) == 2 + len(PER_STYLE)
    return Table("", header, rows)


def latency_table(judged: Sequence[Judged]) -> Table:
    """One row a stage."""
    rows = tuple(
        (stage, *(number(value, 1) for value in values.values()))
        for stage, values in latency_object(judged).items()
    )
    return Table("", ("Milliseconds", *(percentile_name(p) for p in _PERCENTILES)), rows)


def baseline_table(report: Report) -> Table:
    """This program and the plain pipeline side by side."""
    rows = tuple((r.name, number(r.ours, r.places), number(r.plain, r.places))
                 for r in beside(report))  # fmt: skip
    title = f"Beside the plain pipeline, {len(report.plain)} answerable questions"
    return Table(title, ("", "this program", "plain pipeline"), rows)


def comparison_table(comparison: Comparison) -> Table:
    """One row a figure that changed or could have."""
    rows = tuple(
        (
            d.name, number(d.old, d.places), number(d.new, d.places),
            signed(d.new - d.old, d.places),
            f"{signed(d.low, d.places)} to {signed(d.high, d.places)}", str(d.count), d.verdict,
        )
        for d in comparison.differences
        if d.key not in DEEP
    )  # fmt: skip
    title = f"Against {comparison.old}, {comparison.common} questions in both"
    return Table(title, ("", "old", "new", "difference", "95 % interval", "n", ""), rows)


def signed(value: float, places: int) -> str:
    """A difference with its sign; what is shown as 0 has none."""
    shown = number(value, places)
    if not any(digit in shown for digit in "123456789"):
        return shown.lstrip("-")
    return f"+{shown}" if value > 0 else shown.replace("-", "−")


def comparison_notes(comparison: Comparison) -> list[str]:
    """What besides the program differs, and which questions changed sides."""
    found = [f"warning: {text}" for text in comparison.warnings]
    for word, changed in (("right", comparison.right), ("wrong", comparison.wrong)):
        found.append(f"became {word}: {len(changed)}")
        found += [f"  {id_}: {text} ({faults})" for id_, text, faults in changed[:_LISTED]]
        if len(changed) > _LISTED:
            found.append(f"  … and {len(changed) - _LISTED} more")
    return found
