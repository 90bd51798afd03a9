"""For tests of the page: a server process, a visitor's browser, and what a visitor does."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from rag.records import Paper
from tests.conftest import REPOSITORY

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Locator, Page

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


@contextmanager
def served(
    *arguments: str, page: Sequence[str] = (), **environment: Any
) -> Iterator[tuple[str, int]]:
    """The page in a process of its own: its address and process id."""
    process = subprocess.Popen(
        [sys.executable, "-m", "rag.cli", *arguments, "ui", "--port", "0", *page], cwd=REPOSITORY,
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


@contextmanager
def visit(browser: Browser, url: str, width: int = 1280, dark: bool = False) -> Iterator[Page]:
    """A fresh visitor; every request it made must have gone to this machine."""
    context = browser.new_context(
        viewport={"width": width, "height": 900}, color_scheme="dark" if dark else "light"
    )
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


def open_tab(page: Page, name: str) -> None:
    page.get_by_role("tab", name=name, exact=True).click()


def rendered(box: Locator) -> Locator:
    """A box within a part of the page that was just opened, once it can be typed into.

    Gradio renders such parts when they are opened and gives their boxes the values they began with
    in the next frame: what is typed before, as no person could, is lost.
    """
    box.wait_for()
    box.evaluate("""() => new Promise(done => {
        const wait = frames => frames ? requestAnimationFrame(() => wait(frames - 1)) : done();
        wait(5);
    })""")
    return box


def upload(page: Page, file: Path) -> None:
    if not page.get_by_role("button", name="Add papers").is_visible():
        open_tab(page, "Papers")
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Add papers").click()
    chooser.value.set_files(file)
