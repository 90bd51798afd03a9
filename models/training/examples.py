"""Questions become readings with the sentence that must win.

A question that could be asked of a whole library is read beside wrong abstracts that are found
for it: all their sentences compete, so that the reader learns which paper is meant as well. And an
answerable question is also read with its gold sentences taken out. Sentences that don't answer are
left out at random, which is cheaper and leaves nothing to be learnt from where a sentence stands.
"""

from __future__ import annotations

import json
import math
import random
import zlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from models.training.data import EITHER, Abstract, Item
from rag.config import Settings
from rag.embedding import open_embedder
from rag.reader.layout import AT_ONCE, Laid, lay_out, plain_tokenizer
from rag.words import content_stems

_NEGATIVES = 6  # wrong abstracts that a question may be read with
_REMOVED, _BESIDE = 0.15, 0.6  # share of the questions that are also read so
_WRONG, _WRONG_PARAPHRASED = 1, 2  # wrong abstracts read beside; more where words tell little
_TELLING = 10  # words of a paraphrase that tells which paper it means
_FEWEST = 2  # sentences left of an abstract


@dataclass(frozen=True, slots=True)
class Example:
    """One reading and what is right.

    Attributes:
        gold: which of the reading's sentences hold the answer; none when none does.
        answer: first and last word piece of the answer; None where there is none or unknown.
    """

    laid: Laid
    gold: tuple[int, ...]
    answer: tuple[int, int] | None


Group = tuple[Example, ...]  # the readings of one question that compete
Reading = tuple[Abstract, list[int]]  # an abstract, and which of its sentences are read


class Pieces:
    """Texts as word pieces, each abstract cut once.

    Args:
        vocabulary: the encoder's tokenizer.json.
    """

    def __init__(self, vocabulary: Path) -> None:
        self._tokenizer, self.first, self.last = plain_tokenizer(str(vocabulary))
        self._kept: dict[str, tuple[list[int], list[Any]]] = {}

    def of(self, text: str) -> list[int]:
        """The pieces of a text."""
        return list(self._tokenizer.encode(text, add_special_tokens=False).ids)

    def text_of(self, ids: Sequence[int]) -> str:
        """The text of some pieces, lower case."""
        return str(self._tokenizer.decode(list(ids)))

    def paper(self, abstract: Abstract) -> tuple[list[int], list[Any]]:
        """The pieces of its title and the encoding of each of its sentences."""
        if abstract.id not in self._kept:
            texts = [abstract.text[s.start : s.end] for s in abstract.sentences]
            coded = self._tokenizer.encode_batch(texts, add_special_tokens=False)
            self._kept[abstract.id] = (self.of(abstract.title), coded)
        return self._kept[abstract.id]

    def example(
        self, item: Item, abstract: Abstract, kept: Sequence[int], limit: int = AT_ONCE
    ) -> Example | None:
        """A question with some sentences of an abstract; None if gold ones are too far apart."""
        parts = self._parts(item, abstract, kept, limit)
        # Of an abstract over the limit, the part with the answer; without one, any part.
        any_part = parts[zlib.crc32(item.id.encode()) % len(parts)]
        one = next((part for part in parts if part.gold), any_part)
        return one if len(one.gold) == sum(len(part.gold) for part in parts) else None

    def whole(self, item: Item, abstract: Abstract) -> list[Example]:
        """A question with a whole abstract, read in parts as in use."""
        return self._parts(item, abstract, range(len(abstract.sentences)), AT_ONCE)

    def _parts(
        self, item: Item, abstract: Abstract, kept: Sequence[int], limit: int
    ) -> list[Example]:
        title, coded = self.paper(abstract)
        texts = [coded[n].ids for n in kept]
        gold = set(item.gold(abstract)) if item.abstract == abstract.id else set()
        found = []
        for laid in lay_out(self.of(item.question), title, texts, self.first, self.last, limit):
            places = tuple(i for i, n in enumerate(laid.numbers) if kept[n] in gold)
            answer = self._answer(item, abstract, kept, laid) if places else None
            found.append(Example(laid, places, answer))
        return found

    def _answer(
        self, item: Item, abstract: Abstract, kept: Sequence[int], laid: Laid
    ) -> tuple[int, int] | None:
        for place, number in enumerate(laid.numbers):
            sentence = abstract.sentences[kept[number]]
            span = item.answer
            if span is None or not sentence.start <= span.start < sentence.end:
                continue
            start, end = laid.spans[place]
            offsets = self.paper(abstract)[1][kept[number]].offsets[: end - start]
            inside = [
                start + i
                for i, (a, b) in enumerate(offsets)
                if b > span.start - sentence.start and a < span.end - sentence.start
            ]
            if inside:
                return inside[0], inside[-1]
        return None


