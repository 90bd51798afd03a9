"""An index directory: built in whole steps, consistent for readers, verified and repaired."""

from __future__ import annotations

import re
import shutil
import sqlite3
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from rag.config import Settings
from rag.dedupe import RIVALS, Group
from rag.dense import DenseIndex
from rag.embedding import Embedder
from rag.errors import EmbedderMismatchError, IndexCorruptError, IndexMissingError, UsageError
from rag.index import (
    IndexReport,
    OpenIndex,
    VerifyReport,
    add_papers,
    building,
    remove_papers,
    verify_index,
)
from rag.index.building import with_id
from rag.records import Paper, Refusal
from rag.retrieval import retrieve
from rag.session import token_counter
from rag.store import DATABASE_NAME, Snapshot
from rag.store.reading import CHUNK, SENTENCE
from tests.command_line import PAPERS

count = token_counter()
RECORDS = [Paper("", title, abstract, source="made") for title, abstract in PAPERS]


@pytest.fixture(scope="module")
def built(embedder: Embedder, tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("built")
    add_papers(place, RECORDS, embedder, count, Settings())
    return place


@pytest.fixture
def place(built: Path, tmp_path: Path) -> Path:
    """A copy that a test may damage."""
    target = tmp_path / "index"
    shutil.copytree(built, target)
    return target


def found(place: Path, embedder: Embedder, query: str) -> list[tuple[str, float]]:
    opened = OpenIndex(place, embedder)
    try:
        hits = retrieve(opened, query, embedder.encode([query])[0], 5)
        return [(h.paper.title, round(h.fused, 4)) for h in hits]
    finally:
        opened.close()


def sql(place: Path, statement: str) -> None:
    connection = sqlite3.connect(place / DATABASE_NAME)
    with connection:
        connection.execute(statement)
    connection.close()


# ── building ────────────────────────────────────────────────────────────────────────────────────


def test_report_and_second_run(embedder: Embedder, tmp_path: Path) -> None:
    refusal = Refusal("x.bib", "record 3", "no abstract")
    report = add_papers(tmp_path, [*RECORDS, refusal], embedder, count, Settings())
    assert (report.added, report.updated, report.unchanged) == (5, 0, 0)
    assert (report.embedded, report.total, report.refused) == (5, 5, (refusal,))
    again = add_papers(tmp_path, RECORDS, embedder, count, Settings())
    assert (again.added, again.updated, again.unchanged, again.embedded) == (0, 0, 5, 0)
    changed = replace(RECORDS[1], abstract="Kites are flown no more. We stopped.", year=2024)
    third = add_papers(tmp_path, [changed], embedder, count, Settings())
    assert (third.added, third.updated, third.embedded, third.total) == (0, 1, 1, 5)
    dated = add_papers(tmp_path, [replace(RECORDS[2], year=2020)], embedder, count, Settings())
    assert (dated.updated, dated.embedded) == (1, 0)  # nothing to embed again
    # One FAISS file of each kind: those of earlier states are gone.
    assert len(list(tmp_path.glob("*.faiss"))) == 2
    assert verify_index(tmp_path, embedder, count).problems == ()


def test_every_stored_passage_is_what_its_offsets_say(built: Path, embedder: Embedder) -> None:
    opened = OpenIndex(built, embedder)
    papers = {p.id: p for p in opened.snapshot.papers()}
    texts, vectors = [], []
    for paper_id, kind, start, end, blob in opened.snapshot.passages():
        piece = papers[paper_id].abstract[start:end]
        assert piece == piece.strip() != ""
        texts.append(f"{papers[paper_id].title}. {piece}" if kind == CHUNK else piece)
        vectors.append(np.frombuffer(blob, "<f4"))
    assert np.allclose(np.stack(vectors), embedder.encode(texts), atol=1e-5)
    opened.close()


def test_ids_are_readable_and_unique(embedder: Embedder, tmp_path: Path) -> None:
    papers = [
        Paper("", "Same Title", "One thing. Said here.", ("Ann Lee",), arxiv_id="1901.00001"),
        Paper("", "Same Title", "Another thing. Said there.", ("Bo Kim",), arxiv_id="1901.00002"),
        Paper("", "Third", "A third thing.", doi="10.1000/xyz"),
        Paper("", "!!!", "An odd title."),
    ]
    add_papers(tmp_path, papers, embedder, count, Settings())
    opened = OpenIndex(tmp_path, embedder)
    ids = [p.id for p in opened.snapshot.papers()]
    assert ids[:3] == ["arxiv:1901.00001", "arxiv:1901.00002", "doi:10.1000/xyz"]
    assert len(set(ids)) == 4
    opened.close()


def test_records_of_one_batch_that_meet_in_a_stored_paper(
    embedder: Embedder, tmp_path: Path
) -> None:
    """Neither is lost, and the passages are those of the abstract that stands."""
    stored = Paper("", "Old Moth Trap", "Old text.", doi="10.1/x", arxiv_id="1901.00001", year=2019)
    add_papers(tmp_path, [stored], embedder, count, Settings())
    published = Paper(
        "",
        "New Moth Trap",
        "We found four. It was published.",
        doi="10.1/x",
        year=2021,
        source="j.bib",
    )
    preprint = Paper(
        "", "First Title", "We found three.", arxiv_id="1901.00001", year=2020, source="p.bib"
    )
    report = add_papers(tmp_path, [published, preprint], embedder, count, Settings())
    assert (report.added, report.updated, report.unchanged) == (0, 1, 0)
    assert (report.embedded, report.total) == (1, 1)
    assert report.merged == (("New Moth Trap", "p.bib"),)
    assert verify_index(tmp_path, embedder, count) == VerifyReport(1, 3, (), ())
    opened = OpenIndex(tmp_path, embedder)
    kept = next(opened.snapshot.papers())
    opened.close()
    assert (kept.title, kept.abstract, kept.year) == (published.title, published.abstract, 2021)
    # Neither is new the second time, nor is anything that was of it before.
    again = add_papers(tmp_path, [preprint, stored], embedder, count, Settings())
    assert (again.added, again.updated, again.unchanged, again.total) == (0, 0, 1, 1)
    assert len(again.merged) == 1


def test_different_papers_of_one_batch_with_a_stored_title(
    embedder: Embedder, tmp_path: Path
) -> None:
    stored = Paper("", "Same Title", "Said without a name.")
    add_papers(tmp_path, [stored], embedder, count, Settings())
    two = [
        Paper("", "Same Title", "One thing. Said here.", ("Ann Lee",), doi="10.1/a"),
        Paper("", "Same Title", "Another thing. Said there.", ("Bo Kim",), doi="10.1/b"),
    ]
    report = add_papers(tmp_path, two, embedder, count, Settings())
    assert (report.added, report.updated, report.merged, report.total) == (1, 1, (), 2)
    opened = OpenIndex(tmp_path, embedder)
    texts = {p.doi: p.abstract for p in opened.snapshot.papers()}
    opened.close()
    assert texts == {p.doi: p.abstract for p in two}
    assert verify_index(tmp_path, embedder, count).problems == ()


FILLER = [Paper("", f"Filler {n}", f"Filler text {n}.", source="my.bib") for n in range(4)]
WHOLE = "We study many things. Among them are moths."
CUT = "We study many things\u2026"


def counted(report: IndexReport) -> tuple[int, int, int]:
    return report.added, report.updated, report.total


def stored_papers(place: Path) -> list[Paper]:
    snapshot = Snapshot(place)
    try:
        return list(snapshot.papers())
    finally:
        snapshot.close()


@pytest.fixture
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(building, "_BATCH", 2)


@pytest.mark.usefixtures("small_batches")
@pytest.mark.parametrize("texts", [(WHOLE, CUT), (CUT, WHOLE)])
@pytest.mark.parametrize("years", [(None, None), (2021, 2021)])
def test_two_records_of_a_paper_in_one_file(
    embedder: Embedder,
    tmp_path: Path,
    texts: tuple[str, str],
    years: tuple[int | None, int | None],
) -> None:
    """The better one stays, and the file can be indexed again without a change."""
    first, second = (
        Paper("", "Moths", text, year=year, source="my.bib")
        for text, year in zip(texts, years, strict=True)
    )
    file = [first, *FILLER, second]
    assert counted(add_papers(tmp_path, file, embedder, count, Settings()))[2] == 5
    for _ in range(2):
        again = add_papers(tmp_path, file, embedder, count, Settings())
        assert (counted(again), again.embedded) == ((0, 0, 5), 0)
    assert stored_papers(tmp_path)[0].abstract == WHOLE
    # Either can still be corrected in the file, also to something shorter.
    mended = [replace(p, abstract="We study.") if p is second else p for p in file]
    if second.abstract == WHOLE:
        add_papers(tmp_path, mended, embedder, count, Settings())
        assert stored_papers(tmp_path)[0].abstract == "We study."
        assert counted(add_papers(tmp_path, mended, embedder, count, Settings())) == (0, 0, 5)


@pytest.mark.usefixtures("small_batches")
def test_the_year_decides_between_two_records_of_one_file(
    embedder: Embedder, tmp_path: Path
) -> None:
    file = [
        Paper("", "Moths", "Published later.", year=2021, source="my.bib"),
        *FILLER,
        Paper("", "Moths", "Said at first, at some length.", year=2019, source="my.bib"),
    ]
    for records in (file, file, file[::-1], file[::-1]):
        add_papers(tmp_path, records, embedder, count, Settings())
        assert {p.abstract for p in stored_papers(tmp_path)} >= {"Published later."}
    assert counted(add_papers(tmp_path, file, embedder, count, Settings())) == (0, 0, 5)


def test_a_correction_may_lower_the_year(embedder: Embedder, tmp_path: Path) -> None:
    wrong = Paper("", "Moths", "We found four hundred moths.", year=2031, source="my.bib")
    right = replace(wrong, abstract="We found four moths.", year=2013)
    other = replace(right, abstract="We found five moths, elsewhere.", source="other.bib")
    for record, kept in ((wrong, wrong), (other, wrong), (right, right), (right, right)):
        report = add_papers(tmp_path, [record], embedder, count, Settings())
        assert (stored_papers(tmp_path)[0].abstract, report.total) == (kept.abstract, 1)
    assert report.updated == 0
    stamped = replace(wrong, updated="2020-01-01")
    add_papers(
        tmp_path, [stamped, replace(right, updated="2019-01-01")], embedder, count, Settings()
    )
    assert stored_papers(tmp_path)[0].year == 2031


def test_a_paper_is_known_by_its_former_title_and_ids(embedder: Embedder, tmp_path: Path) -> None:
    first = Paper("", "Of Moths", "We count moths.", arxiv_id="1901.00001", year=2019)
    later = Paper("", "Night Flight", "We count all.", arxiv_id="1901.00001", year=2020)
    add_papers(tmp_path, [first], embedder, count, Settings())
    add_papers(tmp_path, [later], embedder, count, Settings())
    bare = replace(first, arxiv_id="")
    report = add_papers(tmp_path, [bare], embedder, count, Settings())
    assert counted(report) == (0, 0, 1)
    # A preprint's DOI gives way to the publisher's, and names the paper all the same.
    preprint = Paper("", "Early Birds", "Birds rise.", doi="10.2139/ssrn.12345", year=2018)
    published = Paper("", "Early Birds", "Birds do rise.", doi="10.1/birds", year=2019)
    for record in (preprint, published, replace(published, title="Rising", year=2020), preprint):
        report = add_papers(tmp_path, [record], embedder, count, Settings())
    assert counted(report) == (0, 0, 2)


def test_papers_that_prove_to_be_one_are_joined(embedder: Embedder, tmp_path: Path) -> None:
    preprint = Paper("", "Of Moths", "We count moths.", arxiv_id="1901.00001", source="a.bib")
    journal = Paper(
        "", "Night Flight of Moths", "We count all of them.", doi="10.1/x", source="b.bib"
    )
    both = replace(journal, arxiv_id="1901.00001", year=2020, source="c.bib")
    for record in (preprint, journal):
        add_papers(tmp_path, [record], embedder, count, Settings())
    report = add_papers(tmp_path, [*RECORDS, both], embedder, count, Settings())
    assert (counted(report), report.merged) == (
        (5, 1, 6), (("Night Flight of Moths", "b.bib"),),
    )  # fmt: skip
    kept = stored_papers(tmp_path)[0]
    assert (kept.id, kept.doi, kept.arxiv_id) == ("arxiv:1901.00001", "10.1/x", "1901.00001")
    assert verify_index(tmp_path, embedder, count).problems == ()
    for record in (preprint, journal, both):
        report = add_papers(tmp_path, [record], embedder, count, Settings())
        assert counted(report) == (0, 0, 6)


def test_a_nameless_record_joins_no_stored_papers(embedder: Embedder, tmp_path: Path) -> None:
    two = [Paper("", "Editorial", f"Text {n}.", doi=f"10.1/{n}") for n in range(2)]
    add_papers(tmp_path, two, embedder, count, Settings())
    nameless = Paper("", "Editorial", "Text of neither.")
    assert add_papers(tmp_path, [nameless], embedder, count, Settings()).total == 2


def test_many_papers_of_one_title_cost_a_bounded_number_of_looks(
    embedder: Embedder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    papers = [
        Paper("", "Editorial", f"Text {n}.", (f"Ann L{n}e",), doi=f"10.1/{n}" if n % 2 else "")
        for n in range(150)
    ]
    looks = 0
    real = Group.of.__func__  # type: ignore[attr-defined]

    def looked(cls: type[Group], /, *args: object, **named: object) -> Group:
        nonlocal looks
        looks += 1
        return real(cls, *args, **named)  # type: ignore[no-any-return]

    add_papers(tmp_path, papers[:100], embedder, count, Settings())
    monkeypatch.setattr(Group, "of", classmethod(looked))
    report = add_papers(tmp_path, papers[100:], embedder, count, Settings())
    assert report.total == 150
    assert looks <= 50 * (RIVALS + 2)
    # The bound hides none from its own record.
    again = add_papers(tmp_path, papers[::-1], embedder, count, Settings())
    assert counted(again) == (0, 0, 150)


def test_the_number_in_an_id_is_found_fast() -> None:
    taken: set[str] = set()
    asked = 0

    def is_taken(name: str) -> bool:
        nonlocal asked
        asked += 1
        return name in taken

    for _ in range(500):
        taken.add(with_id(Paper("", "Editorial", "Text."), is_taken).id)
    assert len(taken) == 500
    assert {name.rpartition("-")[2] for name in taken} >= {str(n) for n in range(2, 501)}
    assert asked < 500 * 20


def test_other_shapes_are_refused(place: Path, embedder: Embedder) -> None:
    with pytest.raises(UsageError, match="chunk_tokens = 256, not 64"):
        add_papers(place, RECORDS, embedder, count, Settings(chunk_tokens=64))
    sql(place, "UPDATE manifest SET value = 'other' WHERE key IN ('embedder', 'embedder_digest')")
    for attempt in (
        lambda: OpenIndex(place, embedder),
        lambda: add_papers(place, RECORDS, embedder, count, Settings()),
        lambda: verify_index(place, embedder, count),
    ):
        with pytest.raises(EmbedderMismatchError, match='"other", not "minilm"'):
            attempt()


def test_remove(place: Path, embedder: Embedder) -> None:
    opened = OpenIndex(place, embedder)
    moss = next(p.id for p in opened.snapshot.papers() if p.title.startswith("Moss"))
    assert remove_papers(place, [moss, "no-such-id"]) == 1
    opened.refresh()
    assert opened.snapshot.count() == 4
    opened.close()
    assert "Moss as a Thermometer" not in dict(found(place, embedder, "moss temperature"))
    assert verify_index(place, embedder, count).repaired == ()
    with pytest.raises(IndexMissingError):
        remove_papers(place / "nowhere", [moss])


def test_an_index_of_nothing_opens(embedder: Embedder, tmp_path: Path) -> None:
    add_papers(tmp_path, [], embedder, count, Settings())
    assert found(tmp_path, embedder, "anything") == []
    assert verify_index(tmp_path, embedder, count).papers == 0


# ── derived files ───────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "damage",
    [
        lambda p: p.unlink(),
        lambda p: p.write_bytes(b""),
        lambda p: p.write_bytes(b"garbage" * 999),
        lambda p: p.write_bytes(p.read_bytes()[: p.stat().st_size // 2]),
        lambda p: p.write_bytes(p.read_bytes()[:-300] + b"\x01" + p.read_bytes()[-299:]),
    ],
    ids=["deleted", "empty", "garbage", "cut", "flipped"],
)
def test_damaged_faiss_files_are_made_again(
    place: Path, embedder: Embedder, damage: Callable[[Path], None]
) -> None:
    before = found(place, embedder, "kites that measure wind")
    whole = {p.name: p.read_bytes() for p in place.glob("*.faiss")}
    for path in place.glob("*.faiss"):
        damage(path)
    assert found(place, embedder, "kites that measure wind") == before
    assert {p.name: p.read_bytes() for p in place.glob("*.faiss")} == whole


def test_files_of_an_unchanged_index_are_left_alone(place: Path, embedder: Embedder) -> None:
    before = {p.name: p.stat().st_ino for p in place.glob("*.faiss")}
    add_papers(place, RECORDS, embedder, count, Settings())
    assert {p.name: p.stat().st_ino for p in place.glob("*.faiss")} == before


def test_leftovers_of_killed_runs_are_swept(place: Path, embedder: Embedder) -> None:
    (place / ".dense-chunks-0.faiss.123.tmp").write_bytes(b"half")
    add_papers(place, RECORDS[:1], embedder, count, Settings())
    assert not list(place.glob(".*"))


# ── verifying ───────────────────────────────────────────────────────────────────────────────────


def test_a_whole_index_has_nothing_to_repair(place: Path, embedder: Embedder) -> None:
    report = verify_index(place, embedder, count)
    assert (report.repaired, report.problems, report.papers) == ((), (), 5)
    assert report.passages > 20


SWAPPED = (
    "UPDATE passages SET vector = (SELECT vector FROM passages WHERE rowid = 1) WHERE rowid = 3"
)
FTS_GONE = (
    "INSERT INTO papers_fts (papers_fts, rowid, title, abstract) "
    "SELECT 'delete', rowid, title, abstract FROM papers WHERE rowid = 2"
)


@pytest.mark.parametrize(
    ("statement", "named"),
    [
        ("DELETE FROM passages WHERE paper = 2", "missing"),
        ("DELETE FROM passages WHERE paper = 2 AND kind = 0", "missing"),
        ("DELETE FROM passages WHERE paper = 2 AND kind = 1 AND ordinal = 1", "missing"),
        ("UPDATE passages SET end = end + 5000 WHERE rowid = 1", "outside"),
        ("UPDATE passages SET start = start + 9 WHERE rowid = 1", "missing or overlap"),
        ("UPDATE passages SET vector = zeroblob(1536) WHERE rowid = 3", "vector is damaged"),
        ("UPDATE passages SET vector = zeroblob(15) WHERE rowid = 3", "vector is damaged"),
        (SWAPPED, "vector is damaged"),
        (FTS_GONE, "full-text"),
        ("DELETE FROM papers_fts_data WHERE id > 10", "full-text"),
    ],
)
def test_what_can_be_derived_is_repaired(
    place: Path, embedder: Embedder, statement: str, named: str
) -> None:
    queries = ("kites that measure wind", "harbour sounds accuracy", "bees count dots")
    before = [found(place, embedder, q) for q in queries]
    sql(place, statement)
    if "papers_fts" not in statement:
        seen = verify_index(place, embedder, count, repair=False)
        assert named in " ".join(seen.problems)
    report = verify_index(place, embedder, count)
    assert named in " ".join(report.repaired)
    assert report.problems == ()
    assert [found(place, embedder, q) for q in queries] == before
    clean = verify_index(place, embedder, count)
    assert (clean.repaired, clean.problems) == ((), ())


def test_faiss_files_are_repaired(place: Path, embedder: Embedder) -> None:
    chunks, sentences = sorted(place.glob("*.faiss"))
    chunks.unlink()
    data = bytearray(sentences.read_bytes())
    data[-1] ^= 1
    sentences.write_bytes(data)
    report = verify_index(place, embedder, count)
    assert report.repaired == ("FAISS file of chunks", "FAISS file of sentences")
    assert verify_index(place, embedder, count).repaired == ()


def test_a_whole_faiss_file_of_other_passages_is_replaced(place: Path, embedder: Embedder) -> None:
    chunks = next(place.glob("dense-chunks-*"))
    DenseIndex.build(np.array([1], np.int64), np.eye(1, 384, dtype=np.float32)).save(chunks)
    assert verify_index(place, embedder, count).repaired == ("FAISS file of chunks",)


def test_changed_abstract_is_reported_not_hidden(place: Path, embedder: Embedder) -> None:
    sql(place, "UPDATE papers SET abstract = replace(abstract, '12', '21') WHERE rowid = 2")
    for _ in range(2):
        report = verify_index(place, embedder, count)
        assert len(report.problems) == 1
        assert "Sparse Kites" in report.problems[0]
    # Indexing the file again puts the right text back.
    add_papers(place, RECORDS, embedder, count, Settings())
    assert verify_index(place, embedder, count).problems == ()


def test_damage_that_sqlite_sees_is_an_error_with_its_remedy(
    place: Path, embedder: Embedder
) -> None:
    path = place / DATABASE_NAME
    data = bytearray(path.read_bytes())
    for page in range(2, len(data) // 4096):
        data[page * 4096 : page * 4096 + 64] = b"\xa5" * 64
    path.write_bytes(data)
    with pytest.raises(IndexCorruptError) as caught:
        verify_index(place, embedder, count)
    assert "rag index" in caught.value.remedy


# ── at the same time ────────────────────────────────────────────────────────────────────────────


def test_readers_are_consistent_while_a_writer_works(place: Path, embedder: Embedder) -> None:
    """Every hit holds together at every moment: sentence, offsets, and paper of one state."""
    writing = threading.Event()
    failures: list[BaseException] = []
    vector = embedder.encode(["wind measured by kites"])[0]

    def write() -> None:
        try:
            for n in range(12):
                kites = replace(
                    RECORDS[1], year=2000 + n,
                    abstract=f"{'Kites rose again. ' * (n % 4)}We fly {n} kites in the wind.",
                )  # fmt: skip
                extra = Paper("", f"Extra paper {n}", f"Wind paper {n} says so. It ends.")
                add_papers(place, [kites, extra], embedder, count, Settings())
        except BaseException as e:
            failures.append(e)
        finally:
            writing.set()

    thread = threading.Thread(target=write)
    opened = OpenIndex(place, embedder)
    thread.start()
    rounds, sizes = 0, set()
    while not writing.is_set() or rounds == 0:
        opened.refresh()
        sizes.add(opened.snapshot.count())
        for hit in retrieve(opened, "wind measured by kites", vector, 20):
            text = hit.paper.abstract[hit.best_sentence.start : hit.best_sentence.end]
            assert re.fullmatch(r"\S.*[.]", text), (hit.paper.title, text)
            spans, matrix = opened.snapshot.sentence_vectors([hit.paper.id])[hit.paper.id]
            assert hit.best_sentence in spans
            best = matrix[spans.index(hit.best_sentence)] @ vector
            assert abs(float(best) - hit.sentence) < 1e-5
        rounds += 1
    thread.join()
    assert not failures
    opened.refresh()
    assert opened.snapshot.count() == 17
    assert len(sizes) > 1  # the reader did see the index grow
    opened.close()
    assert verify_index(place, embedder, count).problems == ()


def test_two_writers_take_turns(embedder: Embedder, tmp_path: Path) -> None:
    waits: list[str] = []
    parts = [
        [Paper("", f"Part {p} paper {n}", f"Text {n} of {p}.") for n in range(8)] for p in "ab"
    ]
    threads = [
        threading.Thread(
            target=add_papers,
            args=(tmp_path, part, embedder, count, Settings()),
            kwargs={"waiting": lambda: waits.append("waited")},
        )
        for part in parts
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    report = verify_index(tmp_path, embedder, count)
    assert (report.papers, report.problems, report.repaired) == (16, (), ())


def test_kinds_are_told_apart(built: Path, embedder: Embedder) -> None:
    opened = OpenIndex(built, embedder)
    vector = embedder.encode(["moss"])[0]
    chunks = opened.nearest(CHUNK, vector, 99)[0]
    sentences = opened.nearest(SENTENCE, vector, 99)[0]
    assert not set(chunks.tolist()) & set(sentences.tolist())
    only = opened.nearest(SENTENCE, vector, 99, {3})
    assert set(only[1].tolist()) == {3}
    opened.close()
