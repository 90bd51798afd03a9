"""Teach the language model to choose evidence, to compare it with the reader.

    python -m models.training.likelihood [--questions 700] [--validate 300]

What it is asked is what the pipeline asks it: how likely the question is after a title and a
sentence (Sachan et al. 2022, "Improving Passage Retrieval with Zero-Shot Question Generation"). By
how much more than after the title alone is, scaled, the log odds that the sentence answers; these
learn from the same questions, readings and loss as the reader, by matrices of low rank beside all
projections (Hu et al. 2022, "LoRA"). Prints how well whole abstracts are read before and after.
"""

from __future__ import annotations

import argparse
import math
import random
import time
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional
from transformers import AutoModelForCausalLM, AutoTokenizer

from models.training.batches import listwise
from models.training.data import Abstract, Item, read_abstracts, read_items
from models.training.examples import Reading, chosen, hard_negatives
from models.training.train import pace
from rag.evidence import asking
from rag.metrics import auc
from rag.models import find_card, require_file

_RANK, _RATE = 16, 5e-4
_TOGETHER = 8  # questions in one step, as about in the reader's batches
_PROJECTIONS = ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")


class LowRank(nn.Module):
    """A frozen projection with a change of low rank, which begins as none."""

    def __init__(self, inner: nn.Linear) -> None:
        super().__init__()
        self.inner = inner
        self.down = nn.Linear(inner.in_features, _RANK, bias=False)
        self.up = nn.Linear(_RANK, inner.out_features, bias=False)
        nn.init.zeros_(self.up.weight)

    def forward(self, x: Tensor) -> Tensor:
        """float32 (..., in) to (..., out)."""
        changed: Tensor = self.inner(x) + 2 * self.up(self.down(x))
        return changed


class Likelihood(nn.Module):
    """The packaged language model as a judge of sentences."""

    def __init__(self) -> None:
        super().__init__()
        card = find_card("llm", "smollm2")
        assert card is not None
        file = require_file(card)
        where: dict[str, Any] = {"gguf_file": file.name}
        self.tokenizer = AutoTokenizer.from_pretrained(str(file.parent), **where)
        self.model = AutoModelForCausalLM.from_pretrained(
            str(file.parent), dtype=torch.float32, **where
        )
        self.model.requires_grad_(requires_grad=False)
        for block in self.model.model.layers:
            for part in (block.self_attn, block.mlp):
                for name, inner in list(part.named_children()):
                    if name in _PROJECTIONS:
                        setattr(part, name, LowRank(inner))
        self.scale, self.bias = nn.Parameter(torch.tensor(0.5)), nn.Parameter(torch.tensor(-2.0))

    def odds(self, question: str, readings: Sequence[Reading]) -> list[Tensor]:
        """Log odds of each sentence read, float32 (sentences,) for each reading."""
        asked = self._ids(asking("", "", question).target)
        texts, owner = list[list[int]](), list[int]()
        for n, (abstract, kept) in enumerate(readings):
            spans = [abstract.sentences[k] for k in kept]
            for sentence in ("", *(abstract.text[s.start : s.end] for s in spans)):
                one = asking(abstract.title, sentence, question)
                texts.append(self._ids(one.context + one.passage))
                owner.append(n)
        ids = torch.zeros(len(texts), max(map(len, texts)) + len(asked), dtype=torch.long)
        mask, at = torch.zeros_like(ids), torch.zeros(len(texts), len(asked), dtype=torch.long)
        for row, text in enumerate(texts):
            whole = [*text, *asked]
            ids[row, : len(whole)], mask[row, : len(whole)] = torch.tensor(whole), 1
            at[row] = len(text) - 1 + torch.arange(len(asked))
        hidden = self.model.model(input_ids=ids, attention_mask=mask).last_hidden_state
        where = at.unsqueeze(-1).expand(-1, -1, hidden.shape[-1])
        logits = self.model.lm_head(hidden.gather(1, where))
        targets = torch.tensor(asked).expand(len(texts), -1)
        lost = functional.cross_entropy(logits.transpose(1, 2), targets, reduction="none").sum(1)
        of_reading = [lost[torch.tensor(owner) == n] for n in range(len(readings))]
        return [self.scale * (one[0] - one[1:]) + self.bias for one in of_reading]

    def _ids(self, text: str) -> list[int]:
        return list(self.tokenizer.encode(text, add_special_tokens=False))

    def loss(self, item: Item, readings: Sequence[Reading]) -> Tensor:
        """As the reader's, of one question."""
        each = self.odds(item.question, readings)
        most = max(map(len, each))
        odds = torch.stack([functional.pad(o, (0, most - len(o)), value=-1e4) for o in each])
        real, gold = (torch.zeros_like(odds, dtype=torch.bool) for _ in range(2))
        for row, (abstract, kept) in enumerate(readings):
            right = item.gold(abstract) if abstract.id == item.abstract else ()
            real[row, : len(kept)] = True
            gold[row, : len(kept)] = torch.tensor([k in right for k in kept])
        return listwise(odds, real, gold, torch.ones(1, len(readings), dtype=torch.bool))


