"""Texts to L2-normalised float32 vectors. Engines are interchangeable; one contract test runs
over all of them (tests/test_embedding.py)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    import numpy as np
    from numpy.typing import NDArray

    from rag.config import Settings
    from rag.embedding.tokenwise import TokenVectors

Progress = Callable[[int, int], None]  # done, total
Encode = Callable[[Sequence[str]], "NDArray[np.float32]"]  # see `Embedder.encode`


class Embedder(Protocol):
    """An embedding model.

    Attributes:
        name: as the settings name it.
        digest: sha256 of its weights; an index built with another is refused.
        dimension: of its vectors.
    """

    name: str
    digest: str
    dimension: int

    def encode(self, texts: Sequence[str], progress: Progress | None = None) -> NDArray[np.float32]:
        """Embed texts: float32 (len(texts), dimension), rows of length 1, in the order given.

        Texts over the model's limit are cut at its end by the model's own tokeniser.
        """
        ...

    def long_run(self) -> AbstractContextManager[Encode]:
        """What embeds the texts of one run of many calls, such as indexing a library.

        When they come to very many it may go on faster and in less than float32; its top ten
        then agree with `encode`'s in 99 of 100 places.
        """
        ...

    def token_vectors(self, first: str, second: str = "") -> TokenVectors:
        """The tokens of one text, or of two read together, each with its vector in context.

        Texts over the encoder's own limit (512 word pieces) are cut, the longer one first.
        """
        ...

    def is_word(self, word: str) -> bool:
        """Whether the model's vocabulary has a lower-case word whole, as it has common words."""
        ...


def open_embedder(settings: Settings, notice: Callable[[str], None] = lambda _: None) -> Embedder:
    """The embedder the settings name; the packaged one runs without torch.

    Args:
        notice: told what is going on when it takes long (the first use on a machine).

    Raises:
        ModelError: it isn't installed, is damaged, or is no embedding model.
    """
    from rag.config import thread_count
    from rag.models import find_card

    card = find_card("embedder", settings.embedder)
    if card is not None:
        from rag.embedding.onnx import OnnxEmbedder

        return OnnxEmbedder(card, thread_count(settings), notice)
    from rag.embedding.torch import TorchEmbedder

    return TorchEmbedder.named(settings.embedder, thread_count(settings))
