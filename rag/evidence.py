"""Hits become sentences scored by how well they answer; the ranking is what answers are made of.

Two stages: cheap features choose which sentences of the best papers are worth reading, then the
language model's query likelihood (Sachan et al. 2022) and the features are combined by a linear
model whose weights stand in rag/data/weights.json with how they were fitted.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import fsum
from typing import TYPE_CHECKING

from rag.fusion import standardise
from rag.llm.engine import Reading
from rag.models import data_file
from rag.records import Evidence, Hit, Span
from rag.words import content_stems, coverage

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from rag.index import OpenIndex
    from rag.llm.engine import LocalModel

_NUMBER_ASKED = re.compile(
    r"\bhow (?:many|much|long|large|big|fast|often|high|low|deep|far)\b|\bwhat (?:is the )?"
    r"(?:percent|percentage|number|size|accuracy|score|rate|speed|ratio|fraction|share)"
    r"|\bnumber of\b|%",
    re.IGNORECASE,
)
_DIGIT = re.compile(
    r"\d|\b(?:two|three|four|five|six|seven|eight|nine|ten|half|hundred|thousand)\b"
)
_BACKREF = re.compile(
    r"^(?:it|they|this|these|those|that|both|such|its|their|the (?:former|latter))\b", re.I
)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A sentence with the features the ranking is made of (see `FEATURES`)."""

    hit: Hit
    rank: int
    span: Span
    position: int
    similarity: float
    features: tuple[float, ...]


# Per question, z-scored where the name says so; the order is the weights' order.
FEATURES = (
    "paper_z",       # fused score of the paper among the hits
    "first_paper",   # 1 for the best paper
    "similarity_z",  # cosine of question and sentence
    "overlap",       # share of the question's stems in the sentence, rare ones counting more
    "title_overlap", # share of the question's stems in the paper's title
    "number",        # 1 when a quantity is asked for and the sentence holds a figure
    "first",         # 1 for the abstract's first sentence
    "length",        # words / 40, at most 1.5
    "likelihood_z",  # mean log P(question | title, sentence) among the sentences read
    "likelihood",    # the same, unscaled, in nats
)  # fmt: skip


@lru_cache(maxsize=1)
def weights() -> dict[str, dict[str, float]]:
    """The committed linear models: "prefilter", "rank" and "answerable"."""
    loaded: dict[str, dict[str, float]] = json.loads(
        data_file("weights.json").read_text(encoding="utf-8")
    )["models"]
    return loaded


def candidates(
    index: OpenIndex, question: str, vector: NDArray[np.float32], hits: Sequence[Hit]
) -> list[Candidate]:
    """All sentences of the hits with their features, likelihood still 0.

    Args:
        vector: the question's embedding, float32 (d,), length 1.
    """
    asked = set(content_stems(question))
    wants_number = bool(_NUMBER_ASKED.search(question))
    paper_z = standardise([h.fused for h in hits])
    title_overlap = [coverage(asked, set(content_stems(h.paper.title))) for h in hits]
    vectors = index.snapshot.sentence_vectors([h.paper.id for h in hits])
    rows: list[tuple[Hit, int, Span, int, float, set[str]]] = []
    for rank, hit in enumerate(hits):
        spans, matrix = vectors[hit.paper.id]
        cosines = matrix @ vector
        for position, (span, cosine) in enumerate(zip(spans, cosines, strict=True)):
            stems = set(content_stems(hit.paper.abstract[span.start : span.end]))
            rows.append((hit, rank, span, position, float(cosine), stems))
    similarity_z = standardise([row[4] for row in rows])
    rarity = {stem: 1.0 / (1 + sum(stem in row[5] for row in rows)) for stem in asked}
    # fsum: sets have no order, and a sum must not depend on one from process to process.
    total = fsum(rarity.values()) or 1.0
    found = []
    for (hit, rank, span, position, cosine, stems), z in zip(rows, similarity_z, strict=True):
        text = hit.paper.abstract[span.start : span.end]
        features = (
            paper_z[rank],
            float(rank == 0),
            z,
            fsum(rarity[s] for s in asked & stems) / total,
            title_overlap[rank],
            float(wants_number and bool(_DIGIT.search(text))),
            float(position == 0),
            min(len(text.split()) / 40, 1.5),
            0.0,
            0.0,
        )
        found.append(Candidate(hit, rank, span, position, cosine, features))
    return found


def combine(features: Sequence[float], model: str) -> float:
    """The linear model's value for one sentence."""
    w = weights()[model]
    return w.get("bias", 0.0) + sum(
        w.get(name, 0.0) * value for name, value in zip(FEATURES, features, strict=True)
    )


def readings(question: str, chosen: Sequence[Candidate]) -> list[Reading]:
    """What the language model is asked to score: how likely the question is after a sentence."""
    target = " " + question.strip()
    out = []
    for c in chosen:
        text = c.hit.paper.abstract[c.span.start : c.span.end]
        out.append(Reading(f"{c.hit.paper.title}.", f" {text}\nQuestion:", target))
    return out


def select_evidence(
    index: OpenIndex,
    question: str,
    vector: NDArray[np.float32],
    hits: Sequence[Hit],
    model: LocalModel | None,
    limit: int,
    progress: Callable[[int, int], None] | None = None,
) -> list[Evidence]:
    """Sentences of the hits, best first.

    Args:
        model: scores the sentences that the features find worth reading; None leaves the
            features alone to decide.
        limit: how many sentences the model reads.
    """
    found = candidates(index, question, vector, hits)
    found.sort(key=lambda c: (-combine(c.features, "prefilter"), c.rank, c.position))
    chosen = found[:limit]
    if not chosen:
        return []
    if model is None:
        scored = [(combine(c.features, "prefilter"), float("-inf"), c) for c in chosen]
    else:
        # Sentences of one paper side by side, so that the model reads each title once.
        chosen.sort(key=lambda c: (c.rank, c.position))
        likelihoods = [float(x) for x in model.likelihoods(readings(question, chosen), progress)]
        zs = standardise(likelihoods)
        scored = [
            (combine((*c.features[:-2], z, value), "rank"), value, c)
            for c, z, value in zip(chosen, zs, likelihoods, strict=True)
        ]
    scored.sort(key=lambda s: (-s[0], s[2].rank, s[2].position))
    return [
        Evidence(f"S{n}", c.hit.paper, c.span, c.rank, likelihood, c.similarity, score)
        for n, (score, likelihood, c) in enumerate(scored, 1)
    ]


def needs_context(sentence: str) -> bool:
    """Whether a sentence opens by pointing back ("It …", "These …")."""
    return bool(_BACKREF.match(sentence))
