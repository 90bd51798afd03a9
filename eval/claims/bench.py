"""Detection and false-alarm rates of the claim check, written to README.md beside this file.

Run from the repository's root: `python -m eval.claims.bench [LISTING]`, LISTING being a file of
alternating titles and abstracts. Without one only the hand-written claims are counted. Papers of
even number (0-based) were used for development; only odd ones are reported.
"""

from __future__ import annotations

import math
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from rag.claims import DEFAULT, check_claim
from tests.claim_corruptions import INNER, Case, cases_of, read_handwritten, read_trending

NOTES = """Written by `python -m eval.claims.bench LISTING`; don't edit.

How to read this: the more a claim is a near copy of its evidence, the better the check is. On
near copies made by rule it meets its target (99 % of wrong numbers and names, 90 % of all, at no
more than 5 % false alarms). On claims written by hand, with other syntax and other words, it does
not: it refuses many true ones, which costs a paraphrase (the evidence is quoted instead), and it
lets some wrong ones through, which costs trust. The set written after the rules were frozen is
the fairest figure, and small. All claims were written by the author of the rules; those of the
report half were never looked at one by one while the rules were made, only their totals. A
passed check is a strong filter, not a proof.

Known to get through (see also the tables): the scope of a condition ("under drought" told of
irrigation, where both are in one sentence), "fails on" told as "works on", a belief told as a
fact ("is believed to"), comparisons without a verb of the list ("ahead of"), and evidence of two
papers in one call. `check_claim` must be given the evidence of ONE paper. Known to be refused
though true: inverted comparisons ("B is slower" for "A is faster"), words outside
our synonyms, "X and Y" lists put in another syntax, derived figures, rounded figures.

The threshold only concerns uncovered words; what a check refuses scores 0.35 at most, so the
curves have a step there. Rates below 0.35 are hypothetical: `check_claim` refuses those anyway.
"""
HERE = Path(__file__).parent
TARGET = 0.05
Scored = tuple[Case, float, bool]


def score(cases: Iterable[Case]) -> list[Scored]:
    out: list[Scored] = []
    for case in cases:
        verdict = check_claim(case.claim, case.evidence)
        out.append((case, verdict.score, verdict.supported))
    return out


def rates(scored: Sequence[Scored], threshold: float | None) -> tuple[float, float]:
    """False-alarm rate and detection rate; at the shipped setting when `threshold` is None."""
    alarms = caught = good = bad = 0
    for case, value, supported in scored:
        refused = not supported if threshold is None else value < threshold
        if case.supported:
            good, alarms = good + 1, alarms + refused
        else:
            bad, caught = bad + 1, caught + refused
    return alarms / max(1, good), caught / max(1, bad)


