"""Every command as a process of its own: exit codes, contract fields, what goes where."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from rag.commands import answer_batch
from rag.errors import DiskError, IndexBusyError, IndexCorruptError, RagError
from rag.readers import FORMATS
from rag.records import Filters
from tests.command_line import PAPERS, RAG, Program, write_papers

FIELDS: dict[str, type] = {
    "id": str, "question": str, "status": str, "answer": str, "claims": list, "sources": list,
    "nearest": list, "timings_ms": dict, "model": dict, "fingerprint": str,
}  # fmt: skip


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("home")
    write_papers(place / "papers.jsonl", PAPERS)
    return place


@pytest.fixture(scope="module")
def rag(home: Path) -> Program:
    """The program with an index of five papers at $RAG_INDEX."""
    program = Program(home, env={"RAG_INDEX": str(home / "index")})
    done = program("index", "papers.jsonl")
    assert done.code == 0, done.err
    assert done.out == f"5 added, 0 updated, 0 unchanged; 5 papers in {home / 'index'}\n"
    assert done.err == ""
    return program


def contract(answer: dict[str, Any]) -> None:
    for name, kind in FIELDS.items():
        assert type(answer[name]) is kind, name
    assert answer["status"] in ("answered", "abstained")
    assert set(answer["timings_ms"]) == {"retrieve", "evidence", "generate", "verify", "total"}
    assert all(isinstance(ms, float) for ms in answer["timings_ms"].values())
    assert set(answer["model"]) == {"name", "sha256", "quantization"}
    sources = {s["n"]: s for s in answer["sources"]}
    assert list(sources) == list(range(1, len(sources) + 1))
    for source in sources.values():
        assert set(source) == {"n", "paper_id", "title", "url", "abstract"}
    for nearest in answer["nearest"]:
        assert {k: type(v) for k, v in nearest.items()} == {
            "paper_id": str, "title": str, "score": float
        }  # fmt: skip
    cited = set()
    for claim in answer["claims"]:
        assert set(claim) == {"text", "kind", "citations"}
        assert claim["kind"] in ("quote", "paraphrase")
        assert claim["citations"]
        for c in claim["citations"]:
            assert set(c) == {"source", "start", "end", "quote"}
            assert sources[c["source"]]["abstract"][c["start"] : c["end"]] == c["quote"]
            assert f"[{c['source']}]" in answer["answer"]
            cited.add(c["source"])
    assert cited == set(sources)
    assert (answer["status"] == "answered") == bool(answer["claims"])


def test_ask_with_the_model(rag: Program) -> None:
    done = rag("ask", "At what height do the tethered kites measure wind?", "--json")
    assert done.code == 0, done.err
    assert done.err == ""
    answer = done.json
    contract(answer)
    assert answer["status"] == "answered"
    assert "300 metres" in answer["answer"]
    assert answer["model"]["name"] == "SmolLM2-135M-Instruct"
    assert len(answer["model"]["sha256"]) == 64
    text = rag("ask", "At what height do the tethered kites measure wind?")
    assert text.code == 0
    assert text.out.startswith(answer["answer"])
    assert "[1] Sparse Kites for Wind Maps" in text.out
    assert "\x1b" not in text.out + text.err


def test_ask_evidence_only_and_abstaining(rag: Program) -> None:
    done = rag("ask", "--evidence-only", "--json", "What did Napoleon eat on Elba?")
    assert done.code == 0
    contract(done.json)
    assert done.json["status"] == "abstained"
    assert done.json["model"] == {"name": "none", "sha256": "", "quantization": ""}
    assert len(done.json["nearest"]) == 3
    assert "Nearest papers" in rag("ask", "--evidence-only", "What did Napoleon eat on Elba?").out


def test_batch(rag: Program, home: Path) -> None:
    lines = [
        '{"id": "b", "question": "How many recordings were collected in harbours?"}',
        "not json",
        "",
        '{"id": "a", "question": "Up to which number do honeybees count dots?"}',
        '{"id": 7, "question": ""}',
        '{"id": "h", "question": "And how were they labelled?", '
        '"history": ["How many recordings were collected in harbours?"]}',
        '{"id": "no question"}',
        '{"question": "What is the error of moss as a thermometer?"}',
        '{"id": "bad", "question": "x y", "history": "no list"}',
        '["a", "list"]',
    ]
    (home / "questions.jsonl").write_text("\n".join(lines) + "\n")
    done = rag("ask", "--evidence-only", "--batch", "questions.jsonl", "--out", "answers.jsonl")
    assert done.code == 0, done.err
    assert done.out == ""
    answers = [json.loads(line) for line in (home / "answers.jsonl").read_text().splitlines()]
    assert [a["id"] for a in answers] == [
        "b", "line-2", "a", 7, "h", "no question", "line-8", "bad", "line-10"
    ]  # fmt: skip
    for answer in answers:
        contract(answer | {"id": str(answer["id"])})
    assert [line.split(":")[0] for line in done.err.splitlines()] == [
        "line 2", "line 5", "line 7", "line 9", "line 10"
    ]  # fmt: skip
    assert answers[4]["understood"].startswith("And how were they labelled (in “Tidal")
    piped = rag("ask", "--evidence-only", "--batch", "-", stdin="\n".join(lines))
    again = [json.loads(line) for line in piped.out.splitlines()]
    drop = ("timings_ms",)
    assert [{k: v for k, v in a.items() if k not in drop} for a in again] == [
        {k: v for k, v in a.items() if k not in drop} for a in answers
    ]
    halves = (
        '{"id": "\\ud83d", "question": "How many \\ud83d kites are tethered?"}\n'
        '{"id": 2, "question": "How many \\ud83d\\ude00 kites are tethered?"}\n'
        '{"id": 3, "question": "\\ud83d"}\n'
    )
    done = rag("ask", "--evidence-only", "--batch", "-", stdin=halves)
    assert done.code == 0, done.err
    whole = [json.loads(line) for line in done.out.splitlines()]
    assert [a["id"] for a in whole] == ["\ufffd", 2, 3]
    assert whole[0]["question"] == "How many \ufffd kites are tethered?"
    assert whole[0]["understood"] == "How many kites are tethered?"
    assert whole[1]["question"] == "How many \U0001f600 kites are tethered?"
    assert "12 tethered kites" in whole[0]["answer"]
    assert whole[2]["status"] == "abstained"
    assert rag("ask", "--batch", "none.jsonl").code == 1
    before = (home / "questions.jsonl").read_bytes()
    same = rag("ask", "--evidence-only", "--batch", "questions.jsonl", "--out", "./questions.jsonl")
    assert same.code == 2
    assert "would overwrite the questions" in same.err
    assert (home / "questions.jsonl").read_bytes() == before
    marked = rag(
        "ask", "--evidence-only", "--batch", "-", stdin=b"\xef\xbb\xbf" + lines[0].encode()
    )
    assert json.loads(marked.out)["id"] == "b"
    wrong = rag("ask", "--evidence-only", "--batch", "-", stdin=b"\xff\n")
    assert (wrong.code, wrong.err.splitlines()[0]) == (
        1, "rag: cannot read standard input: it is not UTF-8 text",
    )  # fmt: skip
    blocked = rag("ask", "--evidence-only", "--batch", "questions.jsonl", "--out", "no/such/dir")
    assert blocked.code == 1
    assert "cannot write" in blocked.err


def test_a_batch_tells_the_disk_from_the_index(tmp_path: Path) -> None:
    class Unreadable:
        def ask(self, question: object) -> None:
            raise OSError(5, "the index's disk")

    lines = iter([(1, '{"question": "What is moss?"}')])
    with pytest.raises(OSError, match="the index's disk"):
        answer_batch(Unreadable(), lines, tmp_path / "o", Filters())  # type: ignore[arg-type]  # stands in


def test_no_output_is_too_narrow_for_an_answer(home: Path) -> None:
    write_papers(home / "p.jsonl", [("α-Moss on Stones", "The α-moss grew 3 mm on 𝔸.")])
    rag = Program(home, {"PYTHONIOENCODING": "latin-1"})
    index = ("--index", "narrow")
    assert rag("index", "p.jsonl", *index).code == 0
    assert "\\u03b1-Moss on Stones" in rag("list", *index).out
    found = rag("ask", "--evidence-only", "--json", "How much did the moss grow?", *index)
    assert found.code == 0, found.err
    assert found.json["sources"][0]["abstract"] == "The α-moss grew 3 mm on 𝔸."


def test_closed_standard_input_matters_only_where_it_is_read(home: Path) -> None:
    write_papers(home / "p.jsonl", [("Moss", "Moss dries on stones in the sun.")])
    shell = "exec {} -m rag.cli index {} --index closed <&-"
    env = Program(home).environment()
    for what, code in (("p.jsonl", 0), ("-", 1)):
        done = subprocess.run(
            ["sh", "-c", shell.format(sys.executable, what)],
            env=env, cwd=home, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == code, done.stderr
        assert ("standard input is closed" in done.stderr) == (what == "-")


@pytest.mark.parametrize("kind", [IndexCorruptError, IndexBusyError, DiskError, RagError])
def test_a_batch_ends_when_no_line_can_be_answered(kind: type[RagError], tmp_path: Path) -> None:
    class Broken:
        def ask(self, question: object) -> None:
            raise kind("it is broken")

    out = tmp_path / "out.jsonl"
    lines = iter([(1, '{"question": "What is moss?"}')])
    with pytest.raises(kind):
        answer_batch(Broken(), lines, out, Filters())  # type: ignore[arg-type]  # stands in
    assert out.read_text() == ""


def test_search(rag: Program) -> None:
    done = rag("search", "moss temperature", "--json", "-k", "3")
    assert (done.code, done.err) == (0, "")
    assert list(done.json) == ["query", "hits"]
    assert [hit["rank"] for hit in done.json["hits"]] == [1, 2, 3]
    abstracts = dict(PAPERS)
    for hit in done.json["hits"]:
        assert list(hit) == [
            "rank", "paper_id", "title", "score", "dense", "lexical", "best_sentence"
        ]  # fmt: skip
        best = hit["best_sentence"]
        assert abstracts[hit["title"]][best["start"] : best["end"]] == best["text"]
    assert done.json["hits"][0]["title"] == "Moss as a Thermometer"
    plain = rag("search", "moss temperature")
    assert plain.out.startswith(" 1. Moss as a Thermometer")
    assert "\x1b" not in plain.out
    none = rag("search", "moss", "--source", "no such journal")
    assert (none.code, none.out) == (0, "no paper passes the filters\n")


def test_index_option_anywhere(rag: Program, home: Path) -> None:
    place = home / "other"
    assert rag("index", "papers.jsonl", "--index", place).code == 0
    first = json.loads(rag("list", "--json").out.splitlines()[0])["paper_id"]
    assert rag("remove", first, "--index", place).code == 0
    assert rag("--index", place, "list").out == rag("list", "--index", place).out
    assert len(rag("--index", place, "list").out.splitlines()) == 4
    assert len(rag("list").out.splitlines()) == 5  # $RAG_INDEX is another


def test_list_remove_and_standard_input(rag: Program, home: Path) -> None:
    place = home / "stdin"
    text = (home / "papers.jsonl").read_text()
    done = rag("index", "-", "--index", place, stdin=text)
    assert done.code == 0, done.err
    listed = [json.loads(x) for x in rag("list", "--json", "--index", place).out.splitlines()]
    assert [p["title"] for p in listed] == [t for t, _ in PAPERS]
    assert set(listed[0]) == {"paper_id", "title", "year", "source", "url"}
    assert rag("remove", "moss as a THERMOMETER", "--index", place).out.startswith("1 removed; 4")
    unknown = rag("remove", "no such paper", "--index", place)
    assert unknown.code == 2
    assert "rag list" in unknown.err
    again = rag("index", "-", "--index", place, stdin=text)
    assert "1 added, 0 updated, 4 unchanged" in again.out
    nothing = rag("index", "-", "--index", place, stdin=text)
    assert "(nothing changed)" in nothing.out


def test_verify(rag: Program, home: Path) -> None:
    done = rag("verify")
    assert done.code == 0
    assert done.out.startswith("5 papers, ")
    for path in (home / "index").glob("*.faiss"):
        path.write_bytes(b"")
    assert rag("verify", "--no-repair").code == 1
    repaired = rag("verify")
    assert repaired.code == 0
    assert repaired.out.count("repaired: ") == 2


def test_chat_reads_questions_until_the_end(rag: Program) -> None:
    done = rag(
        "chat",
        stdin="Up to which number do honeybees count dots?\nAnd what is controlled?\nexit\nx\n",
    )
    assert done.code == 0, done.err
    assert done.out.count("Sources") + done.out.count("Nearest papers") == 2
    assert "(understood as: And what is controlled (in “" in done.out


def test_models(rag: Program) -> None:
    listed = rag("models", "list")
    assert listed.code == 0
    assert "smollm2" in listed.out
    entries = [json.loads(line) for line in rag("models", "list", "--json").out.splitlines()]
    assert {e["name"] for e in entries} >= {"minilm", "smollm2"}
    assert all(e["installed"] is True for e in entries if e["name"] in ("minilm", "smollm2"))
    verified = rag("models", "verify")
    assert verified.code == 0
    assert verified.out.count("sha256 matches") >= 2
    unknown = rag("models", "pull", "no-such-model")
    assert (unknown.code, unknown.out) == (2, "")
    prepared = rag("models", "prepare")
    assert prepared.code == 0
    assert "384 dimensions" in prepared.out


def test_starter_corpus_stands_in(home: Path) -> None:
    fresh = Program(home, env={"RAG_INDEX": str(home / "nothing here")})
    done = fresh("search", "task-based dialogs", "--json")
    assert done.code == 0
    assert len(done.err.splitlines()) == 1
    assert "starter corpus (217 papers)" in done.err
    assert done.json["hits"][0]["title"].startswith("Taskmaster-1")
    listed = fresh("list")
    assert len(listed.out.splitlines()) == 217
    entries = [json.loads(line) for line in fresh("list", "--json").out.splitlines()]
    assert done.json["hits"][0]["paper_id"] in {entry["paper_id"] for entry in entries}
    assert len({entry["paper_id"] for entry in entries}) == 217


def test_an_index_of_nothing_hides_no_starter_corpus(home: Path) -> None:
    (home / "one.jsonl").write_text('{"title": "Only One", "abstract": "It stands alone."}\n')
    place = home / "emptied"
    fresh = Program(home, env={"RAG_INDEX": str(place)})
    assert fresh("index", "one.jsonl").code == 0
    assert fresh("remove", "Only One").code == 0
    for command in (("list",), ("search", "task-based dialogs")):
        done = fresh(*command)
        assert done.code == 0
        assert len(done.out.splitlines()) > 10
        assert done.err == (
            f"the index in {place} is empty; using the bundled starter corpus (217 papers); "
            "index your own with: rag index PATH\n"
        )
        named = fresh(*command, "--index", place)
        assert named.code == 0
        assert named.err == (
            f"the index in {place} is empty; add papers with: rag index PATH --index {place}\n"
        )
        assert len(named.out.splitlines()) <= 1
    for file in place.iterdir():
        file.unlink()
    (place / "papers.sqlite3").touch()  # as a run leaves it that was killed at its very beginning
    assert len(fresh("list").out.splitlines()) == 217


def test_help_says_what_is_printed_and_read(rag: Program) -> None:
    assert "one object." in rag("search", "--help").out
    assert "one object a line" in rag("list", "--help").out
    assert "one object a line" in rag("models", "list", "--help").out
    shown = " ".join(rag("index", "--help").out.split()).replace("- ", "-")
    assert all(f" {name}" in shown for name in FORMATS)


def test_help_and_version_and_completion(rag: Program) -> None:
    done = rag("--help")
    assert (done.code, done.err) == (0, "")
    assert "Examples:" in done.out
    assert "rag ask" in done.out
    for command in (
        "index", "ask", "search", "chat", "ui", "verify", "eval", "list", "remove", "models",
        "completion",
    ):  # fmt: skip
        assert f"\n  {command} " in done.out
        shown = rag(command, "--help")
        assert shown.code == 0
        assert "Usage: rag" in shown.out
    assert rag("--version").out.startswith("rag, version ")
    for shell in ("bash", "zsh", "fish"):
        assert "_RAG_COMPLETE" in rag("completion", shell).out
    bare = rag()
    assert bare.code == 2
    assert "Usage: rag" in bare.err


def test_completion_completes(home: Path) -> None:
    env = {"_RAG_COMPLETE": "bash_complete", "COMP_WORDS": "rag se", "COMP_CWORD": "1"}
    assert "search" in Program(home, env=env)().out


@pytest.mark.parametrize(
    "command", ["--help", "list --json", "search kites", "search kites --json"]
)
def test_output_that_cannot_be_written(rag: Program, command: str) -> None:
    run = f"{' '.join(RAG)} {command}"
    for line, code, said in (
        (f"{run} > /dev/full", 1, "rag: cannot write the output: No space left on device; free"),
        # Its reader has gone before there is anything to read.
        (f"{run} | true; exit ${{PIPESTATUS[0]}}", 0, ""),
        (f"{run} 2>&1 >/dev/null | true; exit ${{PIPESTATUS[0]}}", 0, ""),
    ):
        done = subprocess.run(
            ["bash", "-c", line], env=rag.environment(), cwd=rag.home, capture_output=True
        )
        assert done.returncode == code, done
        assert done.stderr.decode().startswith(said)
        assert len(done.stderr.splitlines()) == bool(said), done.stderr


@pytest.mark.parametrize("command", ["list", "search moss"])
def test_standard_output_that_was_closed(rag: Program, command: str) -> None:
    done = subprocess.run(
        ["bash", "-c", f"{' '.join(RAG)} {command} >&-"],
        env=rag.environment(), cwd=rag.home, capture_output=True,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, b"")


def test_a_reader_that_goes_away_is_no_error(rag: Program) -> None:
    starter = Program(rag.home, env={"RAG_INDEX": "nothing"})
    command = f"{' '.join(RAG)} list 2>err.txt | head -n 1; echo ${{PIPESTATUS[0]}}"
    done = subprocess.run(
        ["bash", "-c", command], env=starter.environment(), cwd=rag.home, capture_output=True
    )
    assert done.stdout.split()[-1] == b"0"
    assert "Traceback" not in (rag.home / "err.txt").read_text()
    assert "rror" not in (rag.home / "err.txt").read_text()


def test_debug_shows_where(rag: Program) -> None:
    assert "Traceback" not in rag("search", "").err
    for arguments in (("--debug", "search", ""), ("search", "", "--debug")):
        assert "Traceback" in rag(*arguments).err
