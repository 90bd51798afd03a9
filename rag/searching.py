"""A query as typed becomes ranked papers: what `rag search` and every question begin with."""

from __future__ import annotations

import contextlib
import re
from itertools import zip_longest
from typing import TYPE_CHECKING

from rag.errors import UsageError
from rag.reranking import DEPTH, reranked
from rag.retrieval import retrieve

if TYPE_CHECKING:
    from rag.index import OpenIndex
    from rag.records import Filters, Hit, Question

_LONGEST = 2_000  # characters of a question


def cleaned(text: str) -> str:
    """A question with white space folded and control characters gone.

    Raises:
        UsageError: it is empty or longer than 2,000 characters.
    """
    folded = " ".join(re.sub(r"[\x00-\x1f\x7f\ud800-\udfff]", " ", text).split())
    if not folded:
        raise UsageError("the question is empty", 'ask one, such as: rag ask "What is …?"')
    if len(folded) > _LONGEST:
        raise UsageError(
            f"the question has {len(folded):,} characters; {_LONGEST:,} are the most",
            "ask for one thing at a time",
        )
    return folded


def earlier(question: Question) -> tuple[list[str], list[tuple[str, ...]]]:
    """The questions before this one that can count, cleaned, and what the answer to each cites: a
    good question doesn't fail for an empty or endless one before it."""
    history, cited = [], []
    for text, ids in zip_longest(question.history, question.cited[: len(question.history)]):
        with contextlib.suppress(UsageError):
            history.append(cleaned(text))
            cited.append(ids or ())
    return history, cited


def search(index: OpenIndex, query: str, k: int, filters: Filters | None = None) -> list[Hit]:
    """The k papers nearest to a query in the index's newest state, best first.

    Raises:
        UsageError: the query is empty or too long.
    """
    text = cleaned(query)
    index.refresh()
    vector = index.embedder.encode([text])[0]
    return reranked(index, text, retrieve(index, text, vector, max(k, DEPTH), filters))[:k]
