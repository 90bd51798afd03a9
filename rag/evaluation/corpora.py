"""The papers that questions are asked of: files, a benchmark's folder or the starter corpus, each
behind an index that holds exactly them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rag.dedupe import normalised_title
from rag.errors import InputError
from rag.evaluation import beir
from rag.evaluation.places import digest_of, open_cached
from rag.models import file_digest
from rag.progress import counting
from rag.records import Paper, Refusal
from rag.retrieval import rank
from rag.session import token_counter

if TYPE_CHECKING:
    from rag.config import Settings
    from rag.embedding import Embedder
    from rag.index import OpenIndex

Notice = Callable[[str], None]
STARTER = "starter corpus"


@dataclass(frozen=True, slots=True)
class Corpus:
    """Papers as read, not yet indexed.

    Attributes:
        name: for people.
        kind: first part of the cached index's name; digest: names what is in it.
        papers: None for the starter corpus and for an index, which is asked as it is.
        place: that index's folder; None for all else.
    """

    name: str
    kind: str = ""
    digest: str = ""
    papers: tuple[Paper, ...] | None = None
    place: Path | None = None


def read_corpus(path: Path | None, notice: Notice) -> Corpus:
    """The papers at a path: any file or folder that `rag index` takes, or a folder in BEIR layout.

    Args:
        path: None for the starter corpus.

    Raises:
        InputError: no paper could be read.
    """
    if path is None:
        return Corpus(STARTER)
    if (path / "corpus.jsonl").is_file():
        documents = beir.read_documents(path)
        if documents.empty:
            notice(f"{len(documents.empty)} documents of {path} have neither title nor text")
        return Corpus(str(path), "beir", benchmark_digest(path), documents.papers)
    from rag.readers import read_paths

    records = list(read_paths([str(path)], note=notice))
    refused = [r for r in records if isinstance(r, Refusal)]
    papers = tuple(r for r in records if isinstance(r, Paper))
    if not papers:
        reason = f" ({refused[0].reason})" if refused else ""
        raise InputError(f"no paper could be read from {path}{reason}", "see: rag index --help")
    if refused:
        notice(f"{len(refused)} records of {path} were not taken, the first: {refused[0]}")
    return Corpus(str(path), "corpus", digest_of(papers), papers)


def benchmark_digest(folder: Path) -> str:
    """Names a BEIR folder's papers."""
    return f"{file_digest(folder / 'corpus.jsonl')}|{beir.FORM}"


@contextmanager
def opened(
    corpus: Corpus, embedder: Embedder, settings: Settings, notice: Notice
) -> Iterator[OpenIndex]:
    """The corpus's index; but for a folder that is one, built when it isn't there whole.

    Raises:
        DiskError: the cache can't be written.
        IndexMissingError, IndexCorruptError, IndexVersionError, EmbedderMismatchError.
    """
    from rag.index import OpenIndex
    from rag.starter import open_starter

    with counting("indexing", len(corpus.papers) if corpus.papers else None) as progress:
        if corpus.place is not None:
            index = OpenIndex(corpus.place, embedder)
        elif corpus.papers is None:
            index = open_starter(embedder, settings, token_counter(), progress)
        else:
            index = open_cached(
                corpus.kind, corpus.digest, corpus.papers, embedder, settings, notice, progress
            )
    try:
        yield index
    finally:
        index.close()


@dataclass(frozen=True, slots=True)
class Held:
    """What an index holds, read apart from the pipeline's own reads: what claims are checked
    against.

    Attributes:
        papers: by id.
        rows: normalised titles by the store's row ids.
        by_title: papers by normalised title; several may share one.
        digest: of all titles and abstracts, hex.
        state: the index's fingerprint when it was read.
    """

    papers: Mapping[str, Paper]
    rows: Mapping[int, str]
    by_title: Mapping[str, Sequence[Paper]]
    digest: str
    state: str

    def abstract(self, paper_id: str) -> str | None:
        """The abstract of a paper; None when the index has no such paper."""
        paper = self.papers.get(paper_id)
        return paper.abstract if paper is not None else None


def held_by(index: OpenIndex) -> Held:
    """Everything in an index's present state."""
    _, owners = index.snapshot.owners()
    read = index.snapshot.by_rowid({int(row) for row in owners})
    papers = {paper.id: paper for paper in index.snapshot.papers()}
    by_title: dict[str, list[Paper]] = {}
    for paper in papers.values():
        by_title.setdefault(normalised_title(paper.title), []).append(paper)
    texts = sorted(f"{p.title}\n{p.abstract}" for p in papers.values())
    digest = hashlib.sha256("\0".join(texts).encode("utf-8", "replace")).hexdigest()
    rows = {row: normalised_title(paper.title) for row, paper in read.items()}
    return Held(papers, rows, by_title, digest, index.fingerprint)


def ranking(index: OpenIndex, held: Held, understood: str) -> list[str]:
    """Normalised titles of all papers, best first, as searching alone ranks them.

    Deeper than the papers that the pipeline reads. Papers that share a title count as one.
    """
    vector = index.embedder.encode([understood])[0]
    found = (held.rows[scored.paper] for scored in rank(index, understood, vector))
    return list(dict.fromkeys(found))
