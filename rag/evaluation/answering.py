"""The question set through the program's own assistant, one question at a time, in order.

The model is loaded before the first question, so that latencies are those of a running program.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from rag.config import load_settings, thread_count
from rag.dedupe import normalised_title
from rag.errors import DiskError, RagError, UsageError
from rag.evaluation import against, baseline
from rag.evaluation.corpora import STARTER, Corpus, Held, held_by, opened, ranking, read_corpus
from rag.evaluation.figures import MEASURES, main_figures, style_figures
from rag.evaluation.gold import Place, locate
from rag.evaluation.judging import Judged, judge
from rag.evaluation.machine import machine
from rag.evaluation.questions import Asked, QuestionSet, chosen, read_set
from rag.evaluation.reporting import Report, notes, report_object, tables
from rag.evaluation.tables import print_tables, without_nan
from rag.models import data_file, same_file, write_atomically
from rag.pipeline import Assistant
from rag.progress import counting
from rag.reader import reader_digest
from rag.records import Question
from rag.render import whole
from rag.session import model_loader
from rag.store import DATABASE_NAME

if TYPE_CHECKING:
    from rag.config import Settings
    from rag.index import OpenIndex

BUNDLED = ("questions", "cranfield")  # question sets that come with the program


def say(text: str) -> None:
    """One line for people, on standard error."""
    click.echo(text, err=True)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What `rag eval` was asked for.

    Attributes:
        questions: a file, or the name of a bundled set; None for "questions".
        from_feedback: the questions are those whose answers were judged on the chat page.
        corpus: None for the starter corpus; index_dir: an index to ask instead of a corpus.
        split: "dev", "test" or "all"; limit: None for all of them.
        out, html: files to write; old: an earlier run's `out`.
        plain: on how many questions the plain pipeline is asked too.
        model: None for the settings' one.
    """

    questions: Path | None = None
    from_feedback: bool = False
    corpus: Path | None = None
    index_dir: Path | None = None
    split: str = "all"
    limit: int | None = None
    evidence_only: bool = False
    model: str | None = None
    out: Path | None = None
    html: Path | None = None
    old: Path | None = None
    plain: int = 0


def run(wanted: Wanted) -> None:
    """`rag eval`. What is wrong with the arguments is found before a model is loaded."""
    read, corpus = _questions(wanted)
    asked = chosen(read.questions, wanted.split, wanted.limit)
    corpus = corpus or read_corpus(wanted.corpus, say)
    words = {q.id: whole(q.question) for q in asked}  # as a run is written
    old = against.read_run(wanted.old) if wanted.old is not None else None
    if old is not None:
        against.in_both(str(wanted.old), old, words)
    _require_files_of_their_own(wanted)
    settings = load_settings()
    settings = replace(settings, model=wanted.model or settings.model)
    plain_asked = _plain_questions(asked, wanted.plain)
    if plain_asked:
        baseline.shipped_file(settings)
    from rag.embedding import open_embedder

    with opened(corpus, open_embedder(settings), settings, say) as index:
        held = held_by(index)
        _name_missing(asked, held)
        load = None if wanted.evidence_only else model_loader(settings, say)
        start = time.perf_counter()
        if load is not None:
            load()
        loading = time.perf_counter() - start
        done = ask_all(Assistant(index, settings, load, say), asked, held)
        if not done.judged and done.ended is not None:
            raise done.ended
        peak = peak_memory_mb()
        plain = () if done.ended else _asked_plainly(plain_asked, index, settings)
    outcomes = [j.outcome for j in done.judged]
    with counting("taking figures", len(MEASURES)) as progress:
        figures = main_figures(outcomes, progress)
    report = Report(
        {}, asdict(settings), settings.abstain_below, len(held.papers), done.judged,
        tuple(figures), style_figures(outcomes), done.note, loading, peak, plain,
    )  # fmt: skip
    report = replace(report, shaped_by={
        "question sets": f"{read.name} {read.digest[:12]}",
        "splits": wanted.split,
        "limits": str(wanted.limit or "none")
        + (f", stopped after {len(outcomes)}" if done.ended else ""),
        "corpora": f"{corpus.name} {held.digest[:12]}",
        "language models": "none (evidence only)" if wanted.evidence_only else report.model,
        against.MACHINES: machine(thread_count(settings)),
        **_set_by(settings),
    })  # fmt: skip
    if old is not None:
        now = against.Run(report.shaped_by, words, outcomes)
        with counting("comparing", len(MEASURES)) as progress:
            compared = against.compare(str(wanted.old), old, now, progress)
        report = replace(report, comparison=compared)
    try:
        _keep(report, wanted)
    finally:  # Whichever of both fails, the other is there.
        print_tables(tables(report), notes(report))
    if done.ended is not None:
        raise done.ended


