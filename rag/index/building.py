"""Papers go in batch by batch; each batch is one transaction, so a kill between or inside batches
leaves an index that opens, answers, and takes the rest when the same command is run again."""

from __future__ import annotations

import hashlib
import re
import uuid
from bisect import bisect
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import rag
from rag.chunking import TokenCounter, chunk_abstract
from rag.dedupe import RIVALS, Group, identity_keys, merge, merge_all
from rag.errors import IndexMissingError
from rag.index.locking import locked
from rag.index.opened import keep_dense
from rag.index.shape import passage_text, require_shape, shape_of
from rag.records import Paper, Refusal
from rag.store import DATABASE_NAME, Snapshot, Writer
from rag.store.reading import CHUNK, SENTENCE
from rag.store.writing import Passage, record_key

if TYPE_CHECKING:
    from rag.config import Settings
    from rag.embedding import Embedder, Encode

_BATCH = 128  # papers a transaction

Progress = Callable[[int, str], None]  # papers done so far, title of the newest


@dataclass(frozen=True, slots=True)
class IndexReport:
    """What an indexing run did with every record it was given.

    Attributes:
        added, updated, unchanged: papers; "updated" counts any change of a known paper.
        embedded: papers whose vectors were computed.
        merged: (kept title, dropped record's source) of versions folded into one paper.
        refused: records not taken, and why.
        total: papers in the index afterwards.
    """

    added: int
    updated: int
    unchanged: int
    embedded: int
    merged: tuple[tuple[str, str], ...]
    refused: tuple[Refusal, ...]
    total: int


def add_papers(
    directory: Path,
    records: Iterable[Paper | Refusal],
    embedder: Embedder,
    count: TokenCounter,
    settings: Settings,
    progress: Progress | None = None,
    waiting: Callable[[], None] = lambda: None,
) -> IndexReport:
    """Put papers into the index in `directory`, made when there is none.

    Args:
        count: tokens in a text, for the bound of chunks.
        waiting: called once when another process holds the index and this one waits.

    Raises:
        IndexBusyError, DiskError, IndexCorruptError, EmbedderMismatchError, UsageError.
    """
    refused: list[Refusal] = []
    merged: list[tuple[str, str]] = []
    tally = {"added": 0, "updated": 0, "unchanged": 0, "embedded": 0}
    run: dict[int, str] = {}
    with writing(directory, waiting) as writer, embedder.long_run() as encode:
        manifest = writer.manifest
        require_shape(manifest, embedder, settings, str(directory))
        if "uuid" not in manifest:
            with writer.change():
                writer.describe(
                    shape_of(embedder, settings)
                    | {"uuid": uuid.uuid4().hex, "created_by": rag.__version__}
                )
        papers = _taken(records, refused)
        done = 0
        while batch := list(islice(papers, _BATCH)):
            kept, dropped = merge_all(batch)
            merged += [(a.title, b.source) for a, b in dropped]
            merged += _put_batch(writer, kept, encode, count, settings, tally, run)
            done += len(batch)
            if progress is not None:
                progress(done, batch[-1].title)
        total = _finish(directory)
    return IndexReport(
        tally["added"], tally["updated"], tally["unchanged"], tally["embedded"],
        tuple(merged), tuple(refused), total,
    )  # fmt: skip


def remove_papers(
    directory: Path, paper_ids: Sequence[str], waiting: Callable[[], None] = lambda: None
) -> int:
    """Take papers out of an index; how many were there to take.

    Raises:
        IndexMissingError, IndexBusyError, DiskError, IndexCorruptError.
    """
    if not (directory / DATABASE_NAME).is_file():
        raise IndexMissingError(f"there is no index in {directory}", "name one with --index DIR")
    with writing(directory, waiting) as writer:
        with writer.change():
            removed = writer.remove(paper_ids)
        _finish(directory)
    return removed


@contextmanager
def writing(directory: Path, waiting: Callable[[], None] = lambda: None) -> Iterator[Writer]:
    """The only writer of an index, among all processes.

    Raises:
        IndexBusyError: another one holds it and didn't end within ten minutes.
        DiskError: the directory can't be written.
    """
    with locked(directory, waiting):
        # What a killed process left half written: such files begin with a dot until they are whole.
        for leftover in directory.glob(".dense-*.tmp"):
            leftover.unlink(missing_ok=True)
        writer = Writer(directory)
        try:
            yield writer
        finally:
            writer.close()


