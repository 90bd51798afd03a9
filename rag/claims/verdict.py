"""The outcome of a check: supported only with a reason that a person can verify."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a claim may be shown with its citation.

    Attributes:
        supported: `score` reached the threshold and no check refused.
        reason: what is not covered, the first thing found; for supported claims, how.
        score: estimated support in [0, 1].
    """

    supported: bool
    reason: str
    score: float
