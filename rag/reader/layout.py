"""How a question and a paper are laid out for the reader: the same in training and in use.

    [CLS] question [SEP] title sentence sentence … [SEP]

Every text is cut into word pieces by itself. Between words that gives the same pieces as cutting
the whole, and each sentence's place is known without searching for it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

LONGEST = 512  # word pieces the encoder can place, special ones included
_QUESTION = 96  # word pieces of a question that are read
_TITLE = 48


@dataclass(frozen=True, slots=True)
class Laid:
    """One reading: a question with some or all sentences of a paper.

    Attributes:
        ids: word pieces, special ones included.
        types: 0 for the question, 1 for the paper; as long as `ids`.
        spans: where each sentence stands in `ids`, half open.
        numbers: which sentences of the paper these are, 0-based.
    """

    ids: tuple[int, ...]
    types: tuple[int, ...]
    spans: tuple[tuple[int, int], ...]
    numbers: tuple[int, ...]


def plain_tokenizer(file: str) -> tuple[Any, int, int]:
    """A tokenizer that neither cuts nor pads, and its pieces [CLS] and [SEP]."""
    import tokenizers

    tokenizer = tokenizers.Tokenizer.from_file(file)
    tokenizer.no_truncation()
    tokenizer.no_padding()
    vocabulary = tokenizer.get_vocab()
    return tokenizer, vocabulary["[CLS]"], vocabulary["[SEP]"]


def lay_out(
    question: Sequence[int],
    title: Sequence[int],
    sentences: Sequence[Sequence[int]],
    first: int,
    last: int,
    limit: int = LONGEST,
) -> list[Laid]:
    """Readings that together hold every sentence once, as few as fit; one even without sentences.

    Args:
        question, title, sentences: word pieces without special ones; sentences may be empty.
        first, last: the special pieces [CLS] and [SEP].
        limit: word pieces of one reading; a sentence over what is left is cut.
    """
    head = [first, *question[:_QUESTION], last]
    lead = [*head, *title[:_TITLE]]
    room = limit - len(lead) - 1
    readings: list[Laid] = []
    ids, spans, numbers = list(lead), list[tuple[int, int]](), list[int]()

    def close() -> None:
        types = [0] * len(head) + [1] * (len(ids) - len(head) + 1)
        readings.append(Laid((*ids, last), tuple(types), tuple(spans), tuple(numbers)))

    for number, pieces in enumerate(sentences):
        kept = list(pieces[:room])
        if spans and len(ids) + len(kept) + 1 > limit:
            close()
            ids, spans, numbers = list(lead), [], []
        spans.append((len(ids), len(ids) + len(kept)))
        numbers.append(number)
        ids += kept
    close()
    return readings
