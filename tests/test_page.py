"""The page's HTML: everything is escaped, and what is marked is exactly what is cited."""

from __future__ import annotations

import copy
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag import page
from rag.catalogue import Row, Rows
from rag.errors import UsageError
from rag.index import IndexReport
from rag.local_only import Access
from rag.page.desk import Talk
from rag.page.tables import paper_html, shows, table_html
from rag.page.tabs import Tabs
from rag.page.updates import chips, running, turns_of
from rag.records import (
    Answer,
    Citation,
    Claim,
    Claimed,
    Done,
    Evidence,
    Filters,
    Hit,
    ModelInfo,
    Nearest,
    Paper,
    Refusal,
    Retrieved,
    Selected,
    Source,
    Span,
    Timings,
)

NASTY = '<script>x()</script><img src=x onerror="x()">[a](javascript:x()) "q" \'s\' & {{v}} ${v}'
PAPER = Paper("p1", "Kelp farms", "Kelp grows fast. It grew 3 m in a year. More follows.")
OTHER = Paper("p2", "Sea ice", "Ice melts. It did so early.", url="https://example.org/ice?a=1&b=2")
# What the page itself is made of; anything else in its output came from a text.
OURS = {
    "a", "article", "aside", "bdi", "blockquote", "br", "button", "code", "details", "div", "h1",
    "h2", "h3", "header", "input", "li", "mark", "ol", "p", "q", "section", "span", "strong",
    "summary", "table", "tbody", "td", "th", "thead", "tr", "ul",
}  # fmt: skip


