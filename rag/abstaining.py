"""Whether the evidence holds an answer, as a probability from features that people can read.

A logistic model; weights and expected error rates stand in rag/data/weights.json.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

from rag.evidence import weights
from rag.fusion import standardise
from rag.records import Evidence, Hit
from rag.words import STOP_WORDS, content_stems, coverage

FEATURES = (
    "likelihood",     # of the best sentence, nats a token; 0 when no model read it
    "similarity",     # best cosine of question and sentence
    "dense",          # cosine of question and the best paper
    "sentence_cover", # share of the question's stems in the three best sentences
    "paper_cover",    # the same in the best paper's title and abstract
    "any_cover",      # the same in the five best papers
    "lead",           # how far the best paper is ahead of the second, in standard deviations
    "missing",        # stems of the question that the best paper lacks, at most 5
)  # fmt: skip


def answer_features(
    question: str, hits: Sequence[Hit], evidence: Sequence[Evidence]
) -> tuple[float, ...]:
    """The values of `FEATURES`; hits and evidence best first, both non-empty."""
    asked = set(content_stems(question))
    best = evidence[0]
    in_paper = set(content_stems(f"{best.paper.title} {best.paper.abstract}"))
    in_any = in_paper.union(
        *(content_stems(f"{h.paper.title} {h.paper.abstract}") for h in hits[:5])
    )
    in_sentences = set(content_stems(best.paper.title)).union(
        *(content_stems(e.text) for e in evidence[:3])
    )
    fused = standardise([h.fused for h in hits])
    return (
        best.likelihood if math.isfinite(best.likelihood) else 0.0,
        max(e.similarity for e in evidence),
        hits[0].dense,
        coverage(asked, in_sentences),
        coverage(asked, in_paper),
        coverage(asked, in_any),
        fused[0] - fused[1] if len(fused) > 1 else 1.0,
        float(min(len(asked - in_paper), 5)),
    )


def answerable(question: str, hits: Sequence[Hit], evidence: Sequence[Evidence]) -> float:
    """Estimated probability, 0 to 1, that the evidence answers the question."""
    if not hits or not evidence or not content_stems(question):
        return 0.0
    read = math.isfinite(evidence[0].likelihood)
    w = weights()["answerable" if read else "answerable_unread"]
    values = answer_features(question, hits, evidence)
    total = w.get("bias", 0.0) + sum(
        w.get(name, 0.0) * value for name, value in zip(FEATURES, values, strict=True)
    )
    return 1 / (1 + math.exp(-max(-30.0, min(30.0, total))))


def refusal(question: str, hits: Sequence[Hit]) -> str:
    """Why there is no answer, for people, naming what the nearest abstract doesn't mention."""
    if not hits:
        return "The abstracts hold no answer: no paper passes the filters."
    paper = hits[0].paper
    known = set(content_stems(f"{paper.title} {paper.abstract}"))
    words = dict.fromkeys(re.findall(r"[^\W_]+(?:-[^\W_]+)*", question))
    missing = [
        w for w in words if w.lower() not in STOP_WORDS and not set(content_stems(w)) & known
    ]
    nearest = f"the nearest, “{paper.title}”,"
    if missing:
        return (
            f"The abstracts don't hold the answer: {nearest} does not mention "
            + ", ".join(f"“{w}”" for w in missing[:4])
            + "."
        )
    return f"The abstracts don't hold the answer: {nearest} touches on it but does not state it."
