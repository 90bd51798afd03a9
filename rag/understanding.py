"""A question as typed becomes one that stands by itself: spelling mended, what it leans on filled
in from the conversation, and what kind of answer it wants. What changed is there to be shown.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from rag.comparing import compared, named_together
from rag.followup import Leaning, is_polite, pointed_at, points_at_several, without_place
from rag.intent import Intent, Kind, asks_generally, intent_of
from rag.records import Filters, Hit
from rag.reranking import DEPTH, reranked
from rag.retrieval import retrieve
from rag.spelling import corrected
from rag.thread import REMEMBERED, Thread
from rag.words import content_stems

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from rag.index import OpenIndex

_TELLING = 1  # content words of a follow-up that say what to look for
_TOGETHER = 5  # papers of a list that a question after it is asked of
_BESIDE = 3  # of them that are set side by side
_OF_THEM = re.compile(
    r"^(?:and |so )?(?P<which>which|how many)(?: of (?:them|these|those)|(?: ones?))(?: papers?)? "
    r"(?P<topic>.+)$",
    re.IGNORECASE,
)
_TOPIC = frozenset(content_stems("topic subject area field matter theme"))


@dataclass(frozen=True, slots=True)
class Understood:
    """What will be searched and answered.

    Attributes:
        text: the question as understood, for people.
        search: what papers are searched with.
        focus: what sentences have to answer.
        intent: what kind of answer is wanted.
        about: papers that the conversation is about, likeliest first; empty when it stands alone.
        meant: how many of these are meant, the first ones.
        certain: whether only these can be meant.
        sides: the best papers of each of two things compared; empty otherwise.
        within: ids of the papers that are to be listed or counted among; empty for all.
        like: id of the paper that those listed are to be like; "" for a topic.
    """

    text: str
    search: str
    focus: str
    intent: Intent
    about: tuple[str, ...] = ()
    meant: int = 1
    certain: bool = False
    sides: tuple[tuple[Hit, ...], ...] = ()
    within: tuple[str, ...] = ()
    like: str = ""

    @property
    def general(self) -> bool:
        """Whether it asks of a kind of thing, so that several papers may answer it."""
        return not self.about and asks_generally(self.focus)


def understand(
    index: OpenIndex,
    text: str,
    history: Sequence[str],
    filters: Filters | None = None,
    cited: Sequence[Sequence[str]] = (),
) -> Understood:
    """Make a question self-contained.

    Args:
        text: cleaned.
        history: earlier questions, cleaned, oldest first.
        cited: ids of the papers that the answer to each of them cites; none where not known.
    """
    mended = corrected(text, index)
    if history and not is_polite(mended):
        before = [corrected(h, index) for h in history[-REMEMBERED:]]
        thread = Thread(index, before, filters, cited[max(0, len(history) - REMEMBERED) :])
        followed = _followed(mended, thread)
        if followed is not None:
            return followed
    intent = intent_of(mended)
    sides = compared(index, mended, intent.kind, filters)
    if intent.like or (intent.kind == "compare" and not sides):
        intent = Intent("find")
    return Understood(mended, mended, mended, intent, sides=sides)


def _followed(text: str, thread: Thread) -> Understood | None:
    """The question with the papers that the conversation is about; None if it stands alone."""
    leans = thread.leaning(text)
    if leans is Leaning.NOT:
        return None
    if not thread.papers:
        return None
    if thread.absent:
        # There is no paper that it could mean; what was asked before still says what is missing.
        whole = " ".join([*thread.questions, text])
        return Understood(whole, whole, whole, Intent("find"))
    listing = _listed(text, thread)
    if listing is not None or intent_of(text).kind in ("list", "count"):
        return listing
    return _about(text, thread, leans)


def _listed(text: str, thread: Thread) -> Understood | None:
    """A list or number of papers that leans on what was said; None for anything else."""
    asked, first, intent = text.rstrip("?!. "), intent_of(thread.questions[0]), intent_of(text)
    named = first.topic or thread.questions[0].rstrip("?!. ")
    title = thread.papers[0].paper.title
    if intent.like and not thread.several:
        return Understood(
            f"{asked} (like “{title}”)?", title, title, Intent("list", title),
            like=thread.papers[0].paper.id,
        )  # fmt: skip
    of_them = _OF_THEM.match(asked)
    if of_them and first.kind in ("list", "count"):
        kind: Kind = "list" if of_them["which"].lower() == "which" else "count"
        intent = Intent(kind, of_them["topic"])
    if intent.kind not in ("list", "count"):
        return None
    if set(content_stems(intent.topic)) - _TOPIC:
        if not thread.together:
            return None
        among = tuple(hit.paper.id for hit in thread.papers)
        those = f"the papers on “{named}”" if thread.several else "the papers cited"
        shown = f"{asked} (of {those})?"
        return Understood(shown, intent.topic, intent.topic, intent, within=among)
    # "Which papers use it?": what was asked before, or what the paper is called.
    wanted = named if thread.several else title.partition(":")[0]
    return Understood(f"{asked} (on “{wanted}”)?", wanted, wanted, Intent(intent.kind, wanted))


def _about(text: str, thread: Thread, leans: Leaning) -> Understood:
    """A question about papers of the conversation."""
    asked, topic = text.rstrip("?!. "), " ".join(thread.questions)
    papers, place = thread.papers, None
    comparing = intent_of(text).kind == "compare"
    several = comparing or points_at_several(text)
    # The place that was named last still holds, "the second one", then "how was it trained?"; but
    # "compare the two" is of both.
    for earlier in thread.questions[1:]:
        place = pointed if (pointed := pointed_at(earlier, place)) is not None else place
    here = pointed_at(text, place)
    place = here if here is not None or several else place
    said, meant, sides = text, 1, tuple[tuple[Hit, ...], ...]()
    if leans is Leaning.UNSAID:
        papers = thread.nearest(text)
    elif thread.together and place is not None:
        papers = papers[place:][:1] or papers[-1:]
        said = without_place(text)
    elif thread.together and several:
        meant = min(len(papers), _TOGETHER)
        beside = thread.compared or (comparing and meant <= _BESIDE)
        sides = tuple((hit,) for hit in papers) if beside else ()
    elif narrowed := thread.narrowed():
        papers = narrowed
    elif thread.several:
        meant = min(len(papers), _TOGETHER)
        sides = tuple((hit,) for hit in papers) if thread.compared else ()
    titles = " and ".join(f"“{hit.paper.title}”" for hit in papers[: min(meant, 2)])
    shown = f"{asked} (in {titles}{' and others' if meant > 2 else ''})?"
    # "why?" alone gives nothing to look for.
    focus = said if len(content_stems(said)) >= _TELLING else f"{topic} {said}"
    # What says by no word that it leans on anything is searched as it is.
    search = text if leans is Leaning.UNSAID else f"{topic} {said}"
    return Understood(
        shown, search, focus, Intent("find"), tuple(hit.paper.id for hit in papers), meant,
        leans is Leaning.CERTAIN, sides,
    )  # fmt: skip


def found_for(
    index: OpenIndex,
    understood: Understood,
    vector: NDArray[np.float32],
    k: int,
    filters: Filters | None = None,
) -> tuple[list[Hit], tuple[str, ...]]:
    """The k papers to read for a question: what is set side by side, or what the conversation is
    about, first, then as they rank; and the ids of those side by side.

    Args:
        vector: embedding of `understood.search`, float32 (d,), length 1.
    """
    hits = retrieve(index, understood.search, vector, max(k, DEPTH), filters)
    hits = reranked(index, understood.search, hits)
    first = [side[0] for side in understood.sides]
    if not first and not understood.about:
        first = named_together(understood.search, hits)
    sides, hits = tuple(h.paper.id for h in first), hits[:k]
    if understood.about and not first:
        meant = understood.about[: understood.meant]
        inside = replace(filters or Filters(), paper_ids=meant)
        first = retrieve(index, understood.search, vector, len(meant), inside)
    if not first:
        return hits, ()
    top = max([h.fused for h in hits], default=0.0)
    ids = {h.paper.id for h in first}
    # They share the highest score, so that none of them is read less than the others.
    rest = [h for h in hits if h.paper.id not in ids]
    return [replace(h, fused=top) for h in first] + rest[: max(0, k - len(first))], sides
