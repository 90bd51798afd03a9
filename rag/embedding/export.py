"""The encoder as one ONNX graph with pooling and normalisation inside.

The graph is kept in the cache under the weights' digest with the digest of itself, and only after
its vectors were found equal to sentence-transformers' within TOLERANCE on probe texts.
"""

from __future__ import annotations

import json
import logging
import shutil
import tempfile
import warnings
from pathlib import Path
from typing import Any

from rag.config import cache_dir
from rag.errors import DiskError, ModelError
from rag.models import ModelCard, file_digest, require_file, verified_digest

TOLERANCE = 1e-4
_GRAPH, _NOTE = "encoder.onnx", "encoder.json"
_PROBES = (
    "short",
    "A sentence of ordinary length about graph networks, 3.5% better than before.",
    "Müller et al. (2019) found that “quoted” text, e.g. $x^2$, survives. " * 3,
    "Long passages are cut at the model's limit of word pieces. " * 40,
)


def onnx_folder(card: ModelCard) -> Path:
    """Where the exported graph of these weights is kept."""
    return cache_dir() / f"encoder-{card.name}-{card.sha256[:12]}"


def ensure_onnx(card: ModelCard) -> Path:
    """The exported graph, made on first use (about 20 s; needs torch that once).

    Raises:
        ModelError: the exported graph disagrees with the original.
        DiskError: no room for it.
    """
    folder = onnx_folder(card)
    graph = folder / _GRAPH
    try:
        note = json.loads((folder / _NOTE).read_text(encoding="utf-8"))
        if verified_digest(graph) == note["sha256"]:
            return graph
    except (OSError, ValueError, KeyError):
        pass
    weights = require_file(card)
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent, prefix="export-") as place:
            fresh = Path(place) / "made"
            fresh.mkdir()
            difference = _export(weights.parent, card.max_tokens, fresh / _GRAPH)
            if difference > TOLERANCE:
                raise ModelError(
                    f"the exported encoder differs from the original by {difference:.1e}",
                    "reinstall the pinned packages: pip install -c constraints.txt -e .",
                )
            note = {"sha256": file_digest(fresh / _GRAPH), "largest_difference": difference}
            (fresh / _NOTE).write_text(json.dumps(note), encoding="utf-8")
            # Another process may have made the same folder meanwhile: the last one stands.
            shutil.rmtree(folder, ignore_errors=True)
            fresh.rename(folder)
    except OSError as e:
        raise DiskError(
            f"cannot keep the exported encoder in {folder.parent}: {e.strerror or e}",
            "free 200 MB there, or name another folder in $RAG_CACHE",
        ) from e
    return graph


def _export(source: Path, max_tokens: int, target: Path) -> float:
    """Write the graph; the largest absolute difference to sentence-transformers on the probes."""
    import numpy as np
    import onnxruntime
    import torch
    from sentence_transformers import SentenceTransformer

    original = SentenceTransformer(str(source), device="cpu", local_files_only=True)
    original.max_seq_length = max_tokens
    first: Any = original[0]
    encoder: Any = first.auto_model.eval()

    class Pooled(torch.nn.Module):
        """Token vectors averaged under the mask, then scaled to length 1."""

        def __init__(self) -> None:
            super().__init__()
            self.encoder = encoder

        def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
            tokens = self.encoder(
                input_ids=input_ids,
                attention_mask=attention_mask,
                token_type_ids=torch.zeros_like(input_ids),
            ).last_hidden_state
            mask = attention_mask.unsqueeze(-1).to(tokens.dtype)
            mean = (tokens * mask).sum(1) / mask.sum(1).clamp(min=1e-9)
            return torch.nn.functional.normalize(mean, dim=1)

    tokens = original.tokenizer(
        list(_PROBES), padding=True, truncation=True, max_length=max_tokens, return_tensors="pt"
    )
    inputs = (tokens["input_ids"], tokens["attention_mask"])
    rows, columns = torch.export.Dim("rows", min=1), torch.export.Dim("columns", max=max_tokens)
    shape = {0: rows, 1: columns}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        logging.getLogger("torch.onnx").setLevel(logging.ERROR)
        program = torch.onnx.export(
            Pooled().eval(),
            inputs,
            input_names=["input_ids", "attention_mask"],
            output_names=["vectors"],
            dynamic_shapes={"input_ids": shape, "attention_mask": shape},
            dynamo=True,
            verbose=False,
        )
        assert program is not None
        program.save(str(target), external_data=False)
    session = onnxruntime.InferenceSession(str(target), providers=["CPUExecutionProvider"])
    worst = 0.0
    # One by one and together: padding must not change a vector.
    for texts in ([_PROBES[0]], [_PROBES[3]], list(_PROBES)):
        batch = original.tokenizer(
            texts, padding=True, truncation=True, max_length=max_tokens, return_tensors="np"
        )
        feed = {k: batch[k].astype(np.int64) for k in ("input_ids", "attention_mask")}
        (ours,) = session.run(None, feed)
        theirs = original.encode(texts, normalize_embeddings=True, show_progress_bar=False)
        worst = max(worst, float(np.abs(ours - theirs).max()))
    return worst
