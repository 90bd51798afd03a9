"""What a conversation is about, and whether a question belongs to it: told from wording, and from
the papers that the questions find."""

from __future__ import annotations

from collections.abc import Sequence
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

    Attributes:
        questions: its first question and the newest that lean on it, oldest first.
    """

    def __init__(self, index: OpenIndex, history: Sequence[str], filters: Filters | None) -> None:
        self._index, self._filters = index, filters
        self.questions: list[str] = []
        self._found: tuple[list[Hit], bool] | None = None
        self._tried: dict[str, tuple[list[Hit], list[Hit]]] = {}
        for text in history[-REMEMBERED:]:
            if is_polite(text):
                continue
            if self.questions and self.leaning(text) is not Leaning.NOT:
                self.questions[1:] = [*self.questions[1:], text.strip()][1 - _KEPT :]
                continue
            self.questions = [text.strip()]
            self._found = None
            self._tried.clear()

    @property
    def papers(self) -> list[Hit]:
        """What its first question is about, in the order in which it or its answer named them;
        likeliest first if it is about one."""
        return self._about()[0]

    @property
    def several(self) -> bool:
        """Whether its first question was about several papers."""
        return self._about()[1]

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
        # Ranked as it was when it was answered.
        hits = retrieve(self._index, about, vector, DEPTH, self._filters)
        hits = reranked(self._index, about, hits)
        named = named_together(about, hits)
        return (named, True) if named else (hits[:_PRIOR], False)

    def _compared(self, text: str) -> tuple[list[Hit], list[Hit]]:
        """The first paper that a question finds in the whole index, and among the papers of the
        conversation."""
        if text not in self._tried:
            vector = self._index.embedder.encode([text])[0]
            ids = tuple(p.paper.id for p in (self.papers if self.several else self.papers[:1]))
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
