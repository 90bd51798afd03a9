"""How well each word of a question is met by a paper's title and by each of its sentences.

Late interaction: every word of the question is compared with every word of the text by their
vectors in context, and its best match counts (Khattab and Zaharia 2020, "ColBERT: Efficient and
Effective Passage Search via Contextualized Late Interaction over BERT", section 3.3). The vectors
are those that the encoder averages into a passage's embedding.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rag.records import Paper, Span
from rag.words import STOP_WORDS

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from rag.embedding.tokenwise import TokenVectors
    from rag.index import OpenIndex

_WORD = re.compile(r"[^\W_]+")
# Verbs and nouns of asking, which any abstract may lack and yet answer.
ASKING = frozenset(
    [
        "achieve", "achieved", "achieves", "actually", "attain", "attained", "attains", "become",
        "becomes", "bring", "brings", "call", "called", "come", "comes", "consist", "consists",
        "contain", "contains", "cover", "covered", "covers", "different", "exactly", "gave", "get",
        "gets", "give", "given", "gives", "go", "goes", "got", "happen", "happened", "happens",
        "hold", "holds", "include", "included", "includes", "instead", "involve", "involved",
        "involves", "keep", "keeps", "kind", "kinds", "let", "lets", "made", "main", "mainly",
        "make", "makes", "mean", "means", "name", "named", "need", "needed", "needs", "obtain",
        "obtained", "obtains", "overall", "perform", "put", "reach", "reached", "reaches",
        "report", "reported", "reports", "require", "required", "requires", "respectively", "say",
        "says", "serve", "serves", "several", "sort", "sorts", "take", "taken", "takes", "tell",
        "told", "type", "types", "various", "way", "ways",
    ]
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Match:
    """The words of a question against one paper; cosines, -1 to 1, float32.

    Attributes:
        title: (w,), best match of each word in the title.
        abstract: (w,), in the abstract.
        sentences: (s, w), in each sentence; 0 where a sentence is beyond the encoder's reach.
    """

    title: NDArray[np.float32]
    abstract: NDArray[np.float32]
    sentences: NDArray[np.float32]

    @property
    def paper(self) -> NDArray[np.float32]:
        """(w,), best match of each word in title or abstract."""
        import numpy as np

        return np.maximum(self.title, self.abstract)


@dataclass(frozen=True, slots=True)
class Words:
    """The content words of a question: their places in it and their vectors, float32 (w, d)."""

    spans: tuple[Span, ...]
    vectors: NDArray[np.float32]


def content_words(question: str) -> tuple[Span, ...]:
    """Where a question's words stand that say what it is about; all words when none does."""
    found = [Span(m.start(), m.end()) for m in _WORD.finditer(question)]
    telling = [s for s in found if question[s.start : s.end].lower() not in STOP_WORDS]
    kept = [s for s in telling if question[s.start : s.end].lower() not in ASKING]
    return tuple(kept or telling or found)


def words_of(index: OpenIndex, question: str) -> Words:
    """The question's content words, each as the mean of its tokens' vectors."""
    import numpy as np

    spans = content_words(question)
    tokens = index.embedder.token_vectors(question)
    rows, kept = [], []
    for span in spans:
        inside = (tokens.starts >= span.start) & (tokens.ends <= span.end)
        inside &= tokens.ends > tokens.starts
        if inside.any():
            rows.append(tokens.vectors[inside].mean(axis=0))
            kept.append(span)
    matrix = np.stack(rows) if rows else np.zeros((0, index.embedder.dimension), np.float32)
    return Words(tuple(kept), matrix.astype(np.float32, copy=False))


def match(
    index: OpenIndex,
    words: Words,
    papers: Sequence[Paper],
    sentences: Mapping[str, Sequence[Span]],
    between: Callable[[], None] = lambda: None,
) -> dict[str, Match]:
    """Compare the words with each paper.

    Args:
        sentences: each paper's sentences, by paper id, as offsets into its abstract.
        between: called between the readings of a long paper; what it raises ends them.

    Returns:
        By paper id.
    """
    return {p.id: _match(words, index.token_vectors(p, between), sentences[p.id]) for p in papers}


def _match(words: Words, tokens: TokenVectors, sentences: Sequence[Span]) -> Match:
    import numpy as np

    cosines = words.vectors @ tokens.vectors.T
    title, abstract = tokens.parts == 0, tokens.parts == 1

    def best(chosen: NDArray[np.bool_]) -> NDArray[np.float32]:
        if not chosen.any():
            return np.zeros(len(words.spans), np.float32)
        found: NDArray[np.float32] = cosines[:, chosen].max(axis=1)
        return found

    rows = [
        best(abstract & (tokens.starts >= span.start) & (tokens.ends <= span.end))
        for span in sentences
    ]
    empty = np.zeros((0, len(words.spans)), np.float32)
    return Match(best(title), best(abstract), np.stack(rows) if rows else empty)
