"""The packaged encoder through onnxruntime: equal to sentence-transformers within 1e-4, without
importing torch. Made once from the verified weights (see rag.embedding.export)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rag.errors import ModelError
from rag.models import ModelCard, require_file

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from rag.embedding import Progress

# Texts of similar length share a batch; bigger batches only add padding on a CPU.
_BATCH = 16


class OnnxEmbedder:
    """See `rag.embedding.Embedder`."""

    def __init__(self, card: ModelCard, threads: int) -> None:
        weights = require_file(card)
        self.name, self.digest, self.dimension = card.name, card.sha256, card.dimension
        from rag.embedding.export import ensure_onnx

        graph = ensure_onnx(card)
        import onnxruntime
        import tokenizers

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.log_severity_level = 3
        try:
            self._session = onnxruntime.InferenceSession(
                str(graph), options, providers=["CPUExecutionProvider"]
            )
        except Exception as e:
            raise ModelError(
                f"the exported encoder {graph} cannot be loaded ({type(e).__name__})",
                f"delete {graph.parent} and run the command again",
            ) from e
        self._tokenizer = tokenizers.Tokenizer.from_file(str(weights.parent / "tokenizer.json"))
        self._tokenizer.enable_truncation(card.max_tokens)
        self._tokenizer.enable_padding()

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
            (vectors[rows],) = self._session.run(None, {"input_ids": ids, "attention_mask": mask})
            if progress is not None:
                progress(first + len(rows), len(texts))
        return vectors