def wilson(rate: float, n: int) -> tuple[float, float]:
    """95 % interval of a rate counted on `n` (Wilson 1927)."""
    z = 1.96
    middle = (rate + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * math.sqrt(rate * (1 - rate) / n + z * z / (4 * n * n))
    return middle - half, middle + half


def threshold_for(scored: Sequence[Scored], most: float) -> float:
    """The highest threshold whose false-alarm rate is at most `most`."""
    values = sorted({value for _, value, _ in scored} | {0.0}, reverse=True)
    return next((t for t in values if rates(scored, t)[0] <= most), 0.0)


def by_kind(scored: Sequence[Scored], supported: bool) -> dict[str, list[Scored]]:
    groups: dict[str, list[Scored]] = defaultdict(list)
    for item in scored:
        if item[0].supported is supported:
            groups[item[0].kind].append(item)
    return dict(sorted(groups.items()))


def _percent(part: int, whole: int) -> str:
    return f"{part}/{whole} ({100 * part / max(1, whole):.1f} %)"


def table(report: Sequence[Scored], threshold: float) -> list[str]:
    lines = [
        f"| wrong claims | caught as shipped ({DEFAULT}) | caught at {threshold:.2f} |",
        "| --- | --- | --- |",
    ]
    for kind, group in by_kind(report, False).items():
        shipped = sum(not s for _, _, s in group)
        lenient = sum(v < threshold for _, v, _ in group)
        n = len(group)
        lines.append(f"| {kind} | {_percent(shipped, n)} | {_percent(lenient, n)} |")
    lines += [
        "",
        f"| true claims | refused as shipped ({DEFAULT}) | refused at {threshold:.2f} |",
        "| --- | --- | --- |",
    ]
    for kind, group in by_kind(report, True).items():
        shipped = sum(not s for _, _, s in group)
        lenient = sum(v < threshold for _, v, _ in group)
        n = len(group)
        lines.append(f"| {kind} | {_percent(shipped, n)} | {_percent(lenient, n)} |")
    return lines


def roc(report: Sequence[Scored]) -> list[str]:
    lines = ["| threshold | false alarms | detection |", "| --- | --- | --- |"]
    for step in (5, 10, 15, 20, 25, 28, 30, 35, 45, 55, 65, 70, 80, 90, 100):
        alarms, caught = rates(report, step / 100 + 1e-6)
        lines.append(f"| {step / 100:.2f} | {100 * alarms:.1f} % | {100 * caught:.1f} % |")
    return lines


def svg(curves: dict[str, Sequence[Scored]]) -> str:
    """The ROC curves as a small drawing: false alarms to the right, detection upwards."""
    parts = [
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 260 250" font-family="sans-serif" '
        'font-size="9"><rect width="260" height="250" fill="white"/>'
        '<path d="M40 10V210H240" fill="none" stroke="#444"/>'
    ]
    for mark in (0, 25, 50, 75, 100):
        parts.append(f'<text x="{36 + 2 * mark}" y="222">{mark}</text>')
        parts.append(f'<text x="18" y="{213 - 2 * mark}">{mark}</text>')
    parts.append('<text x="90" y="238">false alarms, %</text>')
    parts.append('<text x="10" y="120" transform="rotate(-90 10 120)">caught, %</text>')
    for n, ((name, scored), colour) in enumerate(
        zip(curves.items(), ("#1b6ca8", "#c1440e"), strict=False)
    ):
        values = sorted({v for _, v, _ in scored} | {0.0, 1.01})
        points = [rates(scored, v) for v in values]
        path = " ".join(f"{40 + 200 * a:.1f},{210 - 200 * d:.1f}" for a, d in points)
        parts.append(f'<polyline points="{path}" fill="none" stroke="{colour}"/>')
        parts.append(f'<text x="120" y="{180 + 12 * n}" fill="{colour}">{name}</text>')
    return "".join(parts) + "</svg>\n"


def section(name: str, cases: Sequence[Case], note: str) -> tuple[list[str], list[Scored]]:
    develop = score(c for c in cases if c.paper % 2 == 0)
    report = score(c for c in cases if c.paper % 2 == 1)
    threshold = threshold_for(develop, TARGET)
    alarms, caught = rates(report, None)
    dev_alarms, dev_caught = rates(develop, None)
    alarms_5, caught_5 = rates(report, threshold)
    lines = [
        f"## {name}",
        "",
        note,
        "",
        f"- As shipped: {100 * caught:.1f} % of the wrong claims caught, {100 * alarms:.1f} % of "
        f"the true ones refused (development half: {100 * dev_caught:.1f} % and "
        f"{100 * dev_alarms:.1f} %).",
        f"- At {threshold:.2f}, the highest threshold with at most {100 * TARGET:.0f} % false "
        f"alarms on the development half: {100 * caught_5:.1f} % and {100 * alarms_5:.1f} %.",
        "",
        *table(report, threshold),
        "",
        *roc(report),
        "",
    ]
    return lines, report


def main(arguments: Sequence[str], write: Callable[[str], object] = sys.stdout.write) -> int:
    _, handwritten = read_handwritten(HERE / "handwritten.txt")
    lines = ["# What the claim check catches", "", NOTES]
    begin = time.perf_counter()
    curves: dict[str, Sequence[Scored]] = {}
    more, curves["hand-written"] = section(
        "Hand-written claims about invented abstracts",
        handwritten,
        "Evidence: the title and the sentences cited. These are what paraphrases look like.",
    )
    lines += more
    _, frozen = read_handwritten(HERE / "frozen.txt")
    fresh = score(frozen)
    alarms, caught = rates(fresh, None)
    low, high = wilson(alarms, sum(c.supported for c in frozen))
    below, above = wilson(caught, sum(not c.supported for c in frozen))
    lines += [
        "## Claims written after the rules were frozen",
        "",
        f"As shipped: {100 * caught:.1f} % of the wrong claims caught (95 % interval "
        f"{100 * below:.0f} to {100 * above:.0f} %), {100 * alarms:.1f} % of the true ones "
        f"refused ({100 * low:.0f} to {100 * high:.0f} %).",
        "",
        *table(fresh, DEFAULT),
        "",
    ]
    count = len(handwritten) + len(frozen)
    if arguments:
        cases = cases_of(read_trending(Path(arguments[0])))
        count += len(cases)
        plain = [c for c in cases if c.kind not in INNER and "whole" not in c.kind]
        hard = [c for c in cases if c.kind in INNER or "whole" in c.kind]
        more, curves["made by rule"] = section(
            "Claims made by rule from real abstracts",
            plain,
            "Near copies: trimmed, put in the third person, with synonyms, two sentences joined; "
            "and one corruption each. Evidence: the title and the sentence(s) restated.",
        )
        lines += more
        more, _ = section(
            "The same with more evidence than needed",
            hard,
            "The wrong name or number is itself in the evidence (the whole abstract), or the "
            "claim joins halves of two papers and both are cited, which callers must not do.",
        )
        lines += more
    each = 1000 * (time.perf_counter() - begin) / count
    lines += ["![ROC](roc.svg)", ""]
    (HERE / "roc.svg").write_text(svg(curves), encoding="utf-8")
    (HERE / "README.md").write_text("\n".join(lines), encoding="utf-8")
    write("\n".join(lines) + f"\n{count} claims, {each:.2f} ms each\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
