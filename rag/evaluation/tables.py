"""Figures as tables: drawn by rich on a terminal, aligned plain text when piped."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import click

from rag.render import whole


@dataclass(frozen=True, slots=True)
class Table:
    """A title, a header and rows of as many cells; the first column is text, others figures."""

    title: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def number(value: float, places: int = 3) -> str:
    """A figure for a table; a dash where there is none."""
    return "–" if math.isnan(value) else f"{value:,.{places}f}"


def print_tables(tables: Sequence[Table], notes: Sequence[str]) -> None:
    """Tables, then notes, on standard output."""
    for table in tables:
        if sys.stdout.isatty():
            _draw(table)
        else:
            click.echo(whole("\n".join(plain_lines(table)) + "\n"))
    for note in notes:
        click.echo(whole(note))


def plain_lines(table: Table) -> list[str]:
    """The table as aligned text: title, header, rows."""
    cells = (table.header, *table.rows)
    widths = [max(len(row[i]) for row in cells) for i in range(len(table.header))]
    lines = [table.title] if table.title else []
    for row in cells:
        first, *rest = row
        aligned = [c.rjust(w) for c, w in zip(rest, widths[1:], strict=True)]
        lines.append("  ".join([first.ljust(widths[0]), *aligned]).rstrip())
    return lines


def print_json(value: object) -> None:
    """One JSON object on standard output; a figure that doesn't exist is null."""
    click.echo(json.dumps(without_nan(value), ensure_ascii=False))


def without_nan(value: Any) -> Any:
    """The same values with None for NaN and infinities, which JSON doesn't have."""
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, dict):
        return {k: without_nan(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [without_nan(v) for v in value]
    return value


def _draw(table: Table) -> None:
    from rich.console import Console
    from rich.table import Table as RichTable
    from rich.text import Text

    def text(cell: str) -> Text:
        return Text(whole(cell))  # names of files and styles: brackets in them are no markup

    drawn = RichTable(title=text(table.title), title_justify="left")
    for place, name in enumerate(table.header):
        drawn.add_column(text(name), justify="right" if place else "left")
    for row in table.rows:
        drawn.add_row(*map(text, row))
    Console().print(drawn, highlight=False)
