"""The chat page: widgets and short handlers over rag.page.desk, which does the work.

It listens on 127.0.0.1 unless told otherwise, and the browser is told to load nothing from
anywhere else. Each browser has conversations of its own, known by a token that only it keeps.
"""

from __future__ import annotations

import atexit
import os
import shutil
import sys
import tempfile
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
from rag.errors import RagError
from rag.exporting import FORMATS
from rag.local_only import LOCAL, Access, free_port
from rag.models import data_file
from rag.page import updates
from rag.page.desk import Choices, Desk, Talk
from rag.page.endpoint import Endpoint
from rag.page.furnishing import furnished
from rag.page.library import Library, View, whole
from rag.page.serving import serve
from rag.page.showing import Showing
from rag.page.tabs import Tabs
from rag.page.updates import skipped, update

if TYPE_CHECKING:
    from rag.pipeline import Assistant

atexit.register(shutil.rmtree, os.environ["GRADIO_TEMP_DIR"], ignore_errors=True)
_FONTS = ["system-ui", "-apple-system", "Segoe UI", "Roboto", "sans-serif"]
_SCRIPT = data_file("page.js").read_text(encoding="utf-8")
_SAVE_FILE = data_file("save.js").read_text(encoding="utf-8")
# Which tab is open, for what is drawn only when it is looked at: a map that is there stays.
_ON_MAP = """(key, talk, map) => [key, talk, !map && document.querySelector(
    '#tabs [role=tab][aria-selected=true]')?.textContent.trim() === 'Map' ? 'yes' : '']"""
_SURE = "(key, _) => [key, confirm('Delete this collection and its papers?') ? 'yes' : '']"
_PROGRESS = gr.Progress()  # Gradio finds it as the default of a handler's argument.


