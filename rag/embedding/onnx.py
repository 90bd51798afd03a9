"""The packaged encoder through onnxruntime: equal to sentence-transformers within 1e-4, without
importing torch. Made once from the verified weights (see rag.embedding.export)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rag.models import ModelCard, require_file

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from rag.embedding import Encode, Progress
    from rag.embedding.tokenwise import TokenVectors
    from rag.embedding.torch import TorchEmbedder

# Texts of similar length share a batch; bigger batches only add padding on a CPU.
_BATCH = 16
# Loading torch takes as long as embedding some hundred abstracts: only long jobs gain by it.
_BULK_TEXTS = 10_000
_BULK_GAIN = 1.3


class OnnxEmbedder:
    """See `rag.embedding.Embedder`."""

    def __init__(
        self, card: ModelCard, threads: int, notice: Callable[[str], None] = lambda _: None
    ) -> None:
        self._card, self._threads = card, threads
        weights = require_file(card)
        self.name, self.digest, self.dimension = card.name, card.sha256, card.dimension
        from rag.embedding.export import ensure_onnx
        from rag.embedding.graph import open_session

        graph = ensure_onnx(card, notice)
        import tokenizers

        self._session = open_session(graph, threads)
        self._vocabulary = str(weights.parent / "tokenizer.json")
        self._tokenizer = tokenizers.Tokenizer.from_file(self._vocabulary)
        self._tokenizer.enable_truncation(card.max_tokens)
        self._tokenizer.enable_padding()
        self._long_tokenizer: Any = None

    def is_word(self, word: str) -> bool:
        """Whether the vocabulary has the word whole."""
        return self._tokenizer.token_to_id(word) is not None

    def encode(self, texts: Sequence[str], progress: Progress | None = None) -> NDArray[np.float32]:
        """Embed texts: float32 (n, dimension), L2-normalised."""
        import numpy as np

        vectors = np.empty((len(texts), self.dimension), dtype=np.float32)
        order = sorted(range(len(texts)), key=lambda i: len(texts[i]))
        for first in range(0, len(order), _BATCH):
            rows = order[first : first + _BATCH]
            batch = self._tokenizer.encode_batch([texts[i] for i in rows])
            ids = np.array([e.ids for e in batch], dtype=np.int64)
            mask = np.array([e.attention_mask for e in batch], dtype=np.int64)
            feed = {"input_ids": ids, "attention_mask": mask}
            (vectors[rows],) = self._session.run(["vectors"], feed)
            if progress is not None:
                progress(first + len(rows), len(texts))
        return vectors

    @contextmanager
    def long_run(self) -> Iterator[Encode]:
        """What embeds the texts of one long run: in bfloat16 through torch once they are very
        many, where the machine was found to be faster at it."""
        run = _LongRun(self, self._card, self._threads)
        try:
            yield run.encode
        finally:
            run.bulk = None  # some 100 MB, whoever still holds the run

    def token_vectors(self, first: str, second: str = "") -> TokenVectors:
        """Each token's own vector; see `rag.embedding.Embedder`."""
        import numpy as np

        from rag.embedding.tokenwise import token_vectors
        from rag.reader.layout import LONGEST

        if self._long_tokenizer is None:
            import tokenizers

            longer = tokenizers.Tokenizer.from_file(self._vocabulary)
            longer.enable_truncation(LONGEST)
            longer.no_padding()
            self._long_tokenizer = longer
        found = self._long_tokenizer.encode(first, second or None)
        (states,) = self._session.run(
            ["tokens"],
            {
                "input_ids": np.array([found.ids], dtype=np.int64),
                "attention_mask": np.ones((1, len(found.ids)), dtype=np.int64),
            },
        )
        return token_vectors(found.offsets, found.sequence_ids, states[0])


@dataclass(slots=True)
class _LongRun:
    """Counts the texts of one run, and has torch's model once it is long."""

    embedder: OnnxEmbedder
    card: ModelCard
    threads: int
    encoded: int = 0
    bulk: TorchEmbedder | None = None

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        self.encoded += len(texts)
        if self.encoded >= _BULK_TEXTS and len(texts) >= _BATCH:
            engine = self._bulk_engine()
            if engine is not None:
                return engine.encode(texts)
        return self.embedder.encode(texts)

    def _bulk_engine(self) -> TorchEmbedder | None:
        from rag.embedding.export import bf16_gain

        if self.bulk is None and bf16_gain(self.card) >= _BULK_GAIN:
            from rag.embedding.torch import TorchEmbedder

            self.bulk = TorchEmbedder.packaged(self.card, self.threads, bf16=True)
        return self.bulk
