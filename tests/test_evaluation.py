"""The evaluation's harness on small sets with known outcomes, through the real pipeline."""

from __future__ import annotations

import hashlib
import json
import math
import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from eval.check import main as check_main
from eval.claims.bench import wilson
from rag import cli
from rag.config import Settings, cache_dir
from rag.errors import DiskError, InputError, ModelError, RagError, UsageError
from rag.evaluation import beir, retrieving
from rag.evaluation.answering import Wanted, ask_all, run
from rag.evaluation.figures import main_figures
from rag.evaluation.judging import Judged, unsupported
from rag.evaluation.questions import Asked, chosen, read_questions, read_set
from rag.evaluation.tables import Table, _draw, plain_lines, print_tables
from rag.index import OpenIndex, add_papers
from rag.pipeline import Assistant
from rag.records import Answer, Event, Paper, Question
from rag.session import token_counter
from tests.conftest import CRANFIELD, REPOSITORY

if TYPE_CHECKING:
    from rag.embedding import Embedder
    from rag.llm import LanguageModel

PAPERS = (
    ("HarbourSet: Labelled Recordings of Ships",
     "Underwater noise is hard to study. We collected 1,204 field recordings from nine harbours "
     "and labelled them by hand. All recordings are released under a permissive licence."),
    ("Sorting Galaxies With Pocket Telescopes",
     "Amateur images of galaxies are noisy. A small network sorts 3,100 galaxies into seven "
     "shapes with 91.3% accuracy. It was trained in two hours on one processor."),
    ("Bread Fermentation as a Control Problem",
     "Dough rises at a rate that bakers judge by eye. A controller keeps the dough at 27 degrees "
     "and shortens fermentation by 40 minutes. Twelve bakeries tested the controller for a year."),
)  # fmt: skip
QUESTIONS: tuple[dict[str, Any], ...] = (
    {"id": "a", "question": "How many field recordings were collected, from how many harbours?",
     "style": "full", "split": "dev", "answerable": True, "papers": [PAPERS[0][0]],
     "facts": [["1,?204"], ["nine|\\b9\\b"]]},
    {"id": "b", "question": "How accurately does the network sort galaxies into shapes?",
     "style": "full", "split": "test", "answerable": True, "papers": [PAPERS[1][0]],
     "facts": [["91\\.3"]]},
    {"id": "c", "question": "By how much does the controller shorten the fermentation of dough?",
     "style": "terse", "split": "test", "answerable": True, "papers": [PAPERS[2][0]],
     "facts": [["40 MINUTES"], ["never stated"]]},
    {"id": "d", "question": "Which enzyme cleaves the amyloid precursor in zebrafish neurons?",
     "style": "near-miss", "split": "test", "answerable": False},
)  # fmt: skip


def lines_of(values: Sequence[object]) -> str:
    return "".join(json.dumps(value) + "\n" for value in values)


@pytest.fixture
def question_file(tmp_path: Path) -> Path:
    path = tmp_path / "questions.jsonl"
    path.write_text(lines_of(QUESTIONS), encoding="utf-8")
    return path


@pytest.fixture
def corpus_file(tmp_path: Path) -> Path:
    path = tmp_path / "papers.jsonl"
    path.write_text(lines_of([{"title": t, "abstract": a} for t, a in PAPERS]), encoding="utf-8")
    return path


