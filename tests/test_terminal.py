"""What people see on a real (pseudo) terminal: set for reading, nothing of it read as markup."""

from __future__ import annotations

import io
import os
import pty
import re
import subprocess
import sys
from pathlib import Path

import pytest

from rag.config import Settings
from rag.embedding import Embedder
from rag.index import add_papers
from rag.progress import counting
from rag.records import Paper
from rag.session import token_counter

ANSI = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\r")


def on_terminal(*arguments: str) -> tuple[int, str]:
    """Exit code and screen text of a command whose output is a terminal 80 columns wide; what is
    set in bold stands between stars."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "rag.cli", *arguments], stdout=theirs, stderr=subprocess.DEVNULL,
        env=os.environ | {"COLUMNS": "80", "TERM": "xterm-256color"},
    )  # fmt: skip
    os.close(theirs)
    seen = b""
    try:
        while piece := os.read(ours, 4096):
            seen += piece
    except OSError:
        pass  # How Linux says that the other side has closed.
    os.close(ours)
    text = re.sub(r"\x1b\[1m(.*?)\x1b\[0m", r"*\1*", seen.decode())
    return process.wait(60), ANSI.sub("", text)


def test_terminal_output(embedder: Embedder, tmp_path: Path) -> None:
    paper = Paper(
        "", "On [bold]marked[/bold] tides", "The harbour has 14 tide gauges. [red]They[/] are old.",
        url="https://example.org/tides",
    )  # fmt: skip
    add_papers(tmp_path, [paper], embedder, token_counter(), Settings())
    code, screen = on_terminal("search", "tide gauges", "--index", str(tmp_path))
    assert code == 0
    assert " 1. *On [bold]marked[/bold] tides*" in screen
    code, screen = on_terminal(
        "ask", "--evidence-only", "How many tide gauges has the harbour?", "--index", str(tmp_path)
    )
    assert code == 0
    lines = [line.rstrip() for line in screen.splitlines()]
    assert lines[0] == "*On [bold]marked[/bold] tides*"
    assert re.search(
        r"^  “The harbour has \*14( tide gauges)?\*( tide gauges)?\.” \[1\]$", lines[1]
    )
    assert "      https://example.org/tides" in lines
    assert all(len(line) <= 80 for line in lines)


def test_labels_of_a_bar_are_no_markup(monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.setattr(sys, "stderr", Terminal())
    with counting("answering", 2) as progress:
        progress(1, "What does the token [/INST] do?")
        progress(2, "[bold]")
