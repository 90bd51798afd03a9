"""The chat page as people meet it: the real server, the real models, a real browser."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
import pytest

from tests.browsing import (
    NASTY,
    PAPERS,
    TIDEWISE,
    ask,
    finished,
    open_tab,
    rendered,
    served,
    upload,
    visit,
)
from tests.conftest import REPOSITORY

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

    from rag.embedding import Embedder
    from rag.llm import LanguageModel


def test_answer_and_follow_up_with_papers_beside_them(
    browser: Browser, server: tuple[str, int]
) -> None:
    url, _ = server
    with visit(browser, url) as page:
        assert page.locator("#examples button:visible").count() == 3
        page.evaluate("""() => {
            window.order = [];
            const seen = name => window.order.includes(name) || window.order.push(name);
            new MutationObserver(() => {
                if (document.querySelector('.turn.reading .papers li .title')) seen('papers');
                if (document.querySelector('.turn.answering')) seen('evidence');
                if (document.querySelector('.turn .claim')) seen('claim');
                if (document.querySelector('.turn.done')) seen('done');
            }).observe(document.body, {subtree: true, childList: true});
        }""")
        turn = ask(page, "How many buoys gave the readings that Tidewise was trained on?")
        assert page.evaluate("window.order") == ["papers", "evidence", "claim", "done"]
        quotes = turn.locator(".claim .text").all_inner_texts()
        assert any("27 buoys" in quote for quote in quotes)
        assert "[1]" in turn.locator(".claim").first.inner_text()
        card = turn.locator(".card").first
        assert TIDEWISE.title in card.locator("h3").inner_text()
        assert card.locator("h3 a").get_attribute("href") == TIDEWISE.url
        assert "Ada Roos, Bo Lind · 2024" in card.locator(".byline").inner_text()
        assert card.locator(".abstract").text_content() == TIDEWISE.abstract
        marked = turn.locator("mark").all_text_contents()
        assert sorted(marked) == sorted(quotes)
        assert not page.locator("#examples button:visible").count()
        turn.locator(".cite").first.click()
        assert page.evaluate("document.activeElement.id") == "turn-1-source-1"

        turn = ask(page, "And how far ahead does it forecast?", 2)
        assert "Tidewise" in turn.locator(".understood").inner_text()
        assert page.locator(".turn").count() == 2
        assert TIDEWISE.title in turn.locator(".papers").inner_text()
        page.get_by_role("button", name="New conversation").click()
        page.locator("#examples button").first.wait_for()
        assert not page.locator(".turn").count()


def test_abstention_says_why_and_conversations_are_apart(
    browser: Browser, server: tuple[str, int]
) -> None:
    url, _ = server
    with visit(browser, url) as page, visit(browser, url) as other:
        turn = ask(page, "Who won the football world cup of 1998?")
        assert not turn.locator(".claim").count()
        assert "No answer found" in turn.locator(".abstained").inner_text()
        assert "does not mention" in turn.locator(".reason").inner_text()
        assert turn.locator(".abstained li").count() == 3
        assert not other.locator(".turn").count()
        box = other.locator("#question textarea")
        box.fill("How " + "very " * 500 + "long?")
        box.press("Enter")
        trouble = other.locator(".turn.failed .trouble").inner_text()
        assert "2,000 are the most" in trouble
        assert page.locator(".turn").count() == 1


def test_texts_of_papers_and_people_stay_texts(browser: Browser, server: tuple[str, int]) -> None:
    url, _ = server
    with visit(browser, url) as page:
        asked = (
            "For how many days were marmots kept in quarantine <img src=x onerror=window.hit=1>?"
        )
        turn = ask(page, asked)
        assert turn.locator(".question").text_content() == asked
        card = turn.locator(".card").first
        assert NASTY.title in card.locator("h3").text_content()
        assert NASTY.authors[0] in card.locator(".byline").text_content()
        assert card.locator(".abstract").text_content() == NASTY.abstract
        assert "61 days <img" in turn.locator("mark").first.text_content()
        assert not turn.locator("script, img, svg, b, a[href^=javascript]").count()
        assert page.evaluate("window.hit") is None


def test_nothing_can_leave_the_machine(browser: Browser, server: tuple[str, int]) -> None:
    url, pid = server
    with visit(browser, url) as page:
        # The address is reserved for documentation: nobody is there, should the policy fail.
        tried = """outside => new Promise(resolve => {
            document.addEventListener('securitypolicyviolation', e => resolve(e.blockedURI));
            fetch(outside).then(() => resolve('went out'), () => {});
        })"""
        assert str(page.evaluate(tried, "http://192.0.2.1/x")).startswith("http://192.0.2.1")
        loaded = "[...document.querySelectorAll('[src], link[href]')].map(e => e.src || e.href)"
        assert [u for u in page.evaluate(loaded) if not u.startswith((f"{url}/", "data:"))] == []
        other_name = page.request.get(f"{url}/", headers={"Host": "example.org"})
        assert other_name.status == 400
    connections = psutil.Process(pid).net_connections("inet")
    assert {c.laddr.ip for c in connections if c.status == psutil.CONN_LISTEN} == {"127.0.0.1"}
    assert {c.raddr.ip for c in connections if c.raddr} <= {"127.0.0.1"}


def test_upload_moves_from_the_starter_corpus_to_an_index_of_ones_own(
    browser: Browser, language_model: LanguageModel, tmp_path: Path
) -> None:
    own = tmp_path / "own"
    bib = tmp_path / "mine.bib"
    bib.write_text(
        "@article{a, title={Heron Counts in Delft}, year={2021}, abstract={Volunteers counted "
        "grey herons along canals. They saw 1,204 herons in one winter.}}\n"
        "@article{b, title={Nothing Else}}\n"
    )
    (tmp_path / "scan.pdf").write_bytes(b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n1 0 obj")
    with (tmp_path / "huge.bib").open("wb") as file:
        file.truncate(51 * 2**20)
    with (
        served(RAG_INDEX=str(own), RAG_CONVERSATIONS=str(tmp_path / "c.db")) as (url, _),
        visit(browser, url) as page,
    ):
        assert "bundled starter corpus" in page.locator("header").inner_text()
        upload(page, tmp_path / "scan.pdf")
        page.locator("#report .trouble").wait_for()
        assert "scan.pdf: it is a PDF" in page.locator("#report").inner_text()
        assert not own.exists()
        upload(page, tmp_path / "huge.bib")
        page.get_by_text("exceed the maximum allowed size of 50").first.wait_for()

        upload(page, bib)
        page.get_by_text("1 added").wait_for()
        report = page.locator("#report").inner_text()
        assert "1 refused" in report
        assert "mine.bib, " in report
        page.locator("#report").get_by_text("no longer to the starter corpus").wait_for()
        page.locator("header").get_by_text(str(own)).wait_for()
        open_tab(page, "Ask")
        turn = ask(page, "How many herons did volunteers see in one winter?")
        assert turn.locator(".card h3").inner_text() == "[1] Heron Counts in Delft"
        upload(page, bib)
        page.get_by_text("1 unchanged").wait_for()


def test_stop_ends_an_answer_and_loading_is_said(
    page_index: Path, embedder: Embedder, language_model: LanguageModel, tmp_path: Path
) -> None:
    from rag.collections import Shelf
    from rag.config import Settings
    from rag.index import OpenIndex
    from rag.page import Turn
    from rag.page.desk import Choices, Desk
    from rag.pipeline import Assistant
    from rag.store.conversations import Conversations

    assistant = Assistant(OpenIndex(page_index, embedder), Settings(), lambda: language_model)
    desk = Desk(Shelf(assistant, page_index), Conversations(tmp_path / "c.db"))
    key = desk.shelf.first
    sign = threading.Event()
    steps = desk.answered(key, (Turn(1, "How many buoys?"),), Choices(), sign.is_set)
    assert next(steps).stage == "searching"
    assert "Loading the language model" in next(steps).note
    sign.set()
    (last,) = steps
    assert last.stage == "stopped"
    *_, last = desk.answered(key, (Turn(1, "How many buoys?"),), Choices())
    assert last.stage == "done"
    # Who waits behind another is told so, and can be stopped before it is their turn.
    first = desk.answered(key, (Turn(1, "How many buoys?"),), Choices())
    next(first)
    waiting = desk.answered(
        key, (Turn(1, "And you?"),), Choices(), (stop := threading.Event()).is_set
    )
    assert "1 other question is answered before" in next(waiting).note
    stop.set()
    assert [turn.stage for turn in waiting] == ["stopped"]
    assert [turn.stage for turn in first][-1] == "done"


def test_citations_light_up_exactly_their_quotes(browser: Browser, server: tuple[str, int]) -> None:
    url, _ = server
    with visit(browser, url) as page:
        turn = ask(page, "How many days of readings was Tidewise trained on and how far ahead?")
        for n in range(turn.locator(".cite").count()):
            quote = turn.locator(".claim .text").nth(n).inner_text()
            turn.locator(".cite").nth(n).hover()
            assert "".join(turn.locator("mark.lit").all_text_contents()) == quote
            page.mouse.move(0, 0)
            assert turn.locator("mark.lit").count() == (n > 0)  # the clicked one's
            turn.locator(".cite").nth(n).click()
            assert "".join(turn.locator("mark.lit").all_text_contents()) == quote
            page.mouse.move(0, 0)
            turn.locator(".question").click()


def test_a_conversation_is_changed_saved_judged_and_found_again(
    browser: Browser, server: tuple[str, int]
) -> None:
    url, _ = server
    with visit(browser, url) as page, visit(browser, url) as other:
        turn = ask(page, "What did Tidewise learn from, in days of readings?")
        with page.expect_event("dialog") as asked:
            page.once("dialog", lambda dialog: dialog.accept("Too short"))
            turn.get_by_role("button", name="Bad answer").click()
        assert asked.value.type == "prompt"
        page.locator(".judge.pressed").wait_for()
        turn.get_by_role("button", name="Change this question").click()
        box = page.locator("#question textarea")
        page.wait_for_function(
            "document.querySelector('#question textarea').value.includes('days')"
        )
        box.fill("How much did errors fall with Tidewise?")
        box.press("Enter")
        page.locator(".turn.done").filter(has_text="How much did errors fall").wait_for()
        assert "18%" in str(page.locator(".claim").all_inner_texts())
        assert page.locator(".turn").count() == 1
        page.evaluate("document.querySelector('.turn').dataset.former = 'yes'")
        again = page.get_by_role("button", name="Answer this question again")
        again.click()
        page.locator(".turn.done:not([data-former])").wait_for()

        open_tab(page, "Saved")
        page.locator("ul.saved li").wait_for()
        assert page.locator("ul.saved li").count() == 1
        page.once("dialog", lambda dialog: dialog.accept("Estuaries"))
        page.get_by_role("button", name=re.compile("^Rename")).click()
        page.locator("ul.saved").get_by_text("Estuaries", exact=True).wait_for()
        rendered(page.locator("#sought input, #sought textarea")).fill("no such words")
        page.get_by_text("No conversation has these words").wait_for()
        page.locator("#sought input, #sought textarea").fill("ESTUARIES")
        page.locator("ul.saved li").wait_for()
        # Nobody else sees it.
        open_tab(other, "Saved")
        other.get_by_text("No conversation was saved yet").wait_for()

        # Leaving while it is answered once more loses nothing that was answered.
        open_tab(page, "Ask")
        again.click()
        page.locator(".turn:not(.done)").wait_for()
        page.reload()
        page.locator("header h1").wait_for()
        open_tab(page, "Saved")
        page.locator("ul.saved").get_by_text("Estuaries", exact=True).click()
        reopened = page.locator(".turn.done")
        reopened.wait_for()
        assert "18%" in str(reopened.locator(".claim").all_inner_texts())
        assert reopened.locator("mark").count()
        open_tab(page, "Saved")
        page.once("dialog", lambda dialog: dialog.accept())
        page.get_by_role("button", name=re.compile("^Delete Est")).click()
        page.get_by_text("No conversation was saved yet").wait_for()


@pytest.mark.parametrize("form", ["Markdown", "BibTeX", "RIS", "CSL-JSON", "Web page"])
def test_exports_hold_the_quotes_or_the_papers(
    browser: Browser, answered_page: Page, form: str
) -> None:
    page = answered_page
    page.locator("#form input").click()
    page.get_by_role("option", name=re.compile(form)).click()
    with page.expect_download() as download:
        page.get_by_role("button", name="Export", exact=True).click()
    text = Path(download.value.path()).read_text(encoding="utf-8")
    with page.expect_download() as download:
        page.get_by_role("button", name="Export this answer").click()
    assert Path(download.value.path()).read_text(encoding="utf-8").endswith(text[-200:])
    if form == "Markdown":
        assert "27 buoys" in text
    elif form == "Web page":
        assert "<script" not in text
        assert "27 buoys" in text
    elif form == "BibTeX":
        from bibtexparser.entrypoint import parse_string

        (entry,) = parse_string(text).entries
        assert "Roos" in entry["author"]
    elif form == "RIS":
        import rispy

        (record,) = rispy.loads(text)
        assert record["year"] == "2024"
    else:
        (item,) = json.loads(text)
        assert item["title"] == TIDEWISE.title


@pytest.fixture(scope="module")
def answered_page(browser: Browser, server: tuple[str, int]) -> Iterator[Page]:
    with visit(browser, server[0]) as page:
        ask(page, "How many buoys gave the readings that Tidewise was trained on?")
        yield page


def test_papers_are_listed_searched_sorted_and_asked_alone(
    browser: Browser, server: tuple[str, int]
) -> None:
    with visit(browser, server[0]) as page:
        open_tab(page, "Papers")
        page.locator("table.papers tbody tr").first.wait_for()
        rendered(page.locator("#words textarea, #words input")).fill("scheldt ROOS")
        page.locator(".count").get_by_text(re.compile("^1 paper")).wait_for()
        assert TIDEWISE.title in page.locator("table.papers").inner_text()
        page.locator("#words textarea, #words input").fill("")
        page.locator("table.papers tbody tr").nth(3).wait_for()
        page.get_by_role("button", name="Title").click()
        page.locator("th[aria-sort=ascending]").wait_for()
        titles = page.locator("table.papers [data-do=paper]").all_inner_texts()
        assert titles[:1] == sorted(titles[:20], key=str.casefold)[:1]
        page.locator("#words textarea, #words input").fill("night trains")
        page.locator(".count").get_by_text(re.compile("^1 paper")).wait_for()
        page.locator("table.papers [data-do=paper]").click()
        page.get_by_role("button", name="Ask only this paper").click()
        page.locator("#question textarea").wait_for()
        turn = ask(page, "How many hours did passengers sleep?")
        assert turn.locator(".papers li, .papers .card").count() == 1


def test_the_map_shows_papers_and_the_answers_sources(
    browser: Browser, answered_page: Page
) -> None:
    page = answered_page
    open_tab(page, "Map")
    page.locator("svg.map .point.source").wait_for()
    papers = page.locator("svg.map .point").count()
    assert papers >= len(PAPERS)
    page.locator("svg.map .point.source").focus()
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Ask only this paper").wait_for()
    assert TIDEWISE.title in page.locator(".card:visible h3").inner_text()
    assert not page.locator("svg.map script, svg.map [onload]").count()


def test_a_collection_is_made_filled_by_pasting_and_deleted(
    browser: Browser, language_model: LanguageModel, tmp_path: Path
) -> None:
    pasted = (
        "Moss on Slate Roofs\nMoss held 2.4 litres of rain per square metre of roof. It slowed "
        "runoff by 40 minutes.\n"
    )
    own = {"RAG_INDEX": str(tmp_path / "index"), "RAG_CONVERSATIONS": str(tmp_path / "c.db")}
    with served(**own) as (url, _), visit(browser, url) as page:
        open_tab(page, "Papers")
        page.locator("#collections button").first.click()
        rendered(page.get_by_label("Name of a collection")).fill("Roofs & <b>rain</b>")
        page.get_by_role("button", name="Create a new collection").click()
        page.get_by_text("is ready: add papers to it").wait_for()
        page.get_by_text("No papers yet").first.wait_for()
        page.get_by_role("button", name="Paste abstracts").click()
        rendered(page.get_by_label("Abstracts, each with its title")).fill(pasted)
        page.get_by_role("button", name="Add pasted text").click()
        page.get_by_text("1 added").wait_for()
        page.locator("table.papers").get_by_text("Moss on Slate Roofs").wait_for()
        open_tab(page, "Ask")
        turn = ask(page, "How much rain does moss on a roof hold?")
        assert "2.4 litres" in turn.locator(".claim").first.inner_text()
        open_tab(page, "Papers")
        page.locator(".tick").check()
        page.once("dialog", lambda dialog: dialog.accept())
        page.get_by_role("button", name="Remove selected").click()
        page.get_by_text("1 paper removed").wait_for()
        page.get_by_text("No papers yet").first.wait_for()
        page.once("dialog", lambda dialog: dialog.dismiss())
        page.get_by_role("button", name="Delete the chosen one").click()
        page.wait_for_timeout(1000)  # for an answer of the server
        assert not page.get_by_text("was deleted").count()
        # Whoever looks at the map sees that of the other collection, and a new conversation.
        open_tab(page, "Map")
        page.get_by_text("There are no papers yet").first.wait_for()
        page.locator("#collection input").click()
        page.get_by_role("option", name="Starter corpus").click()
        page.locator("svg.map .point").nth(20).wait_for()
        open_tab(page, "Ask")
        assert not page.locator(".turn").count()
        page.locator("#collection input").click()
        page.get_by_role("option", name="Roofs").click()
        page.locator("header").get_by_text("0 papers").wait_for()
        assert not page.locator("#examples button:visible").count()
        open_tab(page, "Papers")
        page.once("dialog", lambda dialog: dialog.accept())
        page.get_by_role("button", name="Delete the chosen one").click()
        page.get_by_text("was deleted").wait_for()
        assert not page.locator("b").get_by_text("rain", exact=True).count()


def test_the_newest_answer_comes_into_view_unless_the_reader_scrolls(
    browser: Browser, server: tuple[str, int]
) -> None:
    with visit(browser, server[0]) as page:
        question = "How many buoys gave readings to Tidewise?"
        ask(page, question)
        assert page.evaluate("scrollY") == 0  # it was in view
        for n in (2, 3):
            page.locator("#question textarea").scroll_into_view_if_needed()
            ask(page, question, n)
            last = page.locator(".turn").nth(n - 1)
            place = last.bounding_box()
            assert place is not None
            assert -1 <= place["y"] <= 0.3 * 900
        page.locator("#question textarea").fill(question)
        page.keyboard.press("Enter")
        # Once it has come into view, it is the reader who scrolls.
        page.wait_for_function(
            "() => document.querySelector('#turn-4')?.getBoundingClientRect().top < 0.3 * 900"
        )
        page.mouse.move(300, 300)
        page.mouse.wheel(0, -9000)
        page.wait_for_function("() => document.querySelectorAll('.turn.done').length === 4")
        page.wait_for_timeout(300)
        assert page.evaluate("scrollY") == 0


def test_filters_name_only_papers_that_are_there(
    browser: Browser, language_model: LanguageModel, tmp_path: Path
) -> None:
    pasted = (
        "Moss on Slate\nMoss held 2.4 litres of rain per square metre of roof. It slowed "
        "runoff by 40 minutes.\n\nKelp at Dusk\nKelp grew by 9 cm a day at the outer reef. It "
        "grew less where boats passed.\n"
    )
    own = {"RAG_INDEX": str(tmp_path / "index"), "RAG_CONVERSATIONS": str(tmp_path / "c.db")}
    with served(**own) as (url, _), visit(browser, url) as page:
        menu = page.get_by_label("Only these papers")
        chosen = page.locator(".container", has=menu).locator(".token")

        def take_out(title: str) -> None:
            open_tab(page, "Papers")
            page.locator("tr", has_text=title).locator(".tick").check()
            page.once("dialog", lambda dialog: dialog.accept())
            page.get_by_role("button", name="Remove selected").click()
            page.locator("table.papers").get_by_text(title).wait_for(state="detached")
            open_tab(page, "Ask")

        open_tab(page, "Papers")
        page.locator("table.papers").wait_for()
        page.get_by_role("button", name="Paste abstracts").click()
        rendered(page.get_by_label("Abstracts, each with its title")).fill(pasted)
        page.get_by_role("button", name="Add pasted text").click()
        page.get_by_text("2 added").wait_for()
        page.locator("table.papers").get_by_text("Kelp at Dusk").click()
        page.get_by_role("button", name="Ask only this paper").click()
        page.get_by_role("button", name="Options").click()
        chosen.get_by_text("Kelp at Dusk").wait_for()
        menu.click()
        page.get_by_role("option", name="Moss on Slate").wait_for()
        menu.press("Escape")
        said = page.locator(".limits")
        said.get_by_text("only: “Kelp at Dusk”").wait_for()
        # It stays when papers are added, or a collection isn't deleted after all; a part of what
        # was pasted that is refused stays in the box.
        open_tab(page, "Papers")
        box = page.get_by_label("Abstracts, each with its title")
        fog = "Nets for Fog\nFog was caught by 40 nets at the coast. It filled two tanks a day.\n"
        box.fill(f"{fog}\nA Title and No Abstract\n")
        page.get_by_role("button", name="Add pasted text").click()
        page.get_by_text("1 added, 0 updated, 1 refused").wait_for()
        page.locator("table.papers").get_by_text("Nets for Fog").wait_for()
        assert "No Abstract" in box.input_value()
        open_tab(page, "Ask")
        assert chosen.all_inner_texts() == ["Kelp at Dusk"]
        page.get_by_label("From year").fill("202")
        page.get_by_label("From year").blur()
        page.get_by_text("202: no year").wait_for()
        take_out("Moss on Slate")
        menu.click()
        page.get_by_role("option").first.wait_for()
        assert page.get_by_role("option", name="Moss on Slate").count() == 0
        menu.press("Escape")
        assert chosen.all_inner_texts() == ["Kelp at Dusk"]
        take_out("Kelp at Dusk")
        chosen.wait_for(state="detached")
        said.wait_for(state="detached")
        page.get_by_label("From year").fill("2020")
        page.get_by_label("From year").blur()
        said.get_by_text("only: from 2020").wait_for()
        page.get_by_role("button", name="New conversation").click()
        said.get_by_role("button").click()
        said.wait_for(state="detached")
        assert page.get_by_label("From year").input_value() in ("", "0")


@pytest.mark.parametrize(("width", "dark"), [(380, False), (1600, True)])
def test_narrow_and_dark_pages_have_no_serious_flaw_of_access(
    browser: Browser, server: tuple[str, int], width: int, dark: bool
) -> None:
    from axe_playwright_python.sync_playwright import Axe

    with visit(browser, server[0], width, dark) as page:
        page.keyboard.press("/")
        page.keyboard.type("How many buoys gave readings to Tidewise?")
        page.keyboard.press("Enter")
        finished(page, 1)
        for tab in ("Ask", "Papers", "Map", "Saved"):
            open_tab(page, tab)
            page.wait_for_timeout(600)  # colours fade in
            wide = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
            assert page.evaluate(wide) <= 0, f"{tab} scrolls sideways"
            found = Axe().run(page).response["violations"]
            serious = [
                (v["id"], [n["html"][:200] for n in v["nodes"]][:3])
                for v in found
                if v["impact"] in ("serious", "critical")
            ]
            assert serious == [], f"{tab} at {width} px: {serious}"


def test_other_programs_can_ask_search_and_list(server: tuple[str, int]) -> None:
    from gradio_client import Client

    client = Client(server[0], verbose=False)
    (key, *_) = [c["key"] for c in client.predict(api_name="/collections")]
    job = client.submit(
        question="How many buoys gave the readings that Tidewise was trained on?",
        collection="", api_name="/ask",
    )  # fmt: skip
    last = job.result(60)
    stages = [step["stage"] for step in job.outputs()]
    assert stages[-1] == "done"
    assert "reading" in stages
    answer = last["answer"]
    assert answer["status"] == "answered"
    cited = answer["claims"][0]["citations"][0]
    abstract = answer["sources"][cited["source"] - 1]["abstract"]
    assert abstract[cited["start"] : cited["end"]] == cited["quote"]
    hits = client.predict(query="estuary salinity", k=2, api_name="/search")["hits"]
    assert [h["rank"] for h in hits] == [1, 2]
    assert hits[0]["title"] == TIDEWISE.title
    wrong = client.predict(question="x", collection="no such", api_name="/ask")
    assert wrong["stage"] == "failed"
    assert key


@pytest.mark.parametrize("wish", [["--share"], ["--host", "0.0.0.0"], ["--auth", "nobody"]])
def test_others_are_let_in_only_with_a_password(wish: list[str]) -> None:
    done = subprocess.run(
        [sys.executable, REPOSITORY / "ui.py", *wish], cwd=REPOSITORY, capture_output=True,
        text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert "--auth" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_page_with_a_password_asks_for_it(page_index: Path, tmp_path: Path) -> None:
    from urllib.error import HTTPError
    from urllib.request import urlopen

    saved = str(tmp_path / "c.db")
    with served("--index", str(page_index), page=("--host", "0.0.0.0", "--auth", "ada:secret"),
                RAG_CONVERSATIONS=saved) as (url, _):  # fmt: skip
        with pytest.raises(HTTPError) as refused:
            urlopen(f"{url}/config")
        assert refused.value.code == 401


def test_a_taken_port_is_an_error_with_its_remedy() -> None:
    import socket

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = subprocess.run(
            [sys.executable, REPOSITORY / "ui.py", "--port", str(port)], cwd=REPOSITORY,
            capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip
    assert done.returncode == 2
    assert f"cannot use port {port}" in done.stderr
    assert "rag ui --port 0" in done.stderr
    assert "Traceback" not in done.stderr
