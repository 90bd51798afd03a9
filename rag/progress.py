"""Progress bars on standard error: shown on a terminal only, gone when done."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def counting(title: str, total: int | None = None) -> Iterator[Callable[[int, str], None]]:
    """A bar that starts with the first report; call it with (done so far, what is being done)."""
    if not sys.stderr.isatty():
        yield lambda done, label: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    bar = Progress(
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(),
        # Labels are questions and titles: brackets in them are no markup.
        TextColumn("{task.fields[label]}", style="dim", markup=False),
        console=Console(stderr=True), transient=True,
    )  # fmt: skip
    task = bar.add_task(title, total=total, label="")
    started = False

    def report(done: int, label: str) -> None:
        nonlocal started
        if not started:
            bar.start()
            started = True
        bar.update(task, completed=done, label=label[:40])

    try:
        yield report
    finally:
        if started:
            bar.stop()
