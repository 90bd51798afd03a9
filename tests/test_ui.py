"""The chat page as people meet it: the real server, the real models, a real browser."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import psutil
import pytest

from rag.records import Paper
from tests.conftest import LISTING, REPOSITORY

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

    from rag.embedding import Embedder
    from rag.llm import LanguageModel

CHROMIUM = Path("/usr/bin/chromium")
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip
PATIENCE_MS = 60_000
TIDEWISE = Paper(
    "", "Tidewise: Forecasting Estuary Salinity with Recurrent Graphs",
    "Salt creeping up rivers spoils drinking water intakes. Tidewise forecasts the salinity of an "
    "estuary three days ahead with a recurrent graph network. It was trained on 4,310 days of "
    "readings from 27 buoys in the Scheldt. Errors fell by 18% against a hydrodynamic model.",
    ("Ada Roos", "Bo Lind"), 2024, "https://example.org/tidewise",
)  # fmt: skip
NASTY = Paper(
    "", 'Quarantine of Marmots <script>window.hit=1</script> [here](javascript:window.hit=1)',
    'Marmots kept in quarantine for 61 days <img src=x onerror="window.hit=1"> lost no weight. '
    "They were fed <b>clover</b> & [hay](javascript:window.hit=1) ${window.hit=1} "
    "{{constructor.constructor('window.hit=1')()}} twice a day <svg onload=window.hit=1></svg>.",
    ('<a href="javascript:window.hit=1">Eve</a>',), 2023, "javascript:window.hit=1",
)  # fmt: skip
PAPERS = [
    TIDEWISE,
    NASTY,
    Paper("", "Night Trains and Sleep", "Passengers slept 5.2 hours on night trains. Berths near "
          "the wheels were the loudest, at 71 decibels. Earplugs added half an hour of sleep."),
    Paper("", "Bread Crusts", "Crusts brown when sugars meet amino acids. Steam in the first ten "
          "minutes made loaves shine. Rye needed a hotter oven than wheat."),
]  # fmt: skip

if not CHROMIUM.exists():
    pytest.skip(f"the page's tests need {CHROMIUM}", allow_module_level=True)


@contextmanager
def served(*arguments: str, **environment: str) -> Iterator[tuple[str, int]]:
    """The page in a process of its own: its address and process id."""
    process = subprocess.Popen(
        [sys.executable, "-m", "rag.cli", *arguments, "ui", "--port", "0"], cwd=REPOSITORY,
        stderr=subprocess.PIPE, text=True, env=os.environ | environment,
    )  # fmt: skip
    assert process.stderr is not None
    said = []
    try:
        for line in process.stderr:
            said.append(line)
            if found := re.match(r"open (http://127\.0\.0\.1:\d+)$", line):
                yield found[1], process.pid
                break
        else:
            pytest.fail(f"the page did not start: {''.join(said)}")
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 0
        rest = process.stderr.read()
        assert "Traceback" not in rest, rest
    finally:
        process.kill()
        process.wait()


@pytest.fixture(scope="module")
def place(
    embedder: Embedder, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Path:
    """An index of our papers, among the listing's where that is here."""
    from rag.config import Settings
    from rag.index import add_papers
    from rag.session import token_counter

    folder = tmp_path_factory.mktemp("page") / "index"
    if LISTING.is_file():
        shutil.copytree(request.getfixturevalue("listing_index").directory, folder)
    add_papers(folder, PAPERS, embedder, token_counter(), Settings())
    return folder


@pytest.fixture(scope="module")
def server(place: Path, language_model: LanguageModel) -> Iterator[tuple[str, int]]:
    with served("--index", str(place)) as address:
        yield address


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield chromium
        chromium.close()


@contextmanager
def visit(browser: Browser, url: str) -> Iterator[Page]:
    """A fresh visitor; every request it made must have gone to this machine."""
    context = browser.new_context()
    context.set_default_timeout(PATIENCE_MS)
    requests: list[str] = []
    context.on("request", lambda request: requests.append(request.url))
    page = context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(url)
    page.locator("header h1").wait_for()
    yield page
    context.close()
    assert not errors
    assert len(requests) > 10
    inside = (f"{url}/", "data:", f"blob:{url}/")
    assert [r for r in requests if not r.startswith(inside)] == []


def ask(page: Page, question: str, turns: int = 1) -> Any:
    """Ask with Enter; the finished turn."""
    box = page.locator("#question textarea")
    box.fill(question)
    box.press("Enter")
    return finished(page, turns)


def finished(page: Page, turns: int) -> Any:
    turn = page.locator(".turn").nth(turns - 1)
    turn.locator("xpath=self::*[contains(@class, ' done')]").wait_for()
    return turn


def upload(page: Page, file: Path) -> None:
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Add papers").click()
    chooser.value.set_files(file)


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
    with served(RAG_INDEX=str(own)) as (url, _), visit(browser, url) as page:
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
        assert "no longer to the starter corpus" in report
        assert str(own) in page.locator("header").inner_text()
        turn = ask(page, "How many herons did volunteers see in one winter?")
        assert turn.locator(".card h3").inner_text() == "[1] Heron Counts in Delft"
        upload(page, bib)
        page.get_by_text("1 unchanged").wait_for()


def test_stop_ends_an_answer_and_loading_is_said(
    place: Path, embedder: Embedder, language_model: LanguageModel
) -> None:
    from rag.config import Settings
    from rag.index import OpenIndex
    from rag.pipeline import Assistant
    from ui import Handlers

    assistant = Assistant(OpenIndex(place, embedder), Settings(), lambda: language_model)
    handlers, tab = Handlers(assistant), SimpleNamespace(session_hash="tab")
    posed = handlers.pose("How many buoys?", (), tab)  # type: ignore[arg-type]  # only the hash is read
    events = handlers.answer(posed[3], tab)  # type: ignore[arg-type]
    assert "Searching" in next(events)[0]
    assert "Loading the language model" in next(events)[0]
    handlers.stop(tab)  # type: ignore[arg-type]
    (html, turns, *_), *more = events
    assert not more
    assert turns[-1].stage == "stopped"
    assert "Stopped. Nothing was answered." in html
    posed = handlers.pose("How many buoys?", turns, tab)  # type: ignore[arg-type]
    *_, (html, turns, *_) = handlers.answer(posed[3], tab)  # type: ignore[arg-type]
    assert turns[-1].stage == "done"
    assert list(handlers.answer(turns, tab)) == []  # type: ignore[arg-type]


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
