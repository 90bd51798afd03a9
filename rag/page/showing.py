"""Which collection the page shows, and what of it: the same values for all of its widgets."""

from __future__ import annotations

from typing import Any

from rag import page
from rag.page.desk import Choices, Talk
from rag.page.library import Entry, Library, View
from rag.page.tables import shows
from rag.page.updates import blank, chips, skipped, update
from rag.page.updates import menu as several


class Showing:
    """What the widgets that tell of collections call."""

    def __init__(self, library: Library) -> None:
        self._library = library

    def menu(self, key: str) -> dict[str, Any]:
        """The collections there are, with the one that is shown."""
        return update(choices=[(c.name, c.key) for c in self._library.collections()], value=key)

    def shown(
        self, key: str, at: str, talk: Talk, of: list[str], ids: list[str], words: str, view: View
    ) -> tuple[Any, ...]:
        """What shows which collection it is; another than `at` is shown from its beginning, and a
        conversation about yet another is left. `of` and `ids` are the filters."""
        entry, same = self._library.entry(key), key == at
        of, ids = (of, ids) if same else ([], [])
        menus = several([(s, s) for s in entry.sources], of), self._papers(key, entry, ids)
        first, managing = chips(entry.examples), update(visible=entry.named)
        head = key, entry.header, *first, *menus, managing
        if same:
            listed = self._library.table(key, words, view)
            return *skipped(4), *head, *skipped(2), listed, *skipped(3)
        leaves = talk.turns and not talk.running and talk.key != key
        begun = blank() if leaves else skipped(4)
        return *begun, *head, "", View(), self._library.table(key, "", View()), "", "", ""

    def _papers(self, key: str, entry: Entry, ids: list[str]) -> dict[str, Any]:
        return several(self._library.offered(key, entry, ids), ids)

    def switched(self, key: str, at: str, talk: Talk, *more: Any) -> tuple[Any, ...]:
        """Another collection by the menu, which tells also that it was left."""
        if key == at or talk.running:
            return update(value=at) if key != at else update(), *skipped(18)
        return update(), *self.shown(key, at, talk, *more)

    def redrawn(self, key: str, talk: Talk, wanted: str) -> Any:
        """The map anew, where it is what one looks at."""
        return self._library.map(key, talk) if wanted else update()

    def limited(self, key: str, year_from: float | None, year_to: float | None, of: list[str],
                ids: list[str]) -> tuple[str, str]:  # fmt: skip
        """What questions are limited to, and which years are none."""
        filters = Choices.of("", 1, False, year_from, year_to, of, ids).filters
        return self._library.limits(key, filters), page.wrong_years_html(year_from, year_to)

    def handled(
        self, key: str, words: str, view: View, of: list[str], ids: list[str], card: str,
        data: dict[str, Any],
    ) -> tuple[Any, ...]:  # fmt: skip
        """A button within the table or the map, or on a paper; `of` and `ids` are the filters."""
        do, id_, view = data.get("do"), str(data.get("id", "")), view.after(data)
        shown: Any = update()
        report: Any = update()
        header: Any = update()
        only, tab, sources = skipped(3)
        if do == "paper":
            shown = self._library.paper(key, id_)
        elif do == "only" and (choices := self._library.choice(key, id_)):
            only, tab = several(choices, [id_]), update(selected="ask")
        elif do == "remove":
            gone = [str(i) for i in data.get("ids") or ()]
            report = self._library.remove(key, gone)
            entry = self._library.entry(key)
            header, only = entry.header, self._papers(key, entry, ids)
            sources = several([(s, s) for s in entry.sources], of)
            shown = "" if shows(card, gone) else update()
        listed = self._library.table(key, words, view) if do != "paper" else update()
        return view, listed, shown, only, report, tab, header, sources

    def landed(
        self, key: str, moved: tuple[str, str, str], talk: Talk, pasted: str, report: str
    ) -> tuple[Any, ...]:
        """The collection that was added to; what was typed meanwhile stays in the box."""
        to, said = self._library.landed(key, *moved[:2], talk.running)
        box = "" if pasted and pasted == moved[2] else update()
        return self.menu(to), box, report + said

    def named(self, key: str, name: str, do: str, talk: Talk) -> tuple[Any, ...]:
        """Create, rename or, when `name` says that it is meant, delete a collection."""
        if do == "delete" and not name:
            return skipped(3)
        key, note, done = self._library.named(key, name, do, talk.running)
        return self.menu(key), note, "" if done and do != "delete" else update()
