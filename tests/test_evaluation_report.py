"""The evaluation's report: gold spans, citations, mistakes, comparison, baseline and the page."""

from __future__ import annotations

import json
import math
import re
import tomllib
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, replace
from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import pytest

from eval.check import main as check_main
from rag import cli
from rag.config import Settings, cache_dir
from rag.errors import InputError, UsageError
from rag.evaluation import against, baseline, mistakes, plots
from rag.evaluation.answering import BUNDLED, set_file
from rag.evaluation.citing import Statement, citation_scores
from rag.evaluation.corpora import held_by, ranking
from rag.evaluation.figures import MEASURES, style_figures
from rag.evaluation.gold import Place, locate, span_scores
from rag.evaluation.judging import Outcome
from rag.evaluation.questions import Asked, read_questions
from rag.evaluation.reporting import signed
from rag.metrics import Bin
from rag.models import data_file, find_card, require_file
from rag.records import Evidence, Paper, Span
from rag.retrieval import retrieve
from rag.session import token_counter
from rag.starter import open_starter, starter_papers
from tests.conftest import REPOSITORY

if TYPE_CHECKING:
    from playwright.sync_api import Browser

    from rag.embedding import Embedder

CHROMIUM = Path("/usr/bin/chromium")
NASTY = '<script>window.hit=1</script><img src=x onerror="window.hit=1"> & "q" \'s\''
KELP = Paper("k", "Kelp Farms", "Kelp grows fast. It grew 3 m in a year. More follows.")
ICE = Paper("i", "Sea Ice", "Ice melts. It did so in 1987 and 2003. None was left.")


def lines_of(values: Sequence[object]) -> str:
    return "".join(json.dumps(value) + "\n" for value in values)


def questions_of(path: Path, *values: dict[str, Any]) -> list[Asked]:
    path.write_text(lines_of(values), encoding="utf-8")
    return read_questions(path)


def outcome(id_: str, **changes: Any) -> Outcome:
    """A right answer to an answerable question, with changes."""
    right = Outcome(
        id=id_, style="full", answerable=True, answered=True, precision_1=1.0, recall=(1.0,) * 10,
        reciprocal=1.0, ndcg_10=1.0, read=1.0, in_evidence=(1.0,) * 4, span_precision=(1.0,) * 4,
        span_recall=(1.0,) * 4, in_claims=1.0, cited=True, papers_cited=1.0, papers=1,
        citation_recall=1.0, citation_precision=1.0, probability=0.9, words=50, claims=2,
        unsupported=0, total_ms=100.0,
    )  # fmt: skip
    return replace(right, **changes)


# ── gold spans ──────────────────────────────────────────────────────────────────────────────────


def span_of(paper: Paper, text: str) -> list[int]:
    start = paper.abstract.index(text)
    return [start, start + len(text)]


def by_title(*papers: Paper) -> dict[str, list[Paper]]:
    found: dict[str, list[Paper]] = {}
    for paper in papers:
        found.setdefault(paper.title.casefold().replace(" ", ""), []).append(paper)
    return found


@pytest.fixture
def two_papers(tmp_path: Path) -> list[Asked]:
    return questions_of(
        tmp_path / "q.jsonl",
        {"id": "both", "question": "How much, and when?", "answerable": True,
         "papers": [KELP.title, ICE.title], "facts": [["3 m"], ["1987"]],
         "spans": [span_of(KELP, "It grew 3 m in a year."),
                   [*span_of(ICE, "It did so in 1987 and 2003."), 1]]},
    )  # fmt: skip


def test_spans_are_in_the_paper_they_name(two_papers: list[Asked]) -> None:
    gold, note = locate(two_papers, by_title(KELP, ICE))
    assert note == ""
    assert [(p.paper_id, p.text) for p in gold["both"]] == [
        ("k", "It grew 3 m in a year."), ("i", "It did so in 1987 and 2003.")
    ]  # fmt: skip


def test_spans_of_other_abstracts_are_not_used(two_papers: list[Asked]) -> None:
    other = replace(ICE, abstract="In short: " + ICE.abstract)
    gold, note = locate(two_papers, by_title(KELP, other))
    assert gold == {}
    assert "0 of 1 questions" in note
    assert locate(two_papers, by_title(KELP))[0] == {}
    short = replace(ICE, abstract=ICE.abstract[:20])
    assert locate(two_papers, by_title(KELP, short))[0] == {}
    assert locate([], {}) == ({}, "the set gives no gold spans")


def test_spans_without_facts_count_where_they_fit(tmp_path: Path) -> None:
    lists, how = (
        questions_of(
            tmp_path / f"{style}.jsonl",
            {"id": "k", "question": "How much?", "answerable": True, "papers": [KELP.title],
             "style": style, "spans": [span_of(KELP, "It grew 3 m in a year.")]},
        )
        for style in ("list", "full")
    )  # fmt: skip
    for questions in (lists, how):
        gold, note = locate(questions, by_title(KELP))
        assert ([p.text for p in gold["k"]], note) == (["It grew 3 m in a year."], "")