class Handlers:
    """What the widgets call."""

    def __init__(self, desk: Desk, library: Library) -> None:
        self.desk, self.library = desk, library
        self.showing, self.tabs = Showing(library), Tabs()

    def welcome(self, owner: str, key: str) -> tuple[Any, ...]:
        """Who this browser is, and the collections and models there are."""
        return (
            owner or self.desk.new_owner(),
            self.showing.menu(key if self.library.known(key) else self.library.first),
            update(choices=list(self.desk.models()), value=self.desk.model),
        )

    def pose(
        self, question: str, talk: Talk, request: gr.Request, box: Any = None
    ) -> tuple[Any, ...]:
        """Show the question at once; one at a time in a conversation. The box is cleared of its
        own text, or becomes `box`."""
        if not question.strip() or talk.running:
            return skipped(9)
        box, talk = talk.draft if box is None else box, talk.asking(question)
        self.tabs.ask(request.session_hash)
        return box, *updates.turns_of(talk), talk, *updates.running(True), update(visible=False)

    def suggested(self, question: str, talk: Talk, request: gr.Request) -> tuple[Any, ...]:
        """A question that was chosen, not typed."""
        return self.pose(question, talk, request, update())

    def answer(
        self, talk: Talk, owner: str, key: str, request: gr.Request, *chosen: Any
    ) -> Iterator[tuple[Any, ...]]:
        """Papers, claims and the end, as the assistant comes by them."""
        if not self.tabs.take(request.session_hash):
            yield skipped(7)  # Without any, Gradio would empty what it shows.
            return
        talk = replace(talk, key=key)
        *past, turn = talk.turns
        with self.tabs.answering(request.session_hash) as stopped:
            for turn in self.desk.answered(key, talk.turns, Choices.of(*chosen), stopped):
                if not turn.finished:
                    now = replace(talk, turns=(*past, turn))
                    yield update(), page.turn_html(turn), now, *skipped(4)
        talk = self.desk.save(owner, key, replace(talk, turns=(*past, turn)))
        yield *updates.turns_of(talk), talk, *updates.running(False)
        yield skipped(7)  # The last is sent twice, maybe when there is a next question.

    def broken(self, talk: Talk, request: gr.Request) -> tuple[Any, ...]:
        """What could not even begin to be answered, such as a choice that is no longer there."""
        self.tabs.forget(request.session_hash)
        if not talk.running:
            return skipped(7)
        talk = talk.failed("it could not be asked", "look at the choices under Options")
        return *updates.turns_of(talk), talk, *updates.running(False)

    def stop(self, request: gr.Request) -> dict[str, Any]:
        """Ask the running answer of this tab to end."""
        self.tabs.stop(request.session_hash)
        return update(value="Stopping…", interactive=False)

    def acted(
        self, talk: Talk, owner: str, typed: str, event: gr.EventData, request: gr.Request
    ) -> tuple[Any, ...]:
        """A button within the conversation: the same outputs as `pose`."""
        data = updates.data_of(event)
        do, n = data.get("do"), whole(data.get("n"))
        box: Any = talk.draft if talk.editing else update()
        if do == "ask":
            return self.pose(str(data.get("question", "")), replace(talk, editing=0), request, box)
        if not 1 <= n <= len(talk.turns) or talk.running:
            return skipped(9)
        turn = talk.turns[n - 1]
        if do == "again":
            return self.pose(turn.question, replace(talk, editing=n), request, box)
        if do == "edit":
            talk = talk.changing(n, typed)
            return turn.question, *updates.turns_of(talk), talk, *skipped(5)
        if do == "keep":
            talk = replace(talk, editing=0, draft="")
            return box, *updates.turns_of(talk), talk, *skipped(5)
        if do == "judge":
            good = None if data.get("pressed") == "True" else data.get("good") == "yes"
            talk = self.desk.judge(owner, talk, n, good, str(data.get("note", "")))
            if not self.tabs.busy(request.session_hash):  # else it goes on with what it knows
                return update(), *updates.turns_of(talk), talk, *skipped(5)
        return skipped(9)

    def exported(self, talk: Talk, form: str, owner: str, n: int = 0) -> tuple[str, str, str]:
        """A conversation, or one answer, as a file: its name, its text, its media type."""
        try:
            return self.desk.exported(talk, form, owner, n)
        except RagError as e:
            raise gr.Error(str(e), print_exception=False) from e

    def export_one(
        self, talk: Talk, form: str, owner: str, event: gr.EventData
    ) -> tuple[str, str, str]:
        """The same for the answer whose button was pressed; no file for other buttons."""
        data = updates.data_of(event)
        n = whole(data.get("n")) if data.get("do") == "export" else 0
        return self.exported(talk, form, owner, n) if n else ("", "", "")

    def handled(
        self, key: str, words: str, view: View, of: list[str], ids: list[str], card: str,
        event: gr.EventData,
    ) -> tuple[Any, ...]:  # fmt: skip
        """A button within the table or the map, or on a paper; `of` and `ids` are the filters."""
        data = updates.data_of(event)
        return self.showing.handled(key, words, view, of, ids, card, data)

    def add(
        self, key: str, files: list[str] | None, pasted: str, progress: Any = _PROGRESS
    ) -> tuple[Any, ...]:
        """Put uploaded files or pasted text into a collection, the user's own when the bundled
        one is shown: a report, and where from and where to, with a text that is done with."""
        try:
            went, report, whole = self.library.add(
                key, [Path(f) for f in files or ()], pasted,
                lambda stage, done, total: progress((done, total), desc=stage),
            )  # fmt: skip
            return report, (key, went, pasted if whole else "")
        finally:
            for file in files or ():
                Path(file).unlink(missing_ok=True)

    def chosen(
        self, owner: str, words: str, talk: Talk, key: str, event: gr.EventData,
        request: gr.Request,
    ) -> tuple[Any, ...]:  # fmt: skip
        """Open, rename or delete a saved conversation."""
        data, busy = updates.data_of(event), talk.running or self.tabs.busy(request.session_hash)
        do, id_ = str(data.get("do")), str(data.get("id", ""))
        if busy and (do == "open" or id_ == talk.saved):
            wait = page.notice_html("An answer is on its way: wait for it, or stop it.")
            return *skipped(6), wait + self.desk.saved_list(owner, words)
        try:
            if do == "open":
                talk = self.desk.reopened(owner, id_, self.library.key_of, key)
                first, tab = update(visible=not talk.turns), gr.Tabs(selected="ask")
                return (
                    talk, *updates.turns_of(talk), first, tab, self.showing.menu(talk.key), update()
                )  # fmt: skip
            self.desk.manage(owner, id_, do, str(data.get("title", "")))
        except RagError as e:
            return *skipped(6), self.desk.saved_list(owner, words, e)
        mine = do == "delete" and id_ == talk.saved and not self.tabs.busy(request.session_hash)
        listed = self.desk.saved_list(owner, words)
        return talk.unsaved() if mine else update(), *skipped(5), listed


