"""Train the reader.

    python -m models.training.train --out FOLDER [--passes 2] [--part 1.0] [--seed 1] [--start RUN]
        [--known ID --spread 2] [--skip FILE] [--until ID] [--wrong FILE]

Writes `reader.safetensors` (the heads, and how the encoder was changed), `log.json` (loss and
validation after each pass), in the end `curves.svg`, and `checkpoint.pt`, from which a run that was
cut off goes on and, with `--start`, another run begins: more data need not begin from nothing. The
same seed gives the same weights on the same machine. A GPU is used where there is one, bfloat16
where the processor has instructions for it.
"""

from __future__ import annotations

import argparse
import json
import math
import random
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.nn import functional
from transformers.models.bert.modeling_bert import BertSelfAttention

from models.training.batches import Batch, batch_of, in_batches, listwise
from models.training.curves import REPORTED, draw
from models.training.data import (
    ABSTRACTS,
    QUESTIONS,
    Item,
    read_abstracts,
    read_items,
)
from models.training.examples import Group, Pieces, epoch, hard_negatives, wrong_abstracts
from models.training.validating import validate
from models.training.weights import encoder_folder, trained
from rag.embedding.network import ReaderNetwork, adapter_tensors, bare_encoder, learnt
from rag.models import file_digest

_RATE, _WARM = 1e-4, 0.06  # the encoder's rate unless another is given
_HEADS = 2.0  # times that rate: the heads begin from nothing
_SPAN_SHARE = 0.3  # of the answer's span in the loss
_SAVE = 100  # batches between checkpoints


@dataclass(slots=True)
class State:
    """Where a run stands."""

    step: int = 0
    losses: list[float] = field(default_factory=list)
    passes: list[dict[str, float]] = field(default_factory=list)


class Learner(nn.Module):
    """The network, and what it is taught by."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        encoder = bare_encoder(folder)
        for part in encoder.modules():
            if isinstance(part, BertSelfAttention):
                part.dropout.p = 0.0  # with it no fused attention on a CPU: 1.5 times slower
        self.base = {name: value.clone() for name, value in encoder.state_dict().items()}
        self.network = ReaderNetwork(encoder, int(encoder.config.hidden_size))
        for name, weight in self.network.named_parameters():
            weight.requires_grad = learnt(name)

    def shipped(self) -> dict[str, Tensor]:
        """What of the weights is shipped."""
        return adapter_tensors(self.network, self.base)

    def loss(self, batch: Batch) -> Tensor:
        """Listwise over "none" and the sentences (`listwise`), and the answer's edges over a
        reading's tokens."""
        scores, edges = self.network(batch.ids, batch.mask, batch.types, batch.pool)
        odds = scores[:, 1:] - scores[:, :1]
        chosen = listwise(odds, batch.real[:, 1:], batch.gold[:, 1:], batch.group)
        ends = edges.masked_fill(~batch.mask.bool().unsqueeze(-1), -1e4)
        lost = [
            functional.cross_entropy(ends[:, :, i], batch.span[:, i], reduction="none")
            for i in (0, 1)
        ]
        both: Tensor = chosen + _SPAN_SHARE * ((lost[0] + lost[1]) * batch.known).mean()
        return both


def pace(step: int, steps: int) -> float:
    """Share of the learning rate: up over the first steps, then down to 0."""
    warm = max(1, math.ceil(_WARM * steps))
    return min((step + 1) / warm, (steps - step) / max(1, steps - warm))


