"""The collection's papers as a table, one paper as a card, saved conversations as a list."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING

from rag.page.parts import button, byline, titled
from rag.records import Paper
from rag.render import counted

if TYPE_CHECKING:
    from rag.catalogue import Rows
    from rag.store.conversations import Summary

_COLUMNS = (("title", "Title"), ("authors", "Authors"), ("year", "Year"), ("source", "Source"))


def table_html(
    page: Rows, sort: str, descending: bool, first: int, most: int, removable: bool
) -> str:
    """Papers as rows that can be ticked, with headings that sort.

    Args:
        page: the rows from `first` on.
        sort: the column that they are in order of; "added" is none of those shown.
        removable: whether papers can be taken out of this collection.
    """
    if not page.total:
        return '<p class="empty">No papers yet. Add files or paste abstracts below.</p>'
    heads = []
    for key, label in _COLUMNS:
        now = sort == key
        order = ("descending" if descending else "ascending") if now else "none"
        arrow = (" ↓" if descending else " ↑") if now else ""
        sorts = button("sort", label + arrow, css="sort", key=key)
        heads.append(f'<th scope="col" aria-sort="{order}">{sorts}</th>')
    rows = []
    for row in page.rows:
        tick = (
            f'<td><input type="checkbox" class="tick" value="{escape(row.paper_id)}" '
            f'aria-label="Select {escape(row.title)}"></td>'
            if removable
            else ""
        )
        opens = button("paper", row.title, css="link", id=row.paper_id)
        rows.append(
            f'<tr>{tick}<td class="title" dir="auto">{opens}</td>'
            f'<td dir="auto">{escape(row.authors)}</td>'
            f"<td>{row.year or ''}</td><td>{escape(row.source)}</td></tr>"
        )
    select = '<th scope="col"><span class="visually-hidden">Select</span></th>' if removable else ""
    last = first + len(page.rows)
    shown = f"{first + 1:,}–{last:,} of " if page.rows and page.matching > len(page.rows) else ""
    of = f" (of {page.total:,} in all)" if page.matching < page.total else ""
    # Both are always there, so that who pages by keyboard stays on the button.
    turning = ""
    if page.matching > most:
        turning = button("turn", "Previous page", off=not first, first=max(0, first - most))
        turning += button("turn", "Next page", off=last >= page.matching, first=last)
    remove = button("remove", "Remove selected", css="danger") if removable else ""
    return (
        f'<p class="count" role="status">{shown}{counted(page.matching, "paper")}{of}</p>'
        '<div class="scroll" tabindex="0" role="region" aria-label="Papers"><table class="papers">'
        f"<thead><tr>{select}{''.join(heads)}</tr></thead><tbody>{''.join(rows)}</tbody></table>"
        f'</div><div class="tools">{turning}{remove}</div>'
    )


def paper_html(paper: Paper) -> str:
    """One paper with its whole abstract, and a way to ask about it alone."""
    only = button("only", "Ask only this paper", id=paper.id)
    source = f'<p class="byline">from {escape(paper.source)}</p>' if paper.source else ""
    return (
        f'<section class="card" tabindex="-1" aria-label="Paper"><h3>{titled(paper)}</h3>'
        f'{byline(paper)}<p class="abstract" dir="auto">{escape(paper.abstract)}</p>{source}'
        f'<div class="tools">{only}</div></section>'
    )


def shows(card: str, ids: Sequence[str]) -> bool:
    """Whether a paper's card is that of one of these papers."""
    return any(f' data-id="{escape(id_)}"' in card for id_ in ids)


def saved_html(found: Sequence[Summary], words: str) -> str:
    """Saved conversations, newest first, each to be opened, renamed or deleted."""
    if not found:
        none = "No conversation has these words." if words else "No conversation was saved yet."
        return f'<p class="empty">{none}</p>'
    items = []
    for one in found:
        opens = button("open", one.title, css="link", id=one.id)
        about = f"{one.collection} · {counted(one.turns, 'question')} · {one.changed[:16]}"
        tools = button("rename", f"Rename {one.title}", "Rename", id=one.id, title=one.title)
        tools += button("delete", f"Delete {one.title}", "Delete", "danger", id=one.id)
        items.append(
            f'<li><span dir="auto">{opens}</span><span class="about">'
            f'{escape(about.replace("T", " "))} UTC</span><span class="tools">{tools}</span></li>'
        )
    return f'<ul class="saved">{"".join(items)}</ul>'
