"""Readings as padded batches, those of one question together."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from models.training.examples import Group

BATCH = 16  # readings
_POOL = 160  # questions that are put in order of length together


@dataclass(frozen=True, slots=True)
class Batch:
    """Readings padded to one length."""

    ids: Tensor
    mask: Tensor
    types: Tensor
    pool: Tensor
    gold: Tensor  # bool (readings, 1 + sentences); the first place says that none answers
    real: Tensor  # bool, of the same shape: not padding
    span: Tensor  # int64 (readings, 2), 0 where none answers
    known: Tensor  # bool (readings,), whether `span` is
    group: Tensor  # bool (questions, readings), which readings compete

    def odds(self, scores: Tensor) -> Tensor:
        """Log odds of each sentence against none, float32 (readings, sentences), padding aside.

        Args:
            scores: of the network, see `ReaderNetwork.scores`.
        """
        return (scores[:, 1:] - scores[:, :1]).masked_fill(~self.real[:, 1:], -1e4)


def batch_of(groups: Sequence[Group], device: str) -> Batch:
    """Pad and stack."""
    examples = [e for group in groups for e in group]
    rows = len(examples)
    longest = max(len(e.laid.ids) for e in examples)
    most = max(len(e.laid.spans) for e in examples)
    ids, mask, types = (torch.zeros(rows, longest, dtype=torch.long) for _ in range(3))
    pool = torch.zeros(rows, most, longest)
    gold, real = (torch.zeros(rows, 1 + most, dtype=torch.bool) for _ in range(2))
    span = torch.zeros(rows, 2, dtype=torch.long)
    known = torch.zeros(rows, dtype=torch.bool)
    owner = torch.tensor([n for n, group in enumerate(groups) for _ in group])
    group = owner == torch.arange(len(groups)).unsqueeze(1)
    for i, e in enumerate(examples):
        n = len(e.laid.ids)
        ids[i, :n], types[i, :n] = torch.tensor(e.laid.ids), torch.tensor(e.laid.types)
        mask[i, :n] = 1
        real[i, 0], gold[i, 0] = True, not e.gold
        known[i] = e.answer is not None or not e.gold
        for k, (start, end) in enumerate(e.laid.spans):
            pool[i, k, start:end] = 1 / (end - start)
            real[i, 1 + k], gold[i, 1 + k] = True, k in e.gold
        if e.answer is not None:
            span[i] = torch.tensor(e.answer)
    made = (ids, mask, types, pool, gold, real, span, known, group)
    return Batch(*(t.to(device) for t in made))


def listwise(odds: Tensor, real: Tensor, gold: Tensor, group: Tensor) -> Tensor:
    """Loss of "none" and the sentences of all readings of a question, each as its log odds against
    its own reading's "none".

    Args:
        odds: float32 (readings, sentences).
        real, gold: bool, of the same shape.
        group: bool (questions, readings), which readings compete.
    """

    def over(chosen: Tensor) -> Tensor:
        each = torch.logsumexp(odds.masked_fill(~chosen, -1e4), dim=1)
        return torch.logsumexp(each.masked_fill(~group, -1e4), dim=1)

    total = functional.softplus(over(real))  # "none" is 0
    answerable = (group & gold.any(dim=1)).any(dim=1)
    return (total - torch.where(answerable, over(gold), 0.0)).mean()


def in_batches(groups: Sequence[Group], chance: random.Random) -> list[list[Group]]:
    """Batches of readings of similar length, those of one question together, in random order."""
    found: list[list[Group]] = []
    for first in range(0, len(groups), _POOL):
        some = groups[first : first + _POOL]
        filling: list[Group] = []
        for group in sorted(some, key=lambda g: max(len(e.laid.ids) for e in g)):
            if filling and sum(map(len, filling)) + len(group) > BATCH:
                found.append(filling)
                filling = []
            filling.append(group)
        found.append(filling)
    chance.shuffle(found)
    return found
