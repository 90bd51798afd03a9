"""Hits become sentences scored by how well they answer; the ranking is what answers are made of.

Two stages: the reader's scores and cheap features choose which sentences of the best papers are
worth reading, then the language model's query likelihood (Sachan et al. 2022) and all of these are
combined by a linear model whose weights stand in rag/data/weights.json with how they were fitted.
There are two sets of weights, with the reader and without.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import ceil, fsum
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
    from rag.reader import Read, Reader

_NUMBER_ASKED = re.compile(
    r"\bhow (?:many|much|long|large|big|fast|often|high|low|deep|far)\b|\bwhat (?:is the )?"
    r"(?:percent|percentage|number|size|accuracy|score|rate|speed|ratio|fraction|share)"
    r"|\bnumber of\b|%",
    re.IGNORECASE,
)
_DIGIT = re.compile(
    r"\d|\b(?:two|three|four|five|six|seven|eight|nine|ten|half|hundred|thousand)\b"
)
# Another paper is taken to answer as well when the reader says so by these log odds, and its best
# sentence is no more than so much (log odds) behind the best one; how many such at most. Measured
# on dev: with less of either, answers about one paper lose facts to strangers.
_ANSWERS_TOO, _BEHIND, _MOST_TOO = 2.0, 4.0, 2
# Of a question about a kind of thing, which several papers may answer: the log odds, and how many
# sentences of each such paper are read.
_ANSWERS_ALSO, _OF_EACH = 1.0, 2
# Of the sentences chosen, the share that the language model reads where there is a reader: the
# likeliest. What it made of the others bettered no answer on dev and took a fifth of the time.
_HEARD = 0.6
_SUREST = 8.0  # log odds beyond which nothing gets surer
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
        read: what the reader makes of each paper, by paper id; empty without a reader.
        also: ids of papers that answer as well as the best one does, likeliest first.
    """

    evidence: tuple[Evidence, ...]
    words: Words
    matches: Mapping[str, Match]
    places: Mapping[str, Mapping[int, int]]
    read: Mapping[str, Read]
    also: tuple[str, ...] = ()


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
    "reader",        # the reader's log odds of the sentence against none of its paper's
    "reader_paper",  # its log odds that the paper answers at all
    "likelihood_z",  # mean log P(question | title, sentence) among the sentences read; else 0
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Found:
    """All sentences of the hits with their features, likelihood still 0, and what they come from:
    the question's words, how well each paper meets them, what the reader makes of each."""

    candidates: tuple[Candidate, ...]
    words: Words
    matches: Mapping[str, Match]
    read: Mapping[str, Read]

    def selection(self, evidence: Sequence[Evidence], also: Sequence[str] = ()) -> Selection:
        """With the sentences chosen, and the papers that answer too."""
        places: dict[str, dict[int, int]] = {id_: {} for id_ in self.matches}
        for c in self.candidates:
            places[c.hit.paper.id][c.span.start] = c.position
        return Selection(tuple(evidence), self.words, self.matches, places, self.read, tuple(also))


def candidates(
    index: OpenIndex,
    question: str,
    vector: NDArray[np.float32],
    hits: Sequence[Hit],
    reader: Reader | None,
    between: Callable[[], None] = lambda: None,
) -> Found:
    """All sentences of the hits, in the abstracts' order.

    Args:
        vector: the question's embedding, float32 (d,), length 1.
        between: called between readings; what it raises ends them.
    """
    asked = set(content_stems(question))
    wants_number = bool(_NUMBER_ASKED.search(question))
    paper_z = standardise([h.fused for h in hits])
    vectors = index.snapshot.sentence_vectors([h.paper.id for h in hits])
    words = words_of(index, question)
    spans = {id_: found for id_, (found, _) in vectors.items()}
    papers = [h.paper for h in hits]
    matches = match(index, words, papers, spans, between)
    read = reader.read(question, papers, spans, between) if reader is not None else {}
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
            *_read(read.get(hit.paper.id), position),
            0.0,
        )
        found.append(Candidate(hit, rank, span, position, cosine, features))
    return Found(tuple(found), words, matches, read)


def _read(read: Read | None, position: int) -> tuple[float, float]:
    """The reader's log odds of a sentence and of its paper, within bounds."""
    if read is None:
        return 0.0, 0.0
    return bounded(float(read.sentences[position])), bounded(read.paper)


def _words(read: Read | None, position: int) -> Span | None:
    """Those of a sentence that answer, as the reader says."""
    return read.words[position] if read is not None and read.words else None


def bounded(log_odds: float) -> float:
    """Log odds within the range that a linear model should see."""
    return max(-_SUREST, min(_SUREST, log_odds))


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


