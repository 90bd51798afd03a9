"""An experiment, not part of the check: does the language model's surprisal tell true claims from
wrong ones?

Run from the repository's root: `python -m eval.claims.surprisal MODEL.gguf`. Score: mean
log P(claim | evidence) minus mean log P(claim), nats per token, on handwritten.jsonl.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from eval.claims.bench import roc
from eval.claims.curves import area
from rag.claims import check_claim
from rag.llm.engine import LocalModel, Reading
from tests.claim_corruptions import Case, read_claims

_CUE = "In other words:"
_WEIGHTS = (0.0, 0.02, 0.05, 0.1, 0.2, 0.5)


def gains(model: LocalModel, cases: Sequence[Case]) -> list[float]:
    """What the evidence adds to the likelihood of each claim, nats per token."""
    readings: list[Reading] = []
    for case in cases:
        title, *sentences = case.evidence
        told = f"{title}. {' '.join(sentences)}\n{_CUE}"
        readings += [Reading("", told, f" {case.claim}"), Reading("", _CUE, f" {case.claim}")]
    found = model.likelihoods(readings)
    return [float(found[2 * i] - found[2 * i + 1]) for i in range(len(cases))]


def main(arguments: Sequence[str], write: Callable[[str], object] = sys.stdout.write) -> int:
    """Print the area under the curve of the rules, of the surprisal and of both added."""
    cases = read_claims(Path(__file__).with_name("handwritten.jsonl"))
    rules = [check_claim(c.claim, c.evidence).score for c in cases]
    gained = gains(LocalModel(Path(arguments[0]), 2), cases)
    for half, name in enumerate(("development", "held back")):
        rows = [(c, r, g) for c, r, g in zip(cases, rules, gained, strict=True) if c.paper == half]
        alone = area(roc([(c, g, False) for c, _, g in rows]))
        write(f"{name} half: surprisal alone {alone:.3f}\n")
        for weight in _WEIGHTS:
            both = area(roc([(c, r + weight * g, False) for c, r, g in rows]))
            write(f"  rules + {weight} * surprisal: {both:.3f}\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
