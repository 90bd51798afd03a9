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

from rag.errors import IndexMissingError, RagError, UsageError
from rag.llm.installed import installed_models
from rag.page.around import trouble_html
from rag.page.tables import saved_html
from rag.page.turns import Turn, advanced, earlier_citations, earlier_questions, failed, reopened
from rag.records import Claimed, Done, Event, Filters, Question, Selected
from rag.session import model_loader
from rag.store.conversations import NOTE_LENGTH, GoneError
from rag.store.remembering import titled
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
        key: of the collection that was asked last.
        saved: the saved conversation's id; "" before its first answer.
        editing: number of the question that is being changed; 0 for none.
        draft: what stood in the question box when that began.
        over: the turn of the saved conversation from which on the next answer takes the place;
            0 for none. Until there is that answer, the former ones stay saved.
        known: turns of the saved conversation that this tab knows of.
    """

    turns: Turns = ()
    key: str = ""
    saved: str = ""
    editing: int = 0
    draft: str = ""
    over: int = 0
    known: int = 0

    @property
    def running(self) -> bool:
        """Whether an answer is on its way."""
        return bool(self.turns) and not self.turns[-1].finished

    def asking(self, question: str) -> Talk:
        """With one more question, in the place of the changed one and all after it."""
        past, dropped = self.turns, self.turns[:0]
        if self.editing:
            past, dropped = past[: self.editing - 1], past[self.editing - 1 :]
        over = min([turn.kept for turn in dropped if turn.kept], default=self.over)
        turns = (*past, Turn(len(past) + 1, question))
        return replace(self, turns=turns, editing=0, draft="", over=over)

    def changing(self, n: int, typed: str) -> Talk:
        """With question n being changed in the box; `typed` stands there now."""
        return replace(self, editing=n, draft=self.draft if self.editing else typed)

    def failed(self, message: str, remedy: str) -> Talk:
        """With the last turn ended by an error."""
        turn = failed(self.turns[-1], RagError(message, remedy))
        return replace(self, turns=(*self.turns[:-1], turn))

    def unsaved(self) -> Talk:
        """The same when its saved conversation is gone: none of its turns is in another one."""
        turns = tuple(replace(turn, kept=0) for turn in self.turns)
        return replace(self, turns=turns, saved="", over=0, known=0)


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
        known = (*((),) * len(turn.earlier), *earlier_citations(past))
        question = Question(turn.question, history, choices.filters, known)
        for event in assistant.stream(question, stopped):
            ended = stopped()
            # Who stops keeps what was checked by then: the answer ends with it, and is saved.
            if ended and not (turn.claims or isinstance(event, Claimed) or _claiming(event)):
                return
            if isinstance(event, Selected):
                self._loaded.add(model)
            loading = _LOADING if model and model not in self._loaded else ""
            turn = replace(advanced(turn, event), note="" if turn.finished else loading)
            if ended and turn.finished:
                turn = replace(turn, stage="stopped")
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

    def save(self, owner: str, key: str, talk: Talk) -> Talk:
        """Keep the last turn's answer, if it has one; what can't be kept is told in its note.

        Returns:
            The conversation with the turn's place in the saved one, a new one for its first
            answer.
        """
        if talk.turns[-1].answer is None:
            return talk
        try:
            return self._added(owner, key, talk)
        except GoneError:
            # Deleted, or another tab went on with it: from here it is a conversation of its own.
            talk = talk.unsaved()
        except RagError as e:
            return _noted(talk, e)
        try:
            return self._added(owner, key, talk)
        except RagError as e:
            return _noted(talk, e)

    def _added(self, owner: str, key: str, talk: Talk) -> Talk:
        *past, turn = talk.turns
        saved = talk.saved
        if not saved:
            name = self.shelf.collection(key).name
            saved = self.saved.start(owner, turn.question, name)
        assert turn.answer is not None
        number = self.saved.add(
            owner, saved, turn.answer, turn.evidence, talk.over, talk.known
        )  # fmt: skip
        turns = (*past, replace(turn, kept=number))
        return replace(talk, turns=turns, saved=saved, over=0, known=number)

    def judge(self, owner: str, talk: Talk, n: int, good: bool | None, note: str) -> Talk:
        """Keep what a person thinks of the answer of turn n."""
        turn = talk.turns[n - 1]
        try:
            self.saved.judge(owner, talk.saved, turn.kept, good, note[:NOTE_LENGTH], turn.answer)
            turn = replace(turn, good=good, note="")
        except RagError as e:
            turn = replace(turn, note=f"It is not kept: {e.message}")
        return replace(talk, turns=(*talk.turns[: n - 1], turn, *talk.turns[n:]))

    def saved_list(self, owner: str, words: str, error: RagError | None = None) -> str:
        """The saved conversations that have these words, as a list, below what went wrong."""
        said = trouble_html(error) if error else ""
        try:
            return said + saved_html(self.saved.find(owner, words), words)
        except RagError as e:
            return trouble_html(e)

    def manage(self, owner: str, talk: str, do: str, title: str) -> None:
        """Rename or delete a saved conversation; nothing for one that isn't there (any more).

        Raises:
            RagError: the file of conversations can't be read or written.
        """
        with contextlib.suppress(GoneError):
            if do == "rename" and title.strip():
                self.saved.rename(owner, talk, title)
            elif do == "delete":
                self.saved.delete(owner, talk)

    def reopened(self, owner: str, saved: str, key_of: Callable[[str], str], shown: str) -> Talk:
        """A saved conversation; an empty one when it isn't there (any more).

        Args:
            key_of: gives the key of a collection's name; "" when there is none.
            shown: the key of the collection to ask when its own isn't there any more.

        Raises:
            RagError: the file of conversations can't be read.
        """
        found = self.saved.open(owner, saved)
        if found is None or not found.turns:
            return Talk(key=shown)
        turns = [
            reopened(n, one.answer, one.evidence, one.judgement.good if one.judgement else None)
            for n, one in enumerate(found.turns, 1)
        ]
        key = key_of(found.collection)
        if not key:
            note = f"“{found.collection}” is no longer there: what comes is asked of the one shown"
            turns[-1] = replace(turns[-1], note=note)
        return Talk(tuple(turns), key or shown, saved, known=len(turns))

    def exported(
        self, talk: Talk, form: str, owner: str = "", n: int = 0
    ) -> tuple[str, str, str]:  # fmt: skip
        """A conversation as a file: its name, its text, its media type.

        Args:
            owner: whose it is; a name that they gave it becomes the file's.
            n: the number of the one turn to take; 0 for all.

        Raises:
            RagError: nothing was answered yet, or nothing can be cited.
        """
        from rag.exporting import FORMATS, export, file_name

        turns = [turn for turn in talk.turns if n in (0, turn.number)]
        answers = [turn.answer for turn in turns if turn.answer is not None]
        if not answers:
            raise UsageError("Nothing was answered yet.")
        title, chosen = answers[0].question, FORMATS[form]
        if not n:
            title = self._given_title(owner, talk.saved) or title
        text = export(form, title, answers)
        return file_name(title, chosen.suffix), text, chosen.media_type

    def _given_title(self, owner: str, saved: str) -> str:
        """The name that a saved conversation was given in place of its first question, else ""."""
        if not (owner and saved):
            return ""
        with contextlib.suppress(RagError):
            found = self.saved.open(owner, saved)
            if found and found.turns and found.title != titled(found.turns[0].answer.question):
                return found.title
        return ""


def _claiming(event: Event) -> bool:
    """Whether it is the end of an answer that says something."""
    return isinstance(event, Done) and bool(event.answer.claims)


def _noted(talk: Talk, error: RagError) -> Talk:
    """The conversation whose last turn can't be kept, which its note says."""
    *past, turn = talk.turns
    return replace(talk, turns=(*past, replace(turn, note=f"It is not saved: {error.message}")))
