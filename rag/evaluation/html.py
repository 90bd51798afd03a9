"""A run as one HTML page to read: no script, nothing loaded from anywhere, every text escaped."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

from rag.evaluation import plots
from rag.evaluation.against import Comparison
from rag.evaluation.figures import Figure, forecast, separable
from rag.evaluation.html_cases import cases
from rag.evaluation.judging import DEPTHS, TOPS
from rag.evaluation.mistakes import share_right
from rag.evaluation.reporting import (
    DEEP,
    STAGES,
    Report,
    beside,
    interval,
    latency_object,
    length_object,
    percentile_name,
    signed,
)
from rag.evaluation.tables import number
from rag.metrics import reliability_bins, roc_points
from rag.models import data_file

_TILES = (
    "precision_1", "facts_3", "facts_answered", "cited", "refused", "let_through", "unsupported",
    "ms_50",
)  # fmt: skip
_THRESHOLDS = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)


def page(report: Report) -> str:
    """The whole document."""
    css = data_file("report.css").read_text(encoding="utf-8")
    body = "".join(
        (
            _head(report), _tiles(report), _comparison(report.comparison), _papers(report),
            _answers(report), _refusing(report), _styles(report), _plain(report), _speed(report),
            cases(report.judged), _foot(report),
        )
    )  # fmt: skip
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta http-equiv="Content-Security-Policy" '
        "content=\"default-src 'none'; style-src 'unsafe-inline'\">"
        f"<title>Evaluation: {escape(_set(report))}</title><style>{css}</style></head>"
        f"<body><main>{body}</main></body></html>\n"
    )


def _set(report: Report) -> str:
    return report.shaped_by["question sets"].rpartition(" ")[0]


def _head(report: Report) -> str:
    right, total = share_right(report.outcomes)
    yes = sum(o.answerable for o in report.outcomes)
    split = report.shaped_by["splits"]
    named = f"{_set(report)}" + (f", split {split}" if split != "all" else "")
    corpus = report.shaped_by["corpora"].rpartition(" ")[0]
    return (
        "<header><h1>How well questions are answered</h1>"
        f'<p class="lead">{total:,} questions of {escape(named)} ({yes:,} answerable) over '
        f"{report.corpus_papers:,} papers ({escape(corpus)}), read by "
        f"{escape(report.shaped_by['language models'])}. {right:,} answers are right in every "
        "respect. Ranges are 95 % bootstrap intervals over questions.</p></header>"
    )


def _tiles(report: Report) -> str:
    by_key = {f.key: f for f in report.figures}
    tiles = []
    for key in _TILES:
        f = by_key[key]
        value, low, high = f.value, f.low, f.high
        if key == "ms_50":
            name, shown = "seconds a question, median", number(value / 1000, 2)
            around, drawn = f"{number(low / 1000, 2)}–{number(high / 1000, 2)}", ""
        elif key == "unsupported":
            name, shown, around = f.name, number(value, 0), "must be 0"
            drawn = ""
        else:
            name, shown, around = f.name, number(value, 2), f"{number(low, 2)}–{number(high, 2)}"
            better = -1 if key in ("refused", "let_through") else 1
            drawn = plots.whisker(value, low, high, better)
        count = "" if key == "unsupported" or not f.count else f" · n {f.count}"
        tiles.append(
            f'<div class="tile"><dt>{escape(name)}</dt><dd><div class="big">{shown}</div>'
            f'<div class="range">{around}{count}</div>{drawn}</dd></div>'
        )
    return f'<dl class="tiles">{"".join(tiles)}</dl>'


# ── sections ────────────────────────────────────────────────────────────────────────────────────


def _papers(report: Report) -> str:
    recall = plots.Series("recall", _points(report, "recall_", DEPTHS))
    series = [plots.Series("facts stated", _points(report, "facts_", TOPS))]
    series.append(plots.Series("gold spans met", _points(report, "span_recall_", TOPS), "b"))
    series.append(plots.Series("in gold spans", _points(report, "span_precision_", TOPS), "c"))
    note = f" Gold spans: {report.spans_note}." if report.spans_note else ""
    return (
        "<section><h2>Papers and sentences</h2><p>What the answers can be made of: whether the "
        "right papers are found, and whether the sentences ranked best state what was asked.</p>"
        '<div class="pair">'
        + _figure("Right papers found", plots.curve([recall], "papers looked at", "recall",
                  "Recall of right papers by papers looked at"),
                  "Share of the papers that answer a question among the first k, mean over "
                  "answerable questions.")
        + _figure("Facts in the evidence", plots.curve(series, "sentences looked at", "share",
                  "Facts stated by the best sentences"),
                  "Share of the asked facts in the best 1 to 4 sentences, whether or not it then "
                  f"answers.{note}", plots.legend(series))
        + f'</div>{_panel(_figures(report, ("Papers", "Evidence")))}'
        '<details class="group"><summary>At every depth</summary><div class="inside">'
        f'{_panel(_figures(report, ("Papers", "Evidence"), deep=True))}</div></details></section>'
    )  # fmt: skip


def _points(report: Report, key: str, places: Iterable[int]) -> tuple[plots.Point, ...]:
    by_key = {f.key: f for f in report.figures}
    found = [(k, by_key[f"{key}{k}"]) for k in places]
    return tuple(plots.Point(k, f.value, f.low, f.high) for k, f in found)


def _answers(report: Report) -> str:
    words = length_object(report.outcomes)
    return (
        "<section><h2>Answers and citations</h2><p>Facts are counted in the claims shown; "
        "an abstention counts as none. Citation recall and precision are ALCE's, each claim "
        "judged by the program's own claim check. Answers have "
        f"{number(words['median'], 0)} words at the median and {number(words['max'], 0)} at "
        f"most.</p>{_panel(_figures(report, ('Answers', 'Citations')))}</section>"
    )


def _refusing(report: Report) -> str:
    by_key = {f.key: f for f in report.figures}
    yes, no = separable(report.outcomes)
    parts = [
        "<section><h2>Refusing</h2><p>An answer is withheld when the estimated probability that "
        f"the evidence holds it is below {report.threshold:g}.</p>"
    ]
    points = [(x, y) for _, x, y in roc_points(yes, no)]
    bins = reliability_bins(*forecast(report.outcomes))
    if points:
        refused, through = by_key["refused"].value, by_key["let_through"].value
        said = (
            f"as shipped, at {report.threshold:g}: of 100 answerable questions "
            f"{100 * refused:.0f} refused, of 100 unanswerable ones {100 * through:.0f} answered"
        )
        parts.append(
            '<div class="pair">'
            + _figure("Telling answerable from not",
                      plots.roc(points, (through, 1 - refused), said),
                      f"AUC {_valued(by_key['auc'])}. Further up: fewer answers withheld; further "
                      "left: fewer questions answered that can't be.",
                      f'<p class="legend">{plots.key(said, "mark")}</p>')
            + _figure("Is the probability to be believed?",
                      plots.reliability(bins, "Reliability of the estimated probability"),
                      "Each dot is a tenth of the scale, its area the questions there; on the "
                      f"dashed line estimates come true. Expected calibration error "
                      f"{_valued(by_key['ece'])}, Brier score {_valued(by_key['brier'])}.")
            + "</div>"
        )  # fmt: skip
        parts.append(_panel(_thresholds(report, yes, no)))
    parts.append(_panel(_figures(report, ("Refusing",))) + "</section>")
    return "".join(parts)


def _thresholds(report: Report, yes: Sequence[float], no: Sequence[float]) -> str:
    """Expected errors at the shipped threshold and at others."""
    rows = []
    for bound in sorted({*_THRESHOLDS, report.threshold}):
        refused = sum(p < bound for p in yes) / len(yes)
        through = sum(p >= bound for p in no) / len(no)
        shipped = bound == report.threshold
        name = f"{bound:g}" + (" (as shipped)" if shipped else "")
        rows.append(_row((name, f"{100 * refused:.0f}", f"{100 * through:.0f}"),
                         "here" if shipped else ""))  # fmt: skip
    header = ("threshold", "answerable refused, of 100", "unanswerable answered, of 100")
    return "<h3>Expected errors</h3>" + _table(header, rows)


def _styles(report: Report) -> str:
    if not report.styles:
        return ""
    figures = next(iter(report.styles.values()))
    header = ("style", "n", *(f.name for f in figures))
    rows = []
    for style, found in report.styles.items():
        cells = [escape(style), str(found[-1].count)]
        cells += [
            f"{number(f.value, 2)}<small>{number(f.low, 2)}–{number(f.high, 2)}</small>"
            if f.count
            else "–"
            for f in found
        ]
        rows.append(_row(cells, escaped=True))
    return (
        "<section><h2>By style</h2><p>How a question is worded, and what kind it is.</p>"
        f"{_panel(_table(header, rows))}</section>"
    )


def _plain(report: Report) -> str:
    if not report.plain:
        return ""
    rows = [_row((r.name, number(r.ours, r.places), number(r.plain, r.places)))
            for r in beside(report)]  # fmt: skip
    return (
        "<section><h2>Beside the plain pipeline</h2><p>The same models the way of most "
        f"tutorials, on {len(report.plain)} of the answerable questions: the five nearest "
        "abstracts by vector alone, whole, in the prompt; free text out, unchecked.</p>"
        + _panel(_table(("", "this program", "plain pipeline"), rows))
        + '<details class="group"><summary>What it wrote</summary><div class="inside">'
        + f'<dl class="facts">{_written(report)}</dl></div></details></section>'
    )


def _written(report: Report) -> str:
    asked = {j.asked.id: j.asked.question for j in report.judged}
    parts = []
    for p in report.plain:
        known = p.facts == p.facts
        judged = (f"facts {number(p.facts, 2)}, " if known else "") + (
            "right paper named" if p.cited else "right paper not named"
        )
        parts.append(
            f"<dt>{escape(p.id)}</dt><dd>{escape(asked[p.id])}"
            f"<blockquote>{escape(p.text) or '(nothing)'}</blockquote>"
            f'<span class="tag">{escape(judged)}</span></dd>'
        )
    return "".join(parts)


def _speed(report: Report) -> str:
    seconds = [o.total_ms / 1000 for o in report.outcomes]
    latency = latency_object(report.judged)
    header = ("milliseconds", *latency["total"])
    rows = [_row((stage, *(number(v, 1) for v in latency[stage].values()))) for stage in STAGES]
    assert percentile_name(1) in header
    return (
        '<section><h2>Speed and memory</h2><div class="pair">'
        + _figure("Seconds a question",
                  plots.histogram(seconds, "seconds from question to answer",
                                  "Histogram of latency"),
                  "With the model loaded, one question at a time.")
        + f'<div class="panel"><h3>By stage</h3>{_table(header, rows)}'
        f'<p class="dim" style="margin:14px 0 0">Peak memory {number(report.peak_mb, 0)} MB; the '
        f"model loaded in {number(report.loading_s, 1)} s.</p></div></div></section>"
    )  # fmt: skip


def _comparison(comparison: Comparison | None) -> str:
    if comparison is None:
        return ""
    parts = [
        f"<section><h2>Against {escape(comparison.old)}</h2><p>{comparison.common:,} questions "
        "are in both runs. Intervals are of the difference, over the same questions.</p>"
    ]
    parts += [f'<p class="warn">{escape(text)}</p>' for text in comparison.warnings]
    rows = []
    for d in comparison.differences:
        if d.key in DEEP or d.low != d.low:
            continue
        span = f"{signed(d.low, d.places)} to {signed(d.high, d.places)}"
        verdict = f'<span class="{d.verdict}">{d.verdict}</span>' if d.verdict else ""
        cells = (
            escape(d.name), number(d.old, d.places), number(d.new, d.places),
            signed(d.new - d.old, d.places), span, str(d.count), verdict,
        )  # fmt: skip
        rows.append(_row(cells, escaped=True))
    header = ("", "old", "new", "difference", "95 % interval", "n", "")
    parts.append(_panel(_table(header, rows)))
    for word, changed in (("right", comparison.right), ("wrong", comparison.wrong)):
        items = "".join(
            f'<li>{escape(text)} <span class="tag">{escape(id_)} · '
            f"{'was' if word == 'right' else 'now'} {escape(faults)}</span></li>"
            for id_, text, faults in changed
        )
        parts.append(
            f'<details class="group"><summary>Became {word} <span class="count">{len(changed)}'
            f'</span></summary><div class="inside"><ul class="plain">{items}</ul></div></details>'
        )
    return "".join(parts) + "</section>"


def _foot(report: Report) -> str:
    settings = ", ".join(f"{k} {v}" for k, v in report.settings.items() if v != "")
    shaped = "; ".join(f"{k}: {v}" for k, v in report.shaped_by.items())
    return f"<footer><p>{escape(shaped)}.</p><p>Settings: {escape(settings)}.</p></footer>"


# ── parts ───────────────────────────────────────────────────────────────────────────────────────


def _figures(report: Report, groups: Sequence[str], *, deep: bool = False) -> str:
    rows = []
    for f in report.figures:
        if f.group in groups and (f.key in DEEP) == deep:
            shown = (number(f.value, f.places), interval(f)) if f.count else ("–", "–")
            over = f"{f.count:,} {f.over}" if f.over != "all" else f"all {f.count:,}"
            name = f'{escape(f.name)}<small class="narrow">{escape(over)}</small>'
            rows.append(_row((name, *shown, escape(over)), escaped=True))
    return _table(("", "value", "95 % interval", "questions"), rows, "figures")


def _valued(f: Figure) -> str:
    return f"{number(f.value, 2)} ({number(f.low, 2)}–{number(f.high, 2)})"


def _figure(title: str, plot: str, caption: str, legend: str = "") -> str:
    return (
        f'<figure class="panel"><h3>{escape(title)}</h3>{legend}{plot}'
        f"<figcaption>{escape(caption)}</figcaption></figure>"
    )


def _panel(inside: str) -> str:
    return f'<div class="panel wide">{inside}</div>'


def _row(cells: Sequence[str], style: str = "", *, escaped: bool = False) -> str:
    kind = f' class="{style}"' if style else ""
    inside = "".join(f"<td>{c if escaped else escape(c)}</td>" for c in cells)
    return f"<tr{kind}>{inside}</tr>"


def _table(header: Sequence[str], rows: Sequence[str], style: str = "") -> str:
    head = "".join(f'<th scope="col">{escape(name)}</th>' for name in header)
    return (
        f'<div class="scroll"><table class="{style}"><thead><tr>{head}</tr></thead>'
        f"<tbody>{''.join(rows)}</tbody></table></div>"
    )
