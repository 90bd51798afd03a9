"""The reader: every sentence is read once, and an answer is told from what only looks like one."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations, pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import rag.reader
from rag.config import Settings
from rag.embedding.network import merged
from rag.errors import ModelError
from rag.models import find_card, require_file
from rag.reader import Reader, open_reader, reader_digest
from rag.reader.layout import AT_ONCE, Laid, lay_out
from rag.reader.words import answer_words, likeliest, whole_words
from rag.records import Paper
from rag.sentences import split_sentences

KITES = Paper(
    "k", "Sparse Kites for Wind Maps",
    "Wind maps need many masts. We fly 12 tethered kites that measure wind at 300 metres. "
    "A Gaussian process turns their tracks into hourly maps. Errors fall by half against masts "
    "alone.",
)  # fmt: skip
MOSS = Paper(
    "m", "Moss as a Thermometer",
    "Moss dries at a rate that depends on temperature. We photograph 40 patches every hour and "
    "regress temperature on their colour. The mean error is 0.8 degrees.",
)  # fmt: skip
SPANS = {p.id: split_sentences(p.abstract) for p in (KITES, MOSS)}
pieces = st.lists(st.integers(1000, 2000), max_size=120)


@pytest.fixture(scope="module")
def reader() -> Reader:
    opened = open_reader(Settings())
    assert opened is not None
    return opened


@given(pieces, pieces, st.lists(st.lists(st.integers(1000, 2000), max_size=700), max_size=12))
def test_every_sentence_is_laid_out_once(
    question: list[int], title: list[int], sentences: list[list[int]]
) -> None:
    readings = lay_out(question, title, sentences, 101, 102)
    assert [n for r in readings for n in r.numbers] == list(range(len(sentences)))
    for laid in readings:
        assert len(laid.ids) == len(laid.types) <= AT_ONCE
        assert laid.ids[0] == 101
        assert laid.ids[-1] == 102
        assert laid.ids.count(102) == 2
        assert laid.types == tuple(sorted(laid.types))
        for number, (start, end) in zip(laid.numbers, laid.spans, strict=True):
            held = list(laid.ids[start:end])
            assert held == sentences[number][: len(held)]
            whole = len(laid.spans) > 1 or len(held) == len(sentences[number])
            assert whole or len(held) > AT_ONCE - 96 - 48 - 4


@given(st.lists(st.integers(1, 90), min_size=1, max_size=9), st.integers(0, 30))
def test_a_long_abstract_is_cut_evenly_and_into_few_parts(lengths: list[int], asked: int) -> None:
    sentences = [[1000] * n for n in lengths]
    readings = lay_out([1000] * asked, [], sentences, 101, 102, 150 + asked + 3)
    sizes = [sum(lengths[n] for n in r.numbers) for r in readings]
    assert max(sizes) <= 150
    ways = [
        [sum(lengths[a:b]) for a, b in pairwise((0, *cuts, len(lengths)))]
        for k in range(len(readings))
        for cuts in combinations(range(1, len(lengths)), k)
    ]
    assert all(max(way) > 150 for way in ways if len(way) < len(sizes))
    assert max(sizes) == min(max(way) for way in ways if len(way) == len(sizes))


def test_the_answering_sentence_wins(reader: Reader) -> None:
    found = reader.read("At what height do the kites measure wind?", [KITES, MOSS], SPANS)
    assert int(found["k"].sentences.argmax()) == 1
    assert found["k"].paper > found["m"].paper
    other = reader.read("How large is the average mistake?", [KITES, MOSS], SPANS)
    assert int(other["m"].sentences.argmax()) == 2
    assert other["m"].sentences.dtype == np.float32


def test_what_is_not_said_is_less_likely_than_what_is(reader: Reader) -> None:
    pairs = [
        (
            "How many kites are flown for the wind maps?",
            "How much does a kite of the wind maps cost?",
        ),
        (
            "How often are the moss patches photographed?",
            "Which camera photographs the moss patches?",
        ),
        ("What turns the kites' tracks into maps?", "Where were the kites' tracks recorded?"),
    ]
    for said, unsaid in pairs:
        both = [reader.read(q, [KITES, MOSS], SPANS) for q in (said, unsaid)]
        sure, unsure = (max(r.paper for r in found.values()) for found in both)
        assert sure > unsure, (said, unsaid)


def test_a_long_abstract_is_read_to_its_end(reader: Reader) -> None:
    filler = "The harbour was quiet and nothing at all of note was seen there on that day. "
    abstract = filler * 80 + "The tethered kites measure wind at 300 metres."
    paper = Paper("long", "Kites over a Harbour", abstract)
    spans = {"long": split_sentences(abstract)}
    found = reader.read("At what height do the kites measure wind?", [paper], spans)["long"]
    assert len(found.sentences) == len(spans["long"])
    assert np.isfinite(found.sentences).all()
    assert int(found.sentences.argmax()) == len(found.sentences) - 1


def test_word_pieces_that_are_kept_are_bounded(
    reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rag.reader, "_PIECES_KEPT", 500)
    for n in range(40):
        paper = replace(KITES, title=f"Kites {n}")
        reader._pieces_of(paper, SPANS["k"])
        assert sum(len(t) + sum(map(len, s)) for t, s in reader._pieces.values()) < 600
    assert len(reader._pieces) > 1


def test_a_long_abstract_can_be_left_between_readings(
    reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    abstract = "The harbour was quiet and nothing at all of note was seen there on that day. " * 120
    spans = {"long": split_sentences(abstract)}
    paper = Paper("long", "Kites over a Harbour", abstract)
    read: list[Laid] = []
    run = reader._run

    def noted(laid: Laid) -> object:
        read.append(laid)
        return run(laid)

    monkeypatch.setattr(reader, "_run", noted)
    reader.read("What was seen?", [paper], spans)
    assert len(read) > 6

    class EnoughError(Exception):
        pass

    asked: list[int] = []

    def leave() -> None:
        asked.append(1)
        if len(asked) > 2:
            raise EnoughError

    read.clear()
    with pytest.raises(EnoughError):
        reader.read("What was seen?", [paper], spans, leave)
    assert len(read) == 2


def test_readings_side_by_side_are_those_made_one_by_one() -> None:
    alone = open_reader(Settings(threads=1))
    several = open_reader(Settings(threads=4))
    assert alone is not None
    assert several is not None
    long = replace(KITES, id="long", abstract=f"{KITES.abstract} " * 12)
    papers = [KITES, long, MOSS]
    spans = {**SPANS, "long": split_sentences(long.abstract)}
    for question in ("How many kites are flown?", "How large is the mean error?"):
        one, four = (r.read(question, papers, spans) for r in (alone, several))
        assert list(one) == list(four) == ["k", "long", "m"]
        for id_, read in one.items():
            assert np.array_equal(read.sentences, four[id_].sentences)
            assert (read.paper, read.words) == (four[id_].paper, four[id_].words)


@pytest.mark.parametrize(
    ("paper", "question", "words"),
    [
        (KITES, "How many kites are flown?", "12"),
        (KITES, "At which height do the kites measure wind?", "300 metres"),
        (KITES, "what turns the tracks into maps", "A Gaussian process"),
        (MOSS, "How large is the mean error?", "0.8 degrees"),
        (MOSS, "On what does the drying rate depend?", "temperature"),
    ],
)
def test_the_words_that_answer_are_told(
    reader: Reader, paper: Paper, question: str, words: str
) -> None:
    found = reader.read(question, [paper], SPANS)[paper.id]
    best = int(found.sentences.argmax())
    span = found.words[best]
    assert span is not None
    told = paper.abstract[span.start : span.end]
    assert words in told
    assert len(told.split()) <= len(words.split()) + 2


def test_words_are_told_only_of_sentences_that_rather_answer(reader: Reader) -> None:
    for question in ("Which camera is used?", "How many kites are flown?", "error", "why moss?"):
        for paper in (KITES, MOSS):
            found = reader.read(question, [paper], SPANS)[paper.id]
            assert len(found.words) == len(found.sentences)
            for odds, span, whole in zip(
                found.sentences, found.words, SPANS[paper.id], strict=True
            ):
                assert span is None or odds > 0
                assert span is None or whole.start <= span.start < span.end <= whole.end


scores = st.lists(st.floats(-20, 20, width=32), min_size=1, max_size=40)


@given(st.data())
def test_the_likeliest_span_is_the_best_of_all(data: st.DataObject) -> None:
    starts = np.array(data.draw(scores), dtype=np.float32)
    size = len(starts)
    ends = np.array(
        data.draw(st.lists(st.floats(-20, 20, width=32), min_size=size, max_size=size)),
        dtype=np.float32,
    )
    first, last, sure = likeliest(starts, ends)
    every = [starts[i] + ends[j] for i in range(size) for j in range(i, min(size, i + 25))]
    assert 0 <= first <= last < min(size, first + 25)
    assert starts[first] + ends[last] == max(every)
    assert sure == pytest.approx(
        float(1 / np.exp(np.array(every, dtype=np.float64) - max(every)).sum()), rel=1e-3
    )


@pytest.mark.parametrize(
    ("text", "start", "end", "words"),
    [
        ("a pruned network", 2, 6, "pruned"),
        ("accuracy of 81% at last", 12, 14, "81%"),
        ("it takes 3.5 hours", 9, 18, "3.5 hours"),
        ("mean (0.8) holds", 6, 9, "0.8"),
        ("naïve", 0, 2, "naïve"),
        ("by Poincare\u0301s lemma", 3, 11, "Poincare\u0301s"),
    ],
)
def test_words_are_told_whole(text: str, start: int, end: int, words: str) -> None:
    span = whole_words(text, start, end)
    assert text[span.start : span.end] == words


def test_an_unsure_span_is_not_told() -> None:
    even = np.zeros(6, dtype=np.float32)
    pieces = [(n, n + 1) for n in range(6)]
    assert answer_words("abcdef", pieces, even, even) is None
    assert answer_words("", [], even[:0], even[:0]) is None


def test_company_and_order_change_nothing(reader: Reader) -> None:
    question = "What is the mean error in degrees?"
    alone = reader.read(question, [MOSS], SPANS)["m"]
    together = reader.read(question, [KITES, MOSS], SPANS)["m"]
    assert np.allclose(alone.sentences, together.sentences, atol=1e-5)


def test_a_paper_without_sentences_answers_nothing(reader: Reader) -> None:
    empty = Paper("e", "Empty", "x")
    found = reader.read("What?", [empty], {"e": ()})["e"]
    assert found.paper == -np.inf
    assert len(found.sentences) == 0


def test_settings_choose_the_reader() -> None:
    assert open_reader(Settings(reader="none")) is None
    assert reader_digest(Settings(reader="none")) == ""
    assert len(reader_digest(Settings())) == 64
    with pytest.raises(ModelError, match="unknown reader"):
        open_reader(Settings(reader="nobody"))


def test_a_damaged_adapter_is_refused(tmp_path: Path) -> None:
    card = find_card("reader", "minilm-reader")
    assert card is not None
    with pytest.raises(ModelError, match="sha256"):
        Reader(replace(card, sha256="0" * 64), 1)
    base = find_card("embedder", card.base)
    assert base is not None
    from safetensors.torch import load_file, save_file

    tensors = load_file(str(require_file(card)))
    save_file({k: v for k, v in tensors.items() if not k.startswith("none")}, tmp_path / "part")
    with pytest.raises(ValueError, match="lacks none"):
        merged(require_file(base).parent, tmp_path / "part")


def test_the_adapter_is_small_and_changes_the_encoder() -> None:
    card = find_card("reader", "minilm-reader")
    assert card is not None
    assert card.size <= 10_000_000
    base = find_card("embedder", card.base)
    assert base is not None
    from rag.embedding.network import bare_encoder

    folder = require_file(base).parent
    plain = bare_encoder(folder).state_dict()
    changed = merged(folder, require_file(card)).encoder.state_dict()
    kernels = [n for n in plain if n.endswith(("query.weight", "dense.weight"))]
    assert kernels
    assert all((plain[n] - changed[n]).abs().max() > 1e-4 for n in kernels)


def test_wheel_paths_hold_the_adapter() -> None:
    root = Path(__file__).parent.parent
    text = (root / "pyproject.toml").read_text(encoding="utf-8")
    assert '"models/reader.safetensors" = "rag/data/models/reader.safetensors"' in text
