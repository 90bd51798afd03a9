"""Retrieval on a benchmark, each way of searching alone and fused as shipped, over one index.

Queries that the split doesn't judge, or whose judgements hold nothing relevant, are left out and
counted. Latency is one query at a time, the embedding of the query included where one is needed.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import click

from rag.config import load_settings
from rag.errors import InputError
from rag.evaluation import beir
from rag.evaluation.corpora import benchmark_digest
from rag.evaluation.places import open_cached
from rag.evaluation.tables import Table, number, print_json, print_tables
from rag.metrics import (
    average_precision,
    bootstrap_interval,
    mean,
    ndcg_at,
    percentile,
    recall_at,
    reciprocal_rank,
)
from rag.progress import counting
from rag.retrieval import query_terms, rank
from rag.store.reading import CHUNK

if TYPE_CHECKING:
    from rag.index import OpenIndex

_DEPTH = 1000  # papers of a ranking that are looked at, as trec_eval's default
_PASSAGES = 4 * _DEPTH  # that many passages hold 1,000 papers unless abstracts are very long

Search = Callable[[str], list[int]]  # a query's papers, best first, by row id


@dataclass(slots=True)
class Measured:
    """One way of searching: values of each measure by query, and milliseconds of each query."""

    values: dict[str, list[float]] = field(default_factory=dict)
    latency_ms: list[float] = field(default_factory=list)


MEASURES: Mapping[str, Callable[[Sequence[str], Mapping[str, int]], float]] = {
    "nDCG@10": lambda ranking, grades: ndcg_at(ranking, grades, 10),
    "recall@10": lambda ranking, grades: recall_at(ranking, grades, 10),
    "recall@100": lambda ranking, grades: recall_at(ranking, grades, 100),
    "MRR@10": lambda ranking, grades: reciprocal_rank(ranking, grades, 10),
    "MAP": average_precision,
}


@dataclass(frozen=True, slots=True)
class Report:
    """A benchmark's outcome.

    Attributes:
        documents: how many became papers.
        not_indexed: ids of documents with neither title nor text.
        queries: how many were measured.
        left_out: queries of the split without a text or anything relevant.
        ways: by name, in the order of the table.
    """

    folder: str
    split: str
    documents: int
    not_indexed: tuple[str, ...]
    untitled: int
    textless: int
    queries: int
    left_out: int
    ways: dict[str, Measured]


def run(folder: Path, split: str, as_json: bool) -> None:
    """`rag eval retrieval`."""

    def notice(text: str) -> None:
        click.echo(text, err=True)

    report = measure(folder, split, notice)
    if as_json:
        print_json(report_object(report))
    else:
        print_tables([report_table(report)], report_notes(report))


def measure(folder: Path, split: str, notice: Callable[[str], None]) -> Report:
    """Index a benchmark if need be, and measure all ways of searching on its queries.

    Raises:
        InputError: a file is missing or wrong, or no judged query is there.
    """
    judgements = beir.read_judgements(folder, split)
    queries = beir.read_queries(folder)
    documents = beir.read_documents(folder)
    missing = [q for q in judgements if q not in queries]
    if missing:
        raise InputError(
            f'{folder}: {len(missing)} judged queries, such as "{missing[0]}", are not in '
            "queries.jsonl",
            "the files of a benchmark belong together",
        )
    chosen = {
        q: queries[q]
        for q, grades in judgements.items()
        if queries[q] and any(grade > 0 for grade in grades.values())
    }
    if not chosen:
        raise InputError(f"{folder}: no query of {split} has a relevant document", "")
    index = _opened(folder, documents, notice)
    try:
        ways = _measured(index, chosen, judgements)
    finally:
        index.close()
    return Report(
        str(folder), split, len(documents.papers), documents.empty, documents.untitled,
        documents.textless, len(chosen), len(judgements) - len(chosen), ways,
    )  # fmt: skip


def _opened(folder: Path, documents: beir.Documents, notice: Callable[[str], None]) -> OpenIndex:
    from rag.embedding import open_embedder

    settings = load_settings()
    embedder = open_embedder(settings)
    digest = benchmark_digest(folder)
    with counting("indexing", len(documents.papers)) as progress:
        index = open_cached("beir", digest, documents.papers, embedder, settings, notice, progress)
    held = index.snapshot.count()
    if held != len(documents.papers):
        index.close()
        raise InputError(
            f"the index of {folder} holds {held} papers for {len(documents.papers)} documents",
            f"remove {index.directory} and run the command again",
        )
    return index


def _measured(
    index: OpenIndex, queries: Mapping[str, str], judgements: beir.Judgements
) -> dict[str, Measured]:
    _, owners = index.snapshot.owners()
    papers = index.snapshot.by_rowid({int(row) for row in owners})
    names = {row: beir.document_id(paper) for row, paper in papers.items()}
    searches = ways_of_searching(index)
    ways = {name: Measured({m: [] for m in MEASURES}) for name in searches}
    for search in searches.values():
        search(next(iter(queries.values())))  # Pages and caches are warm for all alike.
    with counting("searching", len(queries)) as progress:
        for done, (query, text) in enumerate(queries.items(), 1):
            for name, search in searches.items():
                start = time.perf_counter()
                found = search(text)
                ways[name].latency_ms.append((time.perf_counter() - start) * 1000)
                ranking = [names[row] for row in found[:_DEPTH]]
                for measure_name, value in MEASURES.items():
                    ways[name].values[measure_name].append(value(ranking, judgements[query]))
            progress(done, text)
    return ways


def ways_of_searching(index: OpenIndex) -> dict[str, Search]:
    """Each way of searching by its name in the table."""

    def dense(query: str) -> list[int]:
        vector = index.embedder.encode([query])[0]
        _, owners, _ = index.nearest(CHUNK, vector, _PASSAGES)
        return list(dict.fromkeys(int(row) for row in owners))

    def lexical(query: str) -> list[int]:
        return [row for row, _ in index.snapshot.lexical(query_terms(query), _DEPTH)]

    def fused(query: str) -> list[int]:
        vector = index.embedder.encode([query])[0]
        return [scored.paper for scored in rank(index, query, vector)]

    return {"dense only": dense, "BM25 only": lexical, "fused (as shipped)": fused}


def report_object(report: Report) -> dict[str, object]:
    """The report as JSON values: means with 95 % bootstrap intervals, milliseconds."""
    found = asdict(report) | {"not_indexed": list(report.not_indexed)}
    found["ways"] = {
        name: {
            "measures": {
                m: {"mean": mean(values), "interval": list(bootstrap_interval(values, mean))}
                for m, values in way.values.items()
            },
            "latency_ms": {f"p{p}": percentile(way.latency_ms, p / 100) for p in (50, 95, 99)},
        }
        for name, way in report.ways.items()
    }
    return found


def report_table(report: Report) -> Table:
    """One row a way of searching."""
    header = ("", *MEASURES, "95 % of nDCG@10", "p50 ms", "p95 ms", "p99 ms")
    rows = []
    for name, way in report.ways.items():
        low, high = bootstrap_interval(way.values["nDCG@10"], mean)
        rows.append(
            (
                name,
                *(number(mean(values)) for values in way.values.values()),
                f"{number(low)}–{number(high)}",
                *(number(percentile(way.latency_ms, p), 1) for p in (0.5, 0.95, 0.99)),
            )
        )
    return Table(f"Retrieval on {report.folder} ({report.split})", header, tuple(rows))


def report_notes(report: Report) -> list[str]:
    """What was measured and what could not be, in words."""
    notes = [f"{report.documents:,} documents, {report.queries:,} queries"]
    if report.left_out:
        notes.append(
            f"{report.left_out} judged queries have no text or nothing relevant and are left out"
        )
    if report.textless or report.untitled:
        notes.append(
            f"{report.textless} documents without a text are indexed by their title, "
            f"{report.untitled} without a title under their first words"
        )
    if report.not_indexed:
        named = ", ".join(report.not_indexed[:5]) + (" …" if len(report.not_indexed) > 5 else "")
        notes.append(
            f"{len(report.not_indexed)} documents have neither title nor text and could not be "
            f"indexed: {named}"
        )
    return notes