def _set_by(settings: Settings) -> dict[str, str]:
    """What the settings have to do with the answers, by its name for people."""
    return {
        "thresholds": f"{settings.abstain_below:g}",
        "readers": f"{settings.reader} {reader_digest(settings)[:12]}".rstrip(),
        against.SETTINGS: against.shaping(asdict(settings)),
    }


def _keep(report: Report, wanted: Wanted) -> None:
    """Write the files that were asked for."""
    if wanted.out is not None:
        text = json.dumps(without_nan(report_object(report)), ensure_ascii=False, indent=1)
        _write(wanted.out, text + "\n")
        say(f"every answer and figure is in {wanted.out}")
    if wanted.html is not None:
        from rag.evaluation.html import page

        _write(wanted.html, page(report))
        say(f"the report to read is {wanted.html}")


def _questions(wanted: Wanted) -> tuple[QuestionSet, Corpus | None]:
    """The questions, and the papers to ask; None for a corpus."""
    place = wanted.index_dir
    if place is not None and wanted.corpus is not None:
        raise UsageError("--corpus and --index are two sets of papers", "give one of them")
    if not wanted.from_feedback:
        found = read_set(set_file(wanted.questions))
        return found, Corpus(str(place), place=place) if place else None
    if wanted.questions is not None:
        raise UsageError("--from-feedback and --set are two sets", "give one of them")
    return _judged_questions(wanted)


def _judged_questions(wanted: Wanted) -> tuple[QuestionSet, Corpus | None]:
    """Those judged on the chat page, and the collection that they were judged of."""
    from rag.evaluation.feedback import asked_collection, feedback_questions, of_collection
    from rag.store.conversations import Conversations, default_conversations

    path = default_conversations()
    judgements = list(Conversations(path).judgements())
    if wanted.corpus is not None:  # Files have no name among collections: these are meant.
        return _as_set(path, feedback_questions(judgements, path, say)), None
    one = asked_collection(judgements, wanted.index_dir or _named_index())
    questions = feedback_questions(of_collection(judgements, one.name, say), path, say)
    starter = one.kind == "starter"
    papers = Corpus(STARTER) if starter else Corpus(one.name, place=one.place)
    return _as_set(path, questions), papers


def _as_set(path: Path, questions: Sequence[Asked]) -> QuestionSet:
    """Judged questions; the file they stand in holds other things, too."""
    digest = hashlib.sha256(repr([asdict(q) for q in questions]).encode("utf-8", "replace"))
    return QuestionSet(path.name, digest.hexdigest(), tuple(questions))


def _named_index() -> Path | None:
    """`$RAG_INDEX` where there is an index; as elsewhere, others are asked while there is none."""
    named = os.environ.get("RAG_INDEX")
    there = named is not None and (Path(named) / DATABASE_NAME).exists()
    return Path(named) if named and there else None


def set_file(named: Path | None) -> Path:
    """The question set's file: as named, or a bundled one by its bare name."""
    name = BUNDLED[0] if named is None else str(named)
    if named is None or (name in BUNDLED and not named.is_file()):
        return data_file("eval", f"{name}.jsonl")
    return named


@dataclass(frozen=True, slots=True)
class Done:
    """What came of asking.

    Attributes:
        note: why gold spans are missing; "" when none is.
        ended: what ended it before the last question; what was judged until then stands.
    """

    judged: tuple[Judged, ...]
    note: str
    ended: KeyboardInterrupt | RagError | None = None


def ask_all(assistant: Assistant, asked: Sequence[Asked], held: Held | None = None) -> Done:
    """Ask and judge every question."""
    # Read once and apart from the pipeline's own reads: what claims are checked against.
    index = assistant.index
    held = held or held_by(index)
    gold, note = locate(asked, held.by_title)
    judged: list[Judged] = []
    with counting("asking", len(asked)) as progress:
        for done, one in enumerate(asked, 1):
            try:
                judged.append(_judged(assistant, one, held, gold.get(one.id, ())))
            except (KeyboardInterrupt, RagError) as e:
                return Done(tuple(judged), note, e)
            progress(done, one.question)
    return Done(tuple(judged), note)


