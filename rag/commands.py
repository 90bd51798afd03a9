"""What the commands do, between the pipeline and the terminal; answers go to standard output,
everything else people read to standard error."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from rag.config import load_settings
from rag.errors import (
    DiskError,
    InputError,
    ModelError,
    RagError,
    UnknownModelError,
    UsageError,
)
from rag.options import format_names
from rag.options import say as _say
from rag.progress import counting
from rag.records import Filters, Paper, Question, Refusal
from rag.render import counted, json_line, whole
from rag.session import chosen_place, token_counter

if TYPE_CHECKING:
    from rag.pipeline import Assistant

_NAMED = 20  # refusals printed one by one


def index_paths(paths: Sequence[str], format_: str, place: Path, verbose: bool) -> None:
    """`rag index`."""
    from rag.embedding import open_embedder
    from rag.index import add_papers
    from rag.readers import read_paths

    settings = load_settings()
    if "-" in paths and sys.stdin is None:
        raise InputError("standard input is closed", "name files or folders instead of -")
    records = read_paths(paths, format_, note=_say)
    # Up to the first paper: an index of nothing would hide the starter corpus.
    first: list[Paper | Refusal] = []
    for record in records:
        first.append(record)
        if isinstance(record, Paper):
            break
    else:
        _say_refused([r for r in first if isinstance(r, Refusal)], verbose)
        raise InputError(
            "no paper was taken from " + ", ".join(paths),
            f"see the reasons above; formats for --format: {format_names()}",
        )
    embedder = open_embedder(settings, _say)
    with counting("indexing") as progress:
        report = add_papers(
            place, chain(first, records), embedder, token_counter(), settings, progress,
            waiting=lambda: _say(f"another process is writing {place}; waiting for it"),
        )  # fmt: skip
    _say_refused(report.refused, verbose)
    if verbose:
        for kept, source in report.merged:
            _say(f"merged a second record from {source}: {kept}")
    parts = [f"{report.added} added", f"{report.updated} updated", f"{report.unchanged} unchanged"]
    if report.merged:
        parts.append(f"{len(report.merged)} merged")
    if report.refused:
        parts.append(f"{len(report.refused)} skipped")
    nothing = not (report.added or report.updated)
    click.echo(
        f"{', '.join(parts)}; {counted(report.total, 'paper')} in {place}"
        + (" (nothing changed)" if nothing else "")
    )


def _say_refused(refused: Sequence[Refusal], verbose: bool) -> None:
    for refusal in refused[: None if verbose else _NAMED]:
        _say(f"skipped {refusal}")
    if len(refused) > _NAMED and not verbose:
        _say(f"… and {len(refused) - _NAMED} more skipped (-v names them)")


def remove_named(papers: Sequence[str], place: Path) -> None:
    """`rag remove`."""
    from rag.index import remove_papers
    from rag.store import Snapshot

    snapshot = Snapshot(place)
    try:
        known = list(snapshot.papers())
    finally:
        snapshot.close()
    chosen: list[str] = []
    for name in papers:
        found = [p.id for p in known if name == p.id or name.casefold() == p.title.casefold()]
        if not found:
            raise UsageError(
                f'no paper with the id or title "{name}"', f"see: rag list --index {place}"
            )
        chosen += found
    removed = remove_papers(place, list(dict.fromkeys(chosen)))
    click.echo(f"{removed} removed; {counted(len(known) - removed, 'paper')} in {place}")


def list_papers(place: Path | None, as_json: bool) -> None:
    """`rag list`: needs no model, so it opens the store alone."""
    from rag.starter import listed_papers
    from rag.store import Snapshot

    where = chosen_place(place, _say)
    if where is None:
        papers = listed_papers()
    else:
        snapshot = Snapshot(where)
        try:
            papers = list(snapshot.papers())
        finally:
            snapshot.close()
    for p in papers:
        if as_json:
            click.echo(json_line({
                "paper_id": p.id, "title": p.title, "year": p.year, "source": p.source,
                "url": p.url,
            }))  # fmt: skip
        else:
            click.echo(f"{p.id}  {p.title}")


def answer_one(assistant: Assistant, question: str, filters: Filters, as_json: bool) -> None:
    """`rag ask QUESTION`: on a terminal, the papers found come before the answer."""
    from rag.records import Done, Retrieved
    from rag.render import answer_object
    from rag.terminal import show_answer

    for event in assistant.stream(Question(question, filters=filters)):
        if isinstance(event, Retrieved) and sys.stderr.isatty() and not as_json:
            names = "; ".join(h.paper.title for h in event.hits[:3])
            click.secho(f"reading {len(event.hits)} papers: {names} …", err=True, dim=True)
        if isinstance(event, Done):
            if as_json:
                click.echo(json_line(answer_object(event.answer, "")))
            else:
                show_answer(event.answer)


Line = tuple[int, str]


@contextmanager
def questions_in(batch: Path) -> Iterator[Iterator[Line]]:
    """The lines of a batch file ("-" for standard input), numbered from 1.

    Raises:
        InputError: it can't be read. (Before any model is loaded.)
    """
    name = "standard input" if str(batch) == "-" else str(batch)
    if str(batch) == "-" and sys.stdin is None:
        raise InputError("standard input is closed", "give a file of JSON lines")
    try:
        data = sys.stdin.buffer.read() if str(batch) == "-" else batch.read_bytes()
        text = data.decode("utf-8-sig").replace("\r\n", "\n")
    except (OSError, UnicodeDecodeError) as e:
        reason = e.strerror if isinstance(e, OSError) else "it is not UTF-8 text"
        raise InputError(f"cannot read {name}: {reason}", "give a file of JSON lines") from e
    yield iter(list(enumerate(text.split("\n"), 1)))


def answer_batch(
    assistant: Assistant, lines: Iterator[Line], out: Path | None, filters: Filters
) -> None:
    """`rag ask --batch`: one line out for each line in, in order; a bad line is reported and
    answered as abstained, so that nothing is lost. What is wrong with the index, a model or the
    disk is no line's fault and ends the batch."""
    from rag.render import answer_object, failed_object

    work = [(number, line) for number, line in lines if line.strip()]
    with _written(out) as write, counting("answering", len(work)) as progress:
        for done, (number, line) in enumerate(work, 1):
            question_id: str | int = f"line-{number}"
            text = whole(line.strip())
            try:
                entry = _entry(line)
                question_id = _named(entry, question_id)
                question = _question(entry, filters)
                text = whole(question.text)
                result = answer_object(assistant.ask(question), question_id)
            except (UsageError, InputError) as e:
                _say(f"line {number}: {e.message}")
                result = failed_object(question_id, text, e.message)
            write(json_line(result))
            progress(done, text)


