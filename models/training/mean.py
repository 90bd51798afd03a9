"""The mean of several runs' weights, as a run that others can begin from.

    python -m models.training.mean --out FOLDER RUN[:SHARE] RUN[:SHARE] …

Runs must come of one another: only then do their weights lie in one valley (Wortsman et al. 2022,
"Model soups"). Writes `checkpoint.pt` for `train.py --start` and `reader.safetensors`.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import Tensor

from models.training.train import Learner
from models.training.weights import encoder_folder, trained


def mean(runs: Sequence[tuple[Path, float]]) -> dict[str, Tensor]:
    """The weights that runs trained, each with its share; the shares are made to add up to 1.

    Raises:
        SystemExit: the runs trained different weights.
    """
    total = sum(share for _, share in runs)
    found: dict[str, Tensor] = {}
    for folder, share in runs:
        weights = trained(folder)
        if found and found.keys() != weights.keys():
            raise SystemExit(f"{folder} trained other weights than {runs[0][0]}")
        for name, value in weights.items():
            part = value * (share / total)
            found[name] = found[name] + part if name in found else part
    return found


def _run(text: str) -> tuple[Path, float]:
    folder, _, share = text.partition(":")
    return Path(folder), float(share or 1)


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("runs", type=_run, nargs="+", metavar="RUN[:SHARE]")
    args = parser.parse_args()
    weights = mean(args.runs)
    learner = Learner(encoder_folder())
    learner.network.load_state_dict(weights, strict=False)
    args.out.mkdir(parents=True, exist_ok=True)
    torch.save({"network": weights}, args.out / "checkpoint.pt")
    save_file(learner.shipped(), str(args.out / "reader.safetensors"))


if __name__ == "__main__":
    main()
