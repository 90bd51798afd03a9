"""The store: whole changes or none, snapshots that stand still, and clear refusals."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from rag.errors import DiskError, IndexCorruptError, IndexMissingError, IndexVersionError, RagError
from rag.records import Filters, Paper, Span
from rag.session import chosen_place
from rag.store import DATABASE_NAME, SCHEMA_VERSION, Snapshot, Writer, conversation_file
from rag.store.reading import CHUNK, SENTENCE
from rag.store.writing import Passage

PAPER = Paper(
    "p1", "Moss as a Thermometer", "Moss dries. We photograph it.", ("Émile Zola", "Ann Lee"),
    2019, "https://example.org/1", "10.1/a", "1901.00001", "moss.bib", "2019-01-02", "J. Bryology",
)  # fmt: skip
OTHER = Paper("p2", "Kites", "Kites fly in wind. They measure wind.", source="kites.csv", year=2021)


def passages(*spans: tuple[int, int], kind: int = SENTENCE) -> list[Passage]:
    vector = np.eye(1, 4, dtype="<f4")[0].tobytes()
    return [Passage(kind, n, start, end, 3, vector) for n, (start, end) in enumerate(spans)]


def filled(place: Path) -> Writer:
    writer = Writer(place)
    with writer.change():
        writer.describe({"dimension": "4"})
        everything = passages((0, 29), kind=CHUNK) + passages((0, 11), (12, 29))
        writer.put(PAPER, ("doi:10.1/a", "title:moss"), everything)
        writer.put(OTHER, ("title:kites",), passages((0, 18)))
    return writer


def test_what_goes_in_comes_out(tmp_path: Path) -> None:
    filled(tmp_path).close()
    snapshot = Snapshot(tmp_path)
    assert list(snapshot.papers()) == [PAPER, OTHER]
    assert snapshot.count() == 2
    assert snapshot.by_rowid({2}) == {2: OTHER}
    assert [s for _, s in snapshot.sentences({1})[1]] == [Span(0, 11), Span(12, 29)]
    ids, owners, vectors = snapshot.vectors(SENTENCE)
    assert (len(ids), owners.tolist(), vectors.shape) == (3, [1, 1, 2], (3, 4))
    assert vectors.dtype == np.float32
    assert snapshot.integrity() == []
    spans, matrix = snapshot.sentence_vectors(["p1"])["p1"]
    assert (spans, matrix.shape) == ([Span(0, 11), Span(12, 29)], (2, 4))
    snapshot.close()
    # At rest the database is one file: nothing is left in a write-ahead log.
    log = tmp_path / f"{DATABASE_NAME}-wal"
    assert not log.exists() or log.stat().st_size == 0


def test_owners_are_read_without_the_vectors(tmp_path: Path) -> None:
    """Ascending, though they are read as a small index keeps them, by paper."""
    writer = filled(tmp_path)
    with writer.change():  # so that the first paper's passages have the last row ids
        writer.put(PAPER, ("title:moss",), passages((0, 11), (12, 29)), 1)
    writer.close()
    snapshot = Snapshot(tmp_path)
    ids, owners = snapshot.owners()
    assert (ids.tolist(), owners.tolist()) == ([4, 5, 6], [2, 1, 1])
    asked: list[str] = []
    snapshot._connection.set_trace_callback(asked.append)
    snapshot.owners()
    snapshot._connection.set_trace_callback(None)
    plan = snapshot._rows(f"EXPLAIN QUERY PLAN {asked[0]}")
    assert len(plan) == 1
    assert "COVERING INDEX" in str(plan[0][-1])
    snapshot.close()


def test_snapshot_stands_still_until_refreshed(tmp_path: Path) -> None:
    writer = filled(tmp_path)
    snapshot = Snapshot(tmp_path)
    generation = snapshot.generation
    with writer.change():
        writer.remove(["p1"])
    assert snapshot.count() == 2
    assert snapshot.lexical(["moss"], 5)
    assert snapshot.refresh()
    assert snapshot.count() == 1
    assert snapshot.generation == generation + 1
    assert not snapshot.lexical(["moss"], 5)
    assert snapshot.vectors(SENTENCE)[1].tolist() == [2]  # its passages went with it
    assert not snapshot.refresh()
    snapshot.close()
    writer.close()


def test_a_change_that_fails_leaves_nothing(tmp_path: Path) -> None:
    writer = filled(tmp_path)
    before = writer.manifest

    def fail_midway() -> None:
        with writer.change():
            writer.put(replace(OTHER, id="p3"), (), passages((0, 5)))
            writer.remove(["p1"])
            raise RuntimeError("midway")

    with pytest.raises(RuntimeError, match="midway"):
        fail_midway()
    assert writer.manifest == before
    assert [p.id for _, p, _ in writer.likeliest(["title:moss"], PAPER, 5)] == ["p1"]
    assert not writer.has_id("p3")
    assert writer.full_text_problem() == ""
    writer.close()


def test_full_text_follows_updates(tmp_path: Path) -> None:
    writer = filled(tmp_path)
    with writer.change():
        writer.put(replace(PAPER, title="Lichen", abstract="Lichens grow."), (), None, 1)
    writer.close()
    snapshot = Snapshot(tmp_path)
    assert not snapshot.lexical(["thermometer", "photograph"], 5)
    assert [row for row, _ in snapshot.lexical(["lichen"], 5)] == [1]  # stemmed: Lichens
    snapshot.close()


@pytest.mark.parametrize(
    "term", ['"', "a OR b", "NEAR(", "*", "title:moss", "^moss", "-", "", "\0", "'; --"]
)
def test_no_query_syntax_gets_through(tmp_path: Path, term: str) -> None:
    filled(tmp_path).close()
    snapshot = Snapshot(tmp_path)
    for row, score in snapshot.lexical([term, "wind"], 5):
        assert row in (1, 2)
        assert score >= 0
    snapshot.close()


@pytest.mark.parametrize(
    ("filters", "rows"),
    [
        (Filters(), None),
        (Filters(year_from=2020), {2}),
        (Filters(year_to=2020), {1}),
        (Filters(year_from=2019, year_to=2021), {1, 2}),
        (Filters(sources=("KITES",)), {2}),
        (Filters(sources=("bryology",)), {1}),
        (Filters(authors=("émile ZOLA",)), {1}),
        (Filters(authors=("nobody", "lee")), {1}),
        (Filters(paper_ids=("p2", "p9")), {2}),
        (Filters(year_from=2020, authors=("lee",)), set()),
    ],
)
def test_filters(tmp_path: Path, filters: Filters, rows: set[int] | None) -> None:
    filled(tmp_path).close()
    snapshot = Snapshot(tmp_path)
    assert snapshot.allowed(filters) == rows
    assert snapshot.lexical(["wind"], 5, {1}) == []
    snapshot.close()


def test_a_whole_name_of_a_source_is_that_one_alone(tmp_path: Path) -> None:
    writer = Writer(tmp_path)
    with writer.change():
        writer.describe({"dimension": "4"})
        for n, venue in enumerate(("Nature", "Nature Communications", "NATURE", "Moss Review")):
            paper = replace(PAPER, id=f"n{n}", source="mine.bib", venue=venue)
            writer.put(paper, (f"title:{n}",), passages((0, 29), kind=CHUNK))
    writer.close()
    snapshot = Snapshot(tmp_path)
    assert snapshot.allowed(Filters(sources=("nature",))) == {1, 3}
    assert snapshot.allowed(Filters(sources=("natur",))) == {1, 2, 3}
    assert snapshot.allowed(Filters(sources=("Nature Communications", "moss"))) == {2, 4}
    assert snapshot.allowed(Filters(sources=("mine.bib",), year_to=2019)) == {1, 2, 3, 4}
    snapshot.close()


def test_bm25_is_the_formula(tmp_path: Path) -> None:
    """Against Robertson and Zaragoza 2009 with FTS5's idf, computed here by hand."""
    import math

    writer = Writer(tmp_path)
    texts = ["wind wind kite", "moss", "wind on moss and lichen and stone", "lichen", "stone"]
    with writer.change():
        for n, text in enumerate(texts):
            writer.put(Paper(f"p{n}", "t", text), (), None)
    writer.close()
    lengths = [len(t.split()) + 1 for t in texts]
    average = sum(lengths) / len(lengths)
    idf = math.log((5 - 2 + 0.5) / (2 + 0.5))

    def bm25(tf: int, length: int) -> float:
        return idf * tf * 2.2 / (tf + 1.2 * (0.25 + 0.75 * length / average))

    snapshot = Snapshot(tmp_path)
    got = dict(snapshot.lexical(["wind"], 9))
    assert got == pytest.approx({1: bm25(2, lengths[0]), 3: bm25(1, lengths[2])}, abs=1e-6)
    snapshot.close()


