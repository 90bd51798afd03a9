"""The file of conversations: used by several at once, killed, damaged, and in bad places."""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import stat
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rag.errors import DiskError, RagError
from rag.store.conversation_file import VERSION, writing
from rag.store.conversations import (
    Conversations,
    GoneError,
)
from tests.kept_conversations import (
    ANN,
    BOB,
    KITES,
    MOSS,
    answered,
    evidence,
    questions,
    whole,
)

REPOSITORY = Path(__file__).parent.parent


@pytest.fixture
def kept(tmp_path: Path) -> Conversations:
    return Conversations(tmp_path / "new" / "folder" / "conversations.db")


# ── several at once ─────────────────────────────────────────────────────────────────────────────

WORKER = """
import json, sys
from pathlib import Path
from rag.store.conversations import Conversations
from tests.kept_conversations import ANN, MOSS, answered, evidence
kept = Conversations(Path(sys.argv[1]))
name, count = sys.argv[2], int(sys.argv[3])
print("ready", flush=True)
shared = sys.stdin.readline().strip()
own = kept.start(ANN, name, "c")
print(own, flush=True)
for n in range(count):
    at = kept.add(ANN, shared or own, answered(f"{name} {n}"), evidence(MOSS))
    print(at, flush=True)
    if shared:
        kept.add(ANN, own, answered(f"{name} {n}"))
        kept.judge(ANN, shared, at, True, name)
"""


Work = Callable[[Path, str, int], "subprocess.Popen[str]"]


@pytest.fixture
def work() -> Iterator[Work]:
    """Starts writers; none outlives its test."""
    started: list[subprocess.Popen[str]] = []

    def start(path: Path, name: str, count: int) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-c", WORKER, str(path), name, str(count)],
            cwd=REPOSITORY,
            text=True,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.wait()


def go(process: subprocess.Popen[str], shared: str = "") -> None:
    assert process.stdin is not None
    process.stdin.write(shared + "\n")
    process.stdin.flush()


def said(process: subprocess.Popen[str]) -> Iterator[str]:
    assert process.stdout is not None
    for line in process.stdout:
        yield line.strip()


def test_two_processes_write_at_once_and_nothing_is_lost(kept: Conversations, work: Work) -> None:
    running = [work(kept.path, name, 30) for name in ("one", "two")]
    assert [next(said(process)) for process in running] == ["ready", "ready"]
    shared = kept.start(ANN, "shared", "c")
    for process in running:
        go(process, shared)
    done = [process.communicate(timeout=200)[0].split() for process in running]
    assert [process.returncode for process in running] == [0, 0]
    numbers = [int(n) for out in done for n in out[1:]]
    assert sorted(numbers) == list(range(1, 61))
    asked = questions(kept, ANN, shared)
    assert sorted(asked) == sorted(f"{name} {n}" for name in ("one", "two") for n in range(30))
    for name, out in zip(("one", "two"), done, strict=True):
        assert [asked[int(at) - 1] for at in out[1:]] == [f"{name} {n}" for n in range(30)]
        assert questions(kept, ANN, out[0]) == [f"{name} {n}" for n in range(30)]
    assert len(list(kept.judgements())) == 60
    assert whole(kept)


def test_processes_that_all_create_the_file(kept: Conversations, work: Work) -> None:
    running = [work(kept.path, str(n), 2) for n in range(4)]
    assert {next(said(process)) for process in running} == {"ready"}
    for process in running:
        go(process)
    ids = [process.communicate(timeout=200)[0].split()[0] for process in running]
    assert [process.returncode for process in running] == [0, 0, 0, 0]
    assert {s.id: s.turns for s in kept.find(ANN)} == dict.fromkeys(ids, 2)
    assert whole(kept)