def build(handlers: Handlers) -> gr.Blocks:
    """The widgets and what they call."""
    # Only what takes long is queued: Gradio's client can miss an event that joins a closing queue.
    quiet: dict[str, Any] = {"show_progress": "hidden", "queue": False, "api_visibility": "private"}
    queued = {**quiet, "queue": True}
    busy = {**queued, "show_progress": "minimal"}
    demo: gr.Blocks
    with gr.Blocks(title="Ask the abstracts", analytics_enabled=False) as demo:
        owner = gr.BrowserState("", storage_key="rag-browser", secret="kept in this browser only")
        talk, view, at, moved = (gr.State(s) for s in (Talk(), View(), "", ("", "", "")))
        with gr.Row(elem_id="top"):
            header = gr.HTML(elem_id="header", scale=4, min_width=200)
            collection = gr.Dropdown([], label="Collection", elem_id="collection", scale=1,
                                     min_width=200, filterable=False)  # fmt: skip
        with gr.Tabs(selected="ask", elem_id="tabs") as tabs:
            with gr.Tab("Ask", id="ask"):
                past, now = gr.HTML(js_on_load=_SCRIPT), gr.HTML(js_on_load=_SCRIPT)
                with gr.Column(elem_id="examples") as examples:
                    chips = [gr.Button(size="sm") for _ in range(3)]
                limits = gr.HTML(js_on_load=_SCRIPT, elem_id="limits")
                with gr.Row(equal_height=True, elem_id="ask"):
                    box = gr.Textbox("", placeholder="Ask a question…", show_label=False, lines=1,
                                     container=False, max_lines=6, autofocus=True, scale=8,
                                     min_width=160, elem_id="question",
                                     label="Question")  # fmt: skip
                    ask = gr.Button("Ask", variant="primary", scale=1, min_width=80)
                    stop = gr.Button("Stop", variant="stop", visible=False, scale=1,
                                     min_width=80, elem_id="stop")  # fmt: skip
                with gr.Row(elem_id="tools"):
                    new = gr.Button("New conversation", size="sm", scale=0, min_width=150)
                    form = gr.Dropdown([(label, key) for key, (label, _, _) in FORMATS.items()],
                                       value="md", label="Export as", show_label=False,
                                       container=False, scale=0, min_width=190, filterable=False,
                                       elem_id="form")  # fmt: skip
                    keep = gr.Button("Export", size="sm", scale=0, min_width=80)
                with gr.Accordion("Options", open=False, elem_id="options"):
                    with gr.Row():
                        model = gr.Dropdown([], label="Language model", filterable=False)
                        most = gr.Slider(1, 20, value=handlers.desk.papers, step=1,
                                         label="Papers to read")  # fmt: skip
                        alone = gr.Checkbox(label="Evidence only (no language model)")
                    with gr.Row():
                        year_from, year_to = (
                            gr.Number(label=f"{end} year (0: any)", precision=0, min_width=100)
                            for end in ("From", "To")
                        )
                        sources = gr.Dropdown([], multiselect=True, label="Sources")
                        only = gr.Dropdown([], multiselect=True, label="Only these papers")
                    wrong = gr.HTML()
            with gr.Tab("Papers", id="papers") as papers_tab:
                words = gr.Textbox("", label="Search titles, authors, years, sources, abstracts",
                                   elem_id="words")  # fmt: skip
                table, paper = gr.HTML(js_on_load=_SCRIPT), gr.HTML(js_on_load=_SCRIPT)
                upload = gr.UploadButton("Add papers (BibTeX, RIS, CSV, JSON, …)", size="sm",
                                         file_count="multiple")  # fmt: skip
                with gr.Accordion("Paste abstracts", open=False):
                    pasted = gr.Textbox("", label="Abstracts, each with its title on the line "
                                        "before; or BibTeX, RIS, JSON", lines=6)  # fmt: skip
                    put = gr.Button("Add pasted text", size="sm")
                report = gr.HTML(elem_id="report")
                with gr.Accordion("Collections", open=False, elem_id="collections"):
                    name = gr.Textbox("", label="Name of a collection", max_length=60)
                    with gr.Row():
                        create = gr.Button("Create a new collection", size="sm")
                        with gr.Row() as managing:
                            rename = gr.Button("Rename the chosen one", size="sm")
                            delete = gr.Button("Delete the chosen one", size="sm", variant="stop")
            with gr.Tab("Map", id="map") as map_tab:
                drawn, pointed = gr.HTML(js_on_load=_SCRIPT), gr.HTML(js_on_load=_SCRIPT)
            with gr.Tab("Saved", id="saved") as saved_tab:
                sought = gr.Textbox("", label="Search saved conversations", elem_id="sought")
                saved = gr.HTML(js_on_load=_SCRIPT)
        file = [gr.Textbox(visible="hidden") for _ in range(3)]

        showing = handlers.showing
        choosing = [model, most, alone, year_from, year_to, sources, only]
        telling = [at, header, *chips, sources, only, managing]
        states = [ask, stop, new, collection]
        posed = [box, past, now, talk, *states, examples]
        blank = [talk, past, now, examples]
        limiting = [year_from, year_to, sources, only]
        entering = [collection, at, talk, sources, only, words, view]
        entered = [*blank, *telling, words, view, table, paper, drawn, pointed]

        def answered(event: Any) -> None:
            event.then(handlers.answer, [talk, owner, collection, *choosing],
                       [past, now, talk, *states], concurrency_limit=None, **queued).failure(
                handlers.broken, talk, [past, now, talk, *states], **quiet)  # fmt: skip

        for event in (box.submit, ask.click):
            answered(event(handlers.pose, [box, talk], posed, **quiet))
        for chip in chips:
            answered(chip.click(handlers.suggested, [chip, talk], posed, **quiet))
        exporting = [keep.click(handlers.exported, [talk, form, owner], file, **quiet)]
        for piece in (past, now):
            answered(piece.click(handlers.acted, [talk, owner, box], posed, **quiet))
            exporting += [piece.click(handlers.export_one, [talk, form, owner], file, **quiet)]
        for event in exporting:
            event.success(None, file, None, js=_SAVE_FILE, **quiet)
        stop.click(handlers.stop, None, stop, **quiet)
        new.click(lambda talk: (*updates.blank(), talk.draft if talk.editing else update()), talk,
                  [*blank, box], **quiet)  # fmt: skip
        # A switch while one is under way is done after it.
        collection.input(showing.switched, entering, [collection, *entered],
                         trigger_mode="always_last", **quiet).then(
            showing.redrawn, [collection, talk, drawn], drawn, js=_ON_MAP,
            **quiet | {"show_progress": "minimal"})  # fmt: skip
        leaving = [end for year in (year_from, year_to) for end in (year.blur, year.submit)]
        limit: dict[str, Any] = {"fn": showing.limited, "inputs": [collection, *limiting],
                                 "outputs": [limits, wrong]}  # fmt: skip
        gr.on([*leaving, sources.change, only.change], trigger_mode="always_last", **limit, **quiet)
        limits.click(lambda: (None, None, [], []), None, limiting, **quiet).then(**limit, **quiet)

        listing = {"fn": handlers.library.table, "inputs": [collection, words, view],
                   "outputs": table}  # fmt: skip
        papers_tab.select(**listing, **quiet)
        words.change(handlers.library.found, [collection, words, view], [view, table],
                     trigger_mode="always_last", **quiet)  # fmt: skip
        for piece, card in ((table, paper), (paper, paper), (drawn, pointed), (pointed, pointed)):
            piece.click(handlers.handled, [collection, words, view, sources, only, card],
                        [view, table, card, only, report, tabs, header, sources],
                        **quiet)  # fmt: skip
        for event, inputs in ((upload.upload, [collection, upload, gr.State("")]),
                              (put.click, [collection, gr.State(None), pasted])):  # fmt: skip
            event(handlers.add, inputs, [report, moved], concurrency_limit=1,
                  show_progress_on=report, **busy).then(
                showing.landed, [collection, moved, talk, pasted, report],
                [collection, pasted, report], **quiet).then(
                showing.shown, entering, entered, **quiet)  # fmt: skip
        for button, do in ((create, "create"), (rename, "rename"), (delete, "delete")):
            button.click(showing.named, [collection, name, gr.State(do), talk],
                         [collection, report, name], js=_SURE if do == "delete" else None,
                         **quiet).then(showing.shown, entering, entered, **quiet)  # fmt: skip
        map_tab.select(handlers.library.map, [collection, talk], drawn, **busy)
        saved_tab.select(handlers.desk.saved_list, [owner, sought], saved, **quiet)
        sought.change(handlers.desk.saved_list, [owner, sought], saved, **quiet)
        saved.click(handlers.chosen, [owner, sought, talk, collection],
                    [talk, past, now, examples, tabs, collection, saved], **quiet).then(
            showing.shown, entering, entered, **quiet)  # fmt: skip
        loaded = demo.load(
            handlers.welcome, [owner, collection], [owner, collection, model], **quiet
        )
        loaded.then(showing.shown, entering, entered, **quiet)

        endpoint = Endpoint(handlers.desk, handlers.library)
        for serve in (endpoint.ask, endpoint.search, endpoint.collections):
            gr.api(serve, api_name=serve.__name__, concurrency_limit=None)  # type: ignore[attr-defined]  # gradio re-exports it all the same
    return demo


def launch(assistant: Assistant, port: int, access: Access = LOCAL) -> None:
    """Serve the page until Ctrl-C or a request to end; its address goes to standard error.

    Args:
        port: 0 for any free one.
        access: who may reach it.

    Raises:
        UsageError: the port is taken, or the page would be open to others without a password.
    """
    access.require_password()
    port = free_port(port, access.host)
    theme = gr.themes.Default(primary_hue="blue", neutral_hue="slate", font=_FONTS,
                              font_mono=["ui-monospace", "monospace"])  # fmt: skip
    demo = build(Handlers(*furnished(assistant, access)))
    serve(demo, port, access, theme=theme, css_paths=data_file("page.css"))


if __name__ == "__main__":
    from rag.cli import run

    sys.exit(run(["ui", *sys.argv[1:]]))
