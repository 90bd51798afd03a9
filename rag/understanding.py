"""A question as typed becomes one that stands by itself: spelling mended, what it leans on filled
in from the conversation, and what kind of answer it wants. What changed is there to be shown.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from rag.comparing import compared
from rag.followup import REMEMBERED, Leaning, pointed_at
from rag.intent import Intent, intent_of
from rag.records import Filters, Hit
from rag.reranking import DEPTH, reranked
from rag.retrieval import retrieve
from rag.spelling import corrected
from rag.thread import Thread
from rag.words import content_stems

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from rag.index import OpenIndex

_TELLING = 1  # content words of a follow-up that say what to look for


@dataclass(frozen=True, slots=True)
class Understood:
    """What will be searched and answered.

    Attributes:
        text: the question as understood, for people.
        search: what papers are searched with.
        focus: what sentences have to answer.
        intent: what kind of answer is wanted.
        about: papers that the conversation is about, likeliest first; empty when it stands alone.
        certain: whether only these can be meant.
        sides: the best papers of each of two things compared; empty otherwise.
    """

    text: str
    search: str
    focus: str
    intent: Intent
    about: tuple[str, ...] = ()
    certain: bool = False
    sides: tuple[tuple[Hit, ...], ...] = ()


def understand(
    index: OpenIndex, text: str, history: Sequence[str], filters: Filters | None = None
) -> Understood:
    """Make a question self-contained.

    Args:
        text: cleaned.
        history: earlier questions, cleaned, oldest first.
    """
    mended = corrected(text, index)
    if history:
        followed = _followed(
            index, mended, [corrected(h, index) for h in history[-REMEMBERED:]], filters
        )
        if followed is not None:
            return followed
    intent = intent_of(mended)
    sides = compared(index, mended, filters) if intent.kind == "compare" else ()
    if intent.kind == "compare" and not sides:
        intent = Intent("find")
    return Understood(mended, mended, mended, intent, sides=sides)


def _followed(
    index: OpenIndex, text: str, history: Sequence[str], filters: Filters | None
) -> Understood | None:
    """The question with the papers that the conversation is about; None if it stands alone."""
    thread = Thread(index, history, filters)
    leans = thread.leaning(text)
    if leans is Leaning.NOT:
        return None
    kind, asked = intent_of(text).kind, text.rstrip("?!. ")
    if kind in ("list", "count"):
        # "Are there other papers about it?": about what was asked before.
        first = thread.questions[0]
        wanted = intent_of(first).topic or first.rstrip("?!. ")
        return Understood(f"{asked} (on “{wanted}”)?", wanted, wanted, Intent(kind, wanted))
    papers, topic = thread.papers, " ".join(thread.questions)
    if not papers:
        return None
    if thread.absent:
        # There is no paper that it could mean; what was asked before still says what is missing.
        whole = f"{topic} {text}"
        return Understood(whole, whole, whole, Intent("find"))
    if leans is Leaning.UNSAID:
        papers = thread.nearest(text)
    # The place that was named last still holds: "the second one", then "how was it trained?".
    said = (text, *reversed(thread.questions))
    place = next((p for t in said if (p := pointed_at(t)) is not None), None)
    if leans is not Leaning.UNSAID and thread.several and place is not None:
        papers = papers[place : place + 1] or papers[-1:]
    shown = f"{asked} (in “{papers[0].paper.title}”)?"
    # "why?" alone gives nothing to look for.
    focus = text if len(content_stems(text)) >= _TELLING else f"{topic} {text}"
    # What says by no word that it leans on anything is searched as it is.
    search = text if leans is Leaning.UNSAID else f"{topic} {text}"
    return Understood(
        shown, search, focus, Intent("find"), tuple(p.paper.id for p in papers),
        leans is Leaning.CERTAIN,
    )  # fmt: skip


def found_for(
    index: OpenIndex,
    understood: Understood,
    vector: NDArray[np.float32],
    k: int,
    filters: Filters | None = None,
) -> list[Hit]:
    """The k papers to read for a question: what the conversation is about first, then what was
    set side by side, then as they rank.

    Args:
        vector: embedding of `understood.search`, float32 (d,), length 1.
    """
    hits = retrieve(index, understood.search, vector, max(k, DEPTH), filters)
    hits = reranked(index, understood.search, hits)[:k]
    first = [side[0] for side in understood.sides]
    if understood.about:
        inside = replace(filters or Filters(), paper_ids=understood.about[:1])
        first = retrieve(index, understood.search, vector, 1, inside)
    if not first:
        return hits
    top = max([h.fused for h in hits], default=0.0)
    ids = {h.paper.id for h in first}
    # They share the highest score, so that none of them is read less than the others.
    rest = [h for h in hits if h.paper.id not in ids]
    return [replace(h, fused=top) for h in first] + rest[: max(0, k - len(first))]
