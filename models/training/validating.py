"""How well whole abstracts are read, as in use."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np
import torch
from torch import Tensor

from models.training.batches import BATCH, batch_of
from models.training.data import FOLLOW_UP, Abstract, Item
from models.training.examples import Example, Pieces
from rag.embedding.network import ReaderNetwork
from rag.metrics import auc
from rag.reader.words import LEAST, likeliest


def validate(
    network: ReaderNetwork,
    items: Sequence[Item],
    abstracts: Mapping[str, Abstract],
    pieces: Pieces,
    device: str,
) -> dict[str, float]:
    """How well whole abstracts are read: AUC of "answered by some sentence" for answerable against
    unanswerable questions; share of twins told apart; share of questions whose best sentence is a
    gold one; of the answers' words found in such a sentence, where they are sure enough to be told,
    the F1 in words, and the share told."""
    about = [abstracts[item.abstract] for item in items]
    parts = [(n, e) for n, i in enumerate(items) for e in pieces.whole(i, about[n])]
    parts.sort(key=lambda part: len(part[1].laid.ids))
    odds: list[list[float]] = [[] for _ in items]  # of each part that some sentence answers
    best: list[tuple[float, bool]] = [(-math.inf, False) for _ in items]  # and if it is gold
    words: list[float | None] = [None] * len(items)  # F1 of the words told in the best sentence
    network.eval()
    with torch.no_grad():
        for first in range(0, len(parts), BATCH):
            some = parts[first : first + BATCH]
            batch = batch_of([(e,) for _, e in some], device)
            scores, edges = network(batch.ids, batch.mask, batch.types, batch.pool)
            scores = batch.odds(scores)
            for row, (n, e) in enumerate(some):
                odds[n].append(float(torch.logsumexp(scores[row], dim=0)))
                k = int(scores[row].argmax())
                if (found := float(scores[row, k])) > best[n][0]:
                    best[n] = (found, k in e.gold)
                    words[n] = _told(items[n], abstracts, pieces, e, k, edges[row])
    answered = {item.id: float(np.logaddexp.reduce(o)) for item, o in zip(items, odds, strict=True)}
    asked = [n for n, item in enumerate(items) if item.answerable]
    right = [n for n in asked if best[n][1] and items[n].answer is not None]
    sure = [f1 for n in right if (f1 := words[n]) is not None]
    figures = {
        "best_sentence": float(np.mean([best[n][1] for n in asked])),
        "words_told": len(sure) / max(1, len(right)),
        "words_f1": float(np.mean(sure or [0.0])),
    }
    with_answer = [answered[items[n].id] for n in asked]
    for name, style in (("auc", None), ("auc_near", "near-miss"), ("auc_false", "false-premise")):
        without = [answered[i.id] for i in items if not i.answerable and style in (None, i.style)]
        figures[name] = auc(with_answer, without)
    bare = [(answered[i.id], i.answerable) for i in items if i.style == FOLLOW_UP]
    if bare:
        figures["auc_bare"] = auc([x for x, yes in bare if yes], [x for x, yes in bare if not yes])
    twins = [answered[i.twin] > answered[i.id] for i in items if i.twin in answered]
    if twins:
        figures["twins"] = float(np.mean(twins))
    return {k: round(v, 4) for k, v in figures.items()}


def _told(
    item: Item,
    abstracts: Mapping[str, Abstract],
    pieces: Pieces,
    example: Example,
    sentence: int,
    edges: Tensor,
) -> float | None:
    """F1 of the words that a sentence is taken to answer with; None where they are unsure or which
    are right isn't known."""
    if example.answer is None:
        return None
    start, end = example.laid.spans[sentence]
    first, last, sure = likeliest(*edges[start:end].T.cpu().numpy())
    ours = pieces.text_of(example.laid.ids[start + first : start + last + 1])
    return word_f1(ours, right_words(item, abstracts)) if sure >= LEAST else None


def word_f1(ours: str, right: str) -> float:
    """F1 of two texts as bags of words, case and punctuation aside."""
    a, b = (Counter(re.findall(r"\w+", text.casefold())) for text in (ours, right))
    return 2 * (a & b).total() / max(1, a.total() + b.total())


def right_words(item: Item, abstracts: Mapping[str, Abstract]) -> str:
    """The words that answer a question, as written."""
    assert item.answer is not None
    return abstracts[item.abstract].text[item.answer.start : item.answer.end]