@contextmanager
def _written(out: Path | None) -> Iterator[Callable[[str], None]]:
    """What writes a line, at once."""
    if out is None:

        def show(line: str) -> None:
            sys.stdout.write(line + "\n")
            sys.stdout.flush()

        yield show
        return
    with _told(out):
        file = out.open("w", encoding="utf-8")

    def write(line: str) -> None:
        with _told(out):
            file.write(line + "\n")
            file.flush()

    try:
        yield write
    finally:
        with _told(out):
            file.close()


@contextmanager
def _told(out: Path) -> Iterator[None]:
    """Errors of the disk as errors about `out`."""
    try:
        yield
    except OSError as e:
        raise DiskError(f"cannot write {out}: {e.strerror or e}", "give another --out FILE") from e


def _entry(line: str) -> dict[str, Any]:
    try:
        entry: Any = json.loads(line)
    except (ValueError, RecursionError) as e:
        raise InputError(f"not a JSON object ({e})") from e
    if not isinstance(entry, dict):
        raise InputError("not a JSON object")
    return entry


def _named(entry: dict[str, Any], otherwise: str | int) -> str | int:
    """The question's id as it was given, so that answers can be joined to questions by it."""
    given = entry.get("id")
    return given if isinstance(given, str | int) and not isinstance(given, bool) else otherwise


def _question(entry: dict[str, Any], filters: Filters) -> Question:
    if not isinstance(entry.get("question"), str):
        raise InputError('needs the field "question" with a text')
    history = entry.get("history") or []
    if not isinstance(history, list) or not all(isinstance(h, str) for h in history):
        raise InputError('"history" must be a list of texts')
    return Question(entry["question"], tuple(history), filters)