def hard_negatives(
    items: Sequence[Item], among: Sequence[Item], abstracts: Mapping[str, Abstract]
) -> dict[str, list[str]]:
    """For each question the wrong abstracts, of those that `among` asks about, that are found first
    for it: by stems in common, rare ones counting more, and by the untrained encoder's cosine. A
    question that doesn't tell its paper has none. Of two abstracts compared neither is wrong."""
    ids = sorted({item.abstract for item in among})
    asked = [item for item in items if searchable(item)]
    by_meaning = _nearest(asked, [abstracts[id_] for id_ in ids])
    holders: dict[str, list[str]] = defaultdict(list)
    for id_ in ids:
        abstract = abstracts[id_]
        for stem in sorted(set(content_stems(f"{abstract.title} {abstract.text}"))):
            holders[stem].append(id_)
    right = asked_of(among)
    found: dict[str, list[str]] = {item.id: [] for item in items}
    for item, near in zip(asked, by_meaning, strict=True):
        scores: dict[str, float] = defaultdict(float)
        for stem in dict.fromkeys(content_stems(item.question)):
            for id_ in holders.get(stem, ()):
                scores[id_] += math.log(len(ids) / len(holders[stem]))
        by_words = sorted(scores, key=lambda id_: (-scores[id_], id_))[:_NEGATIVES]
        turns = [id_ for pair in zip(by_words, near, strict=False) for id_ in pair]
        merged = dict.fromkeys([*turns, *by_words, *near])
        found[item.id] = [id_ for id_ in merged if id_ not in right[item.question]][:_NEGATIVES]
    return found


def asked_of(items: Iterable[Item]) -> dict[str, set[str]]:
    """The abstracts that each question, by its text, is asked of; none of them is a wrong one."""
    found: dict[str, set[str]] = defaultdict(set)
    for item in items:
        found[item.question].add(item.abstract)
    return found


def wrong_abstracts(path: Path) -> dict[str, list[str]]:
    """By question those that `models.training.mine` found."""
    lines = path.read_text(encoding="utf-8").splitlines()
    return {entry["id"]: list(entry["wrong"]) for entry in map(json.loads, lines)}


def searchable(item: Item) -> bool:
    """Whether a question tells which paper it means. A bare follow-up, a general question and a
    short paraphrase (an unanswerable question may be one) don't: another paper might answer."""
    if item.style in ("full", "terse", "typo"):
        return True
    return item.style not in EITHER and len(item.question.split()) >= _TELLING


def _nearest(items: Sequence[Item], abstracts: Sequence[Abstract]) -> list[list[str]]:
    """Ids of the abstracts of highest cosine with each question, best first."""
    if not items:
        return []
    embedder = open_embedder(Settings())
    texts = [f"{abstract.title}. {abstract.text}" for abstract in abstracts]
    held = embedder.encode(texts)
    asked = embedder.encode([item.question for item in items])
    order = np.argsort(-(asked @ held.T), axis=1, kind="stable")[:, :_NEGATIVES]
    return [[abstracts[n].id for n in row] for row in order]


def chosen(
    items: Iterable[Item],
    abstracts: Mapping[str, Abstract],
    negatives: Mapping[str, Sequence[str]],
    chance: random.Random,
) -> Iterator[tuple[Item, list[Reading]]]:
    """What is read of each question in one pass: its abstract, perhaps beside wrong ones, and
    perhaps apart its abstract without the answer."""
    for item in items:
        abstract = abstracts[item.abstract]
        gold = item.gold(abstract)
        others = [n for n in range(len(abstract.sentences)) if n not in gold]
        readings = [(abstract, _some(gold, others, chance))]
        if negatives[item.id] and chance.random() < _BESIDE:
            most = _WRONG_PARAPHRASED if item.style == "paraphrase" else _WRONG
            for id_ in chance.sample(negatives[item.id], min(most, len(negatives[item.id]))):
                wrong = abstracts[id_]
                readings.append((wrong, _some((), range(len(wrong.sentences)), chance)))
        yield item, readings
        if gold and len(others) >= _FEWEST and chance.random() < _REMOVED:
            yield item, [(abstract, _some((), others, chance))]


def epoch(
    items: Sequence[Item],
    abstracts: Mapping[str, Abstract],
    negatives: Mapping[str, Sequence[str]],
    pieces: Pieces,
    chance: random.Random,
) -> list[Group]:
    """The readings of one pass in random order, those of one question that compete together."""
    groups: list[Group] = []
    for item, readings in chosen(items, abstracts, negatives, chance):
        own, *wrong = [pieces.example(item, a, kept) for a, kept in readings]
        if own is not None:
            groups.append((own, *(e for e in wrong if e is not None)))
    chance.shuffle(groups)
    return groups


def _some(gold: Sequence[int], others: Sequence[int], chance: random.Random) -> list[int]:
    """The gold sentences with a random number of the others, in the abstract's order."""
    fewest = min(max(_FEWEST - len(gold), 1), len(others))
    return sorted([*gold, *chance.sample(others, chance.randint(fewest, len(others)))])
