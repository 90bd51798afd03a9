"""Options that several commands share mean the same in each of them, and no command fails because
nobody reads its output any more."""

from __future__ import annotations

import codecs
import contextlib
import functools
import io
import json
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import click

INDEX = click.option(
    "--index", "index_dir", metavar="DIR", type=click.Path(path_type=Path),
    help="The index's directory (else $RAG_INDEX, else the user data folder).",
)  # fmt: skip
JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON: one object.")
JSON_LINES = click.option(
    "--json", "as_json", is_flag=True, help="Print JSON: one object a line, for each entry."
)
MODEL = click.option("--model", metavar="NAME", help="A language model's name, or a .gguf file.")


class Program(click.Group):
    """All commands. A reader of the output that has gone, as in `rag list | head`, ends them as if
    they were done; click by itself, and rich, would end the process as failed."""

    def make_context(self, *args: Any, **values: Any) -> click.Context:
        """Click's own, in which help is printed."""
        with _until_nobody_reads():
            return super().make_context(*args, **values)

    def invoke(self, ctx: click.Context) -> Any:
        """Click's own, in which the command runs."""
        with _until_nobody_reads():
            return super().invoke(ctx)


@contextlib.contextmanager
def _until_nobody_reads() -> Iterator[None]:
    try:
        yield
    except (BrokenPipeError, SystemExit) as e:
        if isinstance(e, SystemExit) and not isinstance(e.__context__, BrokenPipeError):
            raise
        give_up_output()
        raise click.exceptions.Exit(0) from e


def say(text: str) -> None:
    """One line for people, on standard error; work goes on when nobody reads it."""
    with contextlib.suppress(BrokenPipeError):
        click.echo(text, err=True)


def spell_out() -> None:
    """Let standard output hold any text: characters that its encoding lacks are written as escapes
    that JSON reads."""

    def spelt(error: UnicodeError) -> tuple[str, int]:
        if not isinstance(error, UnicodeEncodeError):
            raise error
        return json.dumps(error.object[error.start : error.end])[1:-1], error.end

    codecs.register_error("spelt", spelt)
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="spelt")


def give_up_output() -> None:
    """Let standard output lead nowhere, so that what is left in buffers can't fail once more when
    the process ends."""
    with contextlib.suppress(OSError, ValueError, AttributeError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


class _Format(click.Option):
    """Names the formats in its help; the readers are imported when that is shown."""

    def get_help_record(self, ctx: click.Context) -> tuple[str, str] | None:
        self.help = f"The files' format: {format_names()}. Told from the content unless given."
        return super().get_help_record(ctx)


def format_names() -> str:
    """The names that --format knows."""
    from rag.readers import FORMATS

    return ", ".join(FORMATS)


FORMAT = click.option("--format", "format_", cls=_Format, default="auto", metavar="NAME")
_FILTERS = (
    click.option(
        "--year-from", type=click.IntRange(1000, 2999), help="Only papers from this year on."
    ),
    click.option("--year-to", type=click.IntRange(1000, 2999), help="Only papers up to this year."),
    click.option(
        "--source",
        multiple=True,
        help="Only papers of this source or venue; a part of its name will do (repeatable).",
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
