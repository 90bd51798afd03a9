"""The reader tells which sentence of a paper answers a question, with which words, and whether any
does.

It is the packaged encoder with an adapter of a few megabytes that was trained for this
(models/training); question and paper are read together, so it sees what similarity can't: that
every word is there and the answer isn't.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rag.reader.layout import Laid, lay_out, plain_tokenizer
from rag.reader.words import answer_words
from rag.records import Span

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from rag.config import Settings
    from rag.models import ModelCard
    from rag.records import Paper

_Key = tuple[str, str, tuple[Span, ...]]
NO_READER = "none"  # the setting that does without one
_PIECES_KEPT = 200_000  # word pieces of papers that are kept, some 600 papers' or 10 MB


@dataclass(frozen=True, slots=True)
class Read:
    """What the reader makes of one paper for a question.

    Attributes:
        sentences: float32 (s,), log odds of each sentence holding the answer against that none
            of the paper's does.
        paper: the same of all sentences together: log odds that the paper answers.
        words: which words of each sentence answer, as offsets into the abstract; None where the
            sentence rather doesn't, or which they are is unsure.
    """

    sentences: NDArray[np.float32]
    paper: float
    words: tuple[Span | None, ...] = ()


class Reader:
    """Reads with the packaged encoder and the adapter that the manifest names.

    Args:
        threads: readings that go on at once, each in one thread: they are too short to be shared
            well by several.
        notice: told when the graph has to be made first.

    Raises:
        ModelError: encoder or adapter are missing or damaged.
    """

    def __init__(
        self, card: ModelCard, threads: int, notice: Callable[[str], None] = lambda _: None
    ) -> None:
        from rag.embedding.graph import open_session
        from rag.embedding.reading import ensure_reader
        from rag.models import require_file

        graph, base = ensure_reader(card, notice)
        self._session = open_session(graph, 1)
        self._threads = max(threads, 1)
        vocabulary = require_file(base).parent / "tokenizer.json"
        self._tokenizer, self._first, self._last = plain_tokenizer(str(vocabulary))
        self._pieces: dict[_Key, tuple[list[int], list[list[int]]]] = {}
        self._held = 0  # word pieces in there

    def read(
        self,
        question: str,
        papers: Sequence[Paper],
        sentences: Mapping[str, Sequence[Span]],
        between: Callable[[], None] = lambda: None,
    ) -> dict[str, Read]:
        """Read each paper with the question.

        Args:
            sentences: each paper's sentences, by paper id, as offsets into its abstract.
            between: called before each reading, of which a long paper takes many, from whichever
                thread; what it raises ends them.

        Returns:
            By paper id.
        """
        from concurrent.futures import ThreadPoolExecutor

        asked = self._of([question])[0]
        laid = {p.id: self._laid(asked, p, sentences[p.id]) for p in papers}

        def run(one: Laid) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
            between()
            return self._run(one)

        with ThreadPoolExecutor(self._threads) as lanes:
            # Results come in order; those not begun when one raises never are.
            done = lanes.map(run, [one for parts in laid.values() for one in parts])
            return {p.id: self._made(p, sentences[p.id], laid[p.id], done) for p in papers}

    def _laid(self, asked: list[int], paper: Paper, spans: Sequence[Span]) -> list[Laid]:
        return lay_out(asked, *self._pieces_of(paper, spans), self._first, self._last)

    def _made(
        self,
        paper: Paper,
        spans: Sequence[Span],
        laid: Sequence[Laid],
        done: Iterator[tuple[NDArray[np.float32], NDArray[np.float32]]],
    ) -> Read:
        """What the readings of one paper make of it: the next ones of those `done`."""
        import numpy as np

        found = np.full(len(spans), -np.inf, dtype=np.float32)
        words: list[Span | None] = [None] * len(spans)
        for one, (scores, edges) in zip(laid, done, strict=False):
            found[list(one.numbers)] = scores[1:] - scores[0]
            for number, (start, end) in zip(one.numbers, one.spans, strict=True):
                if found[number] > 0:
                    words[number] = self._words(paper, spans[number], edges[start:end])
        together = float(np.logaddexp.reduce(found)) if len(found) else -np.inf
        return Read(found, together, tuple(words))

    def _words(self, paper: Paper, at: Span, edges: NDArray[np.float32]) -> Span | None:
        """The words of a sentence that answer, as offsets into the abstract."""
        text = paper.abstract[at.start : at.end]
        # Cut again, which is rare: where pieces stand would be most of what is kept of a paper.
        pieces = self._tokenizer.encode(text, add_special_tokens=False).offsets[: len(edges)]
        inside = answer_words(text, pieces, edges[:, 0], edges[:, 1])
        return Span(at.start + inside.start, at.start + inside.end) if inside is not None else None

    def _run(self, laid: Laid) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Scores (1 + s,) and edges (tokens, 2) of a reading."""
        import numpy as np

        pool = np.zeros((1, len(laid.spans), len(laid.ids)), dtype=np.float32)
        for row, (start, end) in enumerate(laid.spans):
            pool[0, row, start:end] = 1 / max(end - start, 1)
        feed = {
            "ids": np.array([laid.ids], dtype=np.int64),
            "types": np.array([laid.types], dtype=np.int64),
            "pool": pool,
        }
        scores, edges = self._session.run(["scores", "edges"], feed)
        return scores[0], edges[0]

    def _pieces_of(self, paper: Paper, spans: Sequence[Span]) -> tuple[list[int], list[list[int]]]:
        key = (paper.title, paper.abstract, tuple(spans))
        found = self._pieces.get(key)
        if found is None:
            if self._held >= _PIECES_KEPT:
                self._pieces.clear()
                self._held = 0
            title, *sentences = self._of(
                [paper.title, *(paper.abstract[s.start : s.end] for s in spans)]
            )
            found = self._pieces[key] = (title, sentences)
            self._held += len(title) + sum(map(len, sentences))
        return found

    def _of(self, texts: list[str]) -> list[list[int]]:
        """Texts as word pieces."""
        return [e.ids for e in self._tokenizer.encode_batch(texts, add_special_tokens=False)]


def open_reader(
    settings: Settings, notice: Callable[[str], None] = lambda _: None
) -> Reader | None:
    """The reader that the settings name; None when they do without one.

    Raises:
        ModelError: it is unknown, missing or damaged.
    """
    from rag.config import thread_count

    card = _card(settings)
    return Reader(card, thread_count(settings), notice) if card is not None else None


def reader_digest(settings: Settings) -> str:
    """Names the reader's weights without opening it; "" when the settings do without one."""
    card = _card(settings)
    return card.sha256 if card is not None else ""


def _card(settings: Settings) -> ModelCard | None:
    from rag.errors import ModelError
    from rag.models import find_card

    if settings.reader == NO_READER:
        return None
    card = find_card("reader", settings.reader)
    if card is None:
        raise ModelError(
            f'unknown reader "{settings.reader}"', f'use the default, or "{NO_READER}" for none'
        )
    return card