def test_many_begin_one_file_at_once(tmp_path: Path) -> None:
    """SQLite refuses at once all but one of those who turn a new file to WAL together."""
    failures: list[BaseException] = []

    def begin(path: Path, gate: threading.Barrier) -> None:
        try:
            gate.wait()
            with writing(path, create=True) as db:
                assert db is not None
                assert db.execute("SELECT count(*) FROM turns").fetchone() == (0,)
        except BaseException as e:  # shown by the test, not by the thread
            failures.append(e)

    for n in range(60):
        gate = threading.Barrier(8)
        path = tmp_path / str(n) / "conversations.db"
        threads = [threading.Thread(target=begin, args=(path, gate)) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert failures == []


def test_threads_share_one_object(kept: Conversations) -> None:
    failures: list[BaseException] = []
    gate = threading.Barrier(8)

    def run(name: str) -> None:
        try:
            gate.wait()
            id = kept.start(name, name, "c")
            for n in range(8):
                assert kept.add(name, id, answered(f"{name} {n}"), evidence(MOSS)) == n + 1
                assert questions(kept, name, id) == [f"{name} {i}" for i in range(n + 1)]
                assert [s.turns for s in kept.find(name, name)] == [n + 1]
        except BaseException as e:  # shown by the test, not by the thread
            failures.append(e)

    threads = [threading.Thread(target=run, args=(f"owner{n}",)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert whole(kept)


def test_reading_goes_on_while_another_writes(kept: Conversations) -> None:
    id = kept.start(ANN, "t", "c")
    with writing(kept.path) as db:
        assert db is not None
        db.execute("UPDATE conversations SET title = 'half done'")
        assert [s.title for s in kept.find(ANN)] == ["t"]
        assert kept.open(ANN, id) is not None
    assert [s.title for s in kept.find(ANN)] == ["half done"]


def test_a_file_that_stays_busy_is_said_to_be(
    kept: Conversations, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept.start(ANN, "t", "c")
    monkeypatch.setattr("rag.store.conversation_file._BUSY_SECONDS", 0.05)
    with writing(kept.path), pytest.raises(RagError, match="another process") as caught:
        kept.start(ANN, "u", "c")
    assert "again" in caught.value.remedy
    assert [s.title for s in kept.find(ANN)] == ["t"]


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="this system has no kill -9")
def test_killed_while_writing_what_was_said_to_be_kept_is_kept(
    kept: Conversations, work: Work
) -> None:
    kept_before = kept.start(BOB, "before", "c")
    for acknowledged in (0, 1, 4, 9, 15):
        process = work(kept.path, f"killed {acknowledged}", 400)
        lines = said(process)
        assert next(lines) == "ready"
        go(process)
        id = next(lines)
        last = 0
        while last < acknowledged:
            last = int(next(lines))
        process.send_signal(signal.SIGKILL)
        rest = [int(line) for line in lines]
        process.wait()
        assert process.returncode == -signal.SIGKILL
        told = max([last, *rest])
        assert told < 400
        asked = questions(kept, ANN, id)
        # One more may be in: written, but not yet told.
        assert len(asked) in (told, told + 1)
        assert asked == [f"killed {acknowledged} {n}" for n in range(len(asked))]
        assert kept.add(ANN, id, answered("after")) == len(asked) + 1
        assert whole(kept)
    assert kept.open(BOB, kept_before) is not None


# ── the file ────────────────────────────────────────────────────────────────────────────────────


def test_reading_a_missing_file_is_empty_and_creates_nothing(tmp_path: Path) -> None:
    kept = Conversations(tmp_path / "none" / "conversations.db")
    assert kept.find(ANN) == ()
    assert kept.open(ANN, "A" * 22) is None
    assert list(kept.judgements()) == []
    assert not kept.delete(ANN, "A" * 22)
    assert kept.delete_all(ANN) == 0
    with pytest.raises(GoneError):
        kept.add(ANN, "A" * 22, answered("q"))
    with pytest.raises(GoneError):
        kept.rename(ANN, "A" * 22, "t")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("pages", [0, 1])
def test_a_file_whose_creation_was_cut_off_is_begun_anew(tmp_path: Path, pages: int) -> None:
    kept = Conversations(tmp_path / "conversations.db")
    kept.path.touch()
    if pages:
        with closing(sqlite3.connect(kept.path)) as db:
            db.execute("PRAGMA journal_mode = WAL")
        assert kept.path.stat().st_size
    assert kept.find(ANN) == ()
    assert list(kept.judgements()) == []
    with pytest.raises(GoneError):
        kept.add(ANN, "A" * 22, answered("q"))
    kept.start(ANN, "t", "c")
    assert len(kept.find(ANN)) == 1


@pytest.mark.skipif(os.name == "nt", reason="Windows has no file modes")
def test_file_and_folders_are_its_users_alone(tmp_path: Path) -> None:
    kept = Conversations(tmp_path / "new" / "folder" / "conversations.db")
    before = os.umask(0)
    try:
        kept.start(ANN, "t", "c")
        # While it is open, the log stands beside it.
        with writing(kept.path) as db:
            assert db is not None
            db.execute("DELETE FROM judgements")
            files = list(kept.path.parent.iterdir())
            assert len(files) == 3
            assert {stat.S_IMODE(f.stat().st_mode) for f in files} == {0o600}
    finally:
        os.umask(before)
    for folder in (tmp_path / "new", tmp_path / "new" / "folder"):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert [f.name for f in kept.path.parent.iterdir()] == ["conversations.db"]


def filled(path: Path) -> str:
    kept = Conversations(path)
    id = kept.start(ANN, "Moss", "c")
    for n in range(3):
        kept.add(ANN, id, answered(f"q{n}"), evidence(MOSS, KITES))
    kept.judge(ANN, id, 2, True, "yes")
    return id


def everything(kept: Conversations, id: str) -> list[Callable[[], object]]:
    return [
        lambda: kept.find(ANN),
        lambda: kept.find(ANN, "moss q2"),
        lambda: kept.open(ANN, id),
        lambda: list(kept.judgements()),
        lambda: kept.add(ANN, id, answered("more"), evidence(MOSS)),
        lambda: kept.add(ANN, id, answered("other"), over=2),
        lambda: kept.judge(ANN, id, 1, False, "no"),
        lambda: kept.rename(ANN, id, "u"),
        lambda: kept.start(ANN, "t", "c"),
        lambda: kept.delete(ANN, id),
        lambda: kept.delete_all(ANN),
    ]


def test_a_newer_file_is_left_alone(kept: Conversations) -> None:
    id = filled(kept.path)
    with closing(sqlite3.connect(kept.path)) as db:
        db.execute(f"PRAGMA user_version = {VERSION + 1}")
    before = kept.path.read_bytes()
    for operation in everything(kept, id):
        with pytest.raises(RagError, match="newer release") as caught:
            operation()
        assert "rename the file" in caught.value.remedy
        assert str(kept.path) in caught.value.message
    assert kept.path.read_bytes() == before


def test_a_file_of_another_program_is_left_alone(tmp_path: Path) -> None:
    kept = Conversations(tmp_path / "foreign.db")
    with closing(sqlite3.connect(kept.path)) as db:
        db.execute("CREATE TABLE t (x)")
    before = kept.path.read_bytes()
    for operation in everything(kept, "A" * 22):
        with pytest.raises(RagError, match="not a file of conversations") as caught:
            operation()
        assert "RAG_CONVERSATIONS" in caught.value.remedy
    assert kept.path.read_bytes() == before


def test_a_damaged_file_is_said_to_be_and_can_be_set_aside(tmp_path: Path) -> None:
    kept = Conversations(tmp_path / "conversations.db")
    kept.path.write_text("not a database at all " * 100)
    for operation in everything(kept, "A" * 22):
        with pytest.raises(RagError, match="damaged") as caught:
            operation()
        assert "rename the file" in caught.value.remedy
    assert kept.path.read_text().startswith("not a database")
    kept.path.rename(tmp_path / "conversations.db.aside")
    kept.start(ANN, "t", "c")
    assert len(kept.find(ANN)) == 1


@pytest.mark.parametrize("body", [b"{", b"[]", b"{}", b'"x"', b"\xff", b"[" * 100_000, b"null"])
def test_contents_that_make_no_sense_are_damage(kept: Conversations, body: bytes) -> None:
    id = filled(kept.path)
    for table, column in (("turns", "answer"), ("papers", "body")):
        with closing(sqlite3.connect(kept.path)) as db:
            db.execute(f"UPDATE {table} SET {column} = ?", (body,))
            db.commit()
        with pytest.raises(RagError, match="damaged"):
            kept.open(ANN, id)
        with pytest.raises(RagError, match="damaged"):
            list(kept.judgements())
        kept.path.unlink()
        id = filled(kept.path)


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> tuple[bytes, str, Path]:
    folder = tmp_path_factory.mktemp("sound")
    id = filled(folder / "conversations.db")
    return (folder / "conversations.db").read_bytes(), id, folder


@given(st.data())
@settings(max_examples=120, deadline=None)
def test_no_damage_gives_anything_but_an_error_with_a_remedy(
    sound: tuple[bytes, str, Path], data: st.DataObject
) -> None:
    contents, id, folder = sound
    damaged = bytearray(contents)
    near_start = st.integers(0, 200) | st.integers(0, len(contents) - 1)
    for at in data.draw(st.lists(near_start, min_size=1, max_size=20)):
        damaged[at] = data.draw(st.integers(0, 255))
    length = data.draw(st.just(len(damaged)) | st.integers(0, len(damaged)))
    for leftover in folder.iterdir():
        leftover.unlink()
    kept = Conversations(folder / "conversations.db")
    kept.path.write_bytes(damaged[:length])
    errors = []
    for operation in everything(kept, id):
        try:
            operation()
        except RagError as e:
            errors.append(e)
    assert all(e.remedy for e in errors)


# ── places that cannot be written ───────────────────────────────────────────────────────────────


@pytest.mark.parametrize("below", ["", "folder"])
def test_a_place_under_a_regular_file(tmp_path: Path, below: str) -> None:
    (tmp_path / "file").write_text("x")
    kept = Conversations(tmp_path / "file" / below / "conversations.db")
    with pytest.raises(DiskError) as caught:
        kept.start(ANN, "t", "c")
    assert "RAG_CONVERSATIONS" in caught.value.remedy
    assert str(kept.path) in caught.value.message
    assert kept.find(ANN) == ()


def test_a_folder_in_the_files_place(tmp_path: Path) -> None:
    kept = Conversations(tmp_path / "conversations.db")
    kept.path.mkdir()
    for operation in everything(kept, "A" * 22):
        with pytest.raises(DiskError) as caught:
            operation()
        assert caught.value.remedy


def as_nobody(check: Callable[[], None]) -> None:
    """Run a check in a child that may not write everywhere, as the superuser could."""
    child = os.fork()
    if not child:
        code = 1
        try:
            if os.getuid() == 0:
                os.setgid(65534)
                os.setuid(65534)
            check()
            code = 0
        except BaseException:
            import traceback

            traceback.print_exc()
        os._exit(code)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that other users reach, which pytest's own are not."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    yield folder
    folder.chmod(0o755)
    shutil.rmtree(folder)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
@pytest.mark.parametrize("logged", [False, True])
def test_a_read_only_folder_can_be_read(open_folder: Path, work: Work, logged: bool) -> None:
    kept = Conversations(open_folder / "conversations.db")
    if logged:  # a kill leaves the last turns in the log
        process = work(kept.path, "killed", 400)
        lines = said(process)
        next(lines)
        go(process)
        id = next(lines)
        with closing(sqlite3.connect(kept.path)) as db:  # so that the log isn't folded in
            db.execute("SELECT count(*) FROM sqlite_schema").fetchone()
            while int(next(lines)) < 5:
                pass
            process.kill()
            process.wait()
            copies = {f.name: f.read_bytes() for f in open_folder.iterdir()}
        assert copies["conversations.db-wal"]
        for name, contents in copies.items():
            (open_folder / name).write_bytes(contents)
    else:
        id = filled(kept.path)
    for file in open_folder.iterdir():
        file.chmod(0o444)
    open_folder.chmod(0o555)
    before = {f.name: f.read_bytes() for f in open_folder.iterdir()}

    def check() -> None:
        with pytest.raises(PermissionError):
            (open_folder / "x").touch()
        assert len(questions(kept, ANN, id)) >= (5 if logged else 3)
        assert kept.find(ANN, "moss")
        for operation in everything(kept, id)[4:]:
            with pytest.raises(DiskError) as caught:
                operation()
            assert "writable" in caught.value.remedy
        with pytest.raises(DiskError):
            Conversations(open_folder / "new.db").start(ANN, "t", "c")
        with pytest.raises(DiskError):
            Conversations(open_folder / "sub" / "new.db").start(ANN, "t", "c")

    as_nobody(check)
    after = {f.name: f.read_bytes() for f in open_folder.iterdir()}
    before.pop("conversations.db-shm", None), after.pop("conversations.db-shm", None)
    assert after == before


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_a_file_of_another_user_is_refused_plainly(open_folder: Path) -> None:
    id = filled(open_folder / "conversations.db")
    if os.getuid() != 0:
        (open_folder / "conversations.db").chmod(0)
    kept = Conversations(open_folder / "conversations.db")

    def check() -> None:
        for operation in everything(kept, id):
            with pytest.raises(DiskError) as caught:
                operation()
            assert caught.value.remedy

    as_nobody(check)


FULL = """
import resource, sys
from pathlib import Path
from rag.errors import DiskError
from rag.store.conversations import Conversations
from tests.kept_conversations import ANN, answered
resource.setrlimit(resource.RLIMIT_FSIZE, (150_000, 150_000))
kept = Conversations(Path(sys.argv[1]))
(summary,) = kept.find(ANN)
for n in range(1000):
    try:
        kept.add(ANN, summary.id, answered(f"{n} " + "x" * 5000))
    except DiskError as e:
        assert "disk space" in e.remedy, e
        print(n)
        break
"""


@pytest.mark.skipif(os.name == "nt", reason="Windows has no limit on a file's size")
def test_a_full_disk_leaves_what_was_kept(kept: Conversations) -> None:
    id = kept.start(ANN, "t", "c")
    done = subprocess.run(
        [sys.executable, "-c", FULL, str(kept.path)],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    added = int(done.stdout)
    assert added > 0
    assert [q.split()[0] for q in questions(kept, ANN, id)] == [str(n) for n in range(added)]
    assert whole(kept)
    assert kept.add(ANN, id, answered("room again")) == added + 1
