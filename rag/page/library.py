"""What the page does with collections: shows, searches and maps their papers, takes in new ones.

Every failure that a person can meet comes back as a piece of the page that says what to do.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rag.catalogue import Sort, rows
from rag.collections import Collection, Shelf, add, create, delete, remove, rename
from rag.errors import RagError
from rag.local_only import LOCAL, Access
from rag.page.around import (
    example_questions,
    header_html,
    limits_html,
    notice_html,
    report_html,
    trouble_html,
)
from rag.page.desk import Talk
from rag.page.tables import paper_html, table_html
from rag.records import Filters
from rag.render import counted

if TYPE_CHECKING:
    from rag.index import OpenIndex

_LISTED = 2_000  # papers that can be chosen from a menu; of more, the table finds them
_ROWS = 50
_WAIT = "An answer is on its way, so the collection shown stays."
_SORTS: tuple[Sort, ...] = ("title", "authors", "year", "source")


def whole(value: object) -> int:
    """A number from 0 on that the page's script sent; 0 for anything else."""
    text = str(value)
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0


@dataclass(frozen=True, slots=True)
class View:
    """How the table is shown: its order and its first row."""

    sort: Sort = "added"
    descending: bool = False
    first: int = 0

    def after(self, data: Mapping[str, Any]) -> View:
        """The view after a click on a heading or on a page's button."""
        if data.get("do") == "turn":
            return replace(self, first=whole(data.get("first")))
        key = next((k for k in _SORTS if k == data.get("key")), None)
        if key is None:
            return self
        return View(key, key == self.sort and not self.descending)


@dataclass(frozen=True, slots=True)
class Entry:
    """What the page shows of a collection that was chosen.

    Attributes:
        sources: names of files and venues to choose from.
        papers: titles and ids to choose from; none when there are too many for a menu.
        named: it can be renamed and deleted.
    """

    header: str
    examples: tuple[str, ...]
    sources: tuple[str, ...] = ()
    papers: tuple[tuple[str, str], ...] = ()
    named: bool = False


