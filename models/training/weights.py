"""The weights that a run trained: as the adapter that is shipped, and read again from it or from a
checkpoint."""

from __future__ import annotations

from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor, nn

_CHECKPOINT, _ADAPTER = "checkpoint.pt", "reader.safetensors"
# In a learner's names: around a layer that PEFT changes, of the encoder, and of the network.
_LAYER, _WEIGHT = "network.encoder.base_model.model.", ".default.weight"
_ENCODER, _NETWORK = "network.encoder.", "network."


def adapter_tensors(learner: nn.Module) -> dict[str, Tensor]:
    """What is shipped: see `rag.embedding.network.merged`.

    Args:
        learner: a `train.Learner`.
    """
    found = {}
    for name, value in learner.state_dict().items():
        if ".lora_" in name:
            found[name.removeprefix(_LAYER).removesuffix(_WEIGHT)] = value
        elif not name.startswith(_ENCODER):
            found[name.removeprefix(_NETWORK)] = value
    return {name: value.detach().half().contiguous().cpu() for name, value in found.items()}


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
        return f"{_LAYER}{shipped}{_WEIGHT}"
    return f"{_NETWORK}{shipped}"