def test_of_papers_that_share_a_title_the_fitting_one_counts(two_papers: list[Asked]) -> None:
    twin = replace(KELP, id="twin", abstract="Another paper of this title, on other things.")
    gold, _ = locate(two_papers, by_title(twin, KELP, ICE))
    assert gold["both"][0].paper_id == "k"


def test_starter_digests_have_no_gold_spans_and_the_listing_has_all(listing: Path) -> None:
    from rag.readers import read_paths

    questions = read_questions(data_file("eval", "questions.jsonl"))
    from eval.check import by_title as titled

    gold, note = locate(questions, titled(starter_papers()))
    assert gold == {}
    assert "other abstracts" in note
    papers = [p for p in read_paths([str(listing)]) if isinstance(p, Paper)]
    gold, note = locate(questions, titled(papers))
    assert note == ""
    assert len(gold) == sum(bool(q.spans) for q in questions) > 200


def evidence(paper: Paper, text: str) -> Evidence:
    return Evidence("S1", paper, Span(*span_of(paper, text)), 0, 0.0, 0.0, 0.0)


def place(paper: Paper, text: str) -> Place:
    start, end = span_of(paper, text)
    return Place(paper.id, start, end, text)


def test_span_scores_by_hand() -> None:
    places = [place(KELP, "It grew 3 m in a year."), place(ICE, "1987")]
    best = [
        evidence(ICE, "Ice melts."),
        evidence(KELP, "It grew 3 m in a year."),
        evidence(KELP, "Kelp grows fast. It"),  # Shares two letters with the span: not met.
        evidence(ICE, "It did so in 1987 and 2003."),  # Wider than its span: met.
    ]
    assert span_scores(places, best, 1) == (0.0, 0.0)
    assert span_scores(places, best, 2) == (0.5, 0.5)
    assert span_scores(places, best, 3) == pytest.approx((1 / 3, 0.5))
    assert span_scores(places, best, 4) == (0.5, 1.0)
    assert span_scores(places, best[:2], 4) == (0.25, 0.5)
    assert all(math.isnan(v) for v in span_scores([], best, 4))


def test_check_reads_spans_by_paper_and_lets_lists_cross_splits(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    corpus = tmp_path / "papers.jsonl"
    corpus.write_text(lines_of([{"title": p.title, "abstract": p.abstract} for p in (KELP, ICE)]))
    both = {"answerable": True, "papers": [KELP.title, ICE.title], "facts": [["1987"]]}
    spans = [[*span_of(ICE, "It did so in 1987 and 2003."), 1]]
    listed = {"id": "l", "question": "Which papers are about growth?", "style": "list",
              "split": "test", "answerable": True, "papers": [KELP.title, ICE.title]}  # fmt: skip
    good = {"id": "g", "question": "When did it melt?", "split": "dev", "spans": spans, **both}
    path = tmp_path / "set.jsonl"
    arguments = ["--set", str(path), "--corpus", str(corpus)]
    path.write_text(lines_of([good, listed]))
    assert check_main(arguments) == 0, capsys.readouterr().out
    # The same offsets in the first paper don't state it, and only lists cross splits.
    wrong = good | {"id": "w", "question": "When?", "spans": [spans[0][:2]]}
    path.write_text(lines_of([good, wrong, listed | {"style": "full"}]))
    assert check_main(arguments) == 1
    said = capsys.readouterr().out
    assert "error    w: the gold spans don't state ['1987']" in said
    assert f"l: “{KELP.title}” is in both splits" in said
    assert "g: " not in said


# ── citations ───────────────────────────────────────────────────────────────────────────────────

RECORDINGS = "We collected 1,204 field recordings from nine harbours."
LICENCE = "All recordings are released under a permissive licence."


def test_citation_scores_by_hand() -> None:
    said = Statement("We collected 1,204 field recordings.", ((RECORDINGS,),))
    assert citation_scores([said]) == (1.0, 1.0)
    # A second citation that isn't needed is imprecise; recall stays.
    assert citation_scores([replace(said, citations=((RECORDINGS,), (LICENCE,)))]) == (1.0, 0.5)
    # What nothing cited supports is neither recalled nor precisely cited.
    invented = Statement("We collected 9,999 field recordings.", ((RECORDINGS,),))
    assert citation_scores([invented]) == (0.0, 0.0)
    assert citation_scores([said, invented]) == (0.5, 0.5)
    uncited = Statement("We collected 1,204 field recordings.", ())
    recall, precision = citation_scores([uncited])
    assert recall == 0.0
    assert math.isnan(precision)
    assert all(math.isnan(v) for v in citation_scores([]))


def test_citations_that_need_each_other_are_both_precise() -> None:
    both = Statement(f"{RECORDINGS} {LICENCE}", ((RECORDINGS,), (LICENCE,)))
    assert citation_scores([both]) == (1.0, 1.0)
    assert citation_scores([replace(both, citations=((RECORDINGS,),))]) == (0.0, 0.0)


# ── mistakes and figures ────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        ({}, []),
        ({"in_claims": math.nan, "papers_cited": 1.0}, []),
        ({"answered": False}, [mistakes.REFUSED]),
        ({"answerable": False}, [mistakes.LET_THROUGH]),
        ({"answerable": False, "answered": False, "in_claims": math.nan, "cited": False}, []),
        ({"cited": False, "papers_cited": 0.0, "in_claims": 0.5},
         [mistakes.NOT_CITED, mistakes.FACTS]),
        ({"in_claims": 0.5}, [mistakes.FACTS]),
        ({"papers": 3, "papers_cited": 2 / 3}, [mistakes.SOME_CITED]),
        ({"unsupported": 1, "in_claims": 0.0}, [mistakes.UNSUPPORTED, mistakes.FACTS]),
    ],
)  # fmt: skip
def test_mistakes_by_hand(changes: dict[str, Any], found: list[str]) -> None:
    assert mistakes.mistakes(outcome("x", **changes)) == found


