"""Options that several commands share mean the same in each of them."""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

INDEX = click.option(
    "--index", "index_dir", metavar="DIR", type=click.Path(path_type=Path),
    help="The index's directory (else $RAG_INDEX, else the user data folder).",
)  # fmt: skip
JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON, one object.")
MODEL = click.option("--model", metavar="NAME", help="A language model's name, or a .gguf file.")
_FILTERS = (
    click.option(
        "--year-from", type=click.IntRange(1000, 2999), help="Only papers from this year on."
    ),
    click.option("--year-to", type=click.IntRange(1000, 2999), help="Only papers up to this year."),
    click.option(
        "--source", multiple=True, help="Only papers of this source or venue (repeatable)."
    ),
    click.option("--author", multiple=True, help="Only papers of this author (repeatable)."),
)
_PATH = click.Path(path_type=Path)
_EVALUATED = (
    click.option("--set", "questions", type=_PATH, metavar="FILE",
                 help='Questions (default: the bundled set; "cranfield" names the other one).'),
    click.option("--from-feedback", is_flag=True,
                 help="Ask what was judged on the chat page again: good answers are the gold."),
    click.option("--corpus", type=_PATH, metavar="PATH",
                 help="Papers to ask, or a folder in BEIR layout (default: the starter corpus)."),
    click.option("--split", type=click.Choice(["dev", "test", "all"]), default="all",
                 show_default=True),
    click.option("--limit", type=click.IntRange(1), help="Only so many questions, evenly spread."),
    click.option("--evidence-only", is_flag=True, help="Without the language model."),
    click.option("--baseline", "plain", type=click.IntRange(0), default=0, metavar="N",
                 help="Ask the plain pipeline of most tutorials N of the answerable questions too."
    ),
    click.option("--against", "old", type=_PATH, metavar="OLD.json",
                 help="Compare with an earlier run's --out."),
    click.option("--out", type=_PATH, metavar="FILE", help="Write every answer and figure as JSON."
    ),
    click.option("--html", type=_PATH, metavar="FILE",
                 help="Write a report to read: one page, no network."),
)  # fmt: skip


def evaluated(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options of an evaluation."""
    for option in reversed(_EVALUATED):
        command = option(command)
    return command


def filtered(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options that narrow the papers, as one value `filters`."""

    @functools.wraps(command)
    def wrapped(
        year_from: int | None, year_to: int | None, source: tuple[str, ...],
        author: tuple[str, ...], **values: Any,
    ) -> Any:  # fmt: skip
        from rag.records import Filters

        return command(filters=Filters(year_from, year_to, source, author), **values)

    for option in reversed(_FILTERS):
        wrapped = option(wrapped)
    return wrapped
