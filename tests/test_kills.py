"""Processes that write together, and processes that are killed while they write."""

from __future__ import annotations

import random
import signal
import sqlite3
import subprocess
import threading
import time
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock

from rag.config import Settings
from rag.embedding import Embedder
from rag.index import add_papers, verify_index, verifying
from rag.records import Paper
from rag.session import token_counter
from rag.store import DATABASE_NAME, Snapshot
from tests.command_line import PAPERS, Program, write_papers


def check_after_kill(rag: Program, place: Path) -> int:
    """The index opens, verifies and answers, or there is cleanly none; how many papers it has."""
    listed = rag("list", "--index", place)
    if listed.code != 0:
        assert "no index in" in listed.err or "is empty" in listed.err, listed.err
        assert "rag index" in listed.err
        return 0
    verified = rag("verify", "--index", place)
    assert verified.code == 0, verified.out + verified.err
    # Only what is derived may need making again.
    repairs = [line for line in verified.out.splitlines() if line.startswith("repaired")]
    assert all("FAISS file" in line for line in repairs), repairs
    found = rag("search", "wind and moss and dialogs", "--json", "--index", place)
    assert found.code == 0, found.err
    papers = len(listed.out.splitlines())
    assert bool(found.json["hits"]) == bool(papers)
    return papers


def kill_runs(
    rag: Program, papers: Path, place: Path, kills: int, longest: float, seed: int
) -> list[int]:
    """Papers in the index after each kill at a random moment; runs go on where others stopped."""
    chance = random.Random(seed)
    sizes = []
    for n in range(kills):
        if n % 8 == 0:  # now and then from nothing, so that every stage is met
            subprocess.run(["rm", "-rf", str(place)], check=True)
        process = rag.start("index", papers, "--index", place)
        time.sleep(chance.uniform(0, longest))
        process.send_signal(signal.SIGKILL)
        process.communicate()
        sizes.append(check_after_kill(rag, place))
        if n % 8 and process.returncode == -signal.SIGKILL:
            assert sizes[-1] >= sizes[-2]  # what was in stays in
    return sizes


def duration(rag: Program, papers: Path, place: Path) -> float:
    started = time.monotonic()
    assert rag("index", papers, "--index", place).code == 0
    return time.monotonic() - started


def test_four_kills(tmp_path: Path) -> None:
    rag = Program(tmp_path)
    many = [(f"{title} ({n})", abstract) for n in range(6) for title, abstract in PAPERS]
    papers = write_papers(tmp_path / "papers.jsonl", many)
    whole = duration(rag, papers, tmp_path / "whole")
    kill_runs(rag, papers, tmp_path / "index", 4, whole, seed=3)
    done = rag("index", papers, "--index", tmp_path / "index")
    assert done.code == 0, done.err
    assert (
        done.out.rstrip().endswith(f"30 papers in {tmp_path / 'index'}") or "30 papers" in done.out
    )
    assert check_after_kill(rag, tmp_path / "index") == 30
    assert not list((tmp_path / "index").glob(".*.tmp"))


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_forty_kills_over_the_listing(listing: Path, tmp_path: Path) -> None:
    rag = Program(tmp_path)
    whole = duration(rag, listing, tmp_path / "whole")
    sizes = kill_runs(rag, listing, tmp_path / "index", 40, whole * 1.1, seed=1)
    assert len(set(sizes)) > 1, sizes  # kills met it at different stages
    done = rag("index", listing, "--index", tmp_path / "index")
    assert done.code == 0, done.err
    assert "217 papers" in done.out
    assert check_after_kill(rag, tmp_path / "index") == 217


def test_two_processes_index_at_once(tmp_path: Path) -> None:
    rag = Program(tmp_path)
    parts = [
        write_papers(
            tmp_path / f"{name}.jsonl",
            [(f"{name} {n}: {t}", a) for n in range(4) for t, a in PAPERS],
        )
        for name in ("one", "two")
    ]
    place = tmp_path / "index"
    place.mkdir()
    # Both are made to wait, so that they surely meet.
    with FileLock(place / "write.lock"):
        running = [rag.start("index", part, "--index", place) for part in parts]
        assert all(
            b"another process is writing" in (process.stderr.readline() if process.stderr else b"")
            for process in running
        )
    for process in running:
        out, _ = process.communicate(timeout=200)
        assert process.returncode == 0
        assert b"20 added" in out
    assert check_after_kill(rag, place) == 40


def test_answers_while_another_process_writes(tmp_path: Path) -> None:
    rag = Program(tmp_path)
    place = tmp_path / "index"
    first = write_papers(tmp_path / "first.jsonl", PAPERS)
    assert rag("index", first, "--index", place).code == 0
    more = write_papers(
        tmp_path / "more.jsonl", [(f"{n}: {t}", a) for n in range(20) for t, a in PAPERS]
    )
    writer = rag.start("index", more, "--index", place)
    questions = 0
    abstracts = {a for _, a in PAPERS}
    while writer.poll() is None or questions == 0:
        done = rag("ask", "--evidence-only", "--json", "--index", place,
                   "At what height do the tethered kites measure wind?")  # fmt: skip
        assert done.code == 0, done.err
        assert done.json["status"] == "answered"
        for source in done.json["sources"]:
            assert source["abstract"] in abstracts
        for claim in done.json["claims"]:
            for c in claim["citations"]:
                source = done.json["sources"][c["source"] - 1]
                assert source["abstract"][c["start"] : c["end"]] == c["quote"]
        questions += 1
    writer.communicate()
    assert writer.returncode == 0
    assert check_after_kill(rag, place) == 105


def test_verifying_overwrites_no_update_that_lands_meanwhile(
    embedder: Embedder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A paper whose passages are damaged is updated just when it is verified."""
    count = token_counter()
    old = Paper("", "Sparse Kites", "We fly 12 kites. They measure wind.", source="made")
    new = replace(old, abstract="We fly 40 kites. They measure rain at night.")
    add_papers(tmp_path, [old], embedder, count, Settings())
    with closing(sqlite3.connect(tmp_path / DATABASE_NAME)) as connection, connection:
        connection.execute("DELETE FROM passages WHERE kind = 1")
    read, updates = verifying._broken_passages, list[threading.Thread]()

    def read_meanwhile(*arguments: Any) -> Any:
        found = read(*arguments)
        made = (tmp_path, [new], embedder, count, Settings())
        updates.append(threading.Thread(target=add_papers, args=made))
        updates[0].start()
        updates[0].join(5)  # it would be done by then, if it weren't kept from writing
        return found

    with monkeypatch.context() as patched:
        patched.setattr(verifying, "_broken_passages", read_meanwhile)
        assert "passages of 'Sparse Kites'" in verify_index(tmp_path, embedder, count).repaired[0]
    updates[0].join(60)
    with closing(Snapshot(tmp_path)) as snapshot:
        assert [paper.abstract for paper in snapshot.papers()] == [new.abstract]
    assert verify_index(tmp_path, embedder, count, repair=False).problems == ()


def test_verifying_says_that_it_waits(embedder: Embedder, tmp_path: Path) -> None:
    count = token_counter()
    add_papers(tmp_path, [Paper("", "Kites", "Kites fly.")], embedder, count, Settings())
    lock = FileLock(tmp_path / "write.lock", thread_local=False)
    lock.acquire()
    waited: list[bool] = []

    def waiting() -> None:
        waited.append(True)
        lock.release()

    assert verify_index(tmp_path, embedder, count, waiting=waiting).repaired == ()
    assert waited == [True]
