"""Collections come and go whole, papers go where they were told, whatever else is going on."""

from __future__ import annotations

import random
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock
from hypothesis import given
from hypothesis import strategies as st

from rag.catalogue import rows
from rag.collections import (
    Added,
    Collection,
    Shelf,
    add,
    collections,
    create,
    delete,
    remove,
    rename,
)
from rag.collections.names import checked, folder_name, likeness
from rag.config import Settings, cache_dir
from rag.embedding import Embedder
from rag.errors import DiskError, IndexBusyError, RagError, UsageError
from rag.index import OpenIndex, add_papers, verify_index
from rag.pipeline import Assistant
from rag.records import Paper, Question
from rag.session import token_counter
from rag.store import DATABASE_NAME, Snapshot
from tests.command_line import PAPERS, REPOSITORY, write_papers

SETTINGS = Settings(reader="none")
RECORDS = [Paper("", title, abstract, source="made") for title, abstract in PAPERS]
KITES = RECORDS[1]


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of the user's own index and of the named ones."""
    monkeypatch.setenv("RAG_INDEX", str(tmp_path / "data" / "index"))
    return tmp_path / "data"


@pytest.fixture(scope="module")
def built(embedder: Embedder, tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("given") / "reading list"
    add_papers(place, RECORDS, embedder, token_counter(), SETTINGS)
    return place


@pytest.fixture
def shelf(built: Path, embedder: Embedder) -> Iterator[Shelf]:
    """Begins with an index given on the command line."""
    index = OpenIndex(built, embedder)
    yield Shelf(Assistant(index, SETTINGS, None), built)
    index.close()


def put(shelf: Shelf, key: str, *files: Path, pasted: str = "") -> Added:
    return add(shelf, key, files, pasted, lambda _: None, lambda *_: None, lambda: None)


def titles(shelf: Shelf, key: str) -> list[str]:
    return [row.title for row in rows(shelf.assistant(key).index).rows]


def paste(paper: Paper) -> str:
    return f"{paper.title}\n\n{paper.abstract}"


def named() -> list[str]:
    return [c.name for c in collections() if c.kind == "named"]


# ── which there are ─────────────────────────────────────────────────────────────────────────────


def test_at_first_there_are_the_users_own_and_the_starter_corpus(home: Path) -> None:
    own, starter = collections()
    assert (own.name, own.place, own.kind) == ("My papers", home / "index", "own")
    assert (starter.name, starter.kind) == ("Starter corpus", "starter")
    assert not home.exists()  # looking makes nothing


def test_an_index_on_the_command_line_is_offered_unless_it_is_one_of_the_others(
    home: Path, tmp_path: Path
) -> None:
    bees = create("Bees")
    elsewhere = tmp_path / "elsewhere"
    extra = next(c for c in collections(elsewhere) if c.place == elsewhere)
    assert (extra.name, extra.kind) == ("elsewhere", "own")
    for same in (
        home / "index",
        home / "x" / ".." / "index",
        bees.place,
        cache_dir() / "starter-1",
    ):
        assert collections(same) == collections()
    # Of two that would look alike, the folder's whole name tells which is which.
    assert str(tmp_path / "bees") in [c.name for c in collections(tmp_path / "bees")]


def test_named_ones_stand_in_order_of_their_names() -> None:
    for name in ("zebra", "Ångström", "apes", "Bees"):
        create(name)
    assert named() == ["apes", "Bees", "zebra", "Ångström"]
    assert len({c.key for c in collections()}) == 6


def test_an_index_put_among_them_by_hand_is_listed_by_its_folder(
    home: Path, shelf: Shelf, built: Path
) -> None:
    place = home / "collections" / "Von Hand é"
    shutil.copytree(built, place)
    (home / "collections" / "empty").mkdir()
    (home / "collections" / "file").write_text("x")
    (by_hand,) = (c for c in collections() if c.kind == "named")
    assert by_hand.name == "Von Hand é"
    assert by_hand.key.isascii()
    assert len(titles(shelf, by_hand.key)) == len(RECORDS)
    put(shelf, by_hand.key, pasted="Owls\n\nOwls turn their heads. They see the mouse at night.")
    assert rename(by_hand, "By hand").key == by_hand.key
    assert named() == ["By hand"]


@pytest.mark.parametrize("text", [b"", b"\xff\xfe\x00", b"a" * 5000, b"\x07", b"\n \n"])
def test_a_damaged_name_file_hides_no_collection(text: bytes) -> None:
    bees = create("Bees")
    (bees.place / "name.txt").write_bytes(text)
    assert named() == ["bees"]
    delete(collections()[1])
    assert named() == []


def test_an_unreadable_folder_is_an_error_with_a_remedy(home: Path) -> None:
    home.mkdir()
    (home / "collections").symlink_to(home / "collections")
    with pytest.raises(DiskError, match="cannot read") as caught:
        collections()
    assert caught.value.remedy


def test_a_place_that_cannot_be_written_is_an_error_with_a_remedy(home: Path) -> None:
    home.mkdir()
    (home / "collections").write_text("a file in the way")
    assert named() == []
    with pytest.raises(DiskError, match="cannot write") as caught:
        create("Bees")
    assert caught.value.remedy


# ── names ───────────────────────────────────────────────────────────────────────────────────────

HOSTILE = [
    "..", ".", "/etc", "a/b", "..\\..\\x", "C:\\x", "con", "CON", "com1", "nul.txt", "lpt9", "~",
    "-rf", "name.txt", ".hidden", "write.lock", "$HOME", "`id`", "%2e%2e", "*?", "🦉📚", "论文",
    "\u200fשלום\u200f", "<img src=x onerror=alert(1)>", "é" * 60, "a" * 60, "x" * 59 + " ", "'; --",
]  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_any_name_stays_as_typed_and_its_folder_is_harmless(home: Path, name: str) -> None:
    made = create(name)
    assert made.name == name.strip()
    assert made in collections()
    assert made.place.parent == home / "collections"
    assert re.fullmatch(r"[a-z0-9][a-z0-9-]{0,60}", made.place.name)
    assert made.place.name not in ("con", "com1", "lpt9", "nul")
    assert {p.relative_to(home.parent).as_posix() for p in home.parent.rglob("*")} == {
        "data", "data/collections", "data/collections/.lock",
        f"data/collections/{made.place.name}", f"data/collections/{made.place.name}/name.txt",
    }  # fmt: skip
    delete(made)
    assert named() == []


@pytest.mark.parametrize(
    "name",
    ["", " \t\n", "\u200f", "\u200b\u2060", "x" * 61, "x" * 300, "a\0b", "a\x07b", "a\x9fb",
     "cod\u202egpj.exe", "\u2066a", "\ud800"],
)  # fmt: skip
def test_a_name_that_cannot_be_used_is_refused_before_anything_is_made(
    home: Path, name: str
) -> None:
    with pytest.raises(UsageError) as caught:
        create(name)
    assert caught.value.remedy
    caught.value.message.encode()  # fit to be shown
    assert not home.exists()


@pytest.mark.parametrize(
    ("first", "second"),
    [("Bees", "bees"), ("Straße", "STRASSE"), ("caf\u00e9", "cafe\u0301"), ("a b", " a\u00a0 b "),
     ("Bees", "Be\u200bes"), ("ﬁsh", "Fish")],
)  # fmt: skip
def test_a_name_is_taken_whatever_its_case(first: str, second: str) -> None:
    create(first)
    with pytest.raises(UsageError, match="already"):
        create(second)
    assert len(named()) == 1


@pytest.mark.parametrize("name", ["my papers", "Starter Corpus"])
def test_the_names_of_the_others_are_taken_too(name: str) -> None:
    with pytest.raises(UsageError, match="already"):
        create(name)


def test_folders_differ_where_names_come_down_to_the_same_letters(home: Path) -> None:
    made = [create(name) for name in ("Papers", "papers!", "Papers?", "…", "!!")]
    assert [c.place.name for c in made] == [
        "papers", "papers-2", "papers-3", "collection", "collection-2",
    ]  # fmt: skip
    (home / "collections" / "OWLS").mkdir()  # the same folder on some systems
    assert create("Owls").place.name == "owls-2"


@given(st.text(max_size=80), st.lists(st.text(max_size=5), max_size=4))
def test_names_are_refused_or_settled_and_folders_are_safe_and_new(
    name: str, others: list[str]
) -> None:
    taken = [folder_name(other, ()) for other in others]
    found = folder_name(name, taken)
    assert found not in taken
    assert re.fullmatch(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?", found)
    assert len(found) <= 44
    try:
        settled = checked(name)
    except UsageError:
        return
    assert checked(settled) == settled
    assert likeness(settled) == likeness(f" {settled}\u200b")
    assert 1 <= len(settled) <= 60


def test_renaming_keeps_key_place_and_papers(shelf: Shelf) -> None:
    bees, owls = create("Bees"), create("Owls")
    put(shelf, bees.key, pasted=paste(KITES))
    renamed = rename(bees, "BEES")
    assert (renamed.key, renamed.place, renamed.name) == (bees.key, bees.place, "BEES")
    assert renamed in collections()
    assert titles(shelf, renamed.key) == [KITES.title]
    for name in ("owls", "my papers", "", "x" * 61):
        with pytest.raises(UsageError):
            rename(renamed, name)
    delete(owls)
    with pytest.raises(UsageError, match="no longer there"):
        rename(owls, "Others")
    assert named() == ["BEES"]


def test_own_given_and_starter_can_be_neither_renamed_nor_deleted(
    shelf: Shelf, built: Path
) -> None:
    for collection in shelf.collections():
        for attempt in (lambda c: rename(c, "Other"), delete):
            with pytest.raises(UsageError) as caught:
                attempt(collection)
            assert caught.value.remedy
    assert (built / DATABASE_NAME).is_file()


# ── deleting ────────────────────────────────────────────────────────────────────────────────────


def test_deleting_takes_the_papers_and_nothing_else(home: Path, shelf: Shelf) -> None:
    bees, owls = create("Bees"), create("Owls")
    for collection in (bees, owls):
        put(shelf, collection.key, pasted=paste(KITES))
    delete(bees)
    assert named() == ["Owls"]
    assert titles(shelf, owls.key) == [KITES.title]
    assert sorted(p.name for p in (home / "collections").iterdir()) == [".lock", "owls"]
    with pytest.raises(UsageError, match='"Bees" is no longer there'):
        delete(bees)
    with pytest.raises(UsageError, match='"Bees" is no longer there'):
        shelf.assistant(bees.key)


@pytest.mark.parametrize("foreign", ["notes.docx", ".DS_Store", "dense-chunks-my notes.faiss"])
def test_a_folder_with_other_files_is_left_alone(shelf: Shelf, foreign: str) -> None:
    bees = create("Bees")
    put(shelf, bees.key, pasted=paste(KITES))
    (bees.place / foreign).write_text("mine")
    before = sorted(p.name for p in bees.place.iterdir())
    with pytest.raises(UsageError, match=re.escape(foreign)) as caught:
        delete(bees)
    assert "move" in caught.value.remedy
    assert sorted(p.name for p in bees.place.iterdir()) == before
    assert titles(shelf, bees.key) == [KITES.title]
    (bees.place / foreign).unlink()
    delete(bees)


def test_a_folder_within_and_a_link_are_left_alone(tmp_path: Path, home: Path) -> None:
    bees = create("Bees")
    (bees.place / "name.txt").unlink()
    (bees.place / "name.txt").mkdir()
    (bees.place / DATABASE_NAME).touch()
    with pytest.raises(UsageError, match=r"name\.txt"):
        delete(bees)
    target = tmp_path / "target"
    target.mkdir()
    (target / "name.txt").write_text("Linked")
    (home / "collections" / "linked").symlink_to(target, target_is_directory=True)
    with pytest.raises(UsageError, match="link"):
        delete(next(c for c in collections() if c.name == "Linked"))
    assert (target / "name.txt").is_file()


def test_a_made_up_collection_deletes_nothing(tmp_path: Path, home: Path, built: Path) -> None:
    create("Bees")
    copy = tmp_path / "copy"
    shutil.copytree(built, copy)
    for place in (
        copy,
        home / "collections" / ".." / ".." / "copy",
        home / "collections" / ".lock",
    ):
        with pytest.raises(UsageError):
            delete(Collection("named-x", "x", place, "named"))
    assert len(list(copy.iterdir())) == len(list(built.iterdir()))


def test_a_question_under_way_goes_on_while_its_collection_is_deleted(shelf: Shelf) -> None:
    bees = create("Bees")
    put(shelf, bees.key, pasted=paste(KITES))
    stream = shelf.assistant(bees.key).stream(Question("How many tethered kites are flown?"))
    next(stream)
    delete(bees)
    shelf.changed(bees.key)
    *_, done = stream
    assert "12 tethered kites" in done.answer.text  # type: ignore[union-attr]  # a stream ends in Done


# ── other processes ─────────────────────────────────────────────────────────────────────────────


@contextmanager
def process(code: str, *arguments: object) -> Iterator[subprocess.Popen[str]]:
    """Python code in a process of its own, with the same environment."""
    running = subprocess.Popen(
        [sys.executable, "-c", code, *map(str, arguments)], cwd=REPOSITORY, text=True,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    try:
        yield running
    finally:
        running.kill()
        running.communicate()


def line(running: subprocess.Popen[str]) -> str:
    assert running.stdout is not None
    return running.stdout.readline().strip()


CREATING = """
import sys
from rag.collections import create
from rag.errors import RagError
print("ready", flush=True)
sys.stdin.readline()
try:
    print("made", create(sys.argv[1]).place.name)
except RagError as e:
    print(type(e).__name__, e.message)
"""


def test_of_processes_that_create_the_same_name_one_wins(home: Path) -> None:
    (home / "collections").mkdir(parents=True)
    running = [process(CREATING, name) for name in ("Bees", "bees", "BEES", "Bees", "bees!")]
    with running[0] as a, running[1] as b, running[2] as c, running[3] as d, running[4] as e:
        everyone = [a, b, c, d, e]
        assert [line(p) for p in everyone] == ["ready"] * 5
        with FileLock(home / "collections" / ".lock"):  # so that all of them meet
            for p in everyone:
                assert p.stdin is not None
                p.stdin.write("\n")
                p.stdin.flush()
            time.sleep(0.3)
        said = [line(p) for p in everyone]
    assert sorted(s.split()[0] for s in said) == ["UsageError"] * 3 + ["made"] * 2
    assert all("already" in s for s in said if s.startswith("UsageError"))
    assert {s.split()[1] for s in said if s.startswith("made")} == {"bees", "bees-2"}
    assert len(named()) == 2


WRITING = """
import sys
from pathlib import Path
from rag.index.building import writing
with writing(Path(sys.argv[1])):
    print("writing", flush=True)
    sys.stdin.readline()
"""


def test_no_collection_is_deleted_while_another_process_writes_to_it(shelf: Shelf) -> None:
    bees = create("Bees")
    put(shelf, bees.key, pasted=paste(KITES))
    with process(WRITING, bees.place) as writer:
        assert line(writer) == "writing"
        with pytest.raises(IndexBusyError, match="Bees") as caught:
            delete(bees)
        assert "wait" in caught.value.remedy
        assert titles(shelf, bees.key) == [KITES.title]
        writer.communicate("\n")
    delete(bees)
    assert not bees.place.exists()


COMING_AND_GOING = """
from rag.collections import create, delete
from rag.store import Writer
print("ready", flush=True)
while True:
    made = create("Bees")
    Writer(made.place).close()
    delete(made)
"""


def test_kills_leave_whole_collections_or_none(home: Path, shelf: Shelf) -> None:
    chance = random.Random(5)
    for _ in range(8):
        with process(COMING_AND_GOING) as running:
            assert line(running) == "ready", running.stderr and running.stderr.read()
            time.sleep(chance.uniform(0, 0.1))
            running.send_signal(signal.SIGKILL)
            running.wait()
        found = [c for c in collections() if c.kind == "named"]
        assert [c.name for c in found] in ([], ["Bees"])
        for collection in found:
            put(shelf, collection.key, pasted=paste(KITES))
            assert titles(shelf, collection.key) == [KITES.title]
            delete(collection)
        create("Sweeping")
        delete(next(c for c in collections() if c.name == "Sweeping"))
        assert [p.name for p in (home / "collections").iterdir()] == [".lock"]


def test_what_another_process_adds_or_makes_anew_is_seen(shelf: Shelf, tmp_path: Path) -> None:
    bees = create("Bees")
    assert titles(shelf, bees.key) == []
    one = write_papers(tmp_path / "one.jsonl", PAPERS[:1])
    two = write_papers(tmp_path / "two.jsonl", PAPERS[1:3])
    index = (sys.executable, "-m", "rag.cli", "index")
    subprocess.run([*index, one, "--index", bees.place], cwd=REPOSITORY, check=True)
    assert titles(shelf, bees.key) == [PAPERS[0][0]]
    subprocess.run([*index, two, "--index", bees.place], cwd=REPOSITORY, check=True)
    shelf.changed(bees.key)
    assert titles(shelf, bees.key) == [title for title, _ in PAPERS[:3]]
    delete(bees)
    again = create("Bees")
    assert again.key == bees.key
    assert titles(shelf, again.key) == []
    subprocess.run([*index, two, "--index", again.place], cwd=REPOSITORY, check=True)
    assert titles(shelf, again.key) == [title for title, _ in PAPERS[1:3]]


# ── what is open ────────────────────────────────────────────────────────────────────────────────


def test_collections_share_models_and_answer_from_their_own_papers(
    shelf: Shelf, home: Path
) -> None:
    bees, owls = create("Bees"), create("Owls")
    put(shelf, bees.key, pasted=paste(RECORDS[4]))
    put(shelf, owls.key, pasted=paste(KITES))
    first, second = shelf.assistant(bees.key), shelf.assistant(owls.key)
    assert first.index.embedder is second.index.embedder is shelf.shared.index.embedder
    assert first._readers is second._readers is shelf.shared._readers
    question = Question("How many tethered kites are flown?")
    assert "12" in second.ask(question).text
    assert all(s.paper.title == RECORDS[4].title for s in first.ask(question).sources)
    assert shelf.assistant(shelf.first) is shelf.shared


def test_a_collection_without_papers_has_none_and_looking_makes_nothing(
    shelf: Shelf, home: Path
) -> None:
    bees = create("Bees")
    for key in ("own", bees.key):
        assistant = shelf.assistant(key)
        assert assistant.ask(Question("How many kites are flown?")).status == "abstained"
        assert rows(assistant.index).total == 0
    assert not (home / "index").exists()
    assert [p.name for p in bees.place.iterdir()] == ["name.txt"]
    put(shelf, "own", pasted=paste(KITES))
    assert titles(shelf, "own") == [KITES.title]
    assert titles(shelf, bees.key) == []


def test_the_starter_corpus_is_asked_and_never_written_to(shelf: Shelf) -> None:
    opened = shelf.assistant("starter")
    assert opened.index.snapshot.count() == 217
    before = {p.name: p.stat().st_mtime_ns for p in opened.index.directory.iterdir()}
    # However it comes to be open: also when its folder is named on the command line.
    for beginning in (shelf, Shelf(opened), Shelf(opened, opened.index.directory)):
        with pytest.raises(UsageError, match="starter") as caught:
            put(beginning, "starter", pasted=paste(KITES))
        assert "another collection" in caught.value.remedy
        with pytest.raises(UsageError, match="starter"):
            remove(beginning, "starter", [next(opened.index.snapshot.papers()).id])
    assert beginning.first == "starter"
    assert len(beginning.collections()) == 2
    assert {p.name: p.stat().st_mtime_ns for p in opened.index.directory.iterdir()} == before


def test_what_it_begins_with(shelf: Shelf, built: Path, embedder: Embedder) -> None:
    assert shelf.first == "given"
    assert "reading list" in [c.name for c in shelf.collections()]
    bees = create("Bees")
    put(shelf, bees.key, pasted=paste(KITES))
    put(shelf, "own", pasted=paste(KITES))
    assert Shelf(shelf.assistant("own")).first == "own"
    other = Shelf(shelf.assistant(bees.key), bees.place)
    assert other.first == bees.key
    assert len(other.collections()) == 3
    # Nobody said where it is from: it is offered all the same.
    assert Shelf(shelf.shared).assistant("given") is shelf.shared
    delete(bees)
    assert other.first == "own"


def test_threads_that_open_at_once_get_one_assistant(shelf: Shelf) -> None:
    made = [create(f"Collection {n}") for n in range(10)]  # more than are kept open
    put(shelf, made[0].key, pasted=paste(KITES))
    with ThreadPoolExecutor(8) as pool:
        got = list(pool.map(lambda _: shelf.assistant(made[0].key), range(16)))
    assert len({id(a) for a in got}) == 1
    for collection in made:
        put(shelf, collection.key, pasted=paste(KITES))
        assert titles(shelf, collection.key) == [KITES.title]
    assert titles(shelf, made[0].key) == [KITES.title]
    with pytest.raises(UsageError, match="no such collection"):
        shelf.assistant("named-../../etc")


def test_a_collection_of_another_embedder_says_so(shelf: Shelf) -> None:
    import sqlite3

    bees = create("Bees")
    put(shelf, bees.key, pasted=paste(KITES))
    with sqlite3.connect(bees.place / DATABASE_NAME) as connection:
        connection.execute("UPDATE manifest SET value = 'x' WHERE key LIKE 'embedder%'")
    shelf.forget(bees.key)
    with pytest.raises(RagError, match="embedder") as caught:
        shelf.assistant(bees.key)
    assert caught.value.remedy
    delete(bees)


# ── adding and removing ─────────────────────────────────────────────────────────────────────────


def test_files_and_pasted_text_go_into_the_collection_and_nowhere_else(
    shelf: Shelf, tmp_path: Path, home: Path, embedder: Embedder
) -> None:
    bees = create("Bees")
    file = write_papers(tmp_path / "some.jsonl", PAPERS[:3])
    bad = tmp_path / "bad.bib"
    bad.write_text("@article{x, title={No abstract}}")
    seen: list[tuple[str, int, int]] = []
    told: list[str] = []
    pasted = f"{paste(RECORDS[3])}\n\n{RECORDS[4].abstract}"
    files = [file, bad, tmp_path / "missing.ris"]
    done = add(
        shelf, bees.key, files, pasted, told.append, lambda *step: seen.append(step), lambda: None
    )
    assert done.report is not None
    assert (done.report.added, done.report.total) == (5, 5)
    assert [r.source for r in done.refused] == ["bad.bib", "missing.ris"]
    assert done.refused == done.report.refused
    assert list(done.notes) == told
    assert "first words" in told[0]
    assert seen == [
        ("Reading", 0, 4), ("Reading", 1, 4), ("Reading", 2, 4), ("Reading", 3, 4),
        ("Reading", 4, 4), ("Embedding", 0, 5), ("Embedding", 5, 5), ("Writing", 0, 1),
        ("Writing", 1, 1),
    ]  # fmt: skip
    first_words = "Honeybees were trained to tell patterns of one to six dots. They succeed up to…"
    assert titles(shelf, bees.key) == [*[t for t, _ in PAPERS[:4]], first_words]
    assert verify_index(bees.place, embedder, token_counter()).problems == ()
    assert not (home / "index").exists()
    again = put(shelf, bees.key, file)
    assert again.report is not None
    assert (again.report.unchanged, again.report.added) == (3, 0)


def test_nothing_is_made_when_no_paper_could_be_read(shelf: Shelf, home: Path) -> None:
    done = put(shelf, "own", pasted="Only a Title")
    assert (done.report, len(done.refused)) == (None, 1)
    assert not (home / "index").exists()
    for pasted in ("", " \n\t "):
        with pytest.raises(UsageError, match="nothing to add") as caught:
            put(shelf, "own", pasted=pasted)
        assert caught.value.remedy


def test_removing(shelf: Shelf) -> None:
    bees = create("Bees")
    assert remove(shelf, bees.key, ["x"]) == 0  # nothing was ever added
    put(shelf, bees.key, pasted="\n\n".join(map(paste, RECORDS[:3])))
    ids = [row.paper_id for row in rows(shelf.assistant(bees.key).index).rows]
    assert remove(shelf, bees.key, []) == 0
    assert remove(shelf, bees.key, [ids[0], ids[0], "no-such-id", ids[2]]) == 2
    assert titles(shelf, bees.key) == [RECORDS[1].title]
    delete(bees)
    with pytest.raises(UsageError, match="no longer there"):
        remove(shelf, bees.key, [ids[1]])


def test_a_collection_deleted_before_the_writing_begins_is_not_brought_back(
    shelf: Shelf, home: Path
) -> None:
    for _ in range(2):  # without an index, then with one
        bees = create("Bees")

        def deleting(stage: str, done: int, _: int, collection: Collection = bees) -> None:
            if (stage, done) == ("Embedding", 0):
                delete(collection)

        with pytest.raises(UsageError, match='"Bees" is no longer there') as caught:
            add(shelf, bees.key, (), paste(KITES), lambda _: None, deleting, lambda: None)
        assert caught.value.remedy
        assert named() == []
        assert [p.name for p in (home / "collections").iterdir()] == [".lock"]
        put(shelf, create("Bees").key, pasted=paste(KITES))
        delete(collections()[1])


def test_a_collection_deleted_while_adding_waits_for_its_turn(shelf: Shelf, home: Path) -> None:
    bees = create("Bees")
    put(shelf, bees.key, pasted=paste(RECORDS[0]))
    waits: list[bool] = []
    with process(WRITING, bees.place) as writer:
        assert line(writer) == "writing"

        def waiting() -> None:
            waits.append(True)
            writer.communicate("\n")  # the other process ends, and this one isn't the next
            delete(bees)

        with pytest.raises(UsageError, match="no longer there"):
            add(shelf, bees.key, (), paste(KITES), lambda _: None, lambda *_: None, waiting)
    assert waits == [True]
    assert named() == []
    assert [p.name for p in (home / "collections").iterdir()] == [".lock"]


def test_two_that_add_at_once_both_get_their_papers_in(shelf: Shelf) -> None:
    bees = create("Bees")
    failures: list[BaseException] = []

    def adding(papers: list[Paper]) -> Callable[[], None]:
        def run() -> None:
            try:
                for paper in papers:
                    put(shelf, bees.key, pasted=paste(paper))
                    assert paper.title in titles(shelf, bees.key)
            except BaseException as e:
                failures.append(e)

        return run

    threads: list[Any] = [
        threading.Thread(target=adding(part)) for part in (RECORDS[:2], RECORDS[2:])
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert sorted(titles(shelf, bees.key)) == sorted(paper.title for paper in RECORDS)
    snapshot = Snapshot(bees.place)
    assert snapshot.integrity() == []
    snapshot.close()


def test_listing_and_creating_load_nothing_heavy() -> None:
    code = (
        "from rag.collections import Shelf, add, collections, create, delete\n"
        "create('Bees'); collections(); delete(collections()[1])\n"
        "import sys\nprint([m for m in ('numpy', 'faiss', 'onnxruntime', 'torch', 'lxml',"
        " 'tiktoken', 'llama_cpp') if m in sys.modules])"
    )
    with process(code) as running:
        out, err = running.communicate()
    assert out.strip() == "[]", err