def _judged(assistant: Assistant, one: Asked, held: Held, gold: Sequence[Place]) -> Judged:
    """One question asked of the papers as they were read.

    Raises:
        RagError: they have changed since.
    """
    index = assistant.index
    found: Judged | None = None
    try:
        found = judge(
            one,
            assistant.stream(Question(one.question, one.history)),
            held.abstract,
            lambda understood: ranking(index, held, understood),
            gold,
        )
    except KeyError:  # a paper that has come since
        if index.fingerprint == held.state:
            raise
    if found is None or index.fingerprint != held.state:
        raise RagError(
            "the papers were changed while the questions were asked",
            "run the same command again once nobody adds or removes papers",
        )
    return found


def _plain_questions(asked: Sequence[Asked], count: int) -> list[Asked]:
    """Answerable questions for the plain pipeline, at even distances: others ask for nothing that
    could be found in free text."""
    if not count:
        return []
    answerable = [q for q in asked if q.answerable]
    if not answerable:
        raise UsageError("--baseline needs answerable questions", "take a larger --limit")
    return chosen(answerable, "all", count)


def _asked_plainly(
    asked: Sequence[Asked], index: OpenIndex, settings: Settings
) -> tuple[baseline.Plain, ...]:
    """What fails here is told: the program's own answers are worth keeping without it."""
    if not asked:
        return ()
    say(f"asking the plain pipeline {len(asked)} questions")
    try:
        model = baseline.shipped_model(settings)
    except RagError as e:
        say(f"the plain pipeline wasn't asked: {e.message}")
        return ()
    try:
        search, write = baseline.nearest(index), baseline.writing(model)
        found = []
        with counting("asking the plain pipeline", len(asked)) as progress:
            for done, one in enumerate(asked, 1):
                try:
                    found.append(baseline.ask_plainly(one, search, write))
                except UsageError as e:  # One question too long is no reason to lose the run.
                    say(f"the plain pipeline wasn't asked {one.id}: {e.message}")
                progress(done, one.question)
        return tuple(found)
    finally:
        model.close()


def peak_memory_mb() -> float:
    """Most memory this process has held, in MB; NaN where the system doesn't say."""
    try:
        import resource
    except ImportError:
        return float("nan")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return float(peak * (1 if sys.platform == "darwin" else 1024) / 1e6)


def _name_missing(asked: Sequence[Asked], held: Held) -> None:
    lacking = [
        q
        for q in asked
        if q.answerable and not held.by_title.keys() & {normalised_title(t) for t in q.papers}
    ]
    if lacking:
        say(
            f"{len(lacking)} answerable questions name papers that the corpus lacks "
            f"(such as “{lacking[0].papers[0]}”); they count as missed"
        )


def _require_files_of_their_own(wanted: Wanted) -> None:
    """Refuse what would be overwritten or lost at the end."""
    read = (("--set", wanted.questions), ("--corpus", wanted.corpus))
    taken = [(name, path) for name, path in read if path is not None]
    for name, out in (("--out", wanted.out), ("--html", wanted.html)):
        if out is None:
            continue
        for other, path in taken:
            if same_file(out, path):
                raise UsageError(f"{name} would overwrite {other}: {out}", "give another file")
        _require_writable(out)
        taken.append((name, out))


def _require_writable(out: Path) -> None:
    """Refuse now what would be lost at the end."""
    if out.is_dir() or not out.absolute().parent.is_dir():
        raise DiskError(f"cannot write {out}: no such folder", "give another file")
    probe = out.with_name(f".{out.name}.probe")
    _guarded(out, lambda: write_atomically(probe, lambda p: p.write_text("")))
    probe.unlink(missing_ok=True)


def _write(out: Path, text: str) -> None:
    text = whole(text)  # Questions and file names may hold what UTF-8 can't.
    _guarded(out, lambda: write_atomically(out, lambda p: p.write_text(text, encoding="utf-8")))


def _guarded(out: Path, write: Callable[[], object]) -> None:
    try:
        write()
    except OSError as e:
        raise DiskError(f"cannot write {out}: {e.strerror or e}", "give another file") from e
