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
from collections.abc import Iterator, Sequence
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
from rag.page.desk import Choices, Desk, Talk
from rag.page.endpoint import Endpoint
from rag.page.furnishing import furnished
from rag.page.library import Library, View, whole
from rag.page.serving import serve
from rag.page.tabs import Tabs

if TYPE_CHECKING:
    from rag.pipeline import Assistant

atexit.register(shutil.rmtree, os.environ["GRADIO_TEMP_DIR"], ignore_errors=True)
_FONTS = ["system-ui", "-apple-system", "Segoe UI", "Roboto", "sans-serif"]
_SCRIPT = data_file("page.js").read_text(encoding="utf-8")
_SAVE_FILE = data_file("save.js").read_text(encoding="utf-8")
_PROGRESS = gr.Progress()  # Gradio finds it as the default of a handler's argument.


class Handlers:
    """What the widgets call."""

    def __init__(self, desk: Desk, library: Library) -> None:
        self.desk, self.library, self.tabs = desk, library, Tabs()

    def welcome(self, owner: str, key: str) -> tuple[Any, ...]:
        """Who this browser is, and the collections and models there are."""
        return (
            owner or self.desk.new_owner(),
            self._collections(key if self.library.known(key) else self.library.first),
            gr.Dropdown(list(self.desk.models()), value=self.desk.model),
        )

    def _collections(self, key: str) -> gr.Dropdown:
        return gr.Dropdown([(c.name, c.key) for c in self.library.collections()], value=key)

    def shown(self, key: str) -> tuple[Any, ...]:
        """What shows which collection it is: header, examples, filters, what can be changed."""
        entry = self.library.entry(key)
        menus = _several(entry.sources), _several(entry.papers)
        return key, entry.header, *entry.examples, *menus, gr.Row(visible=entry.named)

    def pose(self, question: str, talk: Talk, request: gr.Request) -> tuple[Any, ...]:
        """Show the question at once; one at a time in a conversation."""
        if not question.strip() or talk.running:
            return (gr.skip(),) * 9
        talk = talk.asking(question)
        self.tabs.ask(request.session_hash)
        return "", *_turns(talk), talk, *_running(True), gr.Column(visible=False)

    def answer(
        self, talk: Talk, owner: str, key: str, request: gr.Request, *chosen: Any
    ) -> Iterator[tuple[Any, ...]]:
        """Papers, claims and the end, as the assistant comes by them."""
        if not self.tabs.take(request.session_hash):
            yield (gr.skip(),) * 6  # Without any, Gradio would empty what it shows.
            return
        talk = replace(talk, key=key)
        *past, turn = talk.turns
        with self.tabs.answering(request.session_hash) as stopped:
            for turn in self.desk.answered(key, talk.turns, Choices.of(*chosen), stopped):
                if not turn.finished:
                    now = replace(talk, turns=(*past, turn))
                    yield page.turn_html(turn), now, *(gr.skip(),) * 4
        talk = self.desk.save(owner, key, replace(talk, turns=(*past, turn)))
        yield page.turn_html(talk.turns[-1]), talk, *_running(False)
        yield (gr.skip(),) * 6  # The last is sent twice, maybe when there is a next question.

    def broken(self, talk: Talk, request: gr.Request) -> tuple[Any, ...]:
        """What could not even begin to be answered, such as a choice that is no longer there."""
        self.tabs.take(request.session_hash)
        if not talk.running:
            return (gr.skip(),) * 6
        talk = talk.failed("it could not be asked", "look at the choices under Options")
        return page.turn_html(talk.turns[-1]), talk, *_running(False)

    def stop(self, request: gr.Request) -> gr.Button:
        """Ask the running answer of this tab to end."""
        self.tabs.stop(request.session_hash)
        return gr.Button("Stopping…", interactive=False)

    def acted(
        self, talk: Talk, owner: str, event: gr.EventData, request: gr.Request
    ) -> tuple[Any, ...]:
        """A button within the conversation: the same outputs as `pose`."""
        data = _data(event)
        do, n = data.get("do"), whole(data.get("n"))
        if do == "ask":
            return self.pose(str(data.get("question", "")), replace(talk, editing=0), request)
        if not 1 <= n <= len(talk.turns) or talk.running:
            return (gr.skip(),) * 9
        turn = talk.turns[n - 1]
        if do == "again":
            return self.pose(turn.question, replace(talk, editing=n), request)
        if do in ("edit", "keep"):
            talk = replace(talk, editing=n if do == "edit" else 0)
            return turn.question if talk.editing else "", *_turns(talk), talk, *(gr.skip(),) * 5
        if do == "judge":
            good = None if data.get("pressed") == "True" else data.get("good") == "yes"
            talk = self.desk.judge(owner, talk, n, good, str(data.get("note", "")))
            return gr.skip(), *_turns(talk), talk, *(gr.skip(),) * 5
        return (gr.skip(),) * 9

    def exported(self, talk: Talk, form: str) -> tuple[str, str, str]:
        """A conversation as a file: its name, its text, its media type."""
        try:
            return self.desk.exported(talk, form)
        except RagError as e:
            raise gr.Error(str(e), print_exception=False) from e

    def switched(
        self, key: str, shown: str, talk: Talk, words: str, view: View, drawn: str
    ) -> tuple[Any, ...]:
        """A new conversation about another collection. The menu tells also that it was left."""
        if key == shown:
            return (gr.skip(),) * 17
        view, table = self.library.found(key, words, view)
        drawn = self.library.map(key, Talk()) if drawn else ""
        return *_blank(), *self.shown(key), view, table, "", drawn, ""

    def handled(
        self, key: str, words: str, view: View, of: list[str], ids: list[str], event: gr.EventData
    ) -> tuple[Any, ...]:
        """A button within the table or the map, or on a paper; `of` and `ids` are the filters."""
        data = _data(event)
        do, id_, view = data.get("do"), str(data.get("id", "")), view.after(data)
        shown, only, report, tab, header, sources = (gr.skip(),) * 6
        if do == "paper":
            shown = self.library.paper(key, id_)
        elif do == "only" and (choices := self.library.choice(key, id_)):
            only, tab = _several(choices, [id_]), gr.Tabs(selected="ask")
        elif do == "remove":
            report = self.library.remove(key, [str(i) for i in data.get("ids") or ()])
            entry = self.library.entry(key)
            header, sources = entry.header, _several(entry.sources, of)
            only = _several(entry.papers, ids)
        listed = self.library.table(key, words, view) if do != "paper" else gr.skip()
        return view, listed, shown, only, report, tab, header, sources

    def add(
        self, key: str, files: list[str] | None, pasted: str, progress: Any = _PROGRESS
    ) -> tuple[Any, ...]:
        """Put uploaded files or pasted text into a collection, the user's own when the bundled
        one is shown; what could not be taken in stays in the box."""
        try:
            went, report, taken = self.library.add(
                key, [Path(f) for f in files or ()], pasted,
                lambda stage, done, total: progress((done, total), desc=stage),
            )  # fmt: skip
            return report, "" if pasted and taken else gr.skip(), (key, went)
        finally:
            for file in files or ():
                Path(file).unlink(missing_ok=True)

    def landed(self, key: str, moved: tuple[str, str]) -> gr.Dropdown:
        """The collection that was added to, unless another was chosen meanwhile."""
        return self._collections(moved[1] if key == moved[0] else key)

    def named(self, key: str, name: str, do: str) -> tuple[Any, ...]:
        """Create, rename or delete a collection."""
        key, note, done = self.library.named(key, name, do)
        return self._collections(key), note, "" if done else gr.skip()

    def chosen(
        self, owner: str, words: str, talk: Talk, key: str, event: gr.EventData
    ) -> tuple[Any, ...]:
        """Open, rename or delete a saved conversation."""
        data = _data(event)
        do, id_ = str(data.get("do")), str(data.get("id", ""))
        if talk.running and (do == "open" or id_ == talk.saved):
            wait = page.notice_html("An answer is on its way: wait for it, or stop it.")
            return *(gr.skip(),) * 6, wait + self.desk.saved_list(owner, words)
        if do == "open":
            talk = self.desk.reopened(owner, id_, self.library.key_of, key)
            return (
                talk, *_turns(talk), gr.Column(visible=not talk.turns), gr.Tabs(selected="ask"),
                self._collections(talk.key), gr.skip(),
            )  # fmt: skip
        if do in ("rename", "delete"):
            self.desk.manage(owner, id_, do, str(data.get("title", "")))
            if do == "delete" and id_ == talk.saved:
                talk = talk.unsaved()
        return talk, *(gr.skip(),) * 5, self.desk.saved_list(owner, words)


