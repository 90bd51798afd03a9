"""The weights that a run trained, read again from its checkpoint or from the shipped adapter."""

from __future__ import annotations

from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor

from rag.embedding.network import bare_encoder, weights_of
from rag.models import find_card, require_file

_CHECKPOINT, _ADAPTER = "checkpoint.pt", "reader.safetensors"


def encoder_folder() -> Path:
    """Where the packaged encoder lies."""
    card = find_card("embedder", "minilm")
    assert card is not None
    return require_file(card).parent


def trained(folder: Path) -> dict[str, Tensor]:
    """The trained weights by the network's names, float32, on the CPU.

    Args:
        folder: of a run or a mean; or one that holds the adapter alone, such as `models`, whose
            weights are rounded: all that is left of the runs behind it.

    Raises:
        SystemExit: it holds neither.
    """
    checkpoint, adapter = folder / _CHECKPOINT, folder / _ADAPTER
    if checkpoint.is_file():
        kept = torch.load(checkpoint, map_location="cpu", weights_only=False)
        return {name: value.detach() for name, value in kept["network"].items()}
    if adapter.is_file():
        return weights_of(load_file(str(adapter)), bare_encoder(encoder_folder()).state_dict())
    raise SystemExit(f"{folder} holds neither {_CHECKPOINT} nor {_ADAPTER}")