@pytest.fixture
def own_cache(embedder: Embedder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache with the prepared models but no index in it."""
    place = tmp_path / "cache"
    place.mkdir()
    for entry in cache_dir().glob("*-*"):
        if entry.name.startswith(("encoder-", "reader-", "llm-", "vocabulary-")):
            (place / entry.name).symlink_to(entry.absolute())
    monkeypatch.setenv("RAG_CACHE", str(place))
    return place


@pytest.fixture(scope="module")
def small_index(
    embedder: Embedder, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[OpenIndex]:
    place = tmp_path_factory.mktemp("small")
    papers = [Paper("", title, abstract) for title, abstract in PAPERS]
    add_papers(place, papers, embedder, token_counter(), Settings())
    index = OpenIndex(place, embedder)
    yield index
    index.close()


@pytest.fixture(scope="module")
def judged(small_index: OpenIndex, tmp_path_factory: pytest.TempPathFactory) -> Sequence[Judged]:
    """The four questions by retrieval alone; nothing is withheld."""
    path = tmp_path_factory.mktemp("set") / "q.jsonl"
    path.write_text(lines_of(QUESTIONS), encoding="utf-8")
    settings = Settings(abstain_below=0.0)
    return ask_all(Assistant(small_index, settings, None), read_questions(path)).judged


# ── question sets ───────────────────────────────────────────────────────────────────────────────

GOOD = {"id": "x", "question": "Why?", "answerable": True, "papers": ["T"]}


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("{", "not a JSON object"),
        ("[1]", "not a JSON object"),
        (json.dumps(GOOD | {"id": 7}), '"id"'),
        (json.dumps(GOOD | {"question": " "}), '"question"'),
        (json.dumps(GOOD | {"question": "x" * 2001}), "2,000"),
        (json.dumps(GOOD | {"answerable": "yes"}), '"answerable"'),
        (json.dumps(GOOD | {"split": "train"}), '"train"'),
        (json.dumps(GOOD | {"papers": []}), '"papers"'),
        (json.dumps(GOOD | {"papers": "T"}), '"papers"'),
        (json.dumps(GOOD | {"spans": [[5, 5]]}), "[5, 5]"),
        (json.dumps(GOOD | {"spans": [[True, 5]]}), "[true, 5]"),
        (json.dumps(GOOD | {"spans": [[1, 5, 0, 0]]}), "[1, 5, 0, 0]"),
        (json.dumps(GOOD | {"spans": [[1, 5], [1, 5, 1]]}), "[1, 5, 1]"),
        (json.dumps(GOOD | {"spans": [[1, 5, -1]]}), "[1, 5, -1]"),
        (json.dumps(GOOD | {"facts": ["one"]}), '"facts"'),
        (json.dumps(GOOD | {"facts": [["(open"]]}), "(open"),
        (json.dumps(GOOD | {"facts": [["3 m|"]]}), "every text matches"),
        (json.dumps(GOOD | {"facts": [["a{99999999999}"]]}), "a{99999999999}"),
        (json.dumps(GOOD | {"question": "\0 \ud800"}), "the question is empty"),
        ("[" * 100_000, "not a JSON object"),
        (json.dumps(GOOD | {"history": [1]}), '"history"'),
        (json.dumps(GOOD | {"fact": []}), 'unknown field "fact"'),
        (json.dumps(GOOD | {"id": "first"}), "line 1 too"),
    ],
)
def test_wrong_line_is_named(line: str, says: str, tmp_path: Path) -> None:
    path = tmp_path / "set.jsonl"
    path.write_text(f"{json.dumps(GOOD | {'id': 'first'})}\n\n{line}\n", encoding="utf-8")
    with pytest.raises(InputError) as caught:
        read_questions(path)
    assert f"{path}, line 3: " in caught.value.message
    assert says in caught.value.message
    assert "\n" not in caught.value.message


def test_wrong_sets_end_with_code_1(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "set.jsonl"
    path.write_text("{}\n{}\n", encoding="utf-8")
    assert cli.run(["eval", "--set", str(path)]) == 1
    said = capsys.readouterr().err
    assert "line 1: " in said
    assert "1 more wrong line" in said
    assert len(said.splitlines()) == 2
    path.write_text("\n", encoding="utf-8")
    assert cli.run(["eval", "--set", str(path)]) == 1
    assert "holds no question" in capsys.readouterr().err
    assert cli.run(["eval", "--set", str(tmp_path / "none")]) == 1
    path.write_bytes(b"\xff\xfe\xff")
    assert cli.run(["eval", "--set", str(path)]) == 1


def test_results_that_could_not_be_kept_are_refused_first(
    question_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for out in (tmp_path / "no" / "x.json", tmp_path):
        assert cli.run(["eval", "--set", str(question_file), "--out", str(out)]) == 1
        assert "cannot write" in capsys.readouterr().err


def asked(number: int, answerable: bool, split: str = "dev") -> Asked:
    return Asked(str(number), "q", "", split, answerable, (), (), (), ())


@pytest.mark.parametrize("limit", [1, 2, 5, 10, 29, 100, 289, 290, 1000])
def test_limit_spreads_and_keeps_the_ratio(limit: int) -> None:
    # All unanswerable ones at the end: taking the first ones would miss them.
    questions = [asked(n, n < 217) for n in range(290)]
    kept = chosen(questions, "all", limit)
    assert len(kept) == min(limit, 290)
    assert [int(q.id) for q in kept] == sorted({int(q.id) for q in kept})
    yes = sum(q.answerable for q in kept)
    assert abs(yes - len(kept) * 217 / 290) <= 0.5 or limit == 2
    if limit >= 10:
        places = [int(q.id) for q in kept if q.answerable]
        gaps = [b - a for a, b in pairwise(places)]
        assert max(gaps) - min(gaps) <= 1
    if limit > 1:
        assert 0 < yes < len(kept)


def test_splits() -> None:
    questions = [asked(0, True), asked(1, True, "test"), asked(2, True, "")]
    assert [q.id for q in chosen(questions, "all", None)] == ["0", "1", "2"]
    assert [q.id for q in chosen(questions, "test", None)] == ["1"]
    with pytest.raises(UsageError, match="dev"):
        chosen(questions[1:], "dev", None)


def test_bundled_set_is_right(listing: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert check_main(["--corpus", str(listing)]) == 0, capsys.readouterr().out
    assert " 0 errors" in capsys.readouterr().out


def test_check_finds_wrong_gold(
    listing: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bundled = (REPOSITORY / "eval" / "questions.jsonl").read_text(encoding="utf-8").splitlines()
    entry = next(e for e in map(json.loads, bundled) if e["answerable"] and e["spans"][0][0] > 1)
    wrong = [
        entry | {"id": "title", "question": "1?", "papers": ["No Such Paper"]},
        entry | {"id": "far", "question": "2?", "spans": [[0, 99_999]]},
        entry | {"id": "cut", "question": "3?", "spans": [[entry["spans"][0][0] + 1, 99_998]]},
        entry | {"id": "fact", "question": "4?", "facts": [["words it never states"]]},
        entry | {"id": "refusal", "question": "5?", "answerable": False},
        entry | {"id": "twin", "question": "5? ", "split": ""},
        entry | {"id": "blind", "question": "6?", "answerable": False, "spans": [], "facts": []},
        entry
        | {
            "id": "held",
            "question": "7?",
            "answerable": False,
            "spans": [],
            "facts": [],
            "missing": ["never there", "the"],
        },
        entry | {"id": "both", "question": "8?", "missing": ["never there"]},
    ]
    path = tmp_path / "set.jsonl"
    path.write_text(lines_of(wrong), encoding="utf-8")
    assert check_main(["--set", str(path), "--corpus", str(listing)]) == 1
    said = capsys.readouterr().out
    for id_ in ("title", "far", "cut", "fact", "refusal", "blind", "held", "both"):
        assert re.search(rf"^error +{id_}: ", said, re.MULTILINE), said
    assert "twin: the same question as refusal" in said
    assert "is in both splits" in said


# ── judging ─────────────────────────────────────────────────────────────────────────────────────


def test_judged_by_hand(judged: Sequence[Judged]) -> None:
    a, b, c, d = judged
    for one, title in zip((a, b, c), (p[0] for p in PAPERS), strict=True):
        assert one.answer.nearest[0].title == title
        o = one.outcome
        assert (o.precision_1, o.recall, o.reciprocal, o.ndcg_10) == (1.0, (1.0,) * 10, 1.0, 1.0)
        assert (o.read, o.cited, o.papers_cited, o.answered, o.papers) == (1.0, True, 1.0, True, 1)
        assert (o.citation_recall, o.citation_precision) == (1.0, 1.0)
    # One paper holds all three sentences at most, so that its facts are among the best four
    # only if the sentence with them is; the answer quotes it.
    assert a.outcome.in_claims == 1.0
    assert b.outcome.in_claims == 1.0
    assert c.outcome.in_claims == 0.5  # The second fact is stated nowhere; case is ignored.
    assert max(c.outcome.in_evidence) == 0.5
    assert list(a.outcome.in_evidence) == sorted(a.outcome.in_evidence)
    assert math.isnan(d.outcome.in_claims)
    assert not d.outcome.cited
    assert [j.unsupported for j in judged] == [()] * 4
    assert a.outcome.words == len(a.answer.text.split())


def test_probability_is_the_pipelines_own(small_index: OpenIndex, judged: Sequence[Judged]) -> None:
    # At a bound just above or below it the pipeline abstains or answers.
    for one in judged:
        for shift, status in ((-1e-6, "answered"), (1e-6, "abstained")):
            bound = min(max(one.outcome.probability + shift, 0.0), 1.0)
            assistant = Assistant(small_index, Settings(abstain_below=bound), None)
            assert assistant.ask(Question(one.asked.question)).status == status


def tampered(answer: Answer, **changes: Any) -> Answer:
    """The answer with its first claim's first citation changed."""
    claim = answer.claims[0]
    citation = replace(claim.citations[0], **changes)
    return replace(answer, claims=(replace(claim, citations=(citation,)), *answer.claims[1:]))


def test_each_kind_of_wrong_claim_is_found(judged: Sequence[Judged]) -> None:
    answer = judged[0].answer
    abstracts = {s.paper.id: s.paper.abstract for s in answer.sources}
    claim = answer.claims[0]
    start = claim.citations[0].start
    assert unsupported(answer, abstracts.get) == []
    wrong = {
        "offset": tampered(answer, start=start + 1),
        "past the end": tampered(answer, end=10_000),
        "empty": tampered(answer, end=start, quote=""),
        "other words": tampered(answer, quote="Words of our own."),
        "no source": tampered(answer, source=99),
        "no citation": replace(answer, claims=(replace(claim, citations=()),)),
        "not the quote": replace(answer, claims=(replace(claim, text="Something else."),)),
        "paraphrase": replace(
            answer,
            claims=(replace(claim, text="We collected 7,000 songs.", kind="paraphrase"),),
        ),
        "marker": replace(answer, text=f"{answer.text} [7]"),
        "nothing": replace(answer, claims=()),
    }
    for name, changed in wrong.items():
        assert unsupported(changed, abstracts.get), name
    assert unsupported(answer, {k: f" {v}" for k, v in abstracts.items()}.get)
    assert unsupported(answer, lambda paper: None)


def test_brackets_of_an_abstract_are_no_markers(judged: Sequence[Judged]) -> None:
    answer = judged[0].answer
    claim = answer.claims[0]
    paper = replace(answer.sources[0].paper, abstract="As shown before [42], it works.")
    citation = replace(claim.citations[0], start=0, end=len(paper.abstract), quote=paper.abstract)
    changed = replace(
        answer,
        text=f"“{paper.abstract}” [1]",
        claims=(replace(claim, text=paper.abstract, citations=(citation,)),),
        sources=(replace(answer.sources[0], paper=paper),),
    )
    assert unsupported(changed, {paper.id: paper.abstract}.get) == []


def test_figures_by_hand(judged: Sequence[Judged]) -> None:
    a, b, c, d = (j.outcome for j in judged)
    mixed = [
        replace(a, precision_1=0.0, probability=0.4),
        replace(b, in_claims=0.0, cited=False, probability=0.9),
        replace(c, probability=0.6),
        replace(d, answered=False, probability=0.5),
    ]
    found = {f.key: f for f in main_figures(mixed)}
    assert found["precision_1"].value == pytest.approx(2 / 3)
    assert found["facts"].value == pytest.approx((1 + 0 + 0.5) / 3)
    assert found["cited"].value == pytest.approx(2 / 3)
    assert found["refused"].value == 0.0
    assert found["let_through"].value == 0.0
    assert found["let_through"].count == 1
    assert found["auc"].value == pytest.approx(2 / 3)
    squares = (0.6**2, 0.1**2, 0.4**2, 0.5**2)
    assert found["brier"].value == pytest.approx(sum(squares) / 4)
    assert found["ece"].value == pytest.approx((0.6 + 0.1 + 0.4 + 0.5) / 4)
    assert found["words"].value == sorted(o.words for o in (a, b, c))[1]
    for figure in found.values():
        assert figure.low <= figure.value <= figure.high or figure.count == 0


def test_with_the_language_model(small_index: OpenIndex, language_model: LanguageModel,
                                 question_file: Path) -> None:  # fmt: skip
    assistant = Assistant(small_index, Settings(abstain_below=0.0), lambda: language_model)
    found = ask_all(assistant, read_questions(question_file)[:1]).judged
    assert found[0].answer.model == language_model.info
    assert found[0].unsupported == ()
    assert found[0].outcome.in_claims == 1.0


# ── the commands ────────────────────────────────────────────────────────────────────────────────


def test_eval_command(own_cache: Path, question_file: Path, corpus_file: Path) -> None:
    out = question_file.parent / "report.json"
    command = [
        sys.executable, "-m", "rag.cli", "eval", "--set", str(question_file), "--corpus",
        str(corpus_file), "--evidence-only", "--out", str(out),
    ]  # fmt: skip
    environment = os.environ | {"HOME": str(own_cache.parent)}
    first = subprocess.run(
        command, capture_output=True, text=True, env=environment, check=False, cwd=REPOSITORY
    )
    assert first.returncode == 0, first.stderr
    assert "\x1b" not in first.stdout
    assert re.search(r"^right paper first \(P@1\) +1\.000 +1\.000–1\.000 +3 ", first.stdout, re.M)
    assert "claims shown without support: 0" in first.stdout
    assert "indexing 3 papers" in first.stderr
    report = json.loads(out.read_text(encoding="utf-8"))
    assert [a["id"] for a in report["answers"]] == ["a", "b", "c", "d"]
    assert report["unsupported_claims"] == 0
    assert report["peak_memory_mb"] > 50
    assert report["latency_ms"]["total"]["p50"] > 0
    assert {"status", "claims", "sources", "judged", "asked"} <= report["answers"][0].keys()
    # Another question set over the same papers finds their index.
    again = subprocess.run(
        [*command, "--split", "dev"], capture_output=True, text=True, env=environment, check=False,
        cwd=REPOSITORY,
    )  # fmt: skip
    assert again.returncode == 0, again.stderr
    assert "indexing" not in again.stderr
    assert len(json.loads(out.read_text(encoding="utf-8"))["answers"]) == 1


def test_missing_gold_papers_are_named(
    own_cache: Path, question_file: Path, corpus_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    corpus_file.write_text(
        lines_of([{"title": t, "abstract": a} for t, a in PAPERS[:2]]), encoding="utf-8"
    )
    arguments = ["--set", str(question_file), "--corpus", str(corpus_file), "--evidence-only"]
    assert cli.run(["eval", *arguments]) == 0
    said = capsys.readouterr()
    assert "1 answerable questions name papers that the corpus lacks" in said.err
    assert PAPERS[2][0] in said.err
    assert re.search(r"^right paper first \(P@1\) +0\.667 ", said.out, re.MULTILINE)


def test_what_was_measured_is_kept_before_it_is_shown(
    question_file: Path, corpus_file: Path, own_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(*_: object) -> None:
        raise ValueError("no table can be drawn")

    monkeypatch.setattr("rag.evaluation.answering.print_tables", failing)
    out, page = own_cache / "out.json", own_cache / "page.html"
    wanted = Wanted(
        question_file, corpus=corpus_file, evidence_only=True, out=out, html=page, limit=2
    )
    with pytest.raises(ValueError, match="no table"):
        run(wanted)
    assert len(json.loads(out.read_text(encoding="utf-8"))["answers"]) == 2
    assert page.read_text(encoding="utf-8").endswith("</html>\n")


def test_what_cannot_be_kept_is_shown_all_the_same(
    question_file: Path, corpus_file: Path, own_cache: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    def full(*_: object) -> None:
        raise DiskError("no space left", "")

    monkeypatch.setattr("rag.evaluation.answering._write", full)
    wanted = Wanted(question_file, corpus=corpus_file, evidence_only=True, out=own_cache / "o.json")
    with pytest.raises(DiskError):
        run(wanted)
    assert "right paper first" in capsys.readouterr().out


@pytest.mark.parametrize("stop", [KeyboardInterrupt(), UsageError("it hurts")])
def test_what_was_judged_before_an_end_is_kept(
    stop: BaseException, question_file: Path, corpus_file: Path, own_cache: Path,
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    asked = Assistant.stream

    def stream(assistant: Assistant, question: Question) -> Iterator[Event]:
        if question.text == QUESTIONS[2]["question"]:
            raise stop
        return asked(assistant, question)

    monkeypatch.setattr(Assistant, "stream", stream)
    out = own_cache / "out.json"
    wanted = Wanted(question_file, corpus=corpus_file, evidence_only=True, out=out, plain=1)
    with pytest.raises(type(stop)):
        run(wanted)
    report = json.loads(out.read_text(encoding="utf-8"))
    assert [a["id"] for a in report["answers"]] == ["a", "b"]
    assert report["shaped_by"]["limits"] == "none, stopped after 2"
    assert re.search(r"^right paper first \(P@1\) +1\.000 .* 2 ", capsys.readouterr().out, re.M)


@pytest.mark.parametrize("abstract", ["Sheep graze on dunes. They eat marram.", None])
def test_papers_changed_meanwhile_end_a_run(
    abstract: str | None, embedder: Embedder, tmp_path: Path, question_file: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    place = tmp_path / "index"
    papers = [Paper("", title, text) for title, text in PAPERS]
    add_papers(place, papers, embedder, token_counter(), Settings())
    longer = replace(papers[1], abstract=f"In short: {papers[1].abstract}")
    added = Paper("", "Grazing", abstract) if abstract else longer
    asked = Assistant.stream

    def stream(assistant: Assistant, question: Question) -> Iterator[Event]:
        if question.text == QUESTIONS[1]["question"]:
            add_papers(place, [added], embedder, token_counter(), Settings())
        return asked(assistant, question)

    monkeypatch.setattr(Assistant, "stream", stream)
    out = tmp_path / "out.json"
    with pytest.raises(RagError, match="changed while"):
        run(Wanted(question_file, index_dir=place, evidence_only=True, out=out))
    report = json.loads(out.read_text(encoding="utf-8"))
    assert [a["id"] for a in report["answers"]] == ["a"]
    assert report["unsupported_claims"] == 0


@pytest.mark.parametrize(
    ("clash", "says"),
    [
        (("questions.jsonl", None), "--out would overwrite --set"),
        ((None, "papers.jsonl"), "--html would overwrite --corpus"),
        (("r", "./r"), "--html would overwrite --out"),
    ],
)
def test_no_output_overwrites_what_is_read(
    clash: tuple[str | None, str | None], says: str, question_file: Path, corpus_file: Path
) -> None:
    before = question_file.read_bytes(), corpus_file.read_bytes()
    out, html = (question_file.parent / name if name else None for name in clash)
    with pytest.raises(UsageError, match=says):
        run(Wanted(question_file, corpus=corpus_file, evidence_only=True, out=out, html=html))
    assert (question_file.read_bytes(), corpus_file.read_bytes()) == before


def test_the_digest_is_of_what_was_read(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    text = lines_of(QUESTIONS).encode()
    threading.Thread(target=lambda: pipe.write_bytes(text)).start()
    assert read_set(pipe).digest == hashlib.sha256(text).hexdigest()


def test_a_missing_model_is_told_before_any_question(
    question_file: Path, corpus_file: Path, own_cache: Path
) -> None:
    wanted = Wanted(question_file, corpus=corpus_file, evidence_only=True, model="none.gguf")
    with pytest.raises(ModelError, match=r"none\.gguf"):
        run(replace(wanted, plain=1))
    assert not list(own_cache.glob("corpus-*"))


def test_options_of_answers_are_not_dropped_before_retrieval(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.run(["eval", "--limit", "3", "retrieval", "--beir", str(tmp_path)]) == 2
    assert "--limit" in capsys.readouterr().err


def test_half_characters_lose_no_run(
    tmp_path: Path, corpus_file: Path, own_cache: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, out, page = (tmp_path / name for name in ("my q.jsonl", "o.json", "p.html"))
    asked = {**QUESTIONS[0], "style": "st\ud800", "history": ["What \udc00 of ships?"]}
    asked["question"] += " \ud83d"
    path.write_text(lines_of([asked]), encoding="utf-8")
    wanted = Wanted(path, corpus=corpus_file, evidence_only=True, out=out, html=page, plain=1)
    run(wanted)
    report = json.loads(out.read_text(encoding="utf-8"))
    assert report["answers"][0]["question"] == f"{QUESTIONS[0]['question']} \ufffd"
    assert report["baseline"]["answers"][0]["words"] > 0
    shown = page.read_text(encoding="utf-8")
    assert "1 questions of my q.jsonl" in shown
    assert "<title>Evaluation: my q.jsonl</title>" in shown
    run(replace(wanted, old=out, out=None, html=None, plain=0))
    said = capsys.readouterr().out
    assert "1 questions in both" in said
    said.encode("utf-8")


# ── benchmarks ──────────────────────────────────────────────────────────────────────────────────

DOCUMENTS = (
    {"_id": "Same/1", "title": "Annual Report", "text": "Ships made noise in nine harbours."},
    {"_id": "same/1", "title": "Annual Report", "text": "Bakeries kept their dough at 27 degrees."},
    {"_id": "title-only", "title": "Galaxies sorted by pocket telescopes", "text": ""},
    {"_id": "text-only", "title": "", "text": "Enzymes cleave  proteins\nin zebrafish neurons."},
    {"_id": "nothing", "title": " ", "text": ""},
)


@pytest.fixture
def benchmark_folder(tmp_path: Path) -> Path:
    folder = tmp_path / "bench"
    (folder / "qrels").mkdir(parents=True)
    (folder / "corpus.jsonl").write_text(lines_of(DOCUMENTS), encoding="utf-8")
    queries = [
        {"_id": "1", "text": "noise of ships in harbours"},
        {"_id": "2", "text": "temperature of dough in bakeries"},
        {"_id": "3", "text": "sorting galaxies"},
        {"_id": "4", "text": "zebrafish enzymes"},
        {"_id": "5", "text": "nobody judged this"},
        {"_id": "6", "text": "nothing relevant"},
    ]
    (folder / "queries.jsonl").write_text(lines_of(queries), encoding="utf-8")
    (folder / "qrels" / "test.tsv").write_text(
        "query-id\tcorpus-id\tscore\n1\tSame/1\t2\n1\tsame/1\t0\n2\tsame/1\t1\n3\ttitle-only\t1\n"
        "4\ttext-only\t1\n4\tnothing\t1\n6\tSame/1\t0\n",
        encoding="utf-8",
    )
    return folder


def test_benchmark_documents_stay_apart_and_none_is_lost(
    own_cache: Path, benchmark_folder: Path
) -> None:
    said: list[str] = []
    report = retrieving.measure(benchmark_folder, "test", said.append)
    assert (report.documents, report.not_indexed) == (4, ("nothing",))
    assert (report.untitled, report.textless) == (1, 1)
    assert (report.queries, report.left_out) == (4, 1)
    assert len(said) == 1  # Indexed, and no record was merged.
    for name, way in report.ways.items():
        assert way.values["MRR@10"] == [1.0] * 4, name
        # The document that can't be indexed is missed, not forgotten.
        assert way.values["recall@10"] == [1.0, 1.0, 1.0, 0.5], name
        assert len(way.latency_ms) == 4
    (folder,) = own_cache.glob("beir-*")
    before = {p.name: p.stat().st_mtime_ns for p in folder.glob("*.faiss")}
    retrieving.measure(benchmark_folder, "test", said.append)
    assert len(said) == 1
    assert before == {p.name: p.stat().st_mtime_ns for p in folder.glob("*.faiss")}
    # Other documents, another index.
    with (benchmark_folder / "corpus.jsonl").open("a", encoding="utf-8") as file:
        file.write(json.dumps({"_id": "new", "title": "A New One", "text": "Of clouds."}) + "\n")
    assert retrieving.measure(benchmark_folder, "test", said.append).documents == 5
    assert len(said) == 2


def test_benchmark_command(
    own_cache: Path, benchmark_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["eval", "retrieval", "--beir", str(benchmark_folder)]
    assert cli.run([*arguments, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["not_indexed"] == ["nothing"]
    assert list(found["ways"]) == ["dense only", "BM25 only", "fused (as shipped)"]
    assert found["ways"]["BM25 only"]["measures"]["recall@10"]["mean"] == pytest.approx(0.875)
    assert cli.run(arguments) == 0
    said = capsys.readouterr().out
    assert "could not be indexed: nothing" in said
    assert re.search(r"^fused \(as shipped\) +\d\.\d{3} +0\.875 ", said, re.MULTILINE)


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("corpus.jsonl", '{"_id": "a", "title": "T"}\n{"_id": "a"}\n', "line 2"),
        ("corpus.jsonl", '{"title": "T"}\n', "line 1"),
        ("corpus.jsonl", '{"_id": "a", "text": 3}\n', "line 1"),
        ("corpus.jsonl", "\n", "no document"),
        ("queries.jsonl", "{]\n", "line 1"),
        ("queries.jsonl", '{"_id": "1", "text": "x"}\n', "not in queries.jsonl"),
        ("qrels/test.tsv", "query-id\tcorpus-id\tscore\n1\tSame/1\tgood\n", "line 2"),
        ("qrels/test.tsv", "1 Same/1 1\n", "line 1"),
        ("qrels/test.tsv", "query-id\tcorpus-id\tscore\n", "no judgement"),
        ("qrels/test.tsv", "1\tSame/1\t0\n", "no query of test"),
    ],
)
def test_wrong_benchmark_files_are_named(
    benchmark_folder: Path, name: str, text: str, says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (benchmark_folder / name).write_text(text, encoding="utf-8")
    assert cli.run(["eval", "retrieval", "--beir", str(benchmark_folder)]) == 1
    said = capsys.readouterr().err
    assert says in said
    assert len(said.splitlines()) <= 2


def test_missing_benchmark_files(
    benchmark_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.run(["eval", "retrieval", "--beir", str(benchmark_folder / "none")]) == 1
    arguments = ["eval", "retrieval", "--beir", str(benchmark_folder), "--split", "train"]
    assert cli.run(arguments) == 1
    assert "train.tsv" in capsys.readouterr().err


def test_judgements_keep_grades(benchmark_folder: Path) -> None:
    assert beir.read_judgements(benchmark_folder, "test")["1"] == {"Same/1": 2, "same/1": 0}


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_cranfield_figures() -> None:
    if not CRANFIELD.is_dir():
        pytest.skip(f"{CRANFIELD} is not here")
    report = retrieving.measure(CRANFIELD, "test", print)
    assert (report.documents, report.not_indexed) == (1398, ("471", "995"))
    found = retrieving.report_object(report)["ways"]
    best = {n: w["measures"]["nDCG@10"]["mean"] for n, w in found.items()}  # type: ignore[attr-defined]  # JSON values
    assert best["dense only"] >= 0.402
    assert best["BM25 only"] >= 0.385
    assert best["fused (as shipped)"] >= 0.440


# ── tables ──────────────────────────────────────────────────────────────────────────────────────


def test_plain_tables_line_up() -> None:
    lines = plain_lines(Table("Title", ("", "a", "long"), (("x", "1.0", "2"), ("yy", "–", "3"))))
    assert lines == ["Title", "      a  long", "x   1.0     2", "yy    –     3"]


def test_no_cell_is_read_as_markup(capsys: pytest.CaptureFixture[str]) -> None:
    _draw(Table("of [/run] \ud800", ("", "[b]n[/b]"), (("[red]style", "[/x]"),)))
    said = capsys.readouterr().out
    for text in ("of [/run] \ufffd", "[b]n[/b]", "[red]style", "[/x]"):
        assert text in said


def test_notes_hold_what_any_output_can(capsys: pytest.CaptureFixture[str]) -> None:
    print_tables([Table("a \ud800", ("",), ())], ["b \udfff"])
    assert capsys.readouterr().out == "a \ufffd\n\n\nb \ufffd\n"


# ── the claim check's figures ───────────────────────────────────────────────────────────────────


def test_a_rate_of_nothing_has_the_widest_interval() -> None:
    assert wilson(0, 0) == (0.0, 1.0)
    assert wilson(5, 10) == pytest.approx((0.2366, 0.7634), abs=1e-4)