def test_missing_empty_foreign_and_newer_databases(tmp_path: Path) -> None:
    with pytest.raises(IndexMissingError, match="no index"):
        Snapshot(tmp_path / "none")
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty" / DATABASE_NAME).touch()
    with pytest.raises(IndexMissingError, match="empty"):
        Snapshot(tmp_path / "empty")
    (tmp_path / "text").mkdir()
    (tmp_path / "text" / DATABASE_NAME).write_text("not a database at all " * 100)
    with pytest.raises(IndexCorruptError) as caught:
        Snapshot(tmp_path / "text")
    assert "rag index" in caught.value.remedy
    (tmp_path / "foreign").mkdir()
    with sqlite3.connect(tmp_path / "foreign" / DATABASE_NAME) as connection:
        connection.execute("CREATE TABLE t (x)")
    for make in (Snapshot, Writer):
        with pytest.raises(IndexCorruptError, match="not an index of this program"):
            make(tmp_path / "foreign")
    filled(tmp_path / "newer").close()
    with sqlite3.connect(tmp_path / "newer" / DATABASE_NAME) as connection:
        connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION + 1}")
    for make in (Snapshot, Writer):
        with pytest.raises(IndexVersionError, match="newer release"):
            make(tmp_path / "newer")


def test_a_vector_of_wrong_length_is_named(tmp_path: Path) -> None:
    filled(tmp_path).close()
    with sqlite3.connect(tmp_path / DATABASE_NAME) as connection:
        connection.execute("UPDATE passages SET vector = x'00' WHERE rowid = 1")
    snapshot = Snapshot(tmp_path)
    with pytest.raises(IndexCorruptError, match="damaged vector") as caught:
        snapshot.vectors(CHUNK)
    assert "rag verify" in caught.value.remedy
    snapshot.close()