def paper_id(paper: Paper) -> str:
    """A stable, readable name: DOI, arXiv id, else the title's words and a digest of it."""
    if paper.doi:
        return f"doi:{paper.doi}"
    if paper.arxiv_id:
        return f"arxiv:{paper.arxiv_id}"
    words = re.findall(r"[^\W_]+", paper.title.casefold())[:6]
    digest = hashlib.sha256(identity_keys(paper)[-1].encode()).hexdigest()[:6]
    return "-".join([*words, digest])


def _taken(records: Iterable[Paper | Refusal], refused: list[Refusal]) -> Iterator[Paper]:
    for record in records:
        if isinstance(record, Refusal):
            refused.append(record)
        else:
            yield record


@dataclass(slots=True, eq=False)
class _Plan:
    """What is to be written of one paper.

    Attributes:
        paper: as it will stand, with every record of the batch that is of it.
        group, keys: all that it and these records are recognised and found by.
        mark: of the record that makes a new paper.
        old, stored: how it stands in the index, and its keys there; none for a new paper.
        rows, gone: where it stands, then where papers stand that proved to be it; the ids of these.
    """

    paper: Paper
    group: Group
    keys: dict[str, None]
    mark: str = ""
    old: Paper | None = None
    stored: frozenset[str] = frozenset()
    rows: list[int] = field(default_factory=list)
    gone: list[str] = field(default_factory=list)

    @property
    def row(self) -> int | None:
        return self.rows[0] if self.rows else None

    @property
    def changed(self) -> bool:
        return self.paper != self.old or bool(self.gone)

    @property
    def text_changed(self) -> bool:
        """Whether its passages must be made anew."""
        old, new = self.old, self.paper
        return old is None or (new.title, new.abstract) != (old.title, old.abstract)

    def take(self, paper: Paper, group: Group, mended: bool = False) -> None:
        """Merge a record, or another stored paper, into this one."""
        self.keys |= dict.fromkeys(identity_keys(paper))
        self.paper = merge(self.paper, paper, mended)
        self.keys |= dict.fromkeys(identity_keys(self.paper))
        self.group.absorb(group)

    def join(self, other: _Plan) -> None:
        """Make one paper of two stored ones; the other will be removed."""
        self.take(other.paper, other.group)
        self.keys |= dict.fromkeys((*other.stored, *other.keys))
        self.rows += other.rows
        self.gone += [other.old.id if other.old else "", *other.gone]


def _put_batch(
    writer: Writer,
    papers: Sequence[Paper],
    encode: Encode,
    count: TokenCounter,
    settings: Settings,
    tally: dict[str, int],
    run: dict[int, str],
) -> list[tuple[str, str]]:
    """Work out what is new, embed that outside the transaction, and write it all in one.

    Args:
        run: the stored papers that records of this run are of, each with such a record's mark.

    Returns:
        (kept title, record's source) for each record, or stored paper, that became one with others.
    """
    plans, met = _planned(writer, papers, run)
    changed = [plan for plan in plans if plan.changed]
    fresh = [plan.paper for plan in changed if plan.text_changed]
    told = [plan for plan in plans if plan.changed or not plan.stored.issuperset(plan.keys)]
    if told:
        made = make_passages(fresh, encode, count, settings)
        passages = dict(zip((p.id for p in fresh), made, strict=True))
        with writer.change():
            for plan in told:
                writer.remove(plan.gone)
                row = writer.put(plan.paper, list(plan.keys), passages.get(plan.paper.id), plan.row)
                if plan.row is None:
                    run[row] = plan.mark
    tally["added"] += sum(plan.row is None for plan in changed)
    tally["updated"] += sum(plan.row is not None for plan in changed)
    tally["unchanged"] += len(plans) - len(changed)
    tally["embedded"] += len(fresh)
    return [(plan.paper.title, source) for plan, source in met]


def _planned(
    writer: Writer, papers: Sequence[Paper], run: dict[int, str]
) -> tuple[list[_Plan], list[tuple[_Plan, str]]]:
    """One plan for each paper that the records are of, and those that met in one stored paper.

    A record is compared with what the records before it will have made of a stored paper: two
    that share nothing with each other can both be of it, and two that contradict each other can
    both agree with what stood there.
    """
    plans: list[_Plan] = []
    by_row: dict[int, _Plan] = {}
    met: list[tuple[_Plan, str]] = []
    for paper in papers:
        mine, mark, keys = Group.of(paper), record_key(paper), identity_keys(paper)
        same = _same(_likeliest(writer, paper, (mark, *keys), by_row), mine)
        if not same:
            plans.append(_Plan(_named(writer, paper, plans), mine, dict.fromkeys(keys), mark))
            continue
        plan, *others = same
        if plan in plans:
            met.append((plan, paper.source))
        else:
            plans.append(plan)
        for other in others:
            met.append((plan, other.paper.source))
            plan.join(other)
            plans = [p for p in plans if p is not other]
        by_row |= dict.fromkeys(plan.rows, plan)
        _take(plan, paper, mine, mark, run)
    return plans, met


