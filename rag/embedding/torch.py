"""Any sentence-transformers model, through torch: the reference engine, and the one for models
that have no exported form. Only local files are read; the hub is never asked."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rag.errors import ModelError
from rag.models import ModelCard, require_file, verified_digest

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from rag.embedding import Encode, Progress
    from rag.embedding.tokenwise import TokenVectors

_BATCH = 32


class TorchEmbedder:
    """See `rag.embedding.Embedder`.

    Args:
        name: as the settings name it.
        bf16: whether to embed in bfloat16.
    """

    def __init__(self, model: Any, name: str, digest: str, *, bf16: bool = False) -> None:
        self._model = model.bfloat16() if bf16 else model
        self.name, self.digest = name, digest
        self.dimension = int(model.get_embedding_dimension())

    @classmethod
    def packaged(cls, card: ModelCard, threads: int = 0, *, bf16: bool = False) -> TorchEmbedder:
        """The packaged model, e.g. to compare the exported one with.

        Args:
            threads: of torch, in this whole process; 0 leaves their number as it is.
        """
        weights = require_file(card)
        return cls(_load(str(weights.parent), threads), card.name, card.sha256, bf16=bf16)

    @classmethod
    def named(cls, name: str, threads: int = 0) -> TorchEmbedder:
        """A model by folder, or by the name it has in the local hub cache.

        Args:
            threads: see `packaged`.

        Raises:
            ModelError: there is none, or none that a question can be asked with.
        """
        folder = Path(name).expanduser()
        model = _load(str(folder) if folder.is_dir() else name, threads)
        _require_tokens(cls(model, name, ""))
        if folder.is_dir():
            files = sorted(folder.rglob("*.safetensors")) or sorted(folder.rglob("*.bin"))
            parts = [verified_digest(f) for f in files]
        else:
            # The weights as loaded: the cache's layout is the hub library's business.
            parts = [
                hashlib.sha256(p.detach().float().numpy().tobytes()).hexdigest()
                for p in model.state_dict().values()
            ]
        return cls(model, name, hashlib.sha256("".join(parts).encode()).hexdigest())

    def long_run(self) -> nullcontext[Encode]:
        """What embeds the texts of one long run: the same engine."""
        return nullcontext(self.encode)

    def is_word(self, word: str) -> bool:
        """Whether the vocabulary has the word whole."""
        return len(self._model.tokenizer.tokenize(word)) == 1

    def token_vectors(self, first: str, second: str = "") -> TokenVectors:
        """Each token's own vector; see `rag.embedding.Embedder`."""
        import torch

        from rag.embedding.tokenwise import token_vectors

        tokenizer = self._model.tokenizer
        limit = min(int(tokenizer.model_max_length), 512)
        found = tokenizer(
            first, second or None, truncation=True, max_length=limit, return_tensors="pt",
            return_offsets_mapping=True,
        )  # fmt: skip
        offsets = [(int(a), int(b)) for a, b in found.pop("offset_mapping")[0]]
        parts = found.sequence_ids(0)
        if "token_type_ids" in found:
            # Both engines read the two texts as one kind.
            found["token_type_ids"] = torch.zeros_like(found["token_type_ids"])
        with torch.no_grad():
            states = self._model[0].auto_model(**found).last_hidden_state[0].float()
        unit = torch.nn.functional.normalize(states, dim=1).numpy()
        return token_vectors(offsets, parts, unit)

    def encode(self, texts: Sequence[str], progress: Progress | None = None) -> NDArray[np.float32]:
        """Embed texts: float32 (n, dimension), L2-normalised."""
        import numpy as np

        vectors = np.empty((len(texts), self.dimension), dtype=np.float32)
        order = sorted(range(len(texts)), key=lambda i: len(texts[i]))
        for first in range(0, len(order), _BATCH):
            rows = order[first : first + _BATCH]
            batch = self._model.encode(
                [texts[i] for i in rows],
                batch_size=_BATCH,
                convert_to_tensor=True,
                normalize_embeddings=True,
                show_progress_bar=False,
            )
            vectors[rows] = batch.float().cpu().numpy()
            if progress is not None:
                progress(first + len(rows), len(texts))
        norms = np.linalg.norm(vectors, axis=1, keepdims=True)
        unit: NDArray[np.float32] = vectors / np.maximum(norms, 1e-12)
        return unit


def _require_tokens(embedder: TorchEmbedder) -> None:
    """Refuse before anything is indexed what can't read a question word by word afterwards."""
    try:
        embedder.token_vectors("a", "b")
        embedder.is_word("a")
    except Exception as e:
        raise ModelError(
            f'the embedding model "{embedder.name}" has no vectors of single tokens '
            f"({type(e).__name__})",
            "choose a transformer encoder, or use the default: minilm",
        ) from e


def _load(name: str, threads: int) -> Any:
    import torch
    import transformers
    from sentence_transformers import SentenceTransformer

    if threads:
        torch.set_num_threads(threads)
    transformers.utils.logging.disable_progress_bar()  # type: ignore[no-untyped-call]  # untyped there
    try:
        return SentenceTransformer(name, device="cpu", local_files_only=True)
    except Exception as e:
        raise ModelError(
            f'no embedding model "{name}" on this machine ({type(e).__name__})',
            "give a folder that holds a sentence-transformers model, or use the default: minilm",
        ) from e
