"""The committed linear models: names and numbers that people can read (rag/data/weights.json)."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from functools import lru_cache

from rag.models import data_file


@lru_cache(maxsize=1)
def weights() -> dict[str, dict[str, float]]:
    """Each model's weights by feature, and its "bias"; fitted by eval/fit.py."""
    loaded: dict[str, dict[str, float]] = json.loads(
        data_file("weights.json").read_text(encoding="utf-8")
    )["models"]
    return loaded


def value(model: str, names: Sequence[str], features: Sequence[float]) -> float:
    """A model's value; a feature that it has no weight for counts nothing."""
    w = weights()[model]
    return w.get("bias", 0.0) + sum(
        w.get(name, 0.0) * feature for name, feature in zip(names, features, strict=True)
    )


def probability(model: str, names: Sequence[str], features: Sequence[float]) -> float:
    """A logistic model's probability, 0 to 1."""
    return 1 / (1 + math.exp(-max(-30.0, min(30.0, value(model, names, features)))))
