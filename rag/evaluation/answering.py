"""The question set through the program's own assistant, one question at a time, in order.

The model is loaded before the first question, so that latencies are those of a running program.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from rag.config import load_settings
from rag.dedupe import normalised_title
from rag.errors import DiskError, InputError
from rag.evaluation.figures import (
    figures_table,
    latency_object,
    latency_table,
    length_object,
    main_figures,
    styles_table,
)
from rag.evaluation.judging import Judged, judge
from rag.evaluation.places import digest_of, open_cached
from rag.evaluation.questions import Asked, chosen, read_questions
from rag.evaluation.tables import number, print_tables, without_nan
from rag.models import data_file, file_digest, write_atomically
from rag.pipeline import Assistant
from rag.progress import counting
from rag.records import Paper, Question, Refusal
from rag.render import answer_object
from rag.session import model_loader, token_counter

if TYPE_CHECKING:
    from rag.config import Settings
    from rag.index import OpenIndex

_SHOWN = 5  # unsupported claims printed


def say(text: str) -> None:
    """One line for people, on standard error."""
    click.echo(text, err=True)


def run(
    questions: Path | None,
    corpus: Path | None,
    split: str,
    out: Path | None,
    evidence_only: bool,
    limit: int | None,
    model: str | None,
) -> None:
    """`rag eval`. What is wrong with the arguments is found before a model is loaded."""
    path = questions or data_file("eval", "questions.jsonl")
    asked = chosen(read_questions(path), split, limit)
    papers = _papers_of(corpus) if corpus is not None else None
    if out is not None:
        _require_writable(out)
    settings = load_settings()
    settings = replace(settings, model=model or settings.model)
    with _opened(papers, settings) as index:
        _name_missing(asked, index)
        load = None if evidence_only else model_loader(settings, say)
        start = time.perf_counter()
        if load is not None:
            load()
        loading = time.perf_counter() - start
        assistant = Assistant(index, settings, load)
        judged = ask_all(assistant, asked)
    report: dict[str, Any] = {
        "set": {"file": str(path), "sha256": file_digest(path), "split": split, "limit": limit},
        "corpus": str(corpus) if corpus is not None else "starter corpus",
        "settings": asdict(settings),
        "evidence_only": evidence_only,
        "model_loading_s": loading,
        "peak_memory_mb": peak_memory_mb(),
    }
    _show(judged, report)
    if out is not None:
        _write(out, report | report_object(judged))
        say(f"every answer and figure is in {out}")


def ask_all(assistant: Assistant, asked: Sequence[Asked]) -> list[Judged]:
    """Ask and judge every question."""
    # Read once and apart from the pipeline's own reads: what claims are checked against.
    abstracts = {paper.id: paper.abstract for paper in assistant.index.snapshot.papers()}
    judged = []
    with counting("asking", len(asked)) as progress:
        for done, one in enumerate(asked, 1):
            events = assistant.stream(Question(one.question, one.history))
            judged.append(judge(one, events, abstracts.get))
            progress(done, one.question)
    return judged


def report_object(judged: Sequence[Judged]) -> dict[str, Any]:
    """Figures and answers as JSON values; a share that makes no sense is NaN."""
    return {
        "questions": len(judged),
        "figures": [asdict(figure) for figure in main_figures(judged)],
        "answer_words": length_object(judged),
        "unsupported_claims": sum(len(j.unsupported) for j in judged),
        "latency_ms": latency_object(judged),
        "answers": [_answer(j) for j in judged],
    }


def _answer(j: Judged) -> dict[str, Any]:
    asked = j.asked
    return answer_object(j.answer, asked.id) | {
        "asked": {
            "style": asked.style,
            "split": asked.split,
            "answerable": asked.answerable,
            "papers": list(asked.papers),
            "facts": [[f.pattern for f in fact] for fact in asked.facts],
        },
        "judged": {
            "precision_1": j.precision_1,
            "recall_3": j.recall_3,
            "recall_5": j.recall_5,
            "reciprocal": j.reciprocal,
            "facts_in_evidence": list(j.in_evidence),
            "facts_in_claims": j.in_claims,
            "cited": j.cited,
            "probability": j.probability,
            "words": j.words,
            "unsupported": list(j.unsupported),
        },
    }


def peak_memory_mb() -> float:
    """Most memory this process has held, in MB; NaN where the system doesn't say."""
    try:
        import resource
    except ImportError:
        return float("nan")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return float(peak * (1 if sys.platform == "darwin" else 1024) / 1e6)


def _show(judged: Sequence[Judged], report: dict[str, Any]) -> None:
    words = length_object(judged)
    shown = [reason for j in judged for reason in j.unsupported]
    notes = [
        f"answers: {number(words['median'], 0)} words at the median, {number(words['max'], 0)} "
        "at most",
        f"claims shown without support: {len(shown)}",
        f"peak memory {number(report['peak_memory_mb'], 0)} MB; the model loaded in "
        f"{number(report['model_loading_s'], 1)} s",
        *shown[:_SHOWN],
    ]
    figures = figures_table(main_figures(judged))
    print_tables([figures, styles_table(judged), latency_table(judged)], notes)


def _papers_of(corpus: Path) -> list[Paper]:
    from rag.readers import read_paths

    records = list(read_paths([str(corpus)], note=say))
    refused = [r for r in records if isinstance(r, Refusal)]
    papers = [r for r in records if isinstance(r, Paper)]
    if not papers:
        reason = f" ({refused[0].reason})" if refused else ""
        raise InputError(f"no paper could be read from {corpus}{reason}", "see: rag index --help")
    if refused:
        say(f"{len(refused)} records of {corpus} were not taken, the first: {refused[0]}")
    return papers


@contextmanager
def _opened(papers: Sequence[Paper] | None, settings: Settings) -> Iterator[OpenIndex]:
    """The index of the given papers; of the starter corpus for None."""
    from rag.embedding import open_embedder
    from rag.starter import open_starter

    embedder = open_embedder(settings)
    with counting("indexing", len(papers) if papers else None) as progress:
        if papers is None:
            index = open_starter(embedder, settings, token_counter(), progress)
        else:
            index = open_cached(
                "corpus", digest_of(papers), papers, embedder, settings, say, progress
            )
    try:
        yield index
    finally:
        index.close()


def _name_missing(asked: Sequence[Asked], index: OpenIndex) -> None:
    held = {normalised_title(paper.title) for paper in index.snapshot.papers()}
    lacking = [
        q for q in asked if q.answerable and not held & {normalised_title(t) for t in q.papers}
    ]
    if lacking:
        say(
            f"{len(lacking)} answerable questions name papers that the corpus lacks "
            f"(such as “{lacking[0].papers[0]}”); they count as missed"
        )


def _require_writable(out: Path) -> None:
    """Refuse now what would be lost at the end."""
    if out.is_dir() or not out.absolute().parent.is_dir():
        raise DiskError(f"cannot write {out}: no such folder", "give another --out FILE")
    _guarded(out, lambda: write_atomically(_probe(out), lambda p: p.write_text("")))
    _probe(out).unlink(missing_ok=True)


def _probe(out: Path) -> Path:
    return out.with_name(f".{out.name}.probe")


def _write(out: Path, report: dict[str, Any]) -> None:
    text = json.dumps(without_nan(report), ensure_ascii=False, indent=1) + "\n"
    _guarded(out, lambda: write_atomically(out, lambda p: p.write_text(text, encoding="utf-8")))


def _guarded(out: Path, write: Callable[[], object]) -> None:
    try:
        write()
    except OSError as e:
        raise DiskError(f"cannot write {out}: {e.strerror or e}", "give another --out FILE") from e