class Library:
    """The collections as the page needs them.

    Args:
        access: who may reach the page, which its header tells.
    """

    def __init__(self, shelf: Shelf, access: Access = LOCAL) -> None:
        self.shelf, self.access = shelf, access

    def collections(self) -> tuple[Collection, ...]:
        """All there are, in the order of the menu."""
        return self.shelf.collections()

    @property
    def first(self) -> str:
        """The key of the one that is shown at first."""
        return self.shelf.first

    def known(self, key: str) -> bool:
        """Whether there is such a collection."""
        return any(c.key == key for c in self.collections())

    def key_of(self, name: str) -> str:
        """The key of the collection of that name; "" when there is none."""
        return next((c.key for c in self.collections() if c.name == name), "")

    def _one(self, key: str) -> Collection:
        found = self.collections()
        return next((c for c in found if c.key == key), found[0])

    def _index(self, key: str) -> OpenIndex:
        index = self.shelf.assistant(key).index
        index.refresh()
        return index

    def entry(self, key: str) -> Entry:
        """What is shown of a collection."""
        one = self._one(key)
        starter = one.kind == "starter"
        place, named = "" if starter else str(one.place), one.kind == "named"
        try:
            index = self._index(key)
            count, sources = index.snapshot.count(), index.snapshot.sources()
            papers = [(p.title, p.id) for p in index.snapshot.papers()] if count <= _LISTED else []
            first = [row.title for row in rows(index, most=3).rows]
        except RagError as e:
            return Entry(trouble_html(e), (), named=named)
        examples, header = example_questions(first, starter), header_html(count, place, self.access)
        return Entry(header, examples, sources, tuple(papers), named)

    def offered(self, key: str, entry: Entry, ids: Sequence[str]) -> list[tuple[str, str]]:
        """Titles and ids to choose papers from: all of them, or, where these are too many for a
        menu, those of `ids` that are there."""
        if entry.papers or not ids:
            return list(entry.papers)
        try:
            snapshot = self._index(key).snapshot
            found = [snapshot.paper(paper_id) for paper_id in dict.fromkeys(ids)]
        except RagError:
            return []
        return [(paper.title, paper.id) for paper in found if paper is not None]

    def limits(self, key: str, filters: Filters) -> str:
        """What questions are limited to, in one line."""
        named = self.offered(key, Entry("", ()), filters.paper_ids)
        return limits_html([title for title, _ in named], filters.sources, filters)

    def table(self, key: str, words: str, view: View) -> str:
        """A page of the collection's papers that have these words."""
        removable = self._one(key).kind != "starter"
        try:
            index, first = self._index(key), view.first
            found = rows(index, words, view.sort, view.descending, first, _ROWS)
            if found.matching and not found.rows:  # past the end, where papers were removed
                first = (found.matching - 1) // _ROWS * _ROWS
                found = rows(index, words, view.sort, view.descending, first, _ROWS)
        except RagError as e:
            return trouble_html(e)
        return table_html(found, view.sort, view.descending, first, _ROWS, removable)

    def found(self, key: str, words: str, view: View) -> tuple[View, str]:
        """The papers that have these words, from the first on."""
        view = replace(view, first=0)
        return view, self.table(key, words, view)

    def paper(self, key: str, paper_id: str) -> str:
        """One paper as a card; nothing for one that isn't there any more."""
        try:
            paper = self._index(key).snapshot.paper(paper_id)
        except RagError as e:
            return trouble_html(e)
        return paper_html(paper) if paper is not None else ""

    def choice(self, key: str, paper_id: str) -> list[tuple[str, str]]:
        """Titles and ids to choose papers from, this one among them; none when it isn't there."""
        found = self.offered(key, self.entry(key), [paper_id])
        return found if any(id_ == paper_id for _, id_ in found) else []

    def remove(self, key: str, ids: Sequence[str]) -> str:
        """Take papers out; what was done, for people."""
        try:
            gone = remove(self.shelf, key, ids)
        except RagError as e:
            return trouble_html(e)
        return notice_html(f"{counted(gone, 'paper')} removed.")

    def add(
        self,
        key: str,
        files: Sequence[Path],
        pasted: str,
        progress: Callable[[str, int, int], None],
    ) -> tuple[str, str, bool]:
        """Put papers into a collection, or into the user's own when the bundled one is shown.

        Returns:
            The collection's key, a report of every record, and whether all was taken in.
        """
        try:
            place = self.shelf.collection(key)
            if place.kind == "starter":
                place = next(c for c in self.collections() if c.kind == "own")
            done = add(
                self.shelf, place.key, files, pasted, lambda _: None, progress,
                lambda: progress("Waiting for another process that writes this index", 0, 1),
            )  # fmt: skip
        except Exception as e:
            return key, trouble_html(e), False
        taken = done.report is not None
        shown = report_html(done.report, done.refused, done.notes, str(place.place))
        return (place.key if taken else key), shown, taken and not done.refused

    def landed(self, key: str, came: str, went: str, busy: bool) -> tuple[str, str]:
        """Where the page is once papers were added: where they went, unless another collection
        than the one they came by is shown meanwhile or an answer is on its way.

        Returns:
            The collection's key, and what people are told of it.
        """
        if key != came or went in (came, ""):
            return key, ""
        if busy:
            return key, notice_html(f"{_WAIT} Choose “{self._one(went).name}” above after it.")
        if self._one(came).kind != "starter":
            return went, ""
        return went, notice_html(
            "Questions now go to this index of your own, no longer to the starter corpus."
        )

    def map(self, key: str, talk: Talk) -> str:
        """The collection's papers as points; the last answer's sources are marked."""
        from rag.mapping import map_of
        from rag.mapping.drawing import map_html

        last = talk.turns[-1] if talk.turns else None
        marked = [s.paper.id for s in last.sources] if last else []
        found = [h.paper.id for h in last.hits] if last else []
        try:
            return map_html(map_of(self._index(key)), marked, found)
        except RagError as e:
            return trouble_html(e)

    def named(self, key: str, name: str, do: str, busy: bool = False) -> tuple[str, str, bool]:
        """Create, rename or delete a collection.

        Args:
            busy: an answer is on its way, under which the shown collection stays.

        Returns:
            Its key (or another's), what was done, and whether anything was.
        """
        try:
            if do == "create":
                made = create(name)
                if busy:
                    said = f"“{made.name}” is ready. {_WAIT} Choose it above after that."
                    return key, notice_html(said), True
                return made.key, notice_html(f"“{made.name}” is ready: add papers to it."), True
            if do == "rename":
                renamed = rename(self.shelf.collection(key), name)
                return renamed.key, notice_html(f"It is called “{renamed.name}” now."), True
            if do == "delete" and busy:
                return key, notice_html(f"{_WAIT} Delete the collection after it."), False
            if do == "delete":
                one = self.shelf.collection(key)
                self.shelf.forget(key)
                delete(one)
                return self.first, notice_html(f"“{one.name}” was deleted."), True
        except RagError as e:
            return (key if self.known(key) else self.first), trouble_html(e), False
        return key, "", False
