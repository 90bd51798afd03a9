"""What the page does with a question, apart from any widget: waits its turn, answers, saves.

A conversation belongs to the browser that began it; what it is saved under never leaves that
browser and this machine.
"""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from rag.errors import IndexMissingError, RagError
from rag.llm.installed import installed_models
from rag.page.around import trouble_html
from rag.page.tables import saved_html
from rag.page.turns import Turn, advanced, earlier_questions, failed, reopened
from rag.records import Filters, Question, Selected
from rag.session import model_loader
from rag.store.conversations import NOTE_LENGTH, GoneError
from rag.turnstile import Turnstile

if TYPE_CHECKING:
    from rag.collections import Shelf
    from rag.llm import LanguageModel
    from rag.pipeline import Assistant
    from rag.store.conversations import Conversations

Turns = tuple[Turn, ...]
_LOADING = "Loading the language model (once), then reading…"


@dataclass(frozen=True, slots=True)
class Talk:
    """What a tab of a browser is at.

    Attributes:
        saved: the saved conversation's id; "" before its first answer.
        editing: number of the question that is being changed; 0 for none.
    """

    turns: Turns = ()
    saved: str = ""
    editing: int = 0

    def unsaved(self) -> Talk:
        """The same when its saved conversation is gone: none of its turns is in another one."""
        return replace(self, turns=tuple(replace(t, kept=0) for t in self.turns), saved="")


@dataclass(frozen=True, slots=True)
class Choices:
    """How a question is to be answered.

    Attributes:
        papers: to read, 1 to 20.
        evidence_only: no language model takes part.
        model: a language model's name; "" for the settings' one.
    """

    papers: int = 5
    evidence_only: bool = False
    model: str = ""
    filters: Filters = field(default_factory=Filters)

    @classmethod
    def of(
        cls, model: str, papers: float, evidence_only: bool, year_from: float | None,
        year_to: float | None, sources: list[str], only: list[str],
    ) -> Choices:  # fmt: skip
        """From the values of the page's widgets, in their order."""
        years = [int(y) if y and 1000 <= y <= 2999 else None for y in (year_from, year_to)]
        filters = Filters(years[0], years[1], tuple(sources or ()), (), tuple(only or ()))
        return cls(int(papers), bool(evidence_only), model or "", filters)


