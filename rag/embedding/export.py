"""The encoder as one ONNX graph with pooling and normalisation inside.

The graph is kept in the cache under the weights' digest with the digest of itself, and only after
its vectors were found equal to sentence-transformers' within TOLERANCE on probe texts.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from rag.caching import read_note
from rag.config import cache_dir
from rag.embedding.graph import NOTE, export, farthest, kept_graph, open_session
from rag.models import ModelCard, require_file
from rag.reader.layout import LONGEST

TOLERANCE = 1e-4
_FORM = 3  # raised when graphs are made in another way: older ones are then made anew
_PROBES = (
    "short",
    "A sentence of ordinary length about graph networks, 3.5% better than before.",
    "Müller et al. (2019) found that “quoted” text, e.g. $x^2$, survives. " * 3,
    "Long passages are cut at the model's limit of word pieces. " * 40,
)
_TIMED = ("An abstract of common length says what was done, how, and what came out. " * 11,) * 16


def onnx_folder(card: ModelCard) -> Path:
    """Where the exported graph of these weights is kept."""
    return cache_dir() / f"encoder-{card.name}-{card.sha256[:12]}"


def ensure_onnx(card: ModelCard, notice: Callable[[str], None] = lambda _: None) -> Path:
    """The exported graph, made on first use (about 20 s; needs torch that once).

    Args:
        notice: told when the export starts, since it takes long.

    Raises:
        ModelError: not installed, or the exported graph disagrees with the original.
        DiskError: no room for it.
    """

    def make(target: Path) -> dict[str, Any]:
        difference, speeds = _export(require_file(card).parent, card.max_tokens, target)
        return {"difference": difference, "texts_per_second": speeds}

    return kept_graph(onnx_folder(card), card.title, _FORM, TOLERANCE, make, notice)


def bf16_gain(card: ModelCard) -> float:
    """How many times faster torch in bf16 embeds than the graph, measured at export; 0 unknown."""
    try:
        speeds = read_note(onnx_folder(card) / NOTE)["texts_per_second"]
        return float(speeds["bf16"]) / float(speeds["onnx"])
    except (ValueError, KeyError, TypeError, ZeroDivisionError):
        return 0.0


def _export(source: Path, max_tokens: int, target: Path) -> tuple[float, dict[str, float]]:
    """Write the graph.

    Returns:
        The largest absolute difference to sentence-transformers on the probes, and texts a
        second of the graph ("onnx") and of torch in bfloat16 ("bf16") on this machine.
    """
    import numpy as np
    import torch
    import transformers
    from sentence_transformers import SentenceTransformer

    from rag.embedding.attention import fused

    transformers.utils.logging.disable_progress_bar()  # type: ignore[no-untyped-call]  # untyped there
    original = SentenceTransformer(str(source), device="cpu", local_files_only=True)
    original.max_seq_length = max_tokens
    first: Any = original[0]
    encoder: Any = first.auto_model.eval()

    class Pooled(torch.nn.Module):
        """Token vectors averaged under the mask, and the token vectors; all of length 1."""

        def __init__(self) -> None:
            super().__init__()
            self.encoder = encoder

        def forward(
            self, input_ids: torch.Tensor, attention_mask: torch.Tensor
        ) -> tuple[torch.Tensor, torch.Tensor]:
            tokens = self.encoder(
                input_ids=input_ids,
                attention_mask=attention_mask,
                token_type_ids=torch.zeros_like(input_ids),
            ).last_hidden_state
            mask = attention_mask.unsqueeze(-1).to(tokens.dtype)
            mean = (tokens * mask).sum(1) / mask.sum(1).clamp(min=1e-9)
            unit = torch.nn.functional.normalize
            return unit(mean, dim=1), unit(tokens, dim=2)

    tokens = original.tokenizer(
        list(_PROBES), padding=True, truncation=True, max_length=max_tokens, return_tensors="pt"
    )
    inputs = (tokens["input_ids"], tokens["attention_mask"])
    rows, columns = torch.export.Dim("rows", min=1), torch.export.Dim("columns", max=LONGEST)
    shape = {0: rows, 1: columns}
    with fused(encoder):
        export(
            Pooled().eval(), inputs, ("input_ids", "attention_mask"), ("vectors", "tokens"),
            {"input_ids": shape, "attention_mask": shape}, target,
        )  # fmt: skip
    session = open_session(target, 0)
    worst = 0.0
    # One by one and together: padding must not change a vector.
    for texts in ([_PROBES[0]], [_PROBES[3]], list(_PROBES)):
        batch = original.tokenizer(
            texts, padding=True, truncation=True, max_length=max_tokens, return_tensors="np"
        )
        feed = {k: batch[k].astype(np.int64) for k in ("input_ids", "attention_mask")}
        ours, tokens_ours = session.run(None, feed)
        theirs = original.encode(texts, normalize_embeddings=True, show_progress_bar=False)
        worst = max(worst, farthest(ours, theirs))
        states = original.encode(texts, output_value="token_embeddings", show_progress_bar=False)
        for row, state in zip(tokens_ours, states, strict=True):
            unit = torch.nn.functional.normalize(state, dim=1).numpy()
            worst = max(worst, farthest(row[: len(unit)], unit))
    batch = original.tokenizer(list(_TIMED), return_tensors="np")
    feed = {k: batch[k].astype(np.int64) for k in ("input_ids", "attention_mask")}
    speeds = {"onnx": _speed(lambda: session.run(["vectors"], feed))}
    half = original.bfloat16()
    speeds["bf16"] = _speed(lambda: half.encode(list(_TIMED), show_progress_bar=False))
    return worst, speeds


def _speed(run: Callable[[], object]) -> float:
    """Timed texts a second, the better of two runs after a first one."""
    run()
    spent = []
    for _ in range(2):
        start = time.perf_counter()
        run()
        spent.append(time.perf_counter() - start)
    return round(len(_TIMED) / min(spent), 2)
