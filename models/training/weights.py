"""Reads the weights that a run trained, from its checkpoint or from the adapter it wrote."""

from __future__ import annotations

from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor

_CHECKPOINT, _ADAPTER = "checkpoint.pt", "reader.safetensors"
_WITHIN = "network.encoder.base_model.model."  # where PEFT keeps the layers it changes


def trained(folder: Path) -> dict[str, Tensor]:
    """The trained weights by the names that `train.Learner` gives them, on the CPU.

    Args:
        folder: of a run or a mean; or one that holds the adapter alone, such as `models`, whose
            weights are rounded to half precision: all that is left of the runs behind it.

    Raises:
        SystemExit: it holds neither.
    """
    checkpoint, adapter = folder / _CHECKPOINT, folder / _ADAPTER
    if checkpoint.is_file():
        kept = torch.load(checkpoint, map_location="cpu", weights_only=False)
        return {name: value.detach() for name, value in kept["learner"].items()}
    if adapter.is_file():
        return {_own_name(name): value.float() for name, value in load_file(str(adapter)).items()}
    raise SystemExit(f"{folder} holds neither {_CHECKPOINT} nor {_ADAPTER}")


def _own_name(shipped: str) -> str:
    """The name in the learner of a tensor of the adapter."""
    if shipped.endswith((".lora_A", ".lora_B")):
        return f"{_WITHIN}{shipped}.default.weight"
    return f"network.{shipped}"