def validate(model: Likelihood, held: Sequence[tuple[Item, Abstract]]) -> dict[str, float]:
    """Share of answerable questions whose best sentence is a gold one, and AUC of "answered by some
    sentence", as `models.training.validating` has them."""
    best, sure = list[bool](), {True: list[float](), False: list[float]()}
    with torch.no_grad():
        for item, abstract in held:
            (odds,) = model.odds(item.question, [(abstract, [*range(len(abstract.sentences))])])
            sure[item.answerable].append(float(torch.logsumexp(odds, 0)))
            if item.answerable:
                best.append(int(odds.argmax()) in item.gold(abstract))
    return {"best_sentence": float(np.mean(best)), "auc": auc(sure[True], sure[False])}


def teach(model: Likelihood, plan: Sequence[tuple[Item, list[Reading]]]) -> None:
    """One pass."""
    taught = [weight for weight in model.parameters() if weight.requires_grad]
    optimizer = torch.optim.AdamW(taught, lr=_RATE, weight_decay=0.0)
    steps, begun = math.ceil(len(plan) / _TOGETHER), time.monotonic()
    for step in range(steps):
        some = plan[step * _TOGETHER : (step + 1) * _TOGETHER]
        optimizer.param_groups[0]["lr"] = _RATE * pace(step, steps)
        optimizer.zero_grad()
        losses = []
        for item, readings in some:
            loss = model.loss(item, readings) / len(some)
            loss.backward()  # type: ignore[no-untyped-call]  # untyped in torch
            losses.append(float(loss.detach()))
        nn.utils.clip_grad_norm_(taught, 1.0)
        optimizer.step()
        left = (time.monotonic() - begun) / (step + 1) * (steps - step - 1) / 60
        print(f"{step + 1}/{steps}  loss {sum(losses):.3f}  {left:.0f} min left", flush=True)


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--questions", type=int, default=700, help="learnt from (%(default)s)")
    parser.add_argument("--validate", type=int, default=300, help="validated on (%(default)s)")
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    torch.manual_seed(args.seed)
    abstracts = dict(read_abstracts())
    items = [item for item in read_items() if item.abstract in abstracts]
    held = [(i, abstracts[i.abstract]) for i in items if i.validates][: args.validate]
    seen = [item for item in items if not item.validates]
    random.Random(args.seed).shuffle(seen)
    seen = seen[: args.questions]
    chance = random.Random(f"{args.seed} 0")
    plan = list(chosen(seen, abstracts, hard_negatives(seen, seen, abstracts), chance))
    chance.shuffle(plan)
    model = Likelihood()
    print("untaught", validate(model, held), flush=True)
    teach(model, plan)
    print("taught", validate(model, held), f"scale {float(model.scale):.3f}", flush=True)


if __name__ == "__main__":
    main()