def chat_loop(assistant: Assistant) -> None:
    """`rag chat`: until end of input, "exit" or Ctrl-C."""
    from rag.records import Done, Retrieved
    from rag.terminal import show_answer

    if sys.stdin.isatty():
        _say('Ask away; an empty line or "exit" ends.')
    history: list[str] = []
    known: list[tuple[str, ...]] = []  # ids of the papers that each answer cites
    while True:
        if sys.stdin.isatty():
            click.echo("\n> ", nl=False, err=True)
        line = sys.stdin.readline()
        if not line or line.strip().lower() in ("", "exit", "quit"):
            return
        try:
            question = Question(line.strip(), tuple(history), cited=tuple(known))
            for event in assistant.stream(question):
                if isinstance(event, Retrieved) and event.hits and sys.stderr.isatty():
                    click.secho(
                        f"reading “{event.hits[0].paper.title}” and {len(event.hits) - 1} more …",
                        err=True,
                        dim=True,
                    )
                if isinstance(event, Done):
                    show_answer(event.answer)
                    click.echo()
                    history.append(line.strip())
                    known.append(event.answer.cited)
        except UsageError as e:
            _say(f"rag: {e.message}")


def verify_place(place: Path, repair: bool) -> None:
    """`rag verify`; exit code 1 when something is wrong that could not be repaired."""
    from rag.embedding import open_embedder
    from rag.index import verify_index

    report = verify_index(
        place, open_embedder(load_settings(), _say), token_counter(), repair=repair,
        waiting=lambda: _say(f"another process is writing {place}; waiting for it"),
    )  # fmt: skip
    for line in report.repaired:
        click.echo(f"repaired: {line}")
    for line in report.problems:
        click.echo(f"problem: {line}")
    click.echo(f"{report.papers} papers, {report.passages} passages checked in {place}")
    if report.problems:
        raise RagError(
            f"{len(report.problems)} problems remain",
            f"index the papers again: rag index PATH --index {place}",
        )


def list_models(as_json: bool) -> None:
    """`rag models list`."""
    from rag.models import cards

    for card in cards():
        folder = card.folder
        there = folder is not None and (folder / card.file).is_file()
        if as_json:
            click.echo(json.dumps({
                "kind": card.kind, "name": card.name, "title": card.title, "installed": there,
                "size": card.size, "sha256": card.sha256, "licence": card.licence,
                "ability": card.ability, "context": card.context or card.max_tokens,
            }))  # fmt: skip
        else:
            fetched = f" (rag models pull {card.name})" if card.distribution else ""
            state = "installed" if there else f"not installed{fetched}"
            size = f"{card.size / 1e6:>6.0f} MB"
            click.echo(f"{card.kind:<9} {card.name:<14} {card.title:<24} {size}  {state}")


def verify_models() -> None:
    """`rag models verify`: every installed file is read again."""
    from rag.models import cards, verified_digest

    bad = 0
    for card in cards():
        path = (card.folder or Path()) / card.file
        if card.folder is None or not path.is_file():
            click.echo(f"{card.name}: not installed")
            continue
        good = verified_digest(path, fresh=True) == card.sha256
        bad += not good
        click.echo(f"{card.name}: {'sha256 matches' if good else 'WRONG sha256'}  {path}")
    if bad:
        raise ModelError(
            f"{bad} model file(s) differ from the manifest", "reinstall: rag models pull NAME"
        )


def prepare_models() -> None:
    """`rag models prepare`."""
    settings = load_settings()
    from rag.embedding import open_embedder
    from rag.llm import open_model
    from rag.reader import open_reader

    embedder = open_embedder(settings, _say)
    click.echo(f"embedder {embedder.name}: ready, {embedder.dimension} dimensions")
    if open_reader(settings, _say) is not None:
        click.echo(f"reader {settings.reader}: ready")
    model = open_model(settings, _say)
    click.echo(f"language model {model.info.name}: ready as {model.info.quantization}")


def pull_model(name: str) -> None:
    """`rag models pull`: the package manager does the download and we check the digest."""
    from rag.models import cards, require_file

    card = next((c for c in cards() if name.lower() in (c.name.lower(), c.title.lower())), None)
    if card is None:
        raise UnknownModelError(f'unknown model "{name}"', "see: rag models list")
    if not card.distribution:
        click.echo(f"{card.title} comes with the program: {require_file(card)}")
        return
    code = subprocess.call([sys.executable, "-m", "pip", "install", card.distribution])
    if code != 0:
        raise ModelError(
            f"pip could not install {card.distribution}", "check the network and try again"
        )
    click.echo(f"{card.title}: sha256 matches  {require_file(card)}")
