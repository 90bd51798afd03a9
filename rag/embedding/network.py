"""The reader's network: the packaged encoder with its weights changed, and three small heads.

A question and a paper are read together. Every sentence gets a score from the mean of its tokens'
vectors, "no sentence answers" gets one from the first token's; a softmax over these says which
sentence answers or that none does. Every token gets two scores more: of being the first and the
last of the words that answer.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from rag.embedding.packed import pack, unpack

# What the adapter leaves as it is: the largest part, and one that few of a question's words touch.
_FIXED = "word_embeddings"
_CHANGE, _SCALE = ".change", ".scale"
_ENCODER = "encoder."


def bare_encoder(folder: Path) -> Any:
    """The packaged encoder without a pooling layer, from its own folder."""
    import transformers

    transformers.utils.logging.disable_progress_bar()  # type: ignore[no-untyped-call]  # untyped there
    transformers.utils.logging.set_verbosity_error()  # type: ignore[no-untyped-call]
    return transformers.AutoModel.from_pretrained(
        str(folder), add_pooling_layer=False, local_files_only=True
    )


class ReaderNetwork(nn.Module):
    """Scores of sentences against that of having none.

    Args:
        encoder: a BERT encoder of the given width.
    """

    def __init__(self, encoder: Any, width: int) -> None:
        super().__init__()
        self.encoder = encoder
        self.sentence = nn.Sequential(nn.Linear(width, width), nn.GELU(), nn.Linear(width, 1))
        self.none = nn.Sequential(nn.Linear(width, width), nn.GELU(), nn.Linear(width, 1))
        self.span = nn.Linear(width, 2)

    def states(self, ids: Tensor, mask: Tensor | None, types: Tensor) -> Tensor:
        """Token vectors, float32 (readings, tokens, width); no mask where nothing is padded."""
        found: Tensor = self.encoder(
            input_ids=ids, attention_mask=mask, token_type_ids=types
        ).last_hidden_state
        return found

    def scores(self, states: Tensor, pool: Tensor) -> Tensor:
        """Logits, float32 (readings, 1 + sentences): none first.

        Args:
            pool: float32 (readings, sentences, tokens); each row averages one sentence's tokens,
                rows of zeros fill up.
        """
        sentences = self.sentence(torch.bmm(pool, states)).squeeze(-1)
        return torch.cat([self.none(states[:, 0]), sentences], dim=1)

    def edges(self, states: Tensor) -> Tensor:
        """Logits, float32 (readings, tokens, 2): where the words that answer begin and end."""
        found: Tensor = self.span(states)
        return found

    def forward(
        self, ids: Tensor, mask: Tensor | None, types: Tensor, pool: Tensor
    ) -> tuple[Tensor, Tensor]:
        """See `scores` and `edges`."""
        states = self.states(ids, mask, types)
        return self.scores(states, pool), self.edges(states)


def merged(folder: Path, adapter: Path) -> ReaderNetwork:
    """The network with the adapter added to the encoder's own weights, ready for export.

    Args:
        folder: of the packaged encoder.
        adapter: safetensors, see `adapter_tensors`.

    Raises:
        ValueError: something of the network isn't in the adapter.
    """
    from safetensors.torch import load_file

    encoder = bare_encoder(folder)
    network = ReaderNetwork(encoder, int(encoder.config.hidden_size))
    weights = weights_of(load_file(str(adapter)), encoder.state_dict())
    absent = [n for n in network.load_state_dict(weights, strict=False).missing_keys if learnt(n)]
    if absent:
        raise ValueError(f"{adapter} lacks {', '.join(absent)}")
    return network.eval()


def learnt(name: str) -> bool:
    """Whether a weight of the network is trained and shipped."""
    return _FIXED not in name


def adapter_tensors(network: ReaderNetwork, base: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """What is shipped of a trained network: the heads whole, and what became other than in the
    packaged encoder, matrices in six bits a number (`packed.py`) with the scales of their rows, all
    else in half precision.

    Args:
        base: the packaged encoder's weights by their names.
    """
    found: dict[str, Tensor] = {}
    for name, trained in network.state_dict().items():
        if not learnt(name):
            continue
        own, value = name.removeprefix(_ENCODER), trained.detach().cpu()
        if own == name:
            found[name] = value.half()
        elif value.dim() == 1:
            found[own + _CHANGE] = (value - base[own]).half()
        else:
            found[own + _CHANGE], found[own + _SCALE] = pack(value - base[own])
    return {name: value.contiguous() for name, value in found.items()}


def weights_of(shipped: Mapping[str, Tensor], base: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The trained weights by the network's names, float32: see `adapter_tensors`."""
    found = {_ENCODER + name: value for name, value in base.items() if learnt(name)}
    for name, value in shipped.items():
        own = name.removesuffix(_CHANGE)
        if own != name:
            scale = shipped.get(own + _SCALE)
            change = value.float() if scale is None else unpack(value, scale)
            found[_ENCODER + own] = base[own] + change
        elif not name.endswith(_SCALE):
            found[name] = value.float()
    return found
