"""One contract for every embedding engine."""

from __future__ import annotations

import contextlib
import json
import shutil
from pathlib import Path

import numpy as np
import pytest

import rag.embedding.onnx
from rag.config import Settings
from rag.embedding import Embedder, Encode, open_embedder
from rag.embedding.export import ensure_onnx, onnx_folder
from rag.embedding.graph import GRAPH, NOTE, WEIGHTS
from rag.embedding.onnx import _LongRun
from rag.embedding.reading import ensure_reader
from rag.errors import ModelError
from rag.index import add_papers
from rag.models import cards, find_card, require_file
from rag.records import Paper
from rag.session import token_counter
from rag.store import Snapshot

TEXTS = [
    "Moss as a thermometer.",
    "",
    "a",
    "Accuracy rises by 3.5% (p < 0.01), e.g. on naïve baselines; 中文 🙂 $x^2$.",
    "Kites measure wind at 300 metres and turn their tracks into hourly maps.",
    "A long text goes on and on about harbours. " * 400,
    "x" * 20_000,
    "  white   space\n\n around ",
    "moss as a thermometer.",
]


@pytest.fixture(scope="module", params=["onnx", "torch"])
def engine(request: pytest.FixtureRequest) -> Embedder:
    if request.param == "onnx":
        return open_embedder(Settings())
    from rag.embedding.torch import TorchEmbedder

    card = find_card("embedder", "minilm")
    assert card is not None
    return TorchEmbedder.packaged(card)


def test_shape_type_and_length(engine: Embedder) -> None:
    vectors = engine.encode(TEXTS)
    assert vectors.shape == (len(TEXTS), engine.dimension) == (len(TEXTS), 384)
    assert vectors.dtype == np.float32
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)


def test_order_and_company_do_not_matter(engine: Embedder) -> None:
    together = engine.encode(TEXTS)
    for row, text in enumerate(TEXTS[:5]):
        assert np.allclose(engine.encode([text])[0], together[row], atol=1e-5)
    assert np.allclose(engine.encode(TEXTS[::-1])[::-1], together, atol=1e-5)


def test_empty_list(engine: Embedder) -> None:
    assert engine.encode([]).shape == (0, 384)


def test_long_texts_are_cut_at_the_limit(engine: Embedder) -> None:
    whole, cut, short = engine.encode(["harbour " * 3000, "harbour " * 254, "harbour " * 100])
    assert np.allclose(whole, cut, atol=1e-5)
    assert not np.allclose(cut, short, atol=1e-4)


def test_meaning_is_near(engine: Embedder) -> None:
    a, b, c = engine.encode(
        ["A cat sits on the mat.", "A kitten is on the rug.", "Interest rates rose in May."]
    )
    assert a @ b > a @ c + 0.3


def test_progress_counts_to_the_end(engine: Embedder) -> None:
    seen: list[tuple[int, int]] = []
    engine.encode(["a b c"] * 40, lambda done, total: seen.append((done, total)))
    assert seen[-1] == (40, 40)
    assert seen == sorted(seen)


def test_engines_agree(engine: Embedder, embedder: Embedder) -> None:
    from rag.claims.text import __doc__ as prose

    texts = [*TEXTS, *(prose or "").split("."), *(c.title for c in cards())]
    assert np.abs(engine.encode(texts) - embedder.encode(texts)).max() < 1e-4
    assert engine.digest == embedder.digest  # so an index may be asked with either


def test_a_folder_of_a_model_is_an_embedder(tmp_path: Path) -> None:
    card = find_card("embedder", "minilm")
    assert card is not None
    folder = tmp_path / "copy"
    shutil.copytree(require_file(card).parent, folder)
    opened = open_embedder(Settings(embedder=str(folder)))
    assert opened.dimension == 384
    assert opened.digest != card.sha256  # another model by name, and refused by a minilm index


