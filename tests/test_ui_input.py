"""What people bring to the page, and how they reach it: files, hostile texts, keys, each other."""

from __future__ import annotations

import re
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.browsing import TIDEWISE, ask, finished, open_tab, served, upload, visit
from tests.hostile import HOSTILE, texts

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Dialog, Page

    from rag.embedding import Embedder
    from rag.llm import LanguageModel

SAMPLES = Path(__file__).parent / "data" / "readers"
# Whatever we show of texts stands within these.
PANELS = ".turn, table.papers, .card, figure.map, ul.saved, header, #report"
# What none of these holds of its own accord: the rest of what a text could smuggle in.
FOREIGN = """panels => {
  const found = [];
  for (const one of document.querySelectorAll(panels)) for (const e of one.querySelectorAll('*')) {
    const tag = e.tagName.toLowerCase();
    const bad = ['script', 'img', 'iframe', 'object', 'embed', 'style', 'link', 'meta', 'base',
      'form', 'video', 'audio', 'math', 'animate', 'template', 'plaintext', 'xmp'].includes(tag)
      || (tag === 'svg' && !e.classList.contains('map'))
      || [...e.attributes].some(a => a.name.startsWith('on') || a.name === 'srcdoc')
      || (e.href && !/^https?:$/.test(e.protocol || 'https:'));
    if (bad) found.push(e.outerHTML.slice(0, 200));
  }
  return found;
}"""


def accepted(text: str, dialog: Dialog) -> None:
    """Answer a prompt."""
    dialog.accept(text)


def clean(page: Page) -> None:
    """No text has become anything but text."""
    assert page.evaluate(FOREIGN, PANELS) == []
    assert page.evaluate("window.hit") is None


def test_every_format_is_taken_by_the_page(
    browser: Browser, embedder: Embedder, language_model: LanguageModel, tmp_path: Path
) -> None:
    from rag.config import Settings
    from rag.index import add_papers
    from rag.readers import read_paths
    from rag.session import token_counter

    files = sorted(path for path in SAMPLES.iterdir() if path.is_file())
    assert len(files) > 10
    own = {"RAG_INDEX": str(tmp_path / "own"), "RAG_CONVERSATIONS": str(tmp_path / "c.db")}
    with served(**own) as (url, _), visit(browser, url) as page:
        for path in files:
            wanted = add_papers(
                tmp_path / "alike", read_paths([str(path)]), embedder, token_counter(), Settings()
            )
            upload(page, path)
            report = page.locator("#report").filter(has_text=path.name)
            report.or_(
                page.locator("#report").get_by_text(re.compile("added|unchanged"))
            ).first.wait_for()
            page.get_by_text(f"{wanted.added} added").first.wait_for()
        open_tab(page, "Papers")
        clean(page)


