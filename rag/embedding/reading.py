"""The reader's network as one ONNX graph, the adapter merged into the encoder's weights.

The graph is kept only after its scores were found equal to torch's within TOLERANCE.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from rag.config import cache_dir
from rag.embedding.graph import export, farthest, kept_graph, open_session
from rag.errors import ModelError
from rag.models import ModelCard, find_card, require_file
from rag.reader.layout import LONGEST

TOLERANCE = 1e-3  # in logits
OUTPUTS = ("scores", "edges")
_FORM = 3


def ensure_reader(
    card: ModelCard, notice: Callable[[str], None] = lambda _: None
) -> tuple[Path, ModelCard]:
    """The graph, made on first use (about 20 s; needs torch that once), and the encoder's card.

    Raises:
        ModelError: encoder or adapter are missing or damaged, or the graph disagrees with torch.
        DiskError: no room for it.
    """
    base = find_card("embedder", card.base)
    if base is None:
        raise ModelError(f"{card.title} adapts an unknown encoder", "reinstall rag-abstracts")
    adapter, weights = require_file(card), require_file(base)

    def make(target: Path) -> dict[str, Any]:
        return {"difference": _export(weights.parent, adapter, target)}

    folder = cache_dir() / f"reader-{card.name}-{base.sha256[:6]}{card.sha256[:12]}"
    return kept_graph(folder, card.title, _FORM, TOLERANCE, make, notice), base


def _export(encoder: Path, adapter: Path, target: Path) -> float:
    """Write the graph.

    Returns:
        The largest absolute difference of its logits to torch's on probes.
    """
    import torch

    from rag.embedding.attention import fused
    from rag.embedding.network import merged

    network = merged(encoder, adapter)

    class Alone(torch.nn.Module):
        """One reading at a time: nothing is padded, so nothing has to be masked."""

        def __init__(self) -> None:
            super().__init__()
            self.network = network

        def forward(
            self, ids: torch.Tensor, types: torch.Tensor, pool: torch.Tensor
        ) -> tuple[torch.Tensor, torch.Tensor]:
            found: tuple[torch.Tensor, torch.Tensor] = self.network(ids, None, types, pool)
            return found

    def probe(tokens: int, sentences: int) -> tuple[torch.Tensor, ...]:
        chance = torch.Generator().manual_seed(tokens)
        ids = torch.randint(999, 30000, (1, tokens), generator=chance)
        types = (torch.arange(tokens) > tokens // 4).long().unsqueeze(0)
        pool = torch.zeros(1, sentences, tokens)
        size = tokens // (sentences + 1)
        for n in range(sentences):
            pool[0, n, n * size : (n + 1) * size] = 1 / max(size, 1)
        return ids, types, pool

    columns = torch.export.Dim("columns", min=4, max=LONGEST)
    rows = torch.export.Dim("sentences", min=1, max=LONGEST)
    tokens: dict[int, Any] = {1: columns}
    shapes = {"ids": tokens, "types": tokens, "pool": {1: rows, 2: columns}}
    alone = Alone().eval()
    with fused(network.encoder):
        export(alone, probe(48, 3), tuple(shapes), OUTPUTS, shapes, target)
    session = open_session(target, 0)
    worst = 0.0
    for inputs in (probe(12, 1), probe(200, 7), probe(LONGEST, 20)):
        with torch.no_grad():
            theirs = alone(*inputs)
        feed = {name: t.numpy() for name, t in zip(shapes, inputs, strict=True)}
        for ours, right in zip(session.run(list(OUTPUTS), feed), theirs, strict=True):
            worst = max(worst, farthest(ours, right.numpy()))
    return worst
