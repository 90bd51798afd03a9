"""Late interaction against its definition, computed the long way."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from rag.embedding import Embedder
from rag.embedding.tokenwise import read_in_windows
from rag.index import OpenIndex, opened
from rag.matching import content_words, match, words_of
from rag.reranking import DEPTH, reranked
from rag.retrieval import retrieve

QUESTION = "How many dialogs are in Taskmaster-1?"


def test_content_words() -> None:
    assert [QUESTION[s.start : s.end] for s in content_words(QUESTION)] == [
        "dialogs",
        "Taskmaster",
        "1",
    ]
    assert len(content_words("what is it")) == 3  # nothing else to go by


def test_matches_are_the_best_cosines(listing_index: OpenIndex) -> None:
    paper = next(p for p in listing_index.snapshot.papers() if p.title.startswith("Taskmaster"))
    spans = listing_index.snapshot.sentence_vectors([paper.id])[paper.id][0]
    words = words_of(listing_index, QUESTION)
    found = match(listing_index, words, [paper], {paper.id: spans})[paper.id]
    assert found.sentences.shape == (len(spans), 3)
    tokens = listing_index.embedder.token_vectors(paper.title, paper.abstract)
    for w in range(3):
        title = [float(words.vectors[w] @ v) for v, part in zip(
            tokens.vectors, tokens.parts, strict=True) if part == 0]  # fmt: skip
        assert found.title[w] == pytest.approx(max(title), abs=1e-5)
        for s, span in enumerate(spans):
            inside = [
                float(words.vectors[w] @ v)
                for v, part, start, end in zip(
                    tokens.vectors, tokens.parts, tokens.starts, tokens.ends, strict=True
                )
                if part == 1 and start >= span.start and end <= span.end
            ]
            assert found.sentences[s, w] == pytest.approx(max(inside), abs=1e-5)
    assert np.all(found.paper >= found.title)
    assert np.all(found.abstract >= found.sentences.max(axis=0) - 1e-6)


def test_tokens_know_their_place(embedder: Embedder) -> None:
    first, second = "A title", "Kites measure wind at 300 metres."
    found = embedder.token_vectors(first, second)
    assert np.allclose(np.linalg.norm(found.vectors, axis=1), 1, atol=1e-4)
    pieces = [
        (first if part == 0 else second)[start:end]
        for part, start, end in zip(found.parts, found.starts, found.ends, strict=True)
    ]
    assert "".join(pieces).lower() == (first + second).replace(" ", "").lower()


def test_long_abstracts_are_cut_not_refused(embedder: Embedder) -> None:
    found = embedder.token_vectors("A title", "harbour " * 3000)
    assert len(found.vectors) <= 512
    assert set(found.parts.tolist()) == {0, 1}
    assert len(embedder.token_vectors("").vectors) == 0


def test_long_texts_are_read_to_their_end(embedder: Embedder) -> None:
    text = " ".join(f"Step {n} counts {n * 7} stones." for n in range(400)) + " A walrus plays."
    found = read_in_windows(embedder.token_vectors, "A title", text)
    body = found.parts == 1
    pieces = [text[s:e] for s, e in zip(found.starts[body], found.ends[body], strict=True)]
    assert "".join(pieces) == text.replace(" ", "")  # each once, in order
    assert list(found.starts[body]) == sorted(found.starts[body])
    assert sum(found.parts == 0) == 2


def test_a_paper_is_read_once(listing_index: OpenIndex) -> None:
    paper = next(iter(listing_index.snapshot.papers()))
    assert listing_index.token_vectors(paper) is listing_index.token_vectors(paper)


def test_papers_that_are_kept_take_no_more_than_so_much_memory(
    listing_index: OpenIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    usual = next(iter(listing_index.snapshot.papers()))
    bound = 4 * listing_index.token_vectors(usual).nbytes
    monkeypatch.setattr(opened, "_KEPT_BYTES", bound)
    long = replace(usual, abstract=" ".join([usual.abstract] * 2))
    short = replace(usual, abstract=usual.abstract[:200])
    several = [replace(p, title=f"{n} {p.title}") for n in range(3) for p in (usual, long, short)]
    for paper in several:
        found = listing_index.token_vectors(paper)
        assert sum(kept.nbytes for kept in listing_index._tokens.values()) <= bound
        assert listing_index.token_vectors(paper) is found
    assert len(listing_index._tokens) > 1
    huge = replace(usual, abstract=" ".join([usual.abstract] * 8))
    assert listing_index.token_vectors(huge).nbytes > bound  # read, and not kept
    assert not listing_index._tokens


def test_a_long_paper_can_be_left_between_readings(listing_index: OpenIndex) -> None:
    usual = next(iter(listing_index.snapshot.papers()))
    asked: list[int] = []
    listing_index.token_vectors(replace(usual, title="One"), lambda: asked.append(1))
    assert not asked
    long = replace(usual, abstract=" ".join([usual.abstract] * 6))
    listing_index.token_vectors(long, lambda: asked.append(1))
    assert len(asked) > 1


def test_reading_orders_the_first_papers_only(listing_index: OpenIndex) -> None:
    question = "How can a group of small specialists share one chooser across layers?"
    vector = listing_index.embedder.encode([question])[0]
    before = retrieve(listing_index, question, vector, 20)
    after = reranked(listing_index, question, before)
    assert {h.paper.id for h in after[:DEPTH]} == {h.paper.id for h in before[:DEPTH]}
    assert [h.paper.id for h in after[DEPTH:]] == [h.paper.id for h in before[DEPTH:]]
    scores = [h.fused for h in after]
    assert scores == sorted(scores, reverse=True)
    words = words_of(listing_index, question)
    nothing = {h.paper.id: () for h in after}
    found = match(listing_index, words, [h.paper for h in after[:DEPTH]], nothing)
    means = [float(found[h.paper.id].paper.mean()) for h in after[:DEPTH]]
    assert means[0] >= means[-1]


def test_nothing_to_read_nothing_to_order(listing_index: OpenIndex) -> None:
    vector = listing_index.embedder.encode(["x"])[0]
    hits = retrieve(listing_index, "x", vector, 3)
    assert reranked(listing_index, "?!", hits) == hits
    assert reranked(listing_index, "kites", []) == []