def test_a_folder_is_named_from_home_and_threads_are_as_set(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import torch

    card = find_card("embedder", "minilm")
    assert card is not None
    (tmp_path / "model").symlink_to(require_file(card).parent)
    monkeypatch.setenv("HOME", str(tmp_path))
    before = torch.get_num_threads()
    torch.set_num_threads(3)
    try:
        opened = open_embedder(Settings(embedder="~/model", threads=1))
        assert torch.get_num_threads() == 1
    finally:
        torch.set_num_threads(before)
    assert opened.name == "~/model"
    assert opened.digest == open_embedder(Settings(embedder=str(tmp_path / "model"))).digest
    assert opened.is_word("model")


def test_a_model_without_vectors_of_tokens_is_refused_before_it_indexes(tmp_path: Path) -> None:
    import tokenizers
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.models import StaticEmbedding

    card = find_card("embedder", "minilm")
    assert card is not None
    words = tokenizers.Tokenizer.from_file(str(require_file(card).parent / "tokenizer.json"))
    static = SentenceTransformer(modules=[StaticEmbedding(words, embedding_dim=16)])
    static.save(str(tmp_path / "static"))
    with pytest.raises(ModelError, match="no vectors of single tokens") as caught:
        open_embedder(Settings(embedder=str(tmp_path / "static")))
    assert "minilm" in caught.value.remedy


def test_attention_is_one_operator_in_both_graphs() -> None:
    """Written out, it would take half as long again."""
    import onnx

    card, reader = find_card("embedder", "minilm"), find_card("reader", Settings().reader)
    assert card is not None
    assert reader is not None
    config = json.loads((require_file(card).parent / "config.json").read_text())
    layers = config["num_hidden_layers"]
    for graph in (ensure_onnx(card), ensure_reader(reader)[0]):
        steps = [n.op_type for n in onnx.load(graph, load_external_data=False).graph.node]
        assert steps.count("MultiHeadAttention") == layers
        assert not {"Softmax", "IsNaN", "SkipLayerNormalization"} & set(steps)


# ── long runs ───────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def quick_at_bf16(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Embedder:
    """The packaged engine on a machine that was found to be faster in bfloat16, where 40 texts
    are very many."""
    card = find_card("embedder", "minilm")
    assert card is not None
    prepared = ensure_onnx(card).parent
    monkeypatch.setenv("RAG_CACHE", str(tmp_path / "cache"))
    folder = onnx_folder(card)
    folder.mkdir(parents=True)
    for name in (GRAPH, WEIGHTS):
        shutil.copy(prepared / name, folder / name)
    note = json.loads((prepared / NOTE).read_text())
    note["texts_per_second"] = {"onnx": 39.0, "bf16": 70.0}
    (folder / NOTE).write_text(json.dumps(note))
    monkeypatch.setattr(rag.embedding.onnx, "_BULK_TEXTS", 40)
    return open_embedder(Settings(threads=1))


SOME = [f"We collected {n} images of harbours at night." for n in range(16)]


def engine_of(encode: Encode) -> object:
    """Torch's, of a run that became long."""
    run = getattr(encode, "__self__", None)
    assert isinstance(run, _LongRun)
    return run.bulk


def test_only_the_texts_of_one_run_make_it_long(quick_at_bf16: Embedder) -> None:
    plain = quick_at_bf16.encode(SOME)
    for _ in range(4):
        assert np.array_equal(quick_at_bf16.encode(SOME), plain)
    for _ in range(2):
        with quick_at_bf16.long_run() as encode:
            assert np.array_equal(encode(SOME), plain)
            assert np.array_equal(encode(SOME), plain)
            half = encode(SOME)
            assert engine_of(encode) is not None
            assert not np.allclose(half, plain, atol=1e-5)
            assert (half * plain).sum(axis=1).min() > 0.999
            assert np.array_equal(encode(SOME[:2]), quick_at_bf16.encode(SOME[:2]))  # too few
            assert np.array_equal(quick_at_bf16.encode(SOME), plain)  # a question meanwhile
        assert engine_of(encode) is None


def test_an_indexing_run_is_one_run(quick_at_bf16: Embedder, tmp_path: Path) -> None:
    def papers(first: int, last: int) -> list[Paper]:
        return [
            Paper("", f"Harbour {n}", " ".join(SOME[:9]).replace("images", f"{n} sounds"))
            for n in range(first, last)
        ]

    def farthest(place: Path) -> float:
        """The largest difference of a sentence's vector to the one that `encode` gives."""
        with contextlib.closing(Snapshot(place)) as snapshot:
            worst = 0.0
            for paper in snapshot.papers():
                spans, vectors = snapshot.sentence_vectors([paper.id])[paper.id]
                texts = [paper.abstract[s.start : s.end] for s in spans]
                worst = max(worst, float(np.abs(quick_at_bf16.encode(texts) - vectors).max()))
            return worst

    def add(place: Path, some: list[Paper]) -> None:
        add_papers(place, some, quick_at_bf16, token_counter(), Settings())

    add(tmp_path / "large", papers(0, 8))
    assert farthest(tmp_path / "large") > 1e-4
    for n in range(0, 6, 2):
        add(tmp_path / "small", papers(n, n + 2))  # some 20 texts a run, some 60 in all
    assert farthest(tmp_path / "small") < 1e-5


def test_unknown_and_broken_models_are_refused(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{}")
    for name in ("no-such-model-here", str(tmp_path)):
        with pytest.raises(ModelError) as caught:
            open_embedder(Settings(embedder=name))
        assert name in caught.value.message
        assert caught.value.remedy
