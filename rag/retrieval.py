"""A question becomes ranked papers: document vector, BM25 and best-sentence vector, fused."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rag.fusion import weighted_sum
from rag.records import Filters, Hit, Span
from rag.store.reading import CHUNK, SENTENCE
from rag.words import FUNCTION_WORDS

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from rag.index import OpenIndex

# Papers looked at by each way of searching; beyond it a paper gets the list's lowest score.
_DEPTH = 1000
_SENTENCES_A_PAPER = 10
WEIGHTS = (1.0, 1.0, 1.0)  # dense, lexical, sentence
# Dense pseudo-relevance feedback (Li et al. 2021, "Pseudo Relevance Feedback with Deep Language
# Models and Dense Retrievers"): the question's vector is moved towards the best papers'.
_FEEDBACK_PAPERS = 3
_FEEDBACK_SHARE = 0.3
_WORD = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class Scored:
    """A paper's scores before it is read from the store."""

    paper: int
    dense: float
    lexical: float
    sentence: float
    best: int
    fused: float


def query_terms(text: str) -> list[str]:
    """Words to search for, in order, lower case: all but function words, unless all are."""
    words = [w.lower() for w in _WORD.findall(text)]
    return [w for w in words if w not in FUNCTION_WORDS] or words


def rank(
    index: OpenIndex, query: str, vector: NDArray[np.float32], filters: Filters | None = None
) -> list[Scored]:
    """All candidate papers, best first.

    Args:
        vector: the query's embedding, float32 (d,), length 1.
    """
    allowed = index.snapshot.allowed(filters) if filters else None
    if allowed is not None and not allowed:
        return []
    dense = _best(index.nearest(CHUNK, vector, _DEPTH, allowed))
    sentence = _best(index.nearest(SENTENCE, vector, _DEPTH * _SENTENCES_A_PAPER, allowed))
    lexical = dict(index.snapshot.lexical(query_terms(query), _DEPTH, allowed))
    papers = sorted(dense.keys() | sentence.keys() | lexical.keys())
    fused = _fused(papers, dense, lexical, sentence)
    best = sorted(range(len(papers)), key=lambda i: -fused[i])[:_FEEDBACK_PAPERS]
    passages = [dense[papers[i]][1] for i in best if papers[i] in dense]
    if passages:
        moved = (1 - _FEEDBACK_SHARE) * vector
        moved = moved + _FEEDBACK_SHARE * index.snapshot.passage_vectors(passages).mean(axis=0)
        moved = moved / max(float((moved @ moved) ** 0.5), 1e-9)
        again = _best(index.nearest(CHUNK, moved, _DEPTH, allowed))
        fused = _fused(papers, again, lexical, sentence)
    scored = [
        Scored(
            p,
            dense.get(p, (0.0, 0))[0],
            lexical.get(p, 0.0),
            sentence.get(p, (0.0, 0))[0],
            sentence.get(p, (0.0, 0))[1],
            fused[i],
        )
        for i, p in enumerate(papers)
    ]
    return sorted(scored, key=lambda s: (-s.fused, s.paper))


def retrieve(
    index: OpenIndex,
    query: str,
    vector: NDArray[np.float32],
    k: int,
    filters: Filters | None = None,
) -> list[Hit]:
    """The k best papers for a query (fewer when the index or the filters hold fewer).

    Args:
        vector: the query's embedding, float32 (d,), length 1.
        k: >= 1.
    """
    scored = rank(index, query, vector, filters)[:k]
    papers = index.snapshot.by_rowid({s.paper for s in scored})
    spans = index.snapshot.sentences({s.paper for s in scored})
    hits = []
    for s in scored:
        sentences = dict(spans.get(s.paper, []))
        best = sentences.get(s.best) or next(iter(sentences.values()), Span(0, 1))
        hits.append(Hit(papers[s.paper], s.dense, s.lexical, s.sentence, s.fused, best))
    return hits


def _fused(
    papers: Sequence[int],
    dense: Mapping[int, tuple[float, int]],
    lexical: Mapping[int, float],
    sentence: Mapping[int, tuple[float, int]],
) -> list[float]:
    """One score a paper; a paper that a search didn't reach has that search's lowest score."""
    lowest_dense = min((s for s, _ in dense.values()), default=0.0)
    lowest_sentence = min((s for s, _ in sentence.values()), default=0.0)
    return weighted_sum(
        (
            [dense.get(p, (lowest_dense, 0))[0] for p in papers],
            [lexical.get(p, 0.0) for p in papers],
            [sentence.get(p, (lowest_sentence, 0))[0] for p in papers],
        ),
        WEIGHTS,
    )


def _best(
    found: tuple[Iterable[int], Iterable[int], Iterable[float]],
) -> dict[int, tuple[float, int]]:
    """Each paper's best score and the passage it comes from; input is best first."""
    best: dict[int, tuple[float, int]] = {}
    for passage, paper, score in zip(*found, strict=True):
        best.setdefault(int(paper), (float(score), int(passage)))
    return best
