"""What a handler gives back to change widgets, as plain values: only ui.py knows Gradio."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rag.page.answers import conversation_html
from rag.page.desk import Talk


def update(**what: Any) -> dict[str, Any]:
    """A change of a widget's value or looks; nothing changes without any."""
    return {"__type__": "update", **what}


def skipped(n: int) -> tuple[dict[str, Any], ...]:
    """As many widgets stay as they are."""
    return (update(),) * n


def data_of(event: Any) -> dict[str, Any]:
    """What the page's script sent: never trusted to be complete."""
    return event._data if isinstance(event._data, dict) else {}


def menu(choices: Sequence[tuple[str, str]], chosen: Sequence[str] = ()) -> dict[str, Any]:
    """A menu of several choices; what was chosen stays so where it is still there."""
    there = {value for _, value in choices}
    return update(choices=[*choices], value=[c for c in chosen if c in there])


def turns_of(talk: Talk) -> tuple[str, str]:
    """A conversation's past turns and its last one."""
    past, now = talk.turns[:-1], talk.turns[-1:]
    busy = talk.running
    return conversation_html(past, talk.editing, busy), conversation_html(now, talk.editing)


def running(on: bool) -> tuple[dict[str, Any], ...]:
    """The states of Ask, Stop, New conversation and the collections' menu."""
    stop = update(value="Stop", visible=on, interactive=True)
    return update(visible=not on), stop, update(interactive=not on), update(interactive=not on)


def blank() -> tuple[Any, ...]:
    """A new conversation: itself, its turns, and the first questions."""
    return Talk(), "", "", update(visible=True)


def chips(questions: Sequence[str]) -> list[dict[str, Any]]:
    """Three buttons with first questions; those without one are hidden."""
    three = [*questions, "", "", ""][:3]
    return [update(value=question, visible=bool(question)) for question in three]