def test_hostile_texts_stay_texts_wherever_they_are_shown(
    browser: Browser, embedder: Embedder, language_model: LanguageModel, tmp_path: Path
) -> None:
    from rag.config import Settings
    from rag.index import add_papers
    from rag.session import token_counter

    papers = texts()
    place = tmp_path / "index"
    report = add_papers(place, papers, embedder, token_counter(), Settings())
    assert report.added == len(papers)
    saved = str(tmp_path / "c.db")
    with (
        served("--index", str(place), RAG_CONVERSATIONS=saved) as (url, _),
        visit(browser, url) as page,
    ):
        for n in range(0, len(HOSTILE), 8):
            asked = f"How many baskets of quinces did plot {n} give {HOSTILE[n]}?"
            turn = ask(page, asked, n // 8 + 1)
            assert turn.locator(".question").text_content().split() == asked.split()
            clean(page)
        shown = page.locator(".card .abstract").all_text_contents()
        known = {" ".join(paper.abstract.split()) for paper in papers}
        assert shown
        assert {" ".join(text.split()) for text in shown} <= known

        open_tab(page, "Papers")
        page.locator("table.papers tbody tr").first.wait_for()
        seen: set[str] = set()
        while True:
            clean(page)
            seen |= set(page.locator("table.papers [data-do=paper]").all_text_contents())
            following = page.get_by_role("button", name="Next")
            if not following.count() or following.is_disabled():
                break
            first = page.locator("table.papers [data-do=paper]").first.text_content()
            following.click()
            page.wait_for_function(
                "first => document.querySelector('table.papers [data-do=paper]').textContent"
                " !== first", arg=first,
            )  # fmt: skip
        assert {" ".join(s.split()) for s in seen} == {" ".join(p.title.split()) for p in papers}
        page.locator("table.papers [data-do=paper]").first.click()
        page.get_by_role("button", name="Ask only this paper").wait_for()
        clean(page)
        open_tab(page, "Map")
        page.locator("svg.map .point").first.wait_for()
        clean(page)
        open_tab(page, "Saved")
        for bait in HOSTILE[:40:9]:
            page.once("dialog", partial(accepted, bait))
            page.get_by_role("button", name=re.compile("^Rename")).click()
            page.locator("ul.saved").get_by_text(bait, exact=True).wait_for()
            clean(page)

        open_tab(page, "Ask")
        page.locator("#form input").click()
        page.get_by_role("option", name=re.compile("Web page")).click()
        with page.expect_download() as download:
            page.get_by_role("button", name="Export", exact=True).click()
        exported = tmp_path / "talk.html"
        download.value.save_as(exported)
        alone = page.context.browser.new_page()  # type: ignore[union-attr]  # it has one
        alone.goto(exported.as_uri())
        assert alone.evaluate("window.hit") is None
        assert alone.locator("blockquote, q, .quote, p").count()
        assert not alone.locator("script, img, iframe, object, embed, form, link, base").count()
        alone.close()


def test_the_keyboard_alone_is_enough(browser: Browser, server: tuple[str, int]) -> None:
    with visit(browser, server[0]) as page:

        def go_to(selector: str, steps: int = 120) -> None:
            for _ in range(steps):
                page.keyboard.press("Tab")
                if page.evaluate("s => document.activeElement.matches(s)", selector):
                    return
            pytest.fail(f"{selector} is not within {steps} steps of the Tab key")

        page.keyboard.press("/")
        assert page.evaluate("document.activeElement.matches('#question textarea')")
        page.keyboard.type("How many buoys gave")
        page.keyboard.press("Shift+Enter")
        page.keyboard.type("the readings that Tidewise was trained on?")
        assert "\n" in page.locator("#question textarea").input_value()
        page.keyboard.press("Enter")
        turn = finished(page, 1)
        # Passing the menus changes nothing.
        go_to("#collection input")
        go_to(".turn .cite")
        page.keyboard.press("Enter")
        assert turn.locator("mark.lit").count()
        assert page.evaluate("document.activeElement.id") == "turn-1-source-1"
        go_to(".turn [data-do=judge][data-good=yes]")
        page.keyboard.press("Enter")
        page.locator(".judge.pressed").wait_for()
        for number, name in enumerate(("Papers", "Map"), 2):
            go_to(f"#tabs [role=tab]:nth-of-type({number})")
            assert page.evaluate("document.activeElement.textContent.trim()") == name
            page.keyboard.press("Enter")
            tab = page.get_by_role("tab", name=name, exact=True)
            assert tab.get_attribute("aria-selected") == "true"
        page.locator("svg.map .point.source").wait_for()
        go_to(".point[tabindex='0']")
        assert page.evaluate("document.activeElement.matches('.source')")
        walked = [page.evaluate("document.activeElement.dataset.paper")]
        for key in ("ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown") * 2:
            page.keyboard.press(key)
            walked.append(page.evaluate("document.activeElement.dataset.paper"))
        assert len(set(walked)) > 1
        assert page.locator("svg.map .point[tabindex='0']").count() == 1
        page.keyboard.press("Enter")
        page.get_by_role("button", name="Ask only this paper").wait_for()


def test_two_people_at_once_get_their_own_answers(
    browser: Browser, server: tuple[str, int]
) -> None:
    with visit(browser, server[0]) as one, visit(browser, server[0]) as other:
        for page, question in (
            (one, "How many buoys gave the readings that Tidewise was trained on?"),
            (other, "How many hours did passengers sleep on night trains?"),
        ):
            page.locator("#question textarea").fill(question)
            page.locator("#question textarea").press("Enter")
        mine, theirs = finished(one, 1), finished(other, 1)
        assert "27 buoys" in str(mine.locator(".claim").all_inner_texts())
        assert "5.2 hours" in str(theirs.locator(".claim").all_inner_texts())
        assert one.locator(".turn").count() == other.locator(".turn").count() == 1


def test_nothing_read_jumps_away_while_an_answer_comes(
    browser: Browser, server: tuple[str, int]
) -> None:
    with visit(browser, server[0]) as page:
        ask(page, "How many hours did passengers sleep on night trains?")
        page.evaluate("""() => {
            window.shifted = [];
            new PerformanceObserver(list => {
                for (const e of list.getEntries())
                    if (!e.hadRecentInput) window.shifted.push(e.value);
            }).observe({type: 'layout-shift', buffered: false});
        }""")
        ask(page, "How many days of readings was Tidewise trained on and how far ahead?", 2)
        shifted: list[Any] = page.evaluate("window.shifted")
        # Chromium's own measure, of which it calls 0.1 in all good.
        assert sum(shifted) < 0.1, shifted
        assert TIDEWISE.title in page.locator(".turn").nth(1).inner_text()


def test_what_is_ticked_or_typed_is_not_carried_over(
    browser: Browser, server: tuple[str, int]
) -> None:
    with visit(browser, server[0]) as page:
        page.locator("#question textarea").fill("half a question")
        page.locator("#collection input").focus()
        page.keyboard.press("Tab")
        page.keyboard.press("Shift+Tab")
        page.wait_for_timeout(1500)  # for an answer of the server, were there one to come
        assert page.locator("#question textarea").input_value() == "half a question"
        open_tab(page, "Papers")
        page.locator("table.papers tbody tr").nth(2).wait_for()
        first = page.locator("table.papers [data-do=paper]").first
        before = first.text_content()
        page.locator(".tick").nth(0).check()
        page.locator(".tick").nth(1).check()
        for _ in range(2):
            page.get_by_role("button", name="Title").click()
            page.wait_for_function(
                "before => document.querySelector('table.papers [data-do=paper]').textContent"
                " !== before", arg=before,
            )  # fmt: skip
            before = first.text_content()
        assert page.locator(".tick:checked").count() == 0
        page.locator("table.papers [data-do=paper]").nth(1).click()
        card = page.locator(".card[aria-label=Paper]")
        card.wait_for()
        page.wait_for_function("document.activeElement.matches('.card[aria-label=Paper]')")


def test_changing_an_earlier_question_is_asked_about_and_can_be_left(
    browser: Browser, server: tuple[str, int]
) -> None:
    with visit(browser, server[0]) as page:
        ask(page, "How many buoys gave the readings that Tidewise was trained on?")
        ask(page, "How many hours did passengers sleep on night trains?", 2)
        said: list[str] = []

        def answer(accept: bool) -> None:
            def handle(dialog: Any) -> None:
                said.append(dialog.message)
                if accept:
                    dialog.accept()
                else:
                    dialog.dismiss()

            page.once("dialog", handle)

        answer(False)
        page.get_by_role("button", name="Answer this question again").first.click()
        assert "gives up the answer after it" in said[0]
        assert page.locator(".turn.done").count() == 2
        answer(True)
        box = page.locator("#question textarea")
        box.fill("half a question")
        page.get_by_role("button", name="Change this question").first.click()
        assert page.evaluate("document.activeElement.matches('#question textarea')")
        page.get_by_role("button", name="Keep it as it is").wait_for()
        assert box.input_value().startswith("How many buoys")
        assert page.locator(".changing").count() == 2
        page.get_by_role("button", name="Keep it as it is").click()
        page.locator(".changing").first.wait_for(state="detached")
        assert box.input_value() == "half a question"
        page.get_by_role("button", name="Answer this question again").last.click()
        page.locator(".turn:not(.done)").wait_for()
        assert page.get_by_role("button", name="Bad answer").first.is_disabled()
        finished(page, 2)
        page.locator("[data-do=judge]:disabled").first.wait_for(state="detached")
        assert box.input_value() == "half a question"
        box.fill("How loud were the berths near the wheels?")
        page.get_by_role("button", name="Ask", exact=True).click()
        finished(page, 3)
        assert page.evaluate("document.activeElement.matches('#question textarea')")
        assert page.locator(".turn.done").count() == 3
        page.once("dialog", lambda dialog: dialog.dismiss())
        page.get_by_role("button", name="Bad answer").last.click()
        assert not page.locator(".judge.pressed").count()
