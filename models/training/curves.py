"""Draw a training log's curves.

    python -m models.training.curves [log.json] [curves.svg]
    python -m models.training.curves --sizes [sizes.json] [sizes.svg]

Above, the loss over the batches of all runs, one after the other, and its running mean; below, what
each pass made of the questions that are held back. With `--sizes` what the last pass of each of
several runs made of them, over the number of questions that it learnt from.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np

from models.training.data import HERE

REPORTED = 25  # batches that a logged loss is the mean of
_MEAN = 9  # logged losses that the running mean is over
_SHOWN = {
    "best_sentence": "best sentence is a gold one",
    "auc": "AUC, answerable or not",
    "auc_near": "AUC, near misses",
    "auc_false": "AUC, false premises",
    "twins": "twins told apart",
}


def _pyplot() -> Any:
    import matplotlib as mpl

    mpl.use("svg")
    # The same log gives the same file.
    mpl.rcParams.update({"svg.hashsalt": "curves", "svg.fonttype": "none", "font.size": 9})
    from matplotlib import pyplot as plt

    return plt


def draw_sizes(log: dict[str, Any], out: Path) -> None:
    """Write the plot of runs that learnt from different numbers of questions, as SVG. A run with a
    name was made otherwise than the others: dotted."""
    plt = _pyplot()
    figure, axes = plt.subplots(figsize=(7, 3.4), layout="constrained")
    runs = sorted(log["runs"], key=lambda run: run["questions"])
    sizes = [run["questions"] for run in runs]
    alike = sum("name" not in run for run in runs)
    for n, (key, name) in enumerate(_SHOWN.items()):
        values = [run["passes"][-1][key] for run in runs]
        look = {"color": f"C{n}", "marker": "o", "markersize": 4}
        axes.plot(sizes[:alike], values[:alike], label=name, **look)
        axes.plot(sizes[alike - 1 :], values[alike - 1 :], linestyle=":", **look)
    axes.set(xscale="log", xlabel="questions learnt from", ylabel="held back from training")
    axes.set_xticks(sizes, [f"{size:,}" for size in sizes])
    axes.minorticks_off()
    axes.legend(loc="lower right", fontsize=8)
    figure.savefig(out, format="svg", metadata={"Date": None})
    plt.close(figure)


def draw(log: dict[str, Any], out: Path) -> None:
    """Write the plot of one run's log, or of a log of several ("runs"), as SVG."""
    plt = _pyplot()
    runs: list[dict[str, Any]] = log.get("runs", [log])
    figure, (upper, lower) = plt.subplots(2, 1, figsize=(7, 6.4), layout="constrained")
    begun, places, passes = 0, list[float](), list[dict[str, float]]()
    for run in runs:
        losses = run["losses"]
        at = begun + REPORTED * np.arange(1, len(losses) + 1)
        upper.plot(at, losses, color="0.8", linewidth=0.8)
        if losses:  # a very short run reports none
            width = min(_MEAN, len(losses))
            mean = np.convolve(losses, np.ones(width) / width, "valid")
            upper.plot(at[width - 1 :], mean, color="C0", linewidth=1.4)
        done = run.get("stopped_after", run["steps"])
        share = run["steps"] / max(1, len(run["passes"]))
        for n, figures in enumerate(run["passes"], 1):
            places.append(begun + min(n * share, done))
            passes.append(figures)
        begun += done
        if run is not runs[-1]:
            for axes in (upper, lower):
                axes.axvline(begun, color="0.6", linewidth=0.8, linestyle=":")
    for key, name in _SHOWN.items():
        known = [(x, f[key]) for x, f in zip(places, passes, strict=True) if key in f]
        if known:
            lower.plot(*zip(*known, strict=True), marker="o", markersize=4, label=name)
    upper.set_ylabel("loss (natural log)")
    lower.set(xlabel="batches of 16 readings", ylabel="held back from training", ylim=(0.45, 1))
    lower.set_xlim(upper.get_xlim())
    if passes:
        lower.legend(loc="lower right", fontsize=8)
    figure.savefig(out, format="svg", metadata={"Date": None})
    plt.close(figure)


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("log", type=Path, nargs="?")
    parser.add_argument("out", type=Path, nargs="?")
    parser.add_argument("--sizes", action="store_true")
    args = parser.parse_args()
    name, drawn = ("sizes", draw_sizes) if args.sizes else ("log", draw)
    out = HERE / ("sizes.svg" if args.sizes else "curves.svg")
    text = (args.log or HERE / f"{name}.json").read_text(encoding="utf-8")
    drawn(json.loads(text), args.out or out)


if __name__ == "__main__":
    main()
