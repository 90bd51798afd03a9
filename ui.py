"""The chat page, on this machine only: widgets and short handlers over rag.pipeline.Assistant.

It listens on 127.0.0.1, and the browser is told to load nothing from anywhere else. Each browser
tab has a conversation of its own; what is said is kept in memory until the tab is closed.
"""

from __future__ import annotations

import atexit
import os
import shutil
import signal
import sys
import tempfile
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

# Read by Gradio while it is imported and started: no telemetry, no proxy to reach ourselves, and
# uploads in a folder of our own, gone when we are.
os.environ["GRADIO_TEMP_DIR"] = tempfile.mkdtemp(prefix="rag-page-")
os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
os.environ["NO_PROXY"] = f"127.0.0.1,localhost,{os.environ.get('NO_PROXY', '')}"

import gradio as gr

from rag import page
from rag.local_only import HOST, free_port, guards
from rag.models import data_file
from rag.records import Question, Selected
from rag.uploads import add_files, asks_starter

if TYPE_CHECKING:
    from rag.pipeline import Assistant

atexit.register(shutil.rmtree, os.environ["GRADIO_TEMP_DIR"], ignore_errors=True)
_LARGEST_MB = 50  # of an uploaded file
_FONTS = ["system-ui", "-apple-system", "Segoe UI", "Roboto", "sans-serif"]
# A [n] in an answer brings its source into view.
_CITES = """element.addEventListener('click', event => {
  const cite = event.target.closest('[data-to]');
  const card = cite && document.getElementById(cite.dataset.to);
  if (card) { card.scrollIntoView({block: 'nearest'}); card.focus({preventScroll: true}); }
});"""

_PROGRESS = gr.Progress()  # Gradio finds it as the default of a handler's argument.
Turns = tuple[page.Turn, ...]


class Handlers:
    """The handlers, and what they share: one assistant for all tabs, a stop sign for each."""

    def __init__(self, assistant: Assistant) -> None:
        self.assistant = assistant
        self._stops: dict[str | None, threading.Event] = {}
        self._read = False  # whether the language model has been loaded by a question

    def welcome(self) -> tuple[str, str, str, str]:
        """The header and three examples, for the index as it stands."""
        index, starter = self.assistant.index, asks_starter(self.assistant)
        place = "" if starter else str(index.directory)
        index.refresh()
        titles = [p.title for p, _ in zip(index.snapshot.papers(), range(3), strict=False)]
        header = page.header_html(index.snapshot.count(), place)
        return header, *page.example_questions(titles, starter)

    def pose(self, question: str, turns: Turns, request: gr.Request) -> tuple[Any, ...]:
        """Show the question at once; one at a time in a conversation."""
        if not question.strip() or (turns and not turns[-1].finished):
            return (gr.skip(),) * 8
        asked = page.Turn(len(turns) + 1, question)
        self._stops[request.session_hash] = threading.Event()
        shown = page.conversation_html(turns), page.turn_html(asked)
        return "", *shown, (*turns, asked), *_running(True), gr.Column(visible=False)

    def answer(self, turns: Turns, request: gr.Request) -> Iterator[tuple[Any, ...]]:
        """Papers, claims and the end, as the assistant comes by them."""
        if not turns or turns[-1].stage != "waiting":
            return
        *past, turn = turns
        sign = self._stops[request.session_hash]
        turn = replace(turn, stage="searching")
        yield page.turn_html(turn), (*past, turn), *(gr.skip(),) * 3
        try:
            question = Question(turn.question, page.earlier_questions(past))
            for event in self.assistant.stream(question, sign.is_set):
                if sign.is_set():
                    break
                self._read = self._read or isinstance(event, Selected)
                loading = "" if self._read else "Loading the language model (once), then reading…"
                turn = replace(page.advanced(turn, event), note=loading)
                yield page.turn_html(turn), (*past, turn), *(gr.skip(),) * 3
        except Exception as e:
            turn = page.failed(turn, e)
        if not turn.finished:
            turn = replace(turn, stage="stopped", note="")
        self._stops.pop(request.session_hash, None)
        yield page.turn_html(turn), (*past, turn), *_running(False)

    def stop(self, request: gr.Request) -> Any:
        """Ask the running answer of this tab to end."""
        if sign := self._stops.get(request.session_hash):
            sign.set()
        return gr.Button("Stopping…", interactive=False)

    def add(self, files: list[str], progress: Any = _PROGRESS) -> tuple[str, ...]:
        """Put the papers of uploaded files into the user's own index."""
        try:
            notes: list[str] = []
            assistant, report, refused = add_files(
                self.assistant, map(Path, files), notes.append,
                lambda done, total: progress((done, total), desc="Indexing"),
                lambda: progress(0, desc="Waiting for another process that writes this index"),
            )  # fmt: skip
            moved, self.assistant = assistant is not self.assistant, assistant
            shown = page.report_html(report, refused, notes, str(assistant.index.directory), moved)
        except Exception as e:
            shown = page.trouble_html(e)
        finally:
            for file in files:
                Path(file).unlink(missing_ok=True)
        return shown, *self.welcome()


