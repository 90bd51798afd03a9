"""Hits become sentences scored by how well they answer; the ranking is what answers are made of.

Two stages: cheap features choose which sentences of the best papers are worth reading, then the
language model's query likelihood (Sachan et al. 2022) and the features are combined by a linear
model whose weights stand in rag/data/weights.json with how they were fitted.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import fsum
from typing import TYPE_CHECKING

from rag.fusion import standardise
from rag.linear import value
from rag.llm.engine import Reading
from rag.matching import Match, Words, match, words_of
from rag.records import Evidence, Hit, Span
from rag.words import content_stems

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
    """A sentence with the features the ranking is made of (see `FEATURES`).

    Attributes:
        rank: 0-based place of its paper among the hits.
        position: 0-based place of the sentence in its abstract.
        similarity: cosine of question and sentence.
    """

    hit: Hit
    rank: int
    span: Span
    position: int
    similarity: float
    features: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Selection:
    """What was read for a question.

    Attributes:
        evidence: sentences, best first.
        words: the question's content words.
        matches: how well the words are met by each paper, by paper id.
        places: for each paper's id, the place of each sentence in its abstract by where it starts.
    """

    evidence: tuple[Evidence, ...]
    words: Words
    matches: Mapping[str, Match]
    places: Mapping[str, Mapping[int, int]]


# Per question, z-scored where the name says so; the order is the weights' order. "Match" is late
# interaction (rag.matching): how well the question's words are met, on average.
FEATURES = (
    "paper_z",       # fused score of the paper among the hits
    "similarity_z",  # cosine of question and sentence
    "overlap",       # share of the question's stems in the sentence, rare ones counting more
    "number",        # 1 when a quantity is asked for and the sentence holds a figure
    "first",         # 1 for the abstract's first sentence
    "match_z",       # match of the title and the sentence together
    "gain",          # match that the sentence adds to the title's, times 10
    "weakest_z",     # match of the third of the words that are met worst
    "paper_match",   # match of title and abstract, less the best paper's, times 10
    "likelihood_z",  # mean log P(question | title, sentence) among the sentences read
)  # fmt: skip


def candidates(
    index: OpenIndex, question: str, vector: NDArray[np.float32], hits: Sequence[Hit]
) -> tuple[list[Candidate], Words, dict[str, Match]]:
    """All sentences of the hits with their features, likelihood still 0; the question's words;
    and how well each paper meets them.

    Args:
        vector: the question's embedding, float32 (d,), length 1.
    """
    asked = set(content_stems(question))
    wants_number = bool(_NUMBER_ASKED.search(question))
    paper_z = standardise([h.fused for h in hits])
    vectors = index.snapshot.sentence_vectors([h.paper.id for h in hits])
    words = words_of(index, question)
    spans = {id_: found for id_, (found, _) in vectors.items()}
    matches = match(index, words, [h.paper for h in hits], spans)
    rows = [
        (hit, rank, span, position, float(cosine))
        for rank, hit in enumerate(hits)
        for position, (span, cosine) in enumerate(
            zip(spans[hit.paper.id], vectors[hit.paper.id][1] @ vector, strict=True)
        )
    ]
    stems = [set(content_stems(h.paper.abstract[s.start : s.end])) for h, _, s, _, _ in rows]
    rarity = {stem: 1.0 / (1 + sum(stem in held for held in stems)) for stem in asked}
    # fsum: sets have no order, and a sum must not depend on one from process to process.
    total = fsum(rarity.values()) or 1.0
    met = [_met(matches[hit.paper.id], position) for hit, _, _, position, _ in rows]
    best = max((float(m.paper.mean()) for m in matches.values() if m.paper.size), default=0.0)
    similarity_z = standardise([row[4] for row in rows])
    match_z = standardise([m[0] for m in met])
    weakest_z = standardise([m[2] for m in met])
    found = []
    for n, (hit, rank, span, position, cosine) in enumerate(rows):
        text = hit.paper.abstract[span.start : span.end]
        whole = matches[hit.paper.id].paper
        features = (
            paper_z[rank],
            similarity_z[n],
            fsum(rarity[s] for s in asked & stems[n]) / total,
            float(wants_number and bool(_DIGIT.search(text))),
            float(position == 0),
            match_z[n],
            met[n][1] * 10,
            weakest_z[n],
            (float(whole.mean()) - best) * 10 if whole.size else 0.0,
            0.0,
        )
        found.append(Candidate(hit, rank, span, position, cosine, features))
    return found, words, matches


def _met(found: Match, position: int) -> tuple[float, float, float]:
    """How well one sentence with its title meets the words: on average, by how much more than the
    title alone, and the worst third of them."""
    import numpy as np

    if not found.title.size:
        return 0.0, 0.0, 0.0
    sentence = found.sentences[position]
    both = np.maximum(found.title, sentence)
    worst = np.sort(both)[: max(1, len(both) // 3)]
    gain = np.maximum(sentence - found.title, 0)
    return float(both.mean()), float(gain.mean()), float(worst.mean())


def combine(features: Sequence[float], model: str) -> float:
    """The linear model's value for one sentence."""
    return value(model, FEATURES, features)


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
) -> Selection:
    """Sentences of the hits, best first.

    Args:
        model: scores the sentences that the features find worth reading; None leaves the
            features alone to decide.
        limit: how many sentences the model reads.
    """
    found, words, matches = candidates(index, question, vector, hits)
    found.sort(key=lambda c: (-combine(c.features, "prefilter"), c.rank, c.position))
    chosen = found[:limit]
    if model is None or not chosen:
        scored = [(combine(c.features, "prefilter"), float("-inf"), c) for c in chosen]
    else:
        # Sentences of one paper side by side, so that the model reads each title once.
        chosen.sort(key=lambda c: (c.rank, c.position))
        likelihoods = [float(x) for x in model.likelihoods(readings(question, chosen), progress)]
        zs = standardise(likelihoods)
        scored = [
            (combine((*c.features[:-1], z), "rank"), value, c)
            for c, z, value in zip(chosen, zs, likelihoods, strict=True)
        ]
    scored.sort(key=lambda s: (-s[0], s[2].rank, s[2].position))
    evidence = tuple(
        Evidence(f"S{n}", c.hit.paper, c.span, c.rank, likelihood, c.similarity, score)
        for n, (score, likelihood, c) in enumerate(scored, 1)
    )
    places: dict[str, dict[int, int]] = {h.paper.id: {} for h in hits}
    for c in found:
        places[c.hit.paper.id][c.span.start] = c.position
    return Selection(evidence, words, matches, places)


def needs_context(sentence: str) -> bool:
    """Whether a sentence opens by pointing back ("It …", "These …")."""
    return bool(_BACKREF.match(sentence))