class Seen(HTMLParser):
    """Elements, attributes and text of a piece of HTML."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.marked: list[str] = []
        self._open: list[str] = []
        self.feed(html)
        self.close()
        assert not self._open, f"left open: {self._open}"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag in ("br", "input"):
            return
        self._open.append(tag)
        if tag == "mark":
            self.marked.append("")

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data
        if "mark" in self._open:
            self.marked[-1] += data


def hit(paper: Paper) -> Hit:
    return Hit(paper, 0.5, 1.0, 0.5, 1.0, Span(0, 5))


def quoted(paper: Paper, quote: str, n: int = 1) -> Claim:
    start = paper.abstract.index(quote)
    return Claim(quote, "quote", (Citation(n, start, start + len(quote), quote),))


def answered(turn: page.Turn, status: str = "answered", reason: str = "") -> page.Turn:
    abstained = status == "abstained"
    answer = Answer(
        turn.question, turn.question, "abstained" if abstained else "answered", reason, "text",
        () if abstained else turn.claims, () if abstained else turn.sources,
        tuple(Nearest(h.paper.id, h.paper.title, h.fused) for h in turn.hits),
        Timings(total=1234.5), ModelInfo("a model", "", ""), "f",
    )  # fmt: skip
    return page.advanced(turn, Done(answer))


def test_events_bring_papers_then_sentences_then_claims_then_the_end() -> None:
    turn = page.Turn(1, "How fast?")
    turn = page.advanced(turn, Retrieved("How fast?", (hit(PAPER), hit(OTHER))))
    shown = Seen(page.turn_html(turn))
    assert "Kelp farms" in shown.text
    assert "Sea ice" in shown.text
    assert "Reading 2 abstracts" in shown.text
    assert not turn.finished
    evidence = Evidence("S1", OTHER, Span(0, 10), 1, -1.0, 0.5, 1.0)
    turn = page.advanced(turn, Selected((evidence,), 0.9))
    assert "Ice melts." in Seen(page.turn_html(turn)).text
    claim = quoted(PAPER, "It grew 3 m in a year.")
    turn = page.advanced(turn, Claimed(claim, (Source(1, PAPER),)))
    shown = Seen(page.turn_html(turn))
    assert "“It grew 3 m in a year.” [1]" in shown.text
    assert shown.marked == ["It grew 3 m in a year."]
    assert shown.text.index("Also found") < shown.text.index("Sea ice")
    turn = answered(turn)
    assert turn.finished
    assert "1 quote from 1 paper, checked word for word · 1.2 s · a model" in page.turn_html(turn)
    assert "The evidence answers this clearly." in page.turn_html(turn)


def test_the_words_that_answer_stand_out() -> None:
    claim = quoted(PAPER, "It grew 3 m in a year.")
    told = replace(claim, citations=(replace(claim.citations[0], words=Span(8, 11)),))
    html = page.turn_html(page.Turn(1, "a", claims=(told,), sources=(Source(1, PAPER),)))
    assert "It grew <strong>3 m</strong> in a year." in html
    assert Seen(html).marked == ["It grew 3 m in a year."]
    plain = page.turn_html(page.Turn(1, "a", claims=(claim,), sources=(Source(1, PAPER),)))
    assert "<strong>" not in plain
    paper = replace(PAPER, abstract=f"It says {NASTY}.")
    nasty = Claim(paper.abstract, "quote", (Citation(1, 0, len(paper.abstract), paper.abstract,
                                                     Span(8, 8 + len(NASTY))),))  # fmt: skip
    shown = Seen(page.turn_html(page.Turn(1, "a", claims=(nasty,), sources=(Source(1, paper),))))
    assert {tag for tag, _ in shown.tags} <= OURS
    assert NASTY in shown.text


def test_a_marker_names_the_claim_whose_words_it_lights_up() -> None:
    claims = (quoted(PAPER, "Kelp grows fast."), quoted(PAPER, "It grew 3 m in a year."))
    shown = Seen(page.turn_html(page.Turn(3, "a", claims=claims, sources=(Source(1, PAPER),))))
    marked = [a["data-claims"] for t, a in shown.tags if t == "mark"]
    assert [a["data-claim"] for _, a in shown.tags if "data-claim" in a] == marked
    assert marked == ["turn-3-claim-1", "turn-3-claim-2"]


def test_markers_lead_to_cards_that_no_other_turn_has() -> None:
    claim = quoted(PAPER, "It grew 3 m in a year.")
    first = page.Turn(1, "a", claims=(claim,), sources=(Source(1, PAPER),))
    shown = Seen(page.conversation_html([first, replace(first, number=2)]))
    cards = [a["id"] for t, a in shown.tags if t == "section"]
    assert [a["data-to"] for _, a in shown.tags if "data-to" in a] == cards
    assert len(set(cards)) == 2


def test_an_abstention_says_why_and_lists_the_nearest_once() -> None:
    turn = page.Turn(1, "Who?", hits=(hit(PAPER), hit(OTHER)))
    html = page.turn_html(answered(turn, "abstained", "It does not mention “Who”."))
    shown = Seen(html)
    assert 'class="abstained"' in html
    assert "It does not mention “Who”." in shown.text
    listed = shown.text[: shown.text.index("You could ask")]
    assert listed.count("Sea ice") == 1
    asked = [str(a["data-question"]) for _, a in shown.tags if a.get("data-do") == "ask"]
    assert len(asked) == 3
    assert all("Kelp farms" in q or "Sea ice" in q for q in asked)
    links = [a["href"] for t, a in shown.tags if t == "a"]
    assert links == ["https://example.org/ice?a=1&b=2"]


def test_understood_as_is_shown_only_when_it_differs() -> None:
    same = page.Turn(1, " How  fast? ", understood="How fast?")
    assert "understood" not in page.turn_html(same)
    other = replace(same, understood="Kelp? — How fast?")
    assert "understood as: Kelp? — How fast?" in Seen(page.turn_html(other)).text


def test_paraphrases_have_all_their_markers() -> None:
    claim = Claim("Kelp grows and ice melts.", "paraphrase", (
        Citation(1, 0, 16, "Kelp grows fast."), Citation(2, 0, 10, "Ice melts."),
    ))  # fmt: skip
    turn = page.Turn(1, "?", claims=(claim,), sources=(Source(1, PAPER), Source(2, OTHER)))
    shown = Seen(page.turn_html(answered(turn)))
    assert "Kelp grows and ice melts. [1] [2] checked" in shown.text
    assert "Kelp grows fast. [1]Ice melts. [2]" in shown.text
    assert shown.marked == ["Kelp grows fast.", "Ice melts."]
    assert "word for word" not in shown.text


@given(st.text(alphabet="ab <&>\"'", max_size=40), st.lists(st.tuples(*[st.integers(0, 40)] * 2)))
def test_marks_are_the_spans_and_the_text_stays(
    abstract: str, pairs: list[tuple[int, int]]
) -> None:
    size = len(abstract)
    spans = [(f"c{n}", Span(a, b)) for n, (a, b) in enumerate(pairs) if a < b <= size]
    shown = Seen(page.highlighted(abstract, spans))
    assert shown.text == abstract
    cited = {i for _, s in spans for i in range(s.start, s.end)}
    assert "".join(shown.marked) == "".join(abstract[i] for i in sorted(cited))
    names = [str(a["data-claims"]).split() for tag, a in shown.tags if tag == "mark"]
    for name, span in spans:
        lit = [text for text, own in zip(shown.marked, names, strict=True) if name in own]
        assert "".join(lit) == abstract[span.start : span.end]


@given(st.text(max_size=60))
def test_no_text_becomes_markup(text: str) -> None:
    check_inert(text)


def test_no_nasty_text_becomes_markup() -> None:
    check_inert(NASTY)
    assert NASTY in Seen(page.turn_html(nasty_turn(NASTY))).text


def nasty_turn(text: str) -> page.Turn:
    abstract = text + "."
    paper = Paper("p", text, abstract, (text,) * 5, 2020, text, venue=text)
    claim = Claim(abstract, "quote", (Citation(1, 0, len(abstract), abstract),))
    evidence = Evidence("S1", replace(paper, id="q"), Span(0, len(abstract)), 0, 0.0, 0.0, 0.0)
    return page.Turn(
        1, text, understood=text + "?", hits=(hit(paper), hit(replace(paper, id="q"))),
        evidence=(evidence,), claims=(claim,), sources=(Source(1, paper),), note=text,
        remedy=text,
    )  # fmt: skip


def check_inert(text: str) -> None:
    turn = nasty_turn(text)
    report = IndexReport(1, 0, 0, 1, ((text, text),), (), 1)
    refused = (Refusal(text, text, text),)
    for html in (
        page.turn_html(turn),
        page.turn_html(replace(turn, stage="failed")),
        page.turn_html(answered(turn)),
        page.turn_html(answered(turn, "abstained", text)),
        page.report_html(report, refused, [text], text),
        page.report_html(None, refused),
        page.trouble_html(ValueError(text)),
        page.header_html(3, text + "/"),
        page.limits_html([text], [text], Filters(2020, None)),
    ):
        for tag, attributes in Seen(html).tags:
            assert tag in OURS
            assert not [name for name in attributes if name.startswith("on") or name == "style"]
            assert str(attributes.get("href", "http")).startswith("http")


@pytest.mark.parametrize(
    ("url", "safe"),
    [
        ("https://example.org/a", "https://example.org/a"),
        (" HTTP://example.org ", "HTTP://example.org"),
        ("javascript:alert(1)", ""),
        ("java\nscript:alert(1)", ""),
        ("data:text/html,x", ""),
        ("//example.org", ""),
        ("http:", ""),
        ("http://[", ""),
        ("", ""),
    ],
)
def test_only_web_addresses_are_links(url: str, safe: str) -> None:
    assert page.safe_url(url) == safe
    assert ("<a " in page.titled(replace(PAPER, url=url))) == bool(safe)


def test_history_is_what_was_answered_or_refused() -> None:
    done = answered(page.Turn(1, "one", sources=(Source(1, OTHER), Source(2, PAPER))))
    failed = page.failed(page.Turn(2, "two"), UsageError("too long", "be short"))
    refused = answered(page.Turn(3, "three"), "abstained", "It isn't there.")
    assert page.earlier_questions([done, failed, refused]) == ("one", "three")
    assert page.earlier_citations([done, failed, refused]) == ((OTHER.id, PAPER.id), ())
    assert "too long be short" in Seen(page.turn_html(failed)).text
    assert failed.finished


def test_an_unforeseen_error_is_named_without_a_traceback() -> None:
    failed = page.failed(page.Turn(1, "q"), KeyError("paper"))
    assert "unexpected KeyError: 'paper'" in Seen(page.turn_html(failed)).text


def test_a_stopped_turn_says_whether_anything_stands() -> None:
    turn = page.Turn(1, "q", stage="stopped")
    assert "Nothing was answered" in page.turn_html(turn)
    turn = replace(turn, claims=(quoted(PAPER, "Kelp grows fast."),), sources=(Source(1, PAPER),))
    assert "What stands above was checked" in page.turn_html(turn)


def test_a_report_names_what_was_refused_up_to_a_bound() -> None:
    refused = [Refusal("a.bib", f"record {i}", "no abstract") for i in range(30)]
    shown = Seen(page.report_html(IndexReport(1, 2, 3, 3, (), (), 7), refused, place="/x")).text
    assert "1 added, 2 updated, 3 unchanged, 30 refused." in shown
    assert "a.bib, record 19: no abstract" in shown
    assert "record 20" not in shown
    assert "and 10 more" in shown


def test_examples_are_about_the_papers_there_are() -> None:
    own = page.example_questions(["Kelp", "Ice"], starter=False)
    assert len(set(own)) == 3
    assert all("Kelp" in q or "Ice" in q for q in own)
    assert len(set(page.example_questions([], starter=True))) == 3
    assert page.example_questions([], starter=False) == ()
    assert [chip["visible"] for chip in chips(["Why?"])] == [True, False, False]


def test_turns_of_a_deleted_conversation_belong_to_no_other() -> None:
    turns = (page.reopened(1, answered(page.Turn(1, "one")).answer, ()), page.Turn(2, "two"))  # type: ignore[arg-type]  # it was answered
    gone = Talk(turns, saved="saved-id").unsaved()
    assert gone.saved == ""
    assert [turn.kept for turn in turns] == [1, 0]
    assert [turn.kept for turn in gone.turns] == [0, 0]
    assert [turn.question for turn in gone.turns] == ["one", "two"]


def test_a_turn_can_be_copied() -> None:
    turn = nasty_turn("x")
    assert copy.deepcopy(turn) == turn


def test_a_tabs_question_is_answered_once_and_stops_when_asked() -> None:
    tabs = Tabs()
    assert not tabs.take("a")
    tabs.ask("a")
    assert tabs.take("a")
    assert not tabs.take("a")
    with tabs.answering("a") as stopped, tabs.answering("b") as other:
        assert not stopped()
        tabs.stop("a")
        tabs.stop("nobody")
        assert stopped()
        assert not other()
        tabs.ask("a")  # a new question, before the old answer has gone
    with tabs.answering("a") as stopped:
        assert not stopped()


def test_a_changed_question_is_marked_until_it_is_kept() -> None:
    turns = tuple(answered(page.Turn(n, f"question {n}")) for n in (1, 2, 3))
    html = page.conversation_html(turns, changing=2)
    assert html.count('data-do="keep"') == 1
    assert html.index("question 2") < html.index("You change this question")
    assert html.count("It goes when the changed question is asked.") == 1
    assert "changing" not in page.conversation_html(turns)


def test_a_list_says_how_many_before_its_papers() -> None:
    turn = page.Turn(
        1, "?", claims=(quoted(PAPER, "Kelp grows fast."),), sources=(Source(1, PAPER),)
    )
    done = answered(turn)
    assert done.answer is not None
    assert 'class="lead"' not in page.turn_html(done)
    listed = replace(done.answer, text="1 of 217 papers matches “kelp”:\n[1] Kelp farms: “…”")
    shown = Seen(page.turn_html(replace(done, answer=listed))).text
    assert shown.index("1 of 217 papers") < shown.index("Kelp grows fast.")


def test_no_turn_can_be_changed_while_an_answer_is_on_its_way() -> None:
    first = answered(page.Turn(1, "one"))
    for talk, off in ((Talk((first, page.Turn(2, "two"))), True), (Talk((first, first)), False)):
        tools = [a for t, a in Seen(turns_of(talk)[0]).tags if t == "button"]
        held = {str(a["data-do"]): "disabled" in a for a in tools}
        assert held == {"copy": False, "export": False, "judge": off, "again": off, "edit": off}
    assert [state.get("visible") for state in running(True)[:2]] == [False, True]


def test_an_answer_that_was_stopped_says_so_and_has_its_tools() -> None:
    turn = page.Turn(
        1, "?", claims=(quoted(PAPER, "Kelp grows fast."),), sources=(Source(1, PAPER),)
    )
    html = page.turn_html(replace(answered(turn), stage="stopped"))
    assert "Stopped. 1 quote from 1 paper, checked word for word" in html
    assert 'data-do="judge"' in html


def test_what_was_typed_comes_back_when_a_question_is_no_longer_changed() -> None:
    talk = Talk((answered(page.Turn(1, "one")), answered(page.Turn(2, "two"))))
    changing = talk.changing(1, "half a que").changing(2, "one, changed")
    assert (changing.editing, changing.draft) == (2, "half a que")
    asked = changing.asking("two, changed")
    assert (asked.editing, asked.draft) == (0, "")


def test_limits_are_one_line_that_can_be_removed() -> None:
    none = Filters()
    assert page.limits_html([], [], none) == ""
    shown = Seen(page.limits_html(["Kelp", "Ice", "Moss", "Fog"], ["a.bib"], Filters(2020, 2022)))
    assert "only: “Kelp”, “Ice”, “Moss”, 1 more · a.bib · 2020–2022" in shown.text
    assert [a["data-do"] for t, a in shown.tags if t == "button"] == ["lift"]
    assert "from 2020" in page.limits_html([], [], Filters(2020))
    assert "up to 2022" in page.limits_html([], [], Filters(None, 2022))


def test_a_bad_year_is_named() -> None:
    assert page.wrong_years_html(None, 0) == page.wrong_years_html(1999, 2999) == ""
    assert "202: no year" in Seen(page.wrong_years_html(202, 2024)).text
    assert "202 and 20244: no year" in Seen(page.wrong_years_html(202, 20244)).text


def test_the_header_tells_where_texts_go() -> None:
    assert "Nothing leaves this machine." in page.header_html(3, "")
    for access, said in (
        (Access(share=True, auth="a:b"), "Gradio's relay on the internet"),
        (Access("0.0.0.0", auth="a:b"), "over the network, unencrypted"),
    ):
        shown = Seen(page.header_html(3, "", access)).text
        assert said in shown
        assert "Nothing leaves" not in shown


@pytest.mark.parametrize("host", ["::1", "::"])
def test_an_address_that_cannot_be_served_is_refused_with_a_remedy(host: str) -> None:
    with pytest.raises(UsageError, match="IPv6") as refused:
        Access(host, auth="a:b").require_password()
    assert "--host 127.0.0.1" in refused.value.remedy


def test_both_ways_to_turn_the_tables_page_are_always_there() -> None:
    row = Row("p1", "Kelp", "", None, "", 3)
    for first, off in ((0, [True, False]), (1, [False, False]), (2, [False, True])):
        shown = Seen(table_html(Rows(3, 3, (row,)), "added", False, first, 1, False))
        turns = [a for _, a in shown.tags if a.get("data-do") == "turn"]
        assert ["disabled" in a for a in turns] == off
        assert [a.get("class") for t, a in shown.tags if t == "td"][:2] == ["title", None]
    assert 'data-do="turn"' not in table_html(Rows(1, 1, (row,)), "added", False, 0, 1, False)


def test_a_card_is_known_by_its_paper() -> None:
    card = paper_html(replace(PAPER, id='p"1'))
    assert shows(card, ["x", 'p"1'])
    assert not shows(card, ["p", "p2"])