def _data(event: gr.EventData) -> dict[str, Any]:
    """What the page's script sent: never trusted to be complete."""
    return event._data if isinstance(event._data, dict) else {}


def _several(choices: Sequence[Any], chosen: Sequence[str] = ()) -> gr.Dropdown:
    """A menu with other choices; what was chosen stays so where it is still there."""
    there = {c if isinstance(c, str) else c[1] for c in choices}
    return gr.Dropdown([*choices], value=[c for c in chosen if c in there], multiselect=True)


def _turns(talk: Talk) -> tuple[str, str]:
    """A conversation's past turns and its last one."""
    past, now = talk.turns[:-1], talk.turns[-1:]
    return page.conversation_html(past, talk.editing), page.conversation_html(now, talk.editing)


def _running(running: bool) -> tuple[Any, ...]:
    """The states of Ask, Stop, New conversation and the collections' menu."""
    stop, idle = gr.Button("Stop", visible=running, interactive=True), not running
    return (
        gr.Button(visible=idle), stop, gr.Button(interactive=idle), gr.Dropdown(interactive=idle)
    )  # fmt: skip


def build(handlers: Handlers) -> gr.Blocks:
    """The widgets and what they call."""
    # Only what takes long is queued: Gradio's client can miss an event that joins a closing queue.
    quiet: dict[str, Any] = {"show_progress": "hidden", "queue": False, "api_visibility": "private"}
    queued = {**quiet, "queue": True}
    busy = {**queued, "show_progress": "minimal"}
    demo: gr.Blocks
    with gr.Blocks(title="Ask the abstracts", analytics_enabled=False) as demo:
        owner = gr.BrowserState("", storage_key="rag-browser", secret="kept in this browser only")
        talk, view, at, moved = (gr.State(s) for s in (Talk(), View(), "", ("", "")))
        with gr.Row(elem_id="top"):
            header = gr.HTML(elem_id="header", scale=4, min_width=200)
            collection = gr.Dropdown([], label="Collection", elem_id="collection", scale=1,
                                     min_width=200, filterable=False)  # fmt: skip
        with gr.Tabs(selected="ask", elem_id="tabs") as tabs:
            with gr.Tab("Ask", id="ask"):
                past, now = gr.HTML(js_on_load=_SCRIPT), gr.HTML(js_on_load=_SCRIPT)
                with gr.Column(elem_id="examples") as examples:
                    chips = [gr.Button(size="sm") for _ in range(3)]
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

        choosing = [model, most, alone, year_from, year_to, sources, only]
        showing = [at, header, *chips, sources, only, managing]
        states = [ask, stop, new, collection]
        posed = [box, past, now, talk, *states, examples]
        blank = [talk, past, now, examples]

        def answered(event: Any) -> None:
            event.then(handlers.answer, [talk, owner, collection, *choosing],
                       [now, talk, *states], concurrency_limit=None, **queued).failure(
                handlers.broken, talk, [now, talk, *states], **quiet)  # fmt: skip

        for trigger, text in [(box.submit, box), (ask.click, box), *((c.click, c) for c in chips)]:
            answered(trigger(handlers.pose, [text, talk], posed, **quiet))
        for piece in (past, now):
            answered(piece.click(handlers.acted, [talk, owner], posed, **quiet))
        stop.click(handlers.stop, None, stop, **quiet)
        new.click(lambda: (*_blank(), ""), None, [*blank, box], **quiet)
        exported = keep.click(handlers.exported, [talk, form], file, **quiet)
        exported.success(None, file, None, js=_SAVE_FILE, **quiet)
        collection.input(handlers.switched, [collection, at, talk, words, view, drawn],
                         [*blank, *showing, view, table, paper, drawn, pointed],
                         **quiet)  # fmt: skip

        listing = {"fn": handlers.library.table, "inputs": [collection, words, view],
                   "outputs": table}  # fmt: skip
        papers_tab.select(**listing, **quiet)
        words.change(handlers.library.found, [collection, words, view], [view, table],
                     trigger_mode="always_last", **quiet)  # fmt: skip
        for piece, card in ((table, paper), (paper, paper), (drawn, pointed), (pointed, pointed)):
            piece.click(handlers.handled, [collection, words, view, sources, only],
                        [view, table, card, only, report, tabs, header, sources],
                        **quiet)  # fmt: skip
        for event, inputs in ((upload.upload, [collection, upload, gr.State("")]),
                              (put.click, [collection, gr.State(None), pasted])):  # fmt: skip
            event(handlers.add, inputs, [report, pasted, moved], concurrency_limit=1,
                  show_progress_on=report, **busy).then(
                handlers.landed, [collection, moved], collection, **quiet).then(
                handlers.shown, collection, showing, **quiet).then(**listing, **quiet)  # fmt: skip
        for button, do in ((create, "create"), (rename, "rename"), (delete, "delete")):
            sure = "(key, name, did) => [key, name, confirm('Delete this collection and its " \
                   "papers?') ? did : '']" if do == "delete" else None  # fmt: skip
            button.click(handlers.named, [collection, name, gr.State(do)],
                         [collection, report, name], js=sure, **quiet).then(
                handlers.shown, collection, showing, **quiet).then(**listing, **quiet)  # fmt: skip
        map_tab.select(handlers.library.map, [collection, talk], drawn, **busy)
        saved_tab.select(handlers.desk.saved_list, [owner, sought], saved, **quiet)
        sought.change(handlers.desk.saved_list, [owner, sought], saved, **quiet)
        saved.click(handlers.chosen, [owner, sought, talk, collection],
                    [talk, past, now, examples, tabs, collection, saved], **quiet).then(
            handlers.shown, collection, showing, **quiet)  # fmt: skip
        loaded = demo.load(
            handlers.welcome, [owner, collection], [owner, collection, model], **quiet
        )
        loaded.then(handlers.shown, collection, showing, **quiet)

        endpoint = Endpoint(handlers.desk, handlers.library)
        for serve in (endpoint.ask, endpoint.search, endpoint.collections):
            gr.api(serve, api_name=serve.__name__, concurrency_limit=None)  # type: ignore[attr-defined]  # gradio re-exports it all the same
    return demo


def _blank() -> tuple[Any, ...]:
    """A new conversation."""
    return Talk(), "", "", gr.Column(visible=True)


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
    demo = build(Handlers(*furnished(assistant)))
    serve(demo, port, access, theme=theme, css_paths=data_file("page.css"))


if __name__ == "__main__":
    from rag.cli import run

    sys.exit(run(["ui", *sys.argv[1:]]))
