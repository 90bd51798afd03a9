"""A question goes through retrieval, evidence, composing and checking; every claim that comes out
was checked against the abstract it cites, whatever wrote it.

`stream` yields what is known as soon as it is known; `ask` gives the whole answer.
"""

from __future__ import annotations

import copy
import hashlib
import threading
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING

import rag
from rag.abstaining import answerable, refusal
from rag.claims import check_quote
from rag.composing import (
    Numbering,
    answer_text,
    choose_quotes,
    quote_claims,
    set_side_by_side,
)
from rag.drafting import drafted_claims
from rag.errors import RagError
from rag.evidence import select_evidence
from rag.followup import asks_nothing
from rag.listings import LISTED, listing_of, listing_text
from rag.reader import Reader, open_reader, reader_digest
from rag.records import (
    Answer,
    Claim,
    Claimed,
    Done,
    Event,
    Evidence,
    Hit,
    ModelInfo,
    Nearest,
    Question,
    Retrieved,
    Selected,
    Status,
    Timings,
)
from rag.searching import cleaned, earlier
from rag.understanding import Understood, found_for, understand

if TYPE_CHECKING:
    from rag.config import Settings
    from rag.index import OpenIndex
    from rag.llm import LanguageModel

_TRIES = 3  # to read the papers in one state, should others change them meanwhile
_NEAREST = 3  # papers named when there is no answer
NO_MODEL = ModelInfo("none", "", "")
_STOPPED = "It was stopped before an answer was found."


class _StoppedError(Exception):
    """Leaves the reading of evidence when nobody waits for it any more."""


def _heeding(stopped: Callable[[], bool]) -> Callable[[], None]:
    """What ends the work when asked to; called between its parts."""

    def between() -> None:
        if stopped():
            raise _StoppedError

    return between


@dataclass(slots=True)
class _Clock:
    """Milliseconds spent in each stage."""

    spent: dict[str, float] = field(default_factory=dict)
    _start: float = field(default_factory=time.perf_counter)
    _mark: float = field(default_factory=time.perf_counter)

    def lap(self, stage: str) -> None:
        now = time.perf_counter()
        self.spent[stage] = self.spent.get(stage, 0.0) + (now - self._mark) * 1000
        self._mark = now

    def timings(self) -> Timings:
        total = (time.perf_counter() - self._start) * 1000
        return Timings(**{k: round(v, 1) for k, v in self.spent.items()}, total=round(total, 1))


@dataclass(frozen=True, slots=True)
class _Found:
    """What there is to answer with.

    Attributes:
        evidence: best first.
        also: ids of further papers that answer.
        sides: ids of the papers set side by side.
        general: whether several papers may be expected to answer.
        supported: how probably the evidence answers, 0 to 1.
    """

    hits: Sequence[Hit]
    evidence: tuple[Evidence, ...] = ()
    also: tuple[str, ...] = ()
    sides: tuple[str, ...] = ()
    general: bool = False
    supported: float = 0.0
    model: LanguageModel | None = None