def test_style_figures_by_hand() -> None:
    found = style_figures([
        outcome("a"), outcome("b", precision_1=0.0, answered=False),
        outcome("c", style="list", papers=4, papers_cited=0.25),
        outcome("d", style="list", papers=2, papers_cited=0.75),
    ])  # fmt: skip
    values = {style: {f.key: f.value for f in figures} for style, figures in found.items()}
    assert list(values) == ["full", "list"]
    assert values["full"]["precision_1"] == 0.5
    assert values["full"]["rightly"] == 0.5
    assert math.isnan(values["full"]["papers_cited"])
    assert values["list"]["papers_cited"] == 0.5


def test_ranking_goes_deeper_than_what_is_read(embedder: Embedder) -> None:
    index = open_starter(embedder, Settings(), token_counter())
    try:
        question = "How many dialogs are in Taskmaster-1?"
        found = ranking(index, held_by(index), question)
        hits = retrieve(index, question, embedder.encode([question])[0], 5)
        assert len(found) == len(set(found)) == index.snapshot.count() > 200
        squeezed = [re.sub(r"\W", "", h.paper.title.casefold()) for h in hits]
        assert [re.sub(r"\W", "", t) for t in found[:5]] == squeezed
    finally:
        index.close()


# ── comparison ──────────────────────────────────────────────────────────────────────────────────


def run_of(outcomes: Sequence[Outcome], **facts: str) -> against.Run:
    return against.Run(facts, {o.id: f"question {o.id}" for o in outcomes}, outcomes)


def test_comparison_by_hand() -> None:
    old = run_of([outcome(str(n), answered=n >= 4) for n in range(10)], splits="dev")
    new = run_of(
        [outcome(str(n), answered=n != 9, in_claims=0.5 if n == 8 else 1.0) for n in range(10)],
        splits="test",
    )
    found = against.compare("old.json", old, new)
    assert found.common == 10
    assert found.warnings == ("splits differ: dev then, test now",)
    assert [id_ for id_, _, _ in found.right] == ["0", "1", "2", "3"]
    assert [(id_, why) for id_, _, why in found.wrong] == [
        ("8", mistakes.FACTS), ("9", mistakes.REFUSED)
    ]  # fmt: skip
    by_key = {d.key: d for d in found.differences}
    assert (by_key["refused"].old, by_key["refused"].new) == (0.4, 0.1)
    assert by_key["refused"].low < -0.3 < by_key["refused"].high
    # Among the answered of each run, over all questions that either answered.
    assert by_key["facts_answered"].old == 1.0
    assert by_key["facts_answered"].new == pytest.approx(8.5 / 9)
    assert by_key["facts_answered"].count == 10
    assert by_key["precision_1"].verdict == ""


def test_a_clear_change_has_a_verdict_by_its_direction() -> None:
    good = run_of([outcome(str(n)) for n in range(20)])
    bad = run_of([outcome(str(n), answered=False, precision_1=0.0) for n in range(20)])
    for old, new, verdict in ((good, bad, "worse"), (bad, good, "better")):
        by_key = {d.key: d for d in against.compare("o", old, new).differences}
        assert by_key["refused"].verdict == verdict
        assert by_key["precision_1"].verdict == verdict
        assert by_key["mrr"].verdict == ""