def _running(running: bool) -> tuple[gr.Button, gr.Button, gr.Button]:
    """The states of Ask, Stop and New conversation."""
    return (
        gr.Button(visible=not running),
        gr.Button("Stop", visible=running, interactive=True),
        gr.Button(interactive=not running),
    )


def build(handlers: Handlers) -> gr.Blocks:
    """The widgets and what they call."""
    demo: gr.Blocks
    with gr.Blocks(title="Ask the abstracts", analytics_enabled=False) as demo:
        turns = gr.State(())
        header = gr.HTML()
        past, now = gr.HTML(js_on_load=_CITES), gr.HTML(js_on_load=_CITES)
        with gr.Column(elem_id="examples") as examples:
            chips = [gr.Button(size="sm") for _ in range(3)]
        with gr.Row(equal_height=True, elem_id="ask"):
            box = gr.Textbox(placeholder="Ask a question…", show_label=False, container=False,
                             lines=1, max_lines=6, autofocus=True, scale=8, min_width=160,
                             elem_id="question", label="Question")  # fmt: skip
            ask = gr.Button("Ask", variant="primary", scale=1, min_width=80)
            stop = gr.Button("Stop", variant="stop", visible=False, scale=1, min_width=80)
        with gr.Row(elem_id="tools"):
            new = gr.Button("New conversation", size="sm", scale=0, min_width=150)
            upload = gr.UploadButton("Add papers (BibTeX, RIS, CSV, JSON, …)", size="sm",
                                     file_count="multiple", scale=0, min_width=280)  # fmt: skip
        report = gr.HTML(elem_id="report")
        hidden: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
        buttons = [ask, stop, new]
        posed = [box, past, now, turns, *buttons, examples]
        for trigger, text in [(box.submit, box), (ask.click, box), *((c.click, c) for c in chips)]:
            trigger(handlers.pose, [text, turns], posed, queue=False, **hidden).then(
                handlers.answer, turns, [now, turns, *buttons], concurrency_id="ask",
                concurrency_limit=1, **hidden)  # fmt: skip
        stop.click(handlers.stop, None, stop, queue=False, **hidden)
        new.click(lambda: ("", "", "", (), gr.Column(visible=True)), None,
                  [box, past, now, turns, examples], queue=False, **hidden)  # fmt: skip
        shown = {**hidden, "show_progress": "minimal", "show_progress_on": report}
        upload.upload(handlers.add, upload, [report, header, *chips], concurrency_limit=1, **shown)
        demo.load(handlers.welcome, None, [header, *chips], **hidden)
    return demo


def launch(assistant: Assistant, port: int) -> None:
    """Serve the page until Ctrl-C or a request to end; its address goes to standard error.

    Args:
        port: on 127.0.0.1; 0 for any free one.

    Raises:
        UsageError: the port is taken.
    """
    port = free_port(port)
    demo = build(Handlers(assistant))
    demo.launch(
        server_name=HOST, server_port=port, share=False, quiet=True, root_path="",
        prevent_thread_lock=True, ssr_mode=False, mcp_server=False, pwa=False, footer_links=[],
        run_history=False, enable_monitoring=False, max_file_size=f"{_LARGEST_MB}mb",
        app_kwargs={"middleware": guards()}, css_paths=data_file("page.css"),
        theme=gr.themes.Default(primary_hue="blue", neutral_hue="slate", font=_FONTS,
                                font_mono=["ui-monospace", "monospace"]),
    )  # fmt: skip
    print(f"open http://{HOST}:{port}", file=sys.stderr, flush=True)
    ended = threading.Event()
    # Set outright, since a process started in the background may have Ctrl-C switched off.
    for request in (signal.SIGINT, signal.SIGTERM):
        signal.signal(request, lambda *_: ended.set())
    ended.wait()
    demo.close(verbose=False)


if __name__ == "__main__":
    from rag.cli import run

    sys.exit(run(["ui", *sys.argv[1:]]))