def train(args: argparse.Namespace, say: Callable[[str], None]) -> None:
    """Train, or go on training, and keep what comes of it in `args.out`."""
    device = "cuda" if torch.cuda.is_available() else "cpu"
    torch.manual_seed(args.seed)
    folder = encoder_folder()
    pieces = Pieces(folder / "tokenizer.json")
    abstracts = dict(read_abstracts())
    items = [item for item in read_items() if item.abstract in abstracts]
    held = [item for item in items if item.validates][: args.validate]
    skipped = set(args.skip.read_text(encoding="utf-8").split()) if args.skip else set()
    # A checkpoint belongs to one plan of batches.
    data = (file_digest(QUESTIONS), file_digest(ABSTRACTS))
    mined = file_digest(args.wrong) if args.wrong else ""
    shaped_by = (args.seed, args.part, args.passes, str(args.start), args.known, args.spread,
                 args.rate, sorted(skipped), args.until, mined, *data)  # fmt: skip
    kept = args.out / "checkpoint.pt"
    saved: dict[str, Any] | None = None
    if kept.is_file():
        saved = torch.load(kept, map_location=device, weights_only=False)
        if saved["shaped_by"] != shaped_by:
            raise SystemExit(f"{kept} is of another run: other data, seed, part, rate or passes")
    seen = [item for item in items if not item.validates and item.id not in skipped]
    if args.until:
        seen = [item for item in seen if item.id <= args.until]
    random.Random(args.seed).shuffle(seen)
    seen = seen[: round(args.part * len(seen))]
    say(f"{len(seen)} questions to learn from, {len(held)} to validate")

    def read_in(number: int) -> list[Item]:
        return [
            i for n, i in enumerate(seen) if i.id > args.known or (n + number) % args.spread == 0
        ]

    ever = list({item.id: item for n in range(args.passes) for item in read_in(n)}.values())
    negatives = wrong_abstracts(args.wrong) if args.wrong else {}
    negatives |= hard_negatives([i for i in ever if i.id not in negatives], seen, abstracts)
    learner = Learner(folder).to(device)
    taught = {n: p for n, p in learner.network.named_parameters() if p.requires_grad}
    say(f"{sum(p.numel() for p in taught.values()):,} weights are trained")
    optimizer = torch.optim.AdamW(
        [
            {
                "params": [p for n, p in taught.items() if n.startswith("encoder.") == own],
                "times": t,
            }
            for own, t in ((True, 1.0), (False, _HEADS))
        ],
        lr=args.rate,
        weight_decay=0.0,
    )
    half = bool(device == "cuda" or getattr(torch.cpu, "_is_avx512_bf16_supported", bool)())

    def plan(number: int) -> list[list[Group]]:
        chance = random.Random(f"{args.seed} {number}")
        made = epoch(read_in(number), abstracts, negatives, pieces, chance)
        return in_batches(made, chance)

    batches = plan(0)
    steps = len(batches) * args.passes
    state = State()
    if args.start is not None:
        learner.network.load_state_dict(trained(args.start), strict=False)
    if saved is not None:
        if saved["steps"] != steps:
            raise SystemExit(f"{kept} is of another run: made by another script")
        learner.network.load_state_dict(saved["network"], strict=False)
        optimizer.load_state_dict(saved["optimizer"])
        state = State(**saved["state"])
        say(f"going on after batch {state.step}")

    def save() -> None:
        whole = {"network": taught, "optimizer": optimizer.state_dict(), "state": asdict(state),
                 "shaped_by": shaped_by, "steps": steps}  # fmt: skip
        torch.save(whole, kept.with_suffix(".new"))
        kept.with_suffix(".new").replace(kept)
        save_file(learner.shipped(), str(args.out / "reader.safetensors"))
        log = {"seed": args.seed, "questions": len(seen), "steps": steps,
               "losses": state.losses, "passes": state.passes}  # fmt: skip
        (args.out / "log.json").write_text(json.dumps(log, indent=1) + "\n", encoding="utf-8")

    start, begun, recent = time.monotonic(), state.step, list[float]()
    first = 0
    for number in range(args.passes):
        batches = plan(number) if number else batches
        for n, groups in enumerate(batches):
            if first + n < state.step:
                continue
            for group in optimizer.param_groups:
                group["lr"] = args.rate * group["times"] * pace(state.step, steps)
            learner.train(number > 0)  # dropout only once questions repeat
            torch.manual_seed(args.seed * 1_000_003 + state.step)
            with torch.autocast(device, torch.bfloat16, enabled=half):
                loss = learner.loss(batch_of(groups, device))
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]  # untyped in torch
            nn.utils.clip_grad_norm_(taught.values(), 1.0)
            optimizer.step()
            state.step += 1
            recent.append(float(loss.detach()))
            if state.step % REPORTED == 0:
                state.losses.append(round(float(np.mean(recent)), 4))
                pace_now = (time.monotonic() - start) / (state.step - begun)
                left = (steps - state.step) * pace_now / 60
                say(f"{state.step}/{steps}  loss {state.losses[-1]:.3f}  {left:.0f} min left")
                recent.clear()
            if state.step % _SAVE == 0:
                save()
        first += len(batches)
        if len(state.passes) <= number:
            state.passes.append(validate(learner.network, held, abstracts, pieces, device))
            say(f"pass {number + 1}: {state.passes[-1]}")
        save()
    draw(json.loads((args.out / "log.json").read_text(encoding="utf-8")), args.out / "curves.svg")


def parser() -> argparse.ArgumentParser:
    """The command line."""
    made = argparse.ArgumentParser(description=__doc__)
    made.add_argument("--out", type=Path, required=True)
    made.add_argument("--passes", type=int, default=2)
    made.add_argument("--part", type=float, default=1.0, help="share of the questions learnt from")
    made.add_argument("--validate", type=int, help="questions to validate on; all if not given")
    made.add_argument("--seed", type=int, default=1)
    made.add_argument("--rate", type=float, default=_RATE, help="learning rate (%(default)s)")
    made.add_argument(
        "--start", type=Path, help="folder of a run, or of its adapter, whose weights to begin from"
    )
    made.add_argument(
        "--known", default="", metavar="ID",
        help="the last question that run learnt from; up to it they are spread over some passes",
    )  # fmt: skip
    made.add_argument(
        "--spread", type=int, default=2, help="over how many passes, known ones (%(default)s)"
    )
    made.add_argument("--skip", type=Path, help="file of ids of questions that this run leaves out")
    made.add_argument("--until", default="", metavar="ID", help="the last question learnt from")
    made.add_argument(
        "--wrong", type=Path, metavar="FILE",
        help="wrong abstracts that questions are read beside, as found by models.training.mine",
    )  # fmt: skip
    return made


def main() -> None:
    """Run it."""
    args = parser().parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    train(args, lambda text: print(text, flush=True))


if __name__ == "__main__":
    main()