def test_few_questions_or_another_machine_give_no_verdict() -> None:
    def runs(count: int, machine: str) -> tuple[against.Run, against.Run]:
        good = [replace(outcome(str(n)), total_ms=100.0) for n in range(count)]
        slow = [replace(o, total_ms=200.0, precision_1=0.0) for o in good]
        return run_of(good, machines="A"), run_of(slow, machines=machine)

    for count, machine, verdicts in ((5, "A", ("", "")), (6, "A", ("worse", "worse")),
                                     (6, "B", ("worse", ""))):  # fmt: skip
        differences = against.compare("o", *runs(count, machine)).differences
        by_key = {d.key: d.verdict for d in differences}
        assert (by_key["precision_1"], by_key["ms_50"]) == verdicts


def test_only_the_same_questions_are_compared() -> None:
    old = run_of([outcome("a"), outcome("b"), outcome("gone")])
    new = run_of([outcome("a"), outcome("b"), outcome("new")])
    new = replace(new, questions={**new.questions, "b": "in other words"})
    found = against.compare("old.json", old, new)
    assert found.common == 1
    assert any("1 questions are in both runs" in w for w in found.warnings)


def test_runs_without_a_common_question_are_refused() -> None:
    old, new = run_of([outcome("a")]), run_of([outcome("b")])
    assert against.in_both("old.json", old, {"a": "question a", "b": "?"}) == {"a"}
    for questions in (new.questions, {"a": "in other words"}):
        with pytest.raises(InputError, match="no question of this run"):
            against.in_both("old.json", old, questions)


def test_runs_from_before_a_fact_was_kept_are_compared(tmp_path: Path) -> None:
    path = tmp_path / "old.json"
    values = {"answers": [{"id": "a", "question": "question a", "judged": asdict(outcome("a"))}],
              "format": against.FORMAT, "shaped_by": {"splits": "all"}}  # fmt: skip
    settings = asdict(Settings())
    facts = {"splits": "all", "readers": "r 1", against.SETTINGS: against.shaping(settings)}
    now = replace(run_of([outcome("a")]), facts=facts)
    path.write_text(json.dumps(values | {"settings": settings | {"papers": 7}}))
    found = against.compare("o", against.read_run(path), now).warnings
    assert found[0] == "readers may differ: not known of then, r 1 now"
    assert re.fullmatch("other settings differ: .*papers 7.* then, .*papers 5.* now", found[1])
    path.write_text(json.dumps(values | {"settings": settings}))
    assert len(against.compare("o", against.read_run(path), now).warnings) == 1


def test_differences_have_a_sign_unless_they_are_shown_as_0() -> None:
    shown = [signed(v, 3) for v in (-0.0001, -0.0, 0.0001, -0.0006, 0.0006, math.nan)]
    assert shown == ["0.000", "0.000", "0.000", "−0.001", "+0.001", "–"]
    assert signed(-1234.5, 1) == "−1,234.5"


# ── the command ─────────────────────────────────────────────────────────────────────────────────


def evaluated(*arguments: object) -> int:
    return cli.run(["eval", "--evidence-only", "--limit", "12", *map(str, arguments)])


@pytest.fixture
def six(tmp_path: Path) -> Path:
    """Questions of the bundled set whose answers heed the threshold: four answerable, two not."""
    bundled = data_file("eval", "questions.jsonl").read_text(encoding="utf-8").splitlines()
    entries = [json.loads(line) for line in bundled]
    chosen = [e for e in entries if e["style"] == "full"][:4]
    chosen += [e for e in entries if e["style"] == "near-miss"][:2]
    path = tmp_path / "six.jsonl"
    path.write_text(lines_of(chosen), encoding="utf-8")
    return path


