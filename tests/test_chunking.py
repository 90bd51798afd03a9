"""Chunks cover every sentence once, at exact offsets, within their bound, whatever the text."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rag.chunking import bounded, chunk_abstract
from rag.readers import read_paths
from rag.records import Paper, Span
from rag.sentences import split_sentences
from rag.session import token_counter

count = token_counter()
PROSE = st.lists(
    st.sampled_from(
        ["We", "model", "e.g.", "3.5%.", "The", "end.", "(see", "Fig. 2).", "naïve", "中文字",
         "🙂🙂🙂", "\n", "x" * 90, "nnU-Net", "why?", "\u2028", "$x^2$.", "antidisestablishment"]
    ),
    max_size=120,
).map(" ".join)  # fmt: skip
relaxed = settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))


def check(text: str, limit: int) -> None:
    chunks = chunk_abstract("p", text, count, limit)
    assert bool(chunks) == bool(text.strip())
    seen = 0
    for ordinal, chunk in enumerate(chunks):
        assert chunk.paper_id == "p"
        assert chunk.ordinal == ordinal
        assert text[chunk.start : chunk.end] == chunk.text
        assert chunk.tokens == count(chunk.text) <= limit
        assert (chunk.sentences[0].start, chunk.sentences[-1].end) == (chunk.start, chunk.end)
        for span in chunk.sentences:
            piece = text[span.start : span.end]
            assert piece
            assert piece == piece.strip()
            assert not text[seen : span.start].strip()  # nothing is lost between
            assert span.start >= seen
            seen = span.end
    assert not text[seen:].strip()


@relaxed
@given(text=st.one_of(PROSE, st.text(max_size=600)), limit=st.integers(16, 300))
def test_offsets_cover_and_bound(text: str, limit: int) -> None:
    check(text, limit)


@pytest.mark.parametrize("character", ["a", "é", "字", "🙂", "\U000e0001", "."])
def test_text_without_spaces_is_cut_within_the_bound(character: str) -> None:
    check(character * 700, 32)


def test_whole_listing(listing: Path) -> None:
    for paper in read_paths([str(listing)]):
        assert isinstance(paper, Paper)
        for limit in (48, 256):
            check(paper.abstract, limit)


def test_chunks_are_runs_of_whole_sentences() -> None:
    text = " ".join(f"Sentence number {n} says something of its own." for n in range(40))
    chunks = chunk_abstract("p", text, count, 64)
    assert [s for c in chunks for s in c.sentences] == list(split_sentences(text))
    sizes = [c.tokens for c in chunks]
    assert min(sizes) > 0.5 * max(sizes)  # evened out: the last is no stub


def test_short_abstract_is_one_chunk() -> None:
    (chunk,) = chunk_abstract("p", "  One. Two.  ", count, 256)
    assert (chunk.text, chunk.start, chunk.end) == ("One. Two.", 2, 11)
    assert len(chunk.sentences) == 2
    assert chunk_abstract("p", " \n ", count, 256) == ()


def test_a_long_sentence_is_cut_at_white_space() -> None:
    text = "word " * 100
    pieces = bounded(text, Span(0, len(text.rstrip())), count, 20)
    assert len(pieces) > 4
    assert {w for p in pieces for w in text[p.start : p.end].split()} == {"word"}
