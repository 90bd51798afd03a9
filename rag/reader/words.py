"""The words of a sentence that answer, from the reader's scores of where they begin and end.

A span is as likely as the softmax over all spans of its sentence says, each scored by the sum of
its first and last word piece (Devlin et al. 2019, "BERT", section 4.2, within one sentence). Only
the abstract's own characters can come of it.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from typing import TYPE_CHECKING

from rag.records import Span

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

# Below this probability the words are not told: of those told on abstracts held back from training
# nine in ten share words with the right ones (models/training/README.md).
LEAST = 0.3
_LONGEST = 25  # word pieces of an answer


def likeliest(starts: NDArray[np.float32], ends: NDArray[np.float32]) -> tuple[int, int, float]:
    """The likeliest span of word pieces: its first, its last, and its probability.

    Args:
        starts, ends: float32 (n,), n > 0, scores of each piece of a sentence to be the first or
            the last of the answer.
    """
    import numpy as np

    n = len(starts)
    first, last = np.arange(n)[:, None], np.arange(n)[None, :]
    allowed = (last >= first) & (last < first + _LONGEST)
    scores = np.where(allowed, starts[:, None] + ends[None, :], -np.inf)
    best = int(scores.argmax())
    odds = np.exp(scores - scores.flat[best])
    return best // n, best % n, float(1 / odds.sum())


def whole_words(text: str, start: int, end: int) -> Span:
    """The span widened to the edges of words, a sign such as "%" with its figure."""
    while start > 0 and _in_word(text[start - 1]) and _in_word(text[start]):
        start -= 1
    while end < len(text) and _in_word(text[end - 1]) and _in_word(text[end]):
        end += 1
    if text[end : end + 1] in ("%", "°") and text[end - 1].isdigit():
        end += 1
    return Span(start, end)


def _in_word(char: str) -> bool:
    """Letters and figures, and the marks that combine with them."""
    return char.isalnum() or unicodedata.category(char).startswith("M")


def answer_words(
    text: str,
    pieces: Sequence[tuple[int, int]],
    starts: NDArray[np.float32],
    ends: NDArray[np.float32],
) -> Span | None:
    """The words of a sentence that answer, as offsets into it; None when that is unsure.

    Args:
        pieces: where each word piece stands in `text`; as long as `starts` and `ends`.
    """
    if not len(pieces):
        return None
    first, last, sure = likeliest(starts, ends)
    if sure < LEAST:
        return None
    return whole_words(text, pieces[first][0], pieces[last][1])