def test_two_runs_compared(
    six: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    first, second = tmp_path / "first.json", tmp_path / "second.json"
    config = tmp_path / "config.toml"
    config.write_text("abstain_below = 0.0\n")
    monkeypatch.setenv("RAG_CONFIG", str(config))
    assert evaluated("--set", six, "--out", first) == 0
    capsys.readouterr()
    # The same again: nothing differs but time.
    assert evaluated("--set", six, "--against", first, "--out", second) == 0
    said = capsys.readouterr()
    assert f"Against {first}, 6 questions in both" in said.out
    assert "warning" not in said.out
    assert "became right: 0" in said.out
    assert "became wrong: 0" in said.out
    found = json.loads(second.read_text())["against"]
    same = [d for d in found["differences"] if not d["key"].startswith("ms_")]
    assert {(d["low"], d["high"]) for d in same} <= {(0, 0), (None, None)}
    # Other settings that shape answers.
    config.write_text('abstain_below = 0.0\npapers = 4\nreader = "none"\n')
    assert evaluated("--set", six, "--against", first) == 0
    said = capsys.readouterr()
    assert re.search("warning: readers differ: minilm-reader [0-9a-f]{12} then, none", said.out)
    assert re.search("warning: other settings differ: .*papers 5.* then, .*papers 4", said.out)
    # A threshold that withholds everything.
    config.write_text("abstain_below = 1.0\n")
    page = tmp_path / "page.html"
    assert evaluated("--set", six, "--against", first, "--out", second, "--html", page) == 0
    said = capsys.readouterr()
    assert "warning: thresholds differ: 0 then, 1 now" in said.out
    # Too few questions for a verdict.
    assert re.search(r"^answerable refused .* \+1\.000 .* [1-5]$", said.out, re.MULTILINE)
    found = json.loads(second.read_text())["against"]
    answers = json.loads(first.read_text())["answers"]
    right = {a["id"] for a in answers if not a["mistakes"] and a["asked"]["answerable"]}
    assert {id_ for id_, _, _ in found["wrong"]} == right
    assert {id_ for id_, _, why in found["right"] if why == mistakes.LET_THROUGH} == {
        a["id"] for a in answers if not a["asked"]["answerable"]
    }
    shown = Page(page.read_text(encoding="utf-8"))
    assert f"Against {first}" in shown.text
    assert f"Became wrong {len(right)}" in shown.text


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (None, "cannot read"),
        ("{", "not a JSON file"),
        ("[]", "not a run of this release"),
        ('{"format": 1}', "not a run of this release"),
        ('{"format": 2}', "no whole run (KeyError"),
        ('{"format": 2, "shaped_by": {}, "answers": [{"id": "a", "question": "q", "judged": {}}]}',
         "no whole run (KeyError"),
    ],
)  # fmt: skip
def test_wrong_earlier_runs_are_refused_first(
    text: str | None, says: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    old = tmp_path / "old.json"
    if text is not None:
        old.write_text(text)
    assert evaluated("--against", old) == 1
    said = capsys.readouterr().err
    assert says in said
    assert len(said.splitlines()) == 2


def test_benchmark_folders_are_corpora(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
    embedder: Embedder,
) -> None:  # fmt: skip
    own = tmp_path / "cache"
    own.mkdir()
    for entry in cache_dir().glob("*-*"):
        if entry.name.startswith(("encoder-", "reader-", "llm-", "vocabulary-")):
            (own / entry.name).symlink_to(entry.absolute())
    monkeypatch.setenv("RAG_CACHE", str(own))
    folder = tmp_path / "bench"
    (folder / "qrels").mkdir(parents=True)
    documents = [{"_id": p.id, "title": p.title, "text": p.abstract} for p in (KELP, ICE)]
    documents.append({"_id": "none", "title": "", "text": ""})
    (folder / "corpus.jsonl").write_text(lines_of(documents))
    (folder / "queries.jsonl").write_text(lines_of([{"_id": "1", "text": "melting ice"}]))
    (folder / "qrels" / "test.tsv").write_text("query-id\tcorpus-id\tscore\n1\ti\t1\n")
    path, out = tmp_path / "set.jsonl", tmp_path / "out.json"
    span = span_of(ICE, "It did so in 1987 and 2003.")
    questions_of(path, {"id": "a", "question": "In which years did sea ice melt?",
                        "answerable": True, "papers": [ICE.title], "facts": [["1987"], ["2003"]],
                        "spans": [span]})  # fmt: skip
    assert evaluated("--corpus", folder, "--set", path, "--out", out) == 0
    assert "1 documents" in capsys.readouterr().err
    report = json.loads(out.read_text())
    assert report["corpus_papers"] == 2
    assert report["gold_spans"] == "all found"
    judged = report["answers"][0]["judged"]
    assert judged["precision_1"] == 1
    assert max(judged["span_recall"]) == 1
    # `rag eval retrieval` uses the same index.
    assert cli.run(["eval", "retrieval", "--beir", str(folder)]) == 0
    assert "indexing" not in capsys.readouterr().err
    assert len(list(own.glob("beir-*"))) == 1


def test_bundled_sets_have_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert set_file(None) == data_file("eval", "questions.jsonl")
    assert set_file(Path("questions")) == data_file("eval", "questions.jsonl")
    assert set_file(Path("cranfield")).name == "cranfield.jsonl"
    assert set_file(Path("mine.jsonl")) == Path("mine.jsonl")
    Path("cranfield").mkdir()
    assert set_file(Path("cranfield")) == data_file("eval", "cranfield.jsonl")
    Path("questions").write_text("{}")
    assert set_file(Path("questions")) == Path("questions")
    assert set_file(None) == data_file("eval", "questions.jsonl")


def test_bundled_sets_are_in_the_wheel() -> None:
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))
    taken = project["tool"]["hatch"]["build"]["targets"]["wheel"]["force-include"]
    # A file that is named but missing stops the build; one that isn't named is left out.
    for name in BUNDLED:
        there = (REPOSITORY / "eval" / f"{name}.jsonl").exists()
        wanted = f"rag/data/eval/{name}.jsonl" if there else None
        assert taken.get(f"eval/{name}.jsonl") == wanted, f"pyproject.toml: eval/{name}.jsonl"