class Desk:
    """Answers the page's questions and keeps its conversations.

    Args:
        shelf: the collections with their assistants.
        saved: where conversations are kept.
    """

    def __init__(
        self, shelf: Shelf, saved: Conversations, notice: Callable[[str], None] = lambda _: None
    ) -> None:
        self.shelf, self.saved = shelf, saved
        self._notice = notice
        self._line = Turnstile()
        self._loaders: dict[str, Callable[[], LanguageModel]] = {}
        self._loaded: set[str] = set()

    @staticmethod
    def new_owner() -> str:
        """A token for a browser that has none yet."""
        return secrets.token_urlsafe(24)

    def assistant(self, key: str, choices: Choices) -> Assistant:
        """A collection's assistant, set as chosen."""
        assistant = self.shelf.assistant(key)
        settings = replace(assistant.settings, papers=choices.papers)
        if choices.evidence_only:
            return assistant.tuned(settings, None)
        if not choices.model or choices.model == settings.model:
            return assistant.tuned(settings, assistant.load)
        settings = replace(settings, model=choices.model, ability="")
        if choices.model not in self._loaders:
            self._loaders[choices.model] = model_loader(settings, self._notice)
        return assistant.tuned(settings, self._loaders[choices.model])

    def answered(
        self,
        key: str,
        turns: Turns,
        choices: Choices,
        stopped: Callable[[], bool] = lambda: False,
    ) -> Iterator[Turn]:
        """The last turn as it comes to be answered; ends in a finished one.

        One question is answered at a time, since each uses all of the processor; who waits is
        told how many are before.
        """
        *past, turn = turns
        try:
            with self._line.place() as waiting:
                for before in waiting(stopped):
                    others = "1 other question is" if before == 1 else f"{before} others are"
                    yield replace(turn, note=f"{others} answered before this one…")
                if not stopped():
                    turn = replace(turn, stage="searching", note="")
                    yield turn
                    for step in self._stages(turn, past, key, choices, stopped):
                        turn = step
                        yield turn
        except Exception as e:
            turn = failed(turn, e)
        if not turn.finished:
            turn = replace(turn, stage="stopped", note="")
        yield turn

    def _stages(
        self,
        turn: Turn,
        past: Sequence[Turn],
        key: str,
        choices: Choices,
        stopped: Callable[[], bool],
    ) -> Iterator[Turn]:
        assistant = self.assistant(key, choices)
        assistant.index.refresh()
        if not assistant.index.snapshot.count():
            raise IndexMissingError(
                f"“{self.shelf.collection(key).name}” holds no papers yet",
                "add some under Papers, or choose another collection",
            )
        model = "" if choices.evidence_only else assistant.settings.model
        history = (*turn.earlier, *earlier_questions(past))
        question = Question(turn.question, history, choices.filters)
        for event in assistant.stream(question, stopped):
            if stopped():
                return
            if isinstance(event, Selected):
                self._loaded.add(model)
            loading = _LOADING if model and model not in self._loaded else ""
            turn = replace(advanced(turn, event), note="" if turn.finished else loading)
            yield turn

    @property
    def model(self) -> str:
        """The language model's name in the settings."""
        return self.shelf.shared.settings.model

    @property
    def papers(self) -> int:
        """Papers to read, as the settings have it."""
        return self.shelf.shared.settings.papers

    def models(self) -> tuple[tuple[str, str], ...]:
        """Labels and names of the language models to choose from."""
        found = tuple((one.label, one.name) for one in installed_models())
        if self.model in {name for _, name in found}:
            return found
        return ((Path(self.model).name, self.model), *found)

    # ── conversations ───────────────────────────────────────────────────────────────────────────

    def save(self, owner: str, talk: str, key: str, turn: Turn) -> tuple[Turn, str]:
        """Keep a finished answer.

        Returns:
            The turn with its place in the saved conversation, and that conversation's id, a new
            one for its first answer. What can't be kept is told in the turn's note.
        """
        if turn.answer is None:
            return turn, talk
        try:
            if not talk:
                talk = self.saved.start(owner, turn.question, self.shelf.collection(key).name)
            number = self.saved.add(owner, talk, turn.answer, turn.evidence)
        except RagError as e:
            return replace(turn, note=f"It is not saved: {e.message}"), talk
        return replace(turn, kept=number), talk

    def cut(self, owner: str, talk: str, turns: Turns, number: int) -> None:
        """Forget a turn and all later ones, in the saved conversation as well."""
        kept = [turn.kept for turn in turns[number - 1 :] if turn.kept]
        if talk and kept:
            with contextlib.suppress(RagError):  # gone already, or it tells when next saved
                self.saved.cut(owner, talk, min(kept))

    def judge(self, owner: str, talk: str, turn: Turn, good: bool | None, note: str) -> Turn:
        """Keep what a person thinks of an answer."""
        try:
            self.saved.judge(owner, talk, turn.kept, good, note[:NOTE_LENGTH])
        except RagError as e:
            return replace(turn, note=f"It is not kept: {e.message}")
        return replace(turn, good=good, note="")

    def saved_list(self, owner: str, words: str) -> str:
        """The saved conversations that have these words, as a list."""
        try:
            return saved_html(self.saved.find(owner, words), words)
        except RagError as e:
            return trouble_html(e)

    def manage(self, owner: str, talk: str, do: str, title: str) -> None:
        """Rename or delete a saved conversation; nothing for one that isn't there (any more)."""
        with contextlib.suppress(GoneError):
            if do == "rename" and title.strip():
                self.saved.rename(owner, talk, title)
            elif do == "delete":
                self.saved.delete(owner, talk)

    def reopened(self, owner: str, talk: str) -> tuple[Turns, str]:
        """A saved conversation's turns and the name of its collection; nothing for one that isn't
        there (any more)."""
        found = self.saved.open(owner, talk)
        if found is None:
            return (), ""
        turns = tuple(
            reopened(n, one.answer, one.evidence, one.judgement.good if one.judgement else None)
            for n, one in enumerate(found.turns, 1)
        )
        return turns, found.collection