# ── who may only read ───────────────────────────────────────────────────────────────────────────


Reader = Callable[[Path], subprocess.Popen[str]]

READER = """
import os, sys
from pathlib import Path
from rag.errors import RagError
from rag.store import Snapshot
os.setgroups([]); os.setgid(65534); os.setuid(65534)
snapshot = Snapshot(Path(sys.argv[1]))
print(snapshot.count(), flush=True)
for line in sys.stdin:
    try:
        if line.strip() == "refresh":
            snapshot.refresh()
        print(len(list(snapshot.papers())), flush=True)
    except RagError as e:
        print(type(e).__name__, e.message, "|", e.remedy, flush=True)
"""


@pytest.fixture
def open_place() -> Iterator[Path]:
    """A folder that others may enter and read, unlike pytest's own."""
    with tempfile.TemporaryDirectory() as made:
        place = Path(made)
        place.chmod(0o755)
        yield place


@pytest.fixture
def stranger() -> Iterator[Reader]:
    """Starts a reader as another user, who may read the index and write nothing."""
    if os.geteuid() != 0:
        pytest.skip("only root can read as another user")
    started: list[subprocess.Popen[str]] = []

    def start(place: Path) -> subprocess.Popen[str]:
        started.append(
            subprocess.Popen(
                [sys.executable, "-c", READER, str(place)],
                cwd=Path(__file__).parent.parent,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
        )
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.communicate()


def said(process: subprocess.Popen[str], asked: str = "") -> str:
    """The next line of a reader, after it was asked for something."""
    assert process.stdin is not None
    assert process.stdout is not None
    if asked:
        process.stdin.write(f"{asked}\n")
        process.stdin.flush()
    return process.stdout.readline().strip()


def more_papers(writer: Writer, first: int, papers: int) -> None:
    with writer.change():
        for n in range(first, first + papers):
            text = " ".join(f"{n}x{k}" for k in range(300))
            writer.put(Paper(f"m{n}", f"More {n}", text), (f"title:{n}",), passages((0, 9)))


def test_who_may_only_read_sees_what_is_in_the_owners_log(
    open_place: Path, stranger: Reader
) -> None:
    filled(open_place).close()
    writer = Writer(open_place)
    more_papers(writer, 0, 3)
    reader = stranger(open_place)
    assert said(reader) == "5"
    more_papers(writer, 3, 1)
    assert said(reader, "again") == "5"  # one state, until it is refreshed
    assert said(reader, "refresh") == "6"
    writer.close()
    assert said(reader, "refresh") == "6"


def test_who_may_only_read_follows_an_index_that_was_at_rest(
    open_place: Path, stranger: Reader
) -> None:
    filled(open_place).close()
    reader = stranger(open_place)
    assert said(reader) == "2"
    for n in range(4):
        writer = Writer(open_place)
        more_papers(writer, 60 * n, 60)
        assert said(reader, "refresh") == str(2 + 60 * (n + 1))
        writer.close()
        assert said(reader, "refresh") == str(2 + 60 * (n + 1))


def test_a_change_under_a_reader_at_rest_is_no_damage(open_place: Path, stranger: Reader) -> None:
    filled(open_place).close()
    reader = stranger(open_place)
    assert said(reader) == "2"
    path = open_place / DATABASE_NAME
    whole = path.read_bytes()
    # As half of a checkpoint would leave it, but whatever SQLite's cache holds.
    path.write_bytes(whole[:4096] + b"\xa5" * (len(whole) - 4096))
    answer = said(reader, "again")
    assert answer.startswith("IndexBusyError"), answer
    assert "changed while it was read | ask again" in answer
    path.write_bytes(whole)
    assert said(reader, "refresh") == "2"


def test_damage_that_stays_is_damage_for_who_may_only_read(
    open_place: Path, stranger: Reader
) -> None:
    filled(open_place).close()
    with sqlite3.connect(open_place / DATABASE_NAME) as connection:
        (page,) = connection.execute(
            "SELECT rootpage FROM sqlite_schema WHERE name = 'papers'"
        ).fetchone()
    connection.close()
    path = open_place / DATABASE_NAME
    data = bytearray(path.read_bytes())
    data[4096 * (page - 1) : 4096 * page] = b"\xa5" * 4096
    path.write_bytes(data)
    reader = stranger(open_place)
    assert said(reader) == "2"  # counted along an index that is whole
    for _ in range(2):
        answer = said(reader, "again")
        assert answer.startswith("IndexCorruptError"), answer
        assert f"| run: rag verify --index {open_place}; if it can't" in answer
        assert "move the directory away" in answer
        assert said(reader, "refresh") == answer


def test_an_index_on_a_full_disk_can_be_read(tmp_path: Path) -> None:
    place = tmp_path / "disk"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "none", str(place)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("no small file system can be mounted here")
    try:
        filled(place / "index").close()
        kept = place / "kept.db"
        with conversation_file.writing(kept, create=True):
            pass
        with pytest.raises(OSError, match="space"), (place / "filler").open("wb") as filler:  # noqa: PT012
            while True:
                filler.write(b"x" * 4096)
                filler.flush()
        for _ in range(2):  # the first leaves an empty log, which is none
            snapshot = Snapshot(place / "index")
            assert snapshot.count() == 2
            assert not snapshot.refresh()
            snapshot.close()
            with conversation_file.reading(kept) as db:
                assert db is not None
    finally:
        subprocess.run(["umount", "-l", str(place)], check=True)


def test_conversations_that_change_under_a_reader_at_rest_are_not_damaged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = tmp_path / "kept.db"
    with conversation_file.writing(kept, create=True):
        pass
    monkeypatch.setattr(conversation_file, "_writable", lambda path: False)

    def half_read(change: bool) -> None:
        with conversation_file.reading(kept):
            if change:
                kept.write_bytes(kept.read_bytes() + bytes(4096))
            raise ValueError("unreadable")

    with pytest.raises(RagError, match="are damaged"):
        half_read(False)
    with pytest.raises(RagError, match="changed while they were read"):
        half_read(True)


def test_a_name_that_is_too_long_is_no_crash(tmp_path: Path) -> None:
    with pytest.raises(DiskError, match="cannot read the index in"):
        Snapshot(tmp_path / ("x" * 300))
    with pytest.raises(DiskError, match="cannot read the index in"):
        chosen_place(tmp_path / ("x" * 300), print)


# ── what verifying asks for ─────────────────────────────────────────────────────────────────────


def test_the_full_text_is_checked_without_writing(tmp_path: Path) -> None:
    filled(tmp_path).close()

    def problem() -> str:
        snapshot = Snapshot(tmp_path)
        try:
            return snapshot.full_text_problem()
        finally:
            snapshot.close()

    before = (tmp_path / DATABASE_NAME).read_bytes()
    assert problem() == ""
    assert (tmp_path / DATABASE_NAME).read_bytes() == before
    with sqlite3.connect(tmp_path / DATABASE_NAME) as connection:
        connection.execute(
            "INSERT INTO papers_fts (papers_fts, rowid, title, abstract) "
            "SELECT 'delete', rowid, title, abstract FROM papers WHERE rowid = 2"
        )
    connection.close()
    assert "malformed" in problem()


def test_vectors_come_in_blocks(tmp_path: Path) -> None:
    filled(tmp_path).close()
    snapshot = Snapshot(tmp_path)
    blocks = list(snapshot.vector_blocks(SENTENCE, 2))
    assert [(ids.tolist(), vectors.shape) for ids, _, vectors in blocks] == [
        ([2, 3], (2, 4)), ([4], (1, 4))
    ]  # fmt: skip
    assert np.array_equal(np.concatenate([b[2] for b in blocks]), snapshot.vectors(SENTENCE)[2])
    assert not isinstance(snapshot.passages(), list)  # one at a time
    snapshot.close()
