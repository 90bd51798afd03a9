"""Choose by style which questions a run learns from: prints the others' ids, for `train.py --skip`.

    python -m models.training.choose --seed 12 false-premise:0.36 near-miss:0.26 > skip.txt
    python -m models.training.choose --rest 0.15 --newest t54224:0.25 compare:0.3 > skip.txt

A run that goes over many known questions again should spend its time on the kinds that the reader
is worst at.
"""

from __future__ import annotations

import argparse
import random
from collections.abc import Iterable, Mapping

from models.training.data import Item, read_items


def skipped(
    items: Iterable[Item],
    shares: Mapping[str, float],
    rest: float,
    newest: tuple[str, float],
    seed: int,
) -> list[str]:
    """Ids of the questions that are left out; of those that validate nothing is said.

    Args:
        shares: by style, how many of its questions are learnt from, 0 to 1.
        rest: the same of styles that aren't named.
        newest: an id, and the share of the questions after it, whatever their style.
    """
    chance = random.Random(seed)
    after, newer = newest
    found = []
    for item in items:
        if item.validates:
            continue
        share = newer if after and item.id > after else shares.get(item.style, rest)
        if chance.random() >= share:
            found.append(item.id)
    return found


def _share(text: str) -> tuple[str, float]:
    name, _, share = text.rpartition(":")
    return name, float(share)


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("shares", type=_share, nargs="*", metavar="STYLE:SHARE")
    parser.add_argument("--rest", type=float, default=1.0, help="share of other styles (1)")
    parser.add_argument(
        "--newest", type=_share, default=("", 1.0), metavar="ID:SHARE",
        help="of the questions after this one, whatever their style",
    )  # fmt: skip
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    print(*skipped(read_items(), dict(args.shares), args.rest, args.newest, args.seed), sep="\n")


if __name__ == "__main__":
    main()
