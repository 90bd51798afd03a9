"""One contract for every embedding engine."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from rag.config import Settings
from rag.embedding import Embedder, open_embedder
from rag.errors import ModelError
from rag.models import cards, find_card, require_file

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


def test_unknown_and_broken_models_are_refused(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{}")
    for name in ("no-such-model-here", str(tmp_path)):
        with pytest.raises(ModelError) as caught:
            open_embedder(Settings(embedder=name))
        assert name in caught.value.message
        assert caught.value.remedy
