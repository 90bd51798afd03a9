"""How a question and a paper are laid out for the reader: the same in training and in use.

    [CLS] question [SEP] title sentence sentence … [SEP]

Every text is cut into word pieces by itself. Between words that gives the same pieces as cutting
the whole, and each sentence's place is known without searching for it.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

LONGEST = 512  # word pieces the encoder can place, special ones included
# Of those, how many a reading has at most: the reader was taught with no longer ones, and tells far
# better what a long abstract doesn't say when it reads it in parts.
AT_ONCE = 224
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
    limit: int = AT_ONCE,
) -> list[Laid]:
    """Readings that together hold every sentence once, as few as fit and about as long as each
    other; one even without sentences.

    Args:
        question, title, sentences: word pieces without special ones; sentences may be empty.
        first, last: the special pieces [CLS] and [SEP].
        limit: word pieces of one reading; a sentence that is longer by itself is cut.
    """
    head = [first, *question[:_QUESTION], last]
    lead = [*head, *title[:_TITLE]]
    room = limit - len(lead) - 1
    readings: list[Laid] = []
    for numbers in _parts([len(pieces) for pieces in sentences], room):
        ids, spans = list(lead), list[tuple[int, int]]()
        for number in numbers:
            kept = sentences[number][:room]
            spans.append((len(ids), len(ids) + len(kept)))
            ids += kept
        types = [0] * len(head) + [1] * (len(ids) - len(head) + 1)
        readings.append(Laid((*ids, last), tuple(types), tuple(spans), tuple(numbers)))
    return readings


def _parts(lengths: Sequence[int], room: int) -> list[list[int]]:
    """Numbers of the sentences that are read together: as few parts as `room` pieces each allow,
    the longest of them as short as that many parts allow. A sentence may be longer by itself."""
    fewest = len(_filled(lengths, room))
    least = bisect_left(range(room), True, key=lambda r: len(_filled(lengths, r)) <= fewest)
    return _filled(lengths, least)


def _filled(lengths: Sequence[int], room: int) -> list[list[int]]:
    """Parts of at most `room` pieces, each begun where the one before is full; one at least."""
    parts, held = [list[int]()], 0
    for number, length in enumerate(lengths):
        if parts[-1] and held + length > room:
            parts.append([])
            held = 0
        parts[-1].append(number)
        held += length
    return parts