# ── the plain pipeline ──────────────────────────────────────────────────────────────────────────


def test_plain_answers_by_hand(tmp_path: Path) -> None:
    (asked,) = questions_of(
        tmp_path / "q.jsonl",
        {"id": "a", "question": "When?", "answerable": True, "papers": [ICE.title],
         "facts": [["1987"], ["2050"]], "history": ["What melts?"]},
    )  # fmt: skip
    seen: list[str] = []

    def search(question: str) -> list[Paper]:
        seen.append(question)
        return [KELP, ICE, *[KELP] * 9]

    def plainly(text: str) -> baseline.Plain:
        def write(system: str, user: str) -> str:
            seen.append(user)
            return text

        return baseline.ask_plainly(asked, search, write)

    good = plainly("It did so in 1987 and 2003 [2]. It grew 9 m in a year [1].")
    assert seen[0] == "What melts? When?"
    assert seen[1].startswith(f"[1] {KELP.title}\n{KELP.abstract}\n\n[2] {ICE.title}\n")
    assert "[5]" in seen[1]
    assert "[6]" not in seen[1]
    assert seen[1].endswith("\n\nQuestion: What melts? When?")
    assert (good.facts, good.cited) == (0.5, True)
    assert (good.citation_recall, good.citation_precision) == (0.5, 0.5)
    assert good.words == 16
    behind = plainly("It did so in 1987 and 2003. [2] It grew 9 m in a year. [1]")
    assert (behind.citation_recall, behind.citation_precision) == (0.5, 0.5)
    together = plainly("It did so in 1987 and 2003 [2]. It grew 3 m in a year [1, 2].")
    assert (together.cited, together.citation_recall) == (True, 1.0)
    assert plainly("It did so in 1987 [1, 2].").cited
    assert plainly("It did so in 1987 and 2003 [1; 2].").citation_recall == 1.0
    other = plainly("It melted a while ago [1] [17].")
    assert (other.facts, other.cited, other.citation_recall) == (0.0, False, 0.0)
    assert plainly(f"See {ICE.title.upper()}.").cited
    nothing = plainly("")
    assert (nothing.words, nothing.cited) == (0, False)
    assert math.isnan(nothing.citation_recall)


def test_a_prompt_too_long_loses_its_last_abstracts() -> None:
    from rag.llm.engine import LocalModel

    card = find_card("llm", Settings().model)
    assert card is not None
    model = LocalModel(require_file(card), 2, 512)
    try:
        papers = [replace(KELP, abstract="Kelp grows fast in cold water. " * 25)] * 4
        prompt = baseline.prompt_of("What grows fast?", papers)
        assert len(model.tokens(prompt)) > 512
        asked = Asked("a", "What grows fast?", "", "", True, (KELP.title,), (), (), ())
        plain = baseline.ask_plainly(asked, lambda _: papers, baseline.writing(model))
        assert plain.text
        assert len(model.tokens(plain.text)) <= baseline.TOKENS
    finally:
        model.close()


def test_abstracts_are_left_out_to_the_last_and_the_question_never() -> None:
    asked = Asked("a", "When?", "", "", True, (ICE.title,), (), (), ())
    papers = [replace(KELP, abstract="Kelp grows.\n\nFast."), ICE]
    seen: list[str] = []

    def plainly(longest: int) -> baseline.Plain:
        def write(system: str, user: str) -> str:
            seen.append(user)
            if len(user) > longest:
                raise UsageError("too long", "")
            return "It did [2]."

        return baseline.ask_plainly(asked, lambda _: papers, write)

    assert plainly(1000).cited
    # The number of an abstract that was left out names nothing.
    assert not plainly(60).cited
    assert seen[-1] == "[1] Kelp Farms\nKelp grows.\n\nFast.\n\nQuestion: When?"
    plainly(20)
    assert seen[-1] == "Question: When?"
    with pytest.raises(UsageError):
        plainly(5)


