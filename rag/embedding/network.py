"""The reader's network: the packaged encoder with an adapter, and three small heads.

A question and a paper are read together. Every sentence gets a score from the mean of its tokens'
vectors, "no sentence answers" gets one from the first token's; a softmax over these says which
sentence answers or that none does. Every token gets two scores more: of being the first and the
last of the words that answer.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

RANK, ALPHA = 64, 128
# The linear layers that the adapter changes: all of the encoder's.
TARGETS = ("query", "key", "value", "dense")


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
        encoder: a BERT encoder, adapted or not, of the given width.
    """

    def __init__(self, encoder: Any, width: int) -> None:
        super().__init__()
        self.encoder = encoder
        self.sentence = nn.Sequential(nn.Linear(width, width), nn.GELU(), nn.Linear(width, 1))
        self.none = nn.Sequential(nn.Linear(width, width), nn.GELU(), nn.Linear(width, 1))
        self.span = nn.Linear(width, 2)

    def states(self, ids: Tensor, mask: Tensor, types: Tensor) -> Tensor:
        """Token vectors, float32 (readings, tokens, width)."""
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
        self, ids: Tensor, mask: Tensor, types: Tensor, pool: Tensor
    ) -> tuple[Tensor, Tensor]:
        """See `scores` and `edges`."""
        states = self.states(ids, mask, types)
        return self.scores(states, pool), self.edges(states)


def merged(folder: Path, adapter: Path) -> ReaderNetwork:
    """The network with the adapter added to the encoder's own weights, ready for export.

    Args:
        folder: of the packaged encoder.
        adapter: safetensors: `lora_A` (rank, in) and `lora_B` (out, rank) of each layer changed
            (Hu et al. 2021, "LoRA: Low-Rank Adaptation of Large Language Models": the change is
            alpha / rank times B A), and the heads whole.
    """
    from safetensors.torch import load_file

    tensors = {name: t.float() for name, t in load_file(str(adapter)).items()}
    encoder = bare_encoder(folder)
    network = ReaderNetwork(encoder, int(encoder.config.hidden_size))
    layers = dict(encoder.named_modules())
    with torch.no_grad():
        for name, low in tensors.items():
            if not name.endswith(".lora_A"):
                continue
            layer = name.removesuffix(".lora_A")
            change = tensors[f"{layer}.lora_B"] @ low
            layers[layer].weight += (ALPHA / low.shape[0]) * change
    heads = {n: t for n, t in tensors.items() if n.startswith(("sentence.", "none.", "span."))}
    missing = network.load_state_dict(heads, strict=False).missing_keys
    absent = [name for name in missing if not name.startswith("encoder.")]
    if absent:
        raise ValueError(f"{adapter} lacks {', '.join(absent)}")
    return network.eval()
