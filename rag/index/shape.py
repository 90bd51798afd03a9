"""What shapes an index: a change in any of it makes other vectors, so it is written down and
compared before anything is added or asked."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import TYPE_CHECKING

from rag.errors import EmbedderMismatchError, UsageError

if TYPE_CHECKING:
    from rag.config import Settings
    from rag.embedding import Embedder

# Raised when the texts given to the embedder are put together in another way.
FORM = "1"


def passage_text(title: str, passage: str) -> str:
    """What is embedded for a chunk: the title tells what the passage is about."""
    return f"{title}. {passage}"


def shape_of(embedder: Embedder, settings: Settings) -> dict[str, str]:
    """The manifest entries that must not change during an index's life."""
    return {
        "embedder": embedder.name,
        "embedder_digest": embedder.digest,
        "dimension": str(embedder.dimension),
        "chunk_tokens": str(settings.chunk_tokens),
        "form": FORM,
    }


def require_embedder(manifest: Mapping[str, str], embedder: Embedder, place: str) -> None:
    """Refuse to compare vectors of different models.

    Raises:
        EmbedderMismatchError: the index was built with another embedder.
    """
    if manifest.get("embedder_digest", embedder.digest) != embedder.digest:
        raise EmbedderMismatchError(
            f'the index in {place} was built with the embedder "{manifest.get("embedder")}", '
            f'not "{embedder.name}"',
            "set that embedder in the configuration, or build another index: "
            "rag index PATH --index OTHER-DIR",
        )


def require_shape(
    manifest: Mapping[str, str], embedder: Embedder, settings: Settings, place: str
) -> None:
    """Refuse to add vectors of another shape to an index.

    Raises:
        EmbedderMismatchError, UsageError.
    """
    require_embedder(manifest, embedder, place)
    for name, value in shape_of(embedder, settings).items():
        if name != "embedder" and manifest.get(name, value) != value:
            raise UsageError(
                f"the index in {place} was built with {name} = {manifest[name]}, not {value}",
                "use that setting, or build another index: rag index PATH --index OTHER-DIR",
            )


def dense_key(manifest: Mapping[str, str], kind: int) -> str:
    """Names the FAISS file of one kind of passages in one state of the index."""
    parts = [str(kind), *(f"{k}={manifest.get(k, '')}" for k in _KEYED)]
    return hashlib.sha256("|".join(parts).encode()).hexdigest()[:16]


_KEYED = ("uuid", "generation", "embedder_digest", "chunk_tokens", "form")