def test_a_question_too_long_for_the_baseline_loses_no_run(
    six: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def too_long(model: object) -> baseline.Write:
        def write(system: str, user: str) -> str:
            raise UsageError("the prompt is too long", "")

        return write

    monkeypatch.setattr(baseline, "writing", too_long)
    out = tmp_path / "out.json"
    assert evaluated("--set", six, "--baseline", 1, "--out", out) == 0
    assert re.search(r"wasn't asked .+: the prompt is too long", capsys.readouterr().err)
    report = json.loads(out.read_text(encoding="utf-8"))
    assert len(report["answers"]) == 6
    assert "baseline" not in report


def test_baseline_beside_ours(
    six: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out, page = tmp_path / "out.json", tmp_path / "page.html"
    assert evaluated("--set", six, "--baseline", 1, "--out", out, "--html", page) == 0
    said = capsys.readouterr().out
    assert "Beside the plain pipeline, 1 answerable questions" in said
    report = json.loads(out.read_text(encoding="utf-8"))
    (plain,) = report["baseline"]["answers"]
    assert plain["words"] == len(plain["text"].split()) > 0
    ours = next(a for a in report["answers"] if a["id"] == plain["id"])
    assert ours["asked"]["answerable"]
    rows = {row["name"]: row for row in report["baseline"]["figures"]}
    assert rows["facts found"]["ours"] == ours["judged"]["in_claims"]
    assert rows["facts found"]["plain"] == plain["facts"]
    assert rows["words, median"]["plain"] == plain["words"]
    shown = " ".join(Page(page.read_text(encoding="utf-8")).text.split())
    assert " ".join(plain["text"].split()) in shown


# ── the page ────────────────────────────────────────────────────────────────────────────────────

VOID = ("meta", "br")
_SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")


class Page(HTMLParser):
    """Elements, attributes and text of a whole document; unbalanced ones are refused."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.style = ""
        self._open: list[str] = []
        self.feed(html)
        self.close()
        assert not self._open, f"left open: {self._open}"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self._open and self._open[-1] == "style":
            self.style += data
        else:
            self.text += data

    def count(self, tag: str, kind: str) -> int:
        return sum(t == tag and kind in str(a.get("class", "")).split() for t, a in self.tags)


@pytest.fixture(scope="module")
def nasty_page(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    """A report in which every text from outside tries to be markup."""
    folder = tmp_path_factory.mktemp("nasty")
    corpus, questions, out, page = (folder / n for n in ("p.jsonl", "q.jsonl", "o.json", "p.html"))
    title = f"Quarantine of Marmots {NASTY}"
    abstract = f"Marmots kept in quarantine {NASTY} lost no weight. It lasted 61 days & nights."
    papers = [
        {"title": title, "abstract": abstract},
        {"title": "Bread", "abstract": "Crusts brown when sugars meet acids. Rye is slow."},
    ]
    corpus.write_text(lines_of(papers))
    common = {"style": f"st{NASTY}", "answerable": True, "papers": [title]}
    questions.write_text(lines_of([
        {"id": f"a{NASTY}", "question": f"How long were marmots kept in quarantine {NASTY}?",
         "facts": [["61"], [r"<b>never</b>"]], **common},
        {"id": "b", "question": "Why do crusts brown?", "facts": [["<i>not there</i>"]], **common,
         "history": [f"What of bread {NASTY}?"]},
        {"id": "c", "question": f"Which marmots sang in quarantine {NASTY}?", "answerable": False},
    ]))  # fmt: skip
    config = folder / "config.toml"
    config.write_text("abstain_below = 0.0\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RAG_CONFIG", str(config))
        arguments = ("--corpus", corpus, "--set", questions, "--out", out, "--html", page)
        assert evaluated(*arguments) == 0
    return page, json.loads(out.read_text(encoding="utf-8"))


def test_no_text_of_a_file_becomes_markup(nasty_page: tuple[Path, dict[str, Any]]) -> None:
    page, report = nasty_page
    shown = Page(page.read_text(encoding="utf-8"))
    ours = {
        "html", "head", "meta", "title", "style", "body", "main", "header", "footer", "section",
        "h1", "h2", "h3", "p", "dl", "dt", "dd", "div", "details", "summary", "span", "small",
        "table", "thead", "tbody", "tr", "th", "td", "ul", "ol", "li", "blockquote", "mark",
        "code", "figure", "figcaption", "svg", "line", "polyline", "polygon", "circle", "rect",
        "text", "br",
    }  # fmt: skip
    svg_titles = {"title"}
    assert {tag for tag, _ in shown.tags} <= ours | svg_titles
    for _, attributes in shown.tags:
        assert not [n for n in attributes if n.startswith("on") or n in ("href", "src", "xlink")]
    assert "url(" not in shown.style
    assert "@import" not in shown.style
    assert shown.text.count(NASTY) >= 8
    policy = [a["content"] for t, a in shown.tags if t == "meta" and "http-equiv" in a]
    assert policy == ["default-src 'none'; style-src 'unsafe-inline'"]
    wrong = [a for a in report["answers"] if a["mistakes"]]
    assert len(wrong) == 3
    assert shown.count("details", "case") == 3


def test_each_wrong_answer_is_under_its_gravest_fault(
    six: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out, page = tmp_path / "o.json", tmp_path / "p.html"
    config = tmp_path / "config.toml"
    config.write_text("abstain_below = 0.0\n")  # So that what can't be answered is.
    monkeypatch.setenv("RAG_CONFIG", str(config))
    assert evaluated("--set", six, "--out", out, "--html", page) == 0
    html = page.read_text(encoding="utf-8")
    shown = Page(html)
    answers = json.loads(out.read_text(encoding="utf-8"))["answers"]
    wrong = Counter(a["mistakes"][0] for a in answers if a["mistakes"])
    assert wrong[mistakes.LET_THROUGH] == 2
    for kind, count in wrong.items():
        assert f"{kind.capitalize()} {count}" in shown.text
    assert shown.count("details", "case") == sum(wrong.values())
    assert shown.count("svg", "plot") == 5
    # What was expected and what it was made of is there for each.
    for answer in answers:
        if answer["mistakes"]:
            assert answer["question"] in shown.text
            for title in answer["asked"]["papers"]:
                assert title in shown.text


@pytest.mark.skipif(not CHROMIUM.exists(), reason=f"needs {CHROMIUM}")
def test_the_page_in_a_browser(nasty_page: tuple[Path, dict[str, Any]]) -> None:
    from playwright.sync_api import sync_playwright

    page, _ = nasty_page
    flags = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=flags)
        colours = {
            scheme: {looked_at(browser, page, width, scheme) for width in (400, 1400)}
            for scheme in _SCHEMES
        }
        browser.close()
    assert [len(found) for found in colours.values()] == [1, 1]
    assert colours["light"] != colours["dark"]


def looked_at(browser: Browser, page: Path, width: int, scheme: Literal["light", "dark"]) -> str:
    """The text's colour on a page that stays as wide as its window and asks for nothing."""
    tab = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
    asked: list[str] = []
    said: list[str] = []
    tab.on("request", lambda request: asked.append(request.url))
    tab.on("console", lambda message: said.append(message.text))
    tab.goto(page.as_uri())
    tab.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
    # Wide tables scroll in boxes of their own; the page never does sideways.
    assert tab.evaluate("document.documentElement.scrollWidth") == width
    assert tab.evaluate("window.hit") is None
    assert asked == [page.as_uri()]
    assert said == []
    colour = tab.evaluate("getComputedStyle(document.body).color")
    tab.close()
    return str(colour)


# ── plots ───────────────────────────────────────────────────────────────────────────────────────


def circles(svg: str, kind: str) -> list[tuple[float, float]]:
    return [
        (float(a["cx"] or 0), float(a["cy"] or 0))
        for t, a in Page(svg).tags
        if t == "circle" and kind in str(a.get("class")).split()
    ]


def test_points_stand_where_their_values_are() -> None:
    points = tuple(plots.Point(k, v, v, v) for k, v in ((1, 0.0), (2, 0.5), (3, 1.0)))
    (_, bottom), (_, middle), (_, top) = circles(
        plots.curve([plots.Series("a", points)], "x", "y", "label"), "dot"
    )
    assert middle == pytest.approx((bottom + top) / 2)
    assert top < bottom
    corner, other = (
        circles(plots.roc([(0.0, 0.0), (1.0, 1.0)], at, "here"), "mark")[0]
        for at in ((0.0, 0.0), (1.0, 1.0))
    )
    assert corner[0] < other[0]
    assert (corner[1], other[1]) == (bottom, top)


def test_plots_escape_and_leave_out_what_is_missing() -> None:
    missing = plots.Series(NASTY, (plots.Point(1, math.nan),))
    known = plots.Series(NASTY, (plots.Point(1, 0.5), plots.Point(2, 0.7)))
    svg = plots.curve([missing, known], NASTY, NASTY, NASTY)
    assert len(circles(svg, "dot")) == 2
    assert "nan" not in svg
    assert Page(svg).text.count(NASTY) >= 3
    assert plots.legend([missing, known]) == ""
    assert Page(plots.legend([known, known])).text == NASTY * 2
    assert plots.whisker(math.nan, 0, 1) == ""
    for empty in (plots.curve([], "x", "y", "l"), plots.reliability([], "l"),
                  plots.histogram([], "s", "l"), plots.reliability([Bin(0, 1, 0, math.nan,
                  math.nan)], "l")):  # fmt: skip
        assert "nan" not in Page(empty).text


@pytest.mark.parametrize("values", [[0.05], [0.0], [1.0] * 40, [0.2, 3.7, 12.4, 99.0]])
def test_histograms_hold_every_value(values: list[float]) -> None:
    svg = plots.histogram(values, "seconds", "label")
    told = [int(n) for n in re.findall(r": (\d+) questions?<", svg)]
    assert sum(told) == len(values)
    edges = [float(a["x"] or 0) + float(a["width"] or 0) for t, a in Page(svg).tags if t == "rect"]
    assert max(edges) <= 440


def test_every_measure_has_a_key_of_its_own() -> None:
    keys = [m.key for m in MEASURES]
    assert len(keys) == len(set(keys))
