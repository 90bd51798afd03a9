"""A question as typed becomes one that stands by itself: spelling mended, what it leans on filled
in from the conversation, and what kind of answer it wants. What changed is there to be shown.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from rag.followup import REMEMBERED, Leaning, leaning, pointed_at, thread_of
from rag.intent import Intent, halves, intent_of
from rag.members import members
from rag.records import Filters, Hit
from rag.reranking import DEPTH, reranked
from rag.retrieval import retrieve
from rag.spelling import corrected
from rag.words import content_stems

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from rag.index import OpenIndex

_TELLING = 1  # content words of a follow-up that say what to look for
_PRIOR = 2  # papers of an earlier question that a follow-up may be about
_PARTINGS = 6  # ways of parting a comparison that are tried
_WHOLE = 8  # papers of the whole question among which both have to be
# Cosine (of paper or sentence) under which an earlier question was about nothing in the index: the
# farthest of dev's follow-ups is at 0.47, most absent topics are below.
_ABSENT = 0.4
_NEAR = 0.3  # cosine under which half a comparison names nothing in the index
# A question that points back but is this much nearer to another paper than to the last ones has
# changed the topic: cosines of question and paper.
_ELSEWHERE, _NEARER = 0.55, 0.2


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
    leans = leaning(mended) if history else Leaning.NOT
    if leans is not Leaning.NOT:
        earlier = [corrected(h, index) for h in history[-REMEMBERED:]]
        followed = _followed(index, mended, earlier, leans, filters)
        if followed is not None:
            return followed
    intent = intent_of(mended)
    sides = compared(index, mended, filters) if intent.kind == "compare" else ()
    if intent.kind == "compare" and not sides:
        intent = Intent("find")
    return Understood(mended, mended, mended, intent, sides=sides)


def _followed(
    index: OpenIndex,
    text: str,
    history: Sequence[str],
    leans: Leaning,
    filters: Filters | None,
) -> Understood | None:
    """The question with the papers that the conversation is about; None for a change of topic."""
    thread = thread_of(history)
    topic = " ".join(thread)
    kind = intent_of(text).kind
    if kind in ("list", "count"):
        # "Are there other papers about it?": about what was asked before.
        wanted = intent_of(thread[0]).topic or thread[0].rstrip("?!. ")
        shown = f"{text.rstrip('?!. ')} (on “{wanted}”)?"
        return Understood(shown, wanted, wanted, Intent(kind, wanted))
    papers, several = _papers_of(index, thread, filters)
    if not papers:
        return None
    if not several and max(max(p.dense, p.sentence) for p in papers) < _ABSENT:
        # There is no paper that it could mean; what was asked before still says what is missing.
        whole = f"{topic} {text}"
        return Understood(whole, whole, whole, Intent("find"))
    # The place that was named last still holds: "the second one", then "how was it trained?".
    place = next((p for t in (text, *reversed(thread)) if (p := pointed_at(t)) is not None), None)
    if several and place is not None:
        papers = papers[place : place + 1] or papers[-1:]
    vector = index.embedder.encode([text])[0]
    own = retrieve(index, text, vector, 1, filters)
    if own and own[0].paper.id not in {p.paper.id for p in papers}:
        held = retrieve(index, text, vector, 1, Filters(paper_ids=(papers[0].paper.id,)))
        gain = own[0].dense - (held[0].dense if held else 0.0)
        if own[0].dense >= _ELSEWHERE and gain >= _NEARER and leans is not Leaning.CERTAIN:
            return None
    title = papers[0].paper.title
    shown = f"{text.rstrip('?!. ')} (in “{title}”)?"
    # "why?" alone gives nothing to look for.
    focus = text if len(content_stems(text)) >= _TELLING else f"{topic} {text}"
    return Understood(
        shown, f"{topic} {text}", focus, Intent("find"), tuple(p.paper.id for p in papers),
        leans is Leaning.CERTAIN,
    )  # fmt: skip


def _papers_of(
    index: OpenIndex, thread: Sequence[str], filters: Filters | None
) -> tuple[list[Hit], bool]:
    """The papers that earlier questions were about, in the order in which the first or its answer
    named them; and whether these were several."""
    intent = intent_of(thread[0])
    if intent.kind == "compare":
        sides = compared(index, thread[0], filters)
        if sides:
            return [side[0] for side in sides], True
    about = intent.topic or " ".join(thread)
    vector = index.embedder.encode([about])[0]
    if intent.kind in ("list", "count"):
        return [m.hit for m in members(index, about, vector, filters)], True
    return retrieve(index, about, vector, _PRIOR, filters), False


def compared(
    index: OpenIndex, question: str, filters: Filters | None = None
) -> tuple[tuple[Hit, ...], ...]:
    """The best papers of two things that a question sets side by side; empty if it names one.

    The question is parted where its halves are nearest to two different papers.
    """
    partings = halves(question)[:_PARTINGS]
    if not partings:
        return ()
    texts = [half for parting in partings for half in parting]
    *vectors, vector = index.embedder.encode([*texts, question])
    whole = [hit.paper.id for hit in retrieve(index, question, vector, _WHOLE, filters)]
    best: tuple[float, tuple[tuple[Hit, ...], ...]] = (0.0, ())
    for n, parting in enumerate(partings):
        sides = tuple(
            tuple(retrieve(index, half, vectors[2 * n + i], 2, filters))
            for i, half in enumerate(parting)
        )
        if not all(sides) or sides[0][0].paper.id == sides[1][0].paper.id:
            continue
        # What is really compared is found by the whole question too.
        if not {side[0].paper.id for side in sides} <= set(whole):
            continue
        near = [max(side[0].dense, side[0].sentence) for side in sides]
        if min(near) >= _NEAR and sum(near) > best[0]:
            best = (sum(near), sides)
    return best[1]


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