def combine(features: Sequence[float], model: str, has_reader: bool) -> float:
    """The linear model's value for one sentence.

    Args:
        has_reader: whether the reader took part.
    """
    return value(fitted(model, has_reader), FEATURES, features)


def fitted(model: str, has_reader: bool) -> str:
    """The name of a model's weights with or without the reader."""
    return model if has_reader else f"{model}_without_reader"


def asking(title: str, sentence: str, question: str) -> Reading:
    """What the language model is asked to score: how likely the question is after a sentence."""
    passage = f" {sentence}\nQuestion:" if sentence else "\nQuestion:"
    return Reading(f"{title}.", passage, f" {question.strip()}")


def readings(question: str, chosen: Sequence[Candidate]) -> list[Reading]:
    """What is asked of each of the sentences."""
    papers = [(c.hit.paper, c.span) for c in chosen]
    return [asking(p.title, p.abstract[s.start : s.end], question) for p, s in papers]


def select_evidence(
    index: OpenIndex,
    question: str,
    vector: NDArray[np.float32],
    hits: Sequence[Hit],
    model: LocalModel | None,
    limit: int,
    reader: Reader | None = None,
    general: bool = False,
    between: Callable[[], None] = lambda: None,
) -> Selection:
    """Sentences of the hits, best first.

    Args:
        model: scores the sentences that the features find worth reading; None leaves the
            features alone to decide.
        limit: how many sentences are chosen; the model reads all of them, with a reader the
            likeliest.
        general: whether several papers may be expected to answer.
        between: called between readings; what it raises ends them.
    """
    found = candidates(index, question, vector, hits, reader, between)
    has_reader = bool(found.read)
    ordered = sorted(
        found.candidates,
        key=lambda c: (-combine(c.features, "prefilter", has_reader), c.rank, c.position),
    )
    chosen, also = worth_reading(ordered, found.read, limit, general)
    likelihoods: dict[tuple[int, int], float] = {}
    if model is not None and chosen:
        # Sentences of one paper side by side, so that the model reads each title once.
        read = sorted(heard(chosen, limit, has_reader), key=lambda c: (c.rank, c.position))
        values = model.likelihoods(readings(question, read), lambda *_: between())
        likelihoods = {(c.rank, c.position): float(x) for c, x in zip(read, values, strict=True)}
    zs = dict(zip(likelihoods, standardise(list(likelihoods.values())), strict=True))
    step = "rank" if likelihoods else "prefilter"
    scored = []
    for c in chosen:
        at = (c.rank, c.position)
        score = combine((*c.features[:-1], zs.get(at, 0.0)), step, has_reader)
        scored.append((score, likelihoods.get(at, float("-inf")), c))
    scored.sort(key=lambda s: (-s[0], s[2].rank, s[2].position))
    return found.selection(
        [
            Evidence(
                f"S{n}",
                c.hit.paper,
                c.span,
                c.rank,
                likelihood,
                c.similarity,
                score,
                _words(found.read.get(c.hit.paper.id), c.position),
            )
            for n, (score, likelihood, c) in enumerate(scored, 1)
        ],
        [paper for paper in also if scored[0][2].hit.paper.id != paper],
    )


def worth_reading(
    ordered: Sequence[Candidate], read: Mapping[str, Read], limit: int, general: bool = False
) -> tuple[list[Candidate], list[str]]:
    """The sentences to answer from, likeliest first, and the papers beside the best sentence's that
    the reader finds to answer, each of which has one among them, or more.

    Args:
        ordered: likeliest first.
        limit: sentences, those for such papers aside.
        general: whether several papers may be expected to answer.
    """
    chosen = list(ordered[:limit])
    scores: dict[str, float] = {}
    for c in ordered:
        if c.hit.paper.id not in scores:
            scores[c.hit.paper.id] = combine(c.features, "prefilter", bool(read))
    least = max(scores.values(), default=0.0) - _BEHIND
    others = list(scores)[1:]
    odds, each = (_ANSWERS_ALSO, _OF_EACH) if general else (_ANSWERS_TOO, 1)
    sure = [p for p in others if p in read and read[p].paper >= odds and scores[p] >= least]
    also = sorted(sure, key=lambda id_: -read[id_].paper)[:_MOST_TOO]
    for paper in also:
        own = [c for c in ordered if c.hit.paper.id == paper][:each]
        chosen += [c for c in own if c not in chosen]
    return chosen, also


def heard(chosen: Sequence[Candidate], limit: int, has_reader: bool) -> Sequence[Candidate]:
    """Those of the sentences to answer from that the language model reads (`select_evidence`)."""
    return chosen[: ceil(limit * _HEARD)] if has_reader else chosen


def needs_context(sentence: str) -> bool:
    """Whether a sentence opens by pointing back ("It …", "These …")."""
    return bool(_BACKREF.match(sentence))