def _likeliest(
    writer: Writer, paper: Paper, keys: Sequence[str], by_row: dict[int, _Plan]
) -> list[_Plan]:
    """Stored papers that the record may be of, as the records before it will have made them."""
    found = [
        by_row.get(row)
        or _Plan(old, Group.of(old, former=keys), {}, old=old, stored=keys, rows=[row])
        for row, old, keys in writer.likeliest(keys, paper, RIVALS)
    ]
    return list(dict.fromkeys(found))  # two rows may be of one plan


def _same(plans: Sequence[_Plan], mine: Group) -> list[_Plan]:
    """The papers that the record is of, oldest first.

    They are several only where its ids show that papers which came in under different names are
    one, and nothing in these papers says otherwise: a title proves too little to remove a paper.
    """
    linked = [plan for plan in plans if plan.group.shares_id(mine)]
    if not linked:
        return [p for p in plans if p.group.shares_title(mine) and p.group.agrees(mine)][:1]
    one: list[_Plan] = []
    for plan in linked:
        if all(plan.group.agrees(other.group) for other in one):
            one.append(plan)
    return sorted(one, key=lambda plan: plan.rows)


def _take(plan: _Plan, paper: Paper, group: Group, mark: str, run: dict[int, str]) -> None:
    """Merge a record into the stored paper that it is of.

    From the same file as the paper, it is how its record reads now: but not when it is one of
    several records of the paper, now or before; the better of these stays, run after run. That is
    why their marks are kept among the keys.
    """
    earlier = [run[row] for row in plan.rows if row in run]
    seen = mark in plan.stored or mark in plan.keys
    mended = not (earlier or seen) and bool(paper.source) and paper.source == plan.paper.source
    if any(other != mark for other in earlier):
        plan.keys |= dict.fromkeys((*earlier, mark))
    if earlier or not seen:
        run.setdefault(plan.rows[0], mark)
    plan.take(paper, group, mended)


def _named(writer: Writer, paper: Paper, plans: Sequence[_Plan]) -> Paper:
    """The paper with an id that no other has (the same title can name two papers)."""
    taken = {plan.paper.id for plan in plans}
    return with_id(paper, lambda name: name in taken or writer.has_id(name))


def with_id(paper: Paper, taken: Callable[[str], bool]) -> Paper:
    """The paper by its stable name, numbered when that is taken."""
    base = paper_id(paper)
    if not taken(base):
        return replace(paper, id=base)
    n = 2
    while taken(f"{base}-{n}"):  # doubled, then halved: thousands of papers can have one title
        n *= 2
    between = range(n // 2 + 1, n)
    n = between.start + bisect(between, False, key=lambda n: not taken(f"{base}-{n}"))
    return replace(paper, id=f"{base}-{n}")


def make_passages(
    papers: Sequence[Paper], encode: Encode, count: TokenCounter, settings: Settings
) -> list[list[Passage]]:
    """Chunks and sentences of each paper, embedded together in one call."""
    chunked = [chunk_abstract(p.id, p.abstract, count, settings.chunk_tokens) for p in papers]
    texts: list[str] = []
    for paper, chunks in zip(papers, chunked, strict=True):
        texts += [passage_text(paper.title, c.text) for c in chunks]
        texts += [paper.abstract[s.start : s.end] for c in chunks for s in c.sentences]
    vectors = iter(encode(texts).astype("<f4"))
    return [
        [
            *(
                Passage(CHUNK, c.ordinal, c.start, c.end, c.tokens, next(vectors).tobytes())
                for c in chunks
            ),
            *(
                Passage(SENTENCE, i, s.start, s.end, count(paper.abstract[s.start : s.end]),
                        next(vectors).tobytes())
                for i, s in enumerate(s for c in chunks for s in c.sentences)
            ),
        ]
        for paper, chunks in zip(papers, chunked, strict=True)
    ]  # fmt: skip


def _finish(directory: Path) -> int:
    """Derive what readers will want next; the number of papers."""
    snapshot = Snapshot(directory)
    try:
        for kind in (CHUNK, SENTENCE):
            keep_dense(directory, snapshot, kind)
        return snapshot.count()
    finally:
        snapshot.close()
