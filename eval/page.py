"""How long the chat page takes, as a browser sees it: from Enter to the first papers, to the first
quotation, and to the finished answer.

    python eval/page.py

The page runs in a process of its own over the starter corpus; times are taken in the page, when
what is waited for has been drawn. Needs Chromium and the development packages.
"""

from __future__ import annotations

import os
import re
import signal
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

CHROMIUM = "/usr/bin/chromium"
QUESTIONS = (
    "How many dialogs are in Taskmaster-1 and how were they collected?",
    "How does GCAV make concept vectors consistent across layers?",
    "Where was the stacked autoencoder framework for geological mapping tested?",
    "Which three kinds of energy minima does the modern Hopfield network have?",
    "low-rank experts for continual test-time adaptation, parameters saved",
    "By how much does QuantNAS change the trade-off of PSNR and operations?",
    "What limits the speed of mixture-of-experts training?",
    "who wrote the questions of Humanity's Last Exam",
    "Why is attention in Mamba models hidden?",
    "What does BigVSAN change in a vocoder?",
    "How can a network without depth reach 80 % on ImageNet?",
    "Which parts of a transformer can be left out with the least loss?",
)
_WATCH = """() => {
  window.times = {};
  const note = (name, there) => {
    if (there && !(name in window.times)) {
      requestAnimationFrame(() => { window.times[name] ??= performance.now() - window.begun; });
    }
  };
  new MutationObserver(() => {
    const turn = document.querySelector('.turn:last-of-type');
    if (!turn) return;
    note('papers', turn.querySelector('.papers .title, .papers .card'));
    note('quotation', turn.querySelector('.claim, .abstained'));
    note('done', turn.classList.contains('done'));
  }).observe(document.body, {subtree: true, childList: true, attributes: true});
  document.addEventListener('keydown', e => {
    if (e.key === 'Enter') { window.begun = performance.now(); window.times = {}; }
  }, true);
}"""


def measured(page: Page, question: str) -> dict[str, float]:
    """Milliseconds from Enter to each stage, for one question in a new conversation."""
    if page.locator(".turn").count():
        page.get_by_role("button", name="New conversation").click()
        page.locator(".turn").wait_for(state="detached")
    box = page.locator("#question textarea")
    box.fill(question)
    box.press("Enter")
    page.wait_for_function("'done' in window.times", timeout=60_000)
    return dict(page.evaluate("window.times"))


def main() -> int:
    with tempfile.TemporaryDirectory() as folder:
        own = {"RAG_INDEX": f"{folder}/none", "RAG_CONVERSATIONS": f"{folder}/c.db"}
        process = subprocess.Popen(
            [sys.executable, "-m", "rag.cli", "ui", "--port", "0"], stderr=subprocess.PIPE,
            text=True, env=os.environ | own, cwd=Path(__file__).parent.parent,
        )  # fmt: skip
        assert process.stderr is not None
        try:
            found = (re.match(r"open (http\S+)", line) for line in process.stderr)
            url = next(match[1] for match in found if match)
            with sync_playwright() as playwright:
                browser = playwright.chromium.launch(
                    executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"]
                )
                page = browser.new_page()
                page.goto(url)
                # Once there are questions on them, the page has loaded and takes what is typed.
                page.locator("#examples button", has_text="?").first.wait_for()
                page.evaluate(_WATCH)
                first = measured(page, QUESTIONS[0])
                times = [measured(page, question) for question in QUESTIONS]
                browser.close()
        finally:
            process.send_signal(signal.SIGINT)
            process.wait()
    print(f"{len(times)} questions, milliseconds from Enter (the first one loads the model):")
    for name in ("papers", "quotation", "done"):
        values = sorted(t[name] for t in times)
        print(
            f"  {name:<10} first {first[name]:6.0f}   median {statistics.median(values):6.0f}   "
            f"most {values[-1]:6.0f}"
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