class Assistant:
    """Answers questions from one index.

    Args:
        index: open; moved on to its newest state before each question.
        model: loads the language model on first call; None answers without one.
        notice: told when the reader has to be made ready first.
    """

    def __init__(
        self,
        index: OpenIndex,
        settings: Settings,
        model: Callable[[], LanguageModel] | None,
        notice: Callable[[str], None] = lambda _: None,
    ) -> None:
        self.index, self.settings = index, settings
        self._load = model
        self._notice = notice
        self._readers: list[Reader | None] = []  # one, once a question was asked
        self._opening = threading.Lock()

    @property
    def load(self) -> Callable[[], LanguageModel] | None:
        """What loads the language model; None when there is to be none."""
        return self._load

    def tuned(self, settings: Settings, load: Callable[[], LanguageModel] | None) -> Assistant:
        """One that answers from the same index otherwise; the reader is shared."""
        other = copy.copy(self)
        other.settings, other._load = settings, load
        return other

    def ask(self, question: Question, stopped: Callable[[], bool] = lambda: False) -> Answer:
        """The whole answer; see `stream`."""
        for event in self.stream(question, stopped):
            if isinstance(event, Done):
                return event.answer
        raise AssertionError("a stream ends in Done")

    def stream(
        self, question: Question, stopped: Callable[[], bool] = lambda: False
    ) -> Iterator[Event]:
        """Papers, sentences, claims, answer: each as soon as it stands.

        Args:
            stopped: asked between readings and between tokens of drafting; True ends either
                (claims so far stand).

        Raises:
            UsageError: the question is empty or too long. ModelError: no usable model.
        """
        clock = _Clock()
        text, (history, cited) = cleaned(question.text), earlier(question)
        for _ in range(_TRIES):
            self.index.refresh()
            state = self.index.fingerprint
            try:
                understood = understand(self.index, text, history, question.filters, cited)
                if understood.intent.kind in ("list", "count"):
                    yield from self._listed(question, understood, clock, state)
                    return
                found = yield from self._found(question, understood, clock, stopped)
            except KeyError:  # a paper that was there when it was found
                if self.index.fingerprint == state:
                    raise
                continue
            if self.index.fingerprint == state:
                break
        else:
            raise RagError(
                "the papers were changed again and again while they were read",
                "ask once they are all added",
            )
        hits, evidence, supported, model = found.hits, found.evidence, found.supported, found.model
        clock.lap("evidence")
        yield Selected(evidence, supported)
        claims: list[Claim] = []
        numbering = Numbering()
        if evidence and supported >= self.settings.abstain_below:
            for claim in self._claims(understood, found, numbering, stopped):
                clock.lap("generate")
                if not _stands(claim, numbering):
                    continue  # Dropped whole: a claim never goes on without its citation.
                clock.lap("verify")
                claims.append(claim)
                yield Claimed(claim, numbering.sources)
        clock.lap("generate")
        reason = _STOPPED if stopped() else refusal(understood.focus, hits, evidence, found.sides)
        shown = answer_text(claims, numbering.sources) if claims else reason
        yield Done(
            self._answer(
                question, understood.text, hits, claims, numbering, clock, model, shown, state
            )
        )

    def _found(
        self,
        question: Question,
        understood: Understood,
        clock: _Clock,
        stopped: Callable[[], bool],
    ) -> Generator[Event, None, _Found]:
        """The papers of a question and their sentences that bear on it."""
        vector = self.index.embedder.encode([understood.search])[0]
        hits, sides = found_for(
            self.index, understood, vector, self.settings.papers, question.filters
        )
        clock.lap("retrieve")
        yield Retrieved(understood.text, tuple(hits))
        asks = bool(hits) and not asks_nothing(understood.focus)
        model = self._load() if self._load is not None and asks else None
        found = _Found(hits, model=model)
        if not asks:
            return found
        if understood.focus != understood.search:
            vector = self.index.embedder.encode([understood.focus])[0]
        general = understood.general and not sides
        for papers in _in_turn(understood, hits):
            try:
                selection = select_evidence(
                    self.index, understood.focus, vector, papers, model.engine if model else None,
                    self.settings.candidates * max(len(sides), 1), self._reader(),
                    general, _heeding(stopped),
                )  # fmt: skip
            except _StoppedError:
                return found
            supported = answerable(understood.focus, hits, selection, sides)
            found = replace(
                found, evidence=selection.evidence, also=selection.also, sides=sides,
                general=general, supported=supported,
            )  # fmt: skip
            if supported >= self.settings.abstain_below:
                break
        return found

    def _reader(self) -> Reader | None:
        with self._opening:
            if not self._readers:
                self._readers.append(open_reader(self.settings, self._notice))
            return self._readers[0]

    def _claims(
        self,
        understood: Understood,
        found: _Found,
        numbering: Numbering,
        stopped: Callable[[], bool],
    ) -> Iterator[Claim]:
        words, question = self.settings.answer_words, understood.focus
        evidence, model = found.evidence, found.model
        if found.sides:
            quotes = set_side_by_side(evidence, question, words, found.sides)
            yield from quote_claims(quotes, numbering)
        elif model is not None and model.ability == "write":
            yield from drafted_claims(question, evidence, model, numbering, words, stopped)
        elif found.general and found.also:
            papers = (evidence[0].paper.id, *found.also)
            yield from quote_claims(set_side_by_side(evidence, question, words, papers), numbering)
        else:
            yield from quote_claims(choose_quotes(evidence, question, words, found.also), numbering)

    def _listed(
        self, question: Question, understood: Understood, clock: _Clock, state: str
    ) -> Iterator[Event]:
        """Papers on a topic, or like another; no language model takes part."""
        listing = listing_of(self.index, understood, question.filters, self.settings.papers)
        clock.lap("retrieve")
        yield Retrieved(understood.text, listing.hits)
        yield Selected(listing.evidence, listing.probability)
        numbering = Numbering()
        claims = []
        for claim in quote_claims([(e, e.span) for e in listing.evidence[:LISTED]], numbering):
            if _stands(claim, numbering):
                claims.append(claim)
                yield Claimed(claim, numbering.sources)
        clock.lap("verify")
        shown = listing_text(listing.lead, claims, numbering.sources)
        yield Done(
            self._answer(
                question, understood.text, listing.hits, claims, numbering, clock, None,
                shown if claims else listing.nothing, state,
            )
        )  # fmt: skip

    def _answer(
        self,
        question: Question,
        understood: str,
        hits: Sequence[Hit],
        claims: Sequence[Claim],
        numbering: Numbering,
        clock: _Clock,
        model: LanguageModel | None,
        shown: str,
        state: str,
    ) -> Answer:
        """`shown` is the answer's text with claims, the reason for having none without; `state`
        the index's."""
        status: Status = "answered" if claims else "abstained"
        sources = numbering.sources
        return Answer(
            question=question.text,
            understood=understood,
            status=status,
            reason="" if claims else shown,
            text=shown,
            claims=tuple(claims),
            sources=sources,
            nearest=tuple(
                Nearest(h.paper.id, h.paper.title, round(h.fused, 4)) for h in hits[:_NEAREST]
            ),
            timings=clock.timings(),
            model=model.info if model else NO_MODEL,
            fingerprint=self._fingerprint(model, state),
        )

    def _fingerprint(self, model: LanguageModel | None, state: str) -> str:
        parts = (
            rag.__version__,
            state,
            self.index.embedder.digest,
            repr(model.info if model else NO_MODEL),
            reader_digest(self.settings),
            repr(sorted(asdict(self.settings).items())),
        )
        return hashlib.sha256("|".join(parts).encode()).hexdigest()[:16]


def _in_turn(understood: Understood, hits: Sequence[Hit]) -> list[Sequence[Hit]]:
    """The papers to read, and those to read if they have no answer: what a conversation is about
    comes first, and alone where nothing else can be meant."""
    meant = hits[: understood.meant]
    if understood.certain or len(meant) == len(hits):
        return [meant]
    return [meant, hits] if understood.about else [hits]


def _stands(claim: Claim, numbering: Numbering) -> bool:
    """The last gate: each cited span is where it says, and a quote is nothing else."""
    papers = {s.n: s.paper for s in numbering.sources}
    for c in claim.citations:
        if c.source not in papers:
            return False
        if not check_quote(c.quote, papers[c.source].abstract, c.start, c.end).supported:
            return False
    if claim.kind == "quote":
        return [claim.text] == [c.quote for c in claim.citations]
    return bool(claim.citations)
