"""What a conversation is about, and whether a question belongs to it: told from wording, and from
the papers that the questions find."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import zip_longest
from typing import TYPE_CHECKING

from rag.comparing import compared, named_together
from rag.followup import Leaning, is_polite, leaning, names_alone, points_firmly
from rag.intent import intent_of
from rag.members import members
from rag.records import Filters, Hit
from rag.reranking import DEPTH, reranked
from rag.retrieval import retrieve
from rag.words import content_stems

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from rag.index import OpenIndex

REMEMBERED = 12  # earlier questions among which the first of a thread is looked for
_KEPT = 4  # questions of a thread that count: the first and the newest ones
_PRIOR = 2  # papers of an earlier question that a follow-up may be about
# Cosine (of paper or sentence) under which an earlier question was about nothing in the index: the
# farthest of dev's follow-ups is at 0.47, most absent topics are below.
_ABSENT = 0.4
# How much better than in the conversation's papers a question does in the whole index (see
# `Thread._away`). Of 79 bare follow-ups to 217 invented abstracts that no word of theirs gives
# away four in five are under the first bound, of 852 questions about other papers one in fifty.
# Over the second are 0.85 of the questions about other papers that point at something ("the one
# that …"), and short ones with a name ("What is GCAV?") when it is another paper's.
_SAME, _OTHER = 0.15, 0.35
_BARE = 5  # content words of a question that may lean on others without a word that says so
_BM25 = 0.02  # brings BM25 to the scale of cosines


class Thread:
    """Earlier questions about one thing: the first stands by itself, the others lean on it.

    Args:
        history: earlier questions, oldest first; the last `REMEMBERED` count.
        cited: ids of the papers that the answer to each of them cites; empty where not known.

    Attributes:
        questions: its first question and the newest that lean on it, oldest first.
    """

    def __init__(
        self,
        index: OpenIndex,
        history: Sequence[str],
        filters: Filters | None,
        cited: Sequence[Sequence[str]] = (),
    ) -> None:
        self._index, self._filters = index, filters or Filters()
        self.questions: list[str] = []
        self._cited: Sequence[str] = ()  # by the answer to its first question
        self._newest: Sequence[str] = ()  # by the last answer after that
        self._found: tuple[list[Hit], bool] | None = None
        self._tried: dict[str, tuple[list[Hit], list[Hit]]] = {}
        for text, ids in [*zip_longest(history, cited)][-REMEMBERED:]:
            if is_polite(text):
                continue
            if self.questions and self.leaning(text) is not Leaning.NOT:
                self.questions[1:] = [*self.questions[1:], text.strip()][1 - _KEPT :]
                self._newest = ids or self._newest
                continue
            self.questions, self._cited, self._newest = [text.strip()], ids or (), ()
            self._found = None
            self._tried.clear()

    @property
    def papers(self) -> list[Hit]:
        """What its first question is about, in the order in which it or its answer named them; if
        it is about one and its answer isn't known, the likeliest first."""
        return self._about()[0]

    @property
    def several(self) -> bool:
        """Whether its first question was about several papers."""
        return self._about()[1]

    @property
    def compared(self) -> bool:
        """Whether its first question set its papers side by side."""
        return self.several and intent_of(self.questions[0]).kind not in ("list", "count")

    @property
    def together(self) -> bool:
        """Whether its papers can be meant together: its first question was about several, or the
        answer to it cites several."""
        return self.several or (bool(self._cited) and len(self.papers) > 1)

    def narrowed(self) -> list[Hit]:
        """The one paper that the last answer of several cites, and from then on is meant."""
        if len(self._newest) != 1:
            return []
        text = self.questions[-1]
        return self._hits(text, self._index.embedder.encode([text])[0], self._newest)

    @property
    def absent(self) -> bool:
        """Whether no paper is about it."""
        near = [max(p.dense, p.sentence) for p in self.papers]
        return not self.several and max(near, default=0.0) < _ABSENT

    def leaning(self, text: str) -> Leaning:
        """How a question leans on this; NOT for a change of topic."""
        leans = leaning(text)
        if leans is Leaning.NOT:
            if intent_of(text).kind != "find" or len(content_stems(text)) > _BARE:
                return leans
            within = self.papers and not self.absent and self._away(text) < _SAME
            return Leaning.UNSAID if within else leans
        if not self.papers:
            return leans
        weak = leans is Leaning.MAYBE or (
            len(content_stems(text)) > 1 and not points_firmly(text) and not intent_of(text).like
        )
        if weak or names_alone(text):
            return Leaning.NOT if self._away(text) >= _OTHER else leans
        return leans

    def nearest(self, text: str) -> list[Hit]:
        """The one of its papers that a question finds first."""
        return self._compared(text)[1]

    def _about(self) -> tuple[list[Hit], bool]:
        if self._found is None:
            self._found = self._search()
        return self._found

    def _search(self) -> tuple[list[Hit], bool]:
        intent = intent_of(self.questions[0])
        sides = compared(self._index, self.questions[0], intent.kind, self._filters)
        if sides:
            return [side[0] for side in sides], True
        about = intent.topic or self.questions[0]
        vector = self._index.embedder.encode([about])[0]
        if intent.kind in ("list", "count"):
            near = members(self._index, about, vector, self._filters)
            return [m.hit for m in near], True
        if held := self._hits(about, vector, self._cited):
            together = named_together(about, held)
            return together or held, bool(together)
        self._cited = ()
        # Ranked as it was when it was answered.
        hits = retrieve(self._index, about, vector, DEPTH, self._filters)
        hits = reranked(self._index, about, hits)
        named = named_together(about, hits)
        return (named, True) if named else (hits[:_PRIOR], False)

    def _hits(self, text: str, vector: NDArray[np.float32], ids: Sequence[str]) -> list[Hit]:
        """The papers of these ids, in their order, as a question finds them; those that are gone
        or filtered out are left out."""
        chosen = self._filters.paper_ids
        inside = tuple(i for i in ids if not chosen or i in chosen)
        if not inside:
            return []
        within = replace(self._filters, paper_ids=inside)
        hits = retrieve(self._index, text, vector, len(inside), within)
        return sorted(hits, key=lambda hit: inside.index(hit.paper.id))

    def _compared(self, text: str) -> tuple[list[Hit], list[Hit]]:
        """The first paper that a question finds in the whole index, and among the papers of the
        conversation."""
        if text not in self._tried:
            vector = self._index.embedder.encode([text])[0]
            ids = tuple(p.paper.id for p in (self.papers if self.together else self.papers[:1]))
            self._tried[text] = (
                retrieve(self._index, text, vector, 1, self._filters),
                retrieve(self._index, text, vector, 1, Filters(paper_ids=ids)),
            )
        return self._tried[text]

    def _away(self, text: str) -> float:
        """How much better a question does in the whole index: by the sum of the differences in
        cosine with the paper, cosine with its nearest sentence, and scaled BM25."""
        own, held = self._compared(text)
        if not own or not held:
            return 0.0
        a, b = own[0], held[0]
        return a.dense - b.dense + a.sentence - b.sentence + _BM25 * (a.lexical - b.lexical)
