"""What an index holds, as pages of a table: the papers that have all of some words, in order.

Words are looked for as they are, anywhere, in a copy of the papers' text without case and accents,
which is made once for each state of the index and kept in memory (about the size of the text).
SQLite could do neither half of that: its LIKE ignores the case of ASCII letters only and knows no
accents, and its full text has titles and abstracts alone, by whole words cut to stems. Since no
query language takes part, no character of what is typed means anything but itself.
"""

from __future__ import annotations

import codecs
import json
import re
import threading
import unicodedata
from array import array
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Literal
from weakref import WeakKeyDictionary

from rag.errors import UsageError

if TYPE_CHECKING:
    from rag.index import OpenIndex
    from rag.records import Paper
    from rag.store import Snapshot

Sort = Literal["title", "year", "authors", "source", "added"]

_AUTHORS = 3  # named before "et al."
_ATTEMPTS = 3
_COLUMNS = "rowid, title, authors, venue, source, year, abstract"
_PLAIN = "rag-plain"
_ACCENT = re.compile("[\u0300-\u036f]")
# Letters with a stroke or joined ones, which Unicode doesn't take apart; and what typesetters do.
_SPELLED = str.maketrans(
    {"ø": "o", "ł": "l", "đ": "d", "ħ": "h", "ı": "i", "æ": "ae", "œ": "oe"}
    | dict.fromkeys("‐‑‒–—−", "-")
    | dict.fromkeys("‘’‛′", "'")
    | dict.fromkeys("“”‟″", '"')
)


@dataclass(frozen=True, slots=True)
class Row:
    """One paper in the table.

    Attributes:
        authors: at most three, then "et al."; "" when unknown.
        source: the venue, or else the file that it came from.
        words_in_abstract: by white space.
    """

    paper_id: str
    title: str
    authors: str
    year: int | None
    source: str
    words_in_abstract: int


@dataclass(frozen=True, slots=True)
class Rows:
    """One page of the table.

    Attributes:
        total: papers in the index.
        matching: papers that have all the words.
        rows: of those, the page's.
    """

    total: int
    matching: int
    rows: tuple[Row, ...]


def rows(
    index: OpenIndex,
    words: str = "",
    sort: Sort = "added",
    descending: bool = False,
    first: int = 0,
    most: int = 100,
) -> Rows:
    """Papers of the state that the index is open at (`index.refresh()` moves it on).

    Args:
        words: each must occur, also as a part of a word, in the title, the authors, the venue,
            the source, the year or the abstract; case and accents don't count.
        sort: authors by the family name of the first. Equal ones stay in the order in which they
            came in, and papers without a year, authors or source come last, in both directions.
        first: how many matching papers are left out before the page's.
        most: papers on the page.

    Raises:
        UsageError: there is no such order.
        IndexCorruptError: the index is damaged.
    """
    if sort not in _KEYS:
        raise UsageError(f'papers can\'t be sorted by "{sort}"', f"choose from {', '.join(_KEYS)}")
    wanted = [plain for word in words.split() if (plain := _plain(word))]
    wanted.sort(key=len, reverse=True)  # longer ones are rarer
    first, most = max(0, first), max(0, most)
    snapshot = index.snapshot
    for _ in range(_ATTEMPTS):
        generation, total, found = _found(snapshot, wanted, sort, descending)
        shown = found[first : first + most]
        papers = snapshot.by_rowid(shown)
        if snapshot.generation == generation:
            break  # else another thread moved the index on in between
    return Rows(total, len(found), tuple(_row(papers[r]) for r in shown if r in papers))


def _row(paper: Paper) -> Row:
    more = " et al." if len(paper.authors) > _AUTHORS else ""
    return Row(
        paper.id, paper.title, ", ".join(paper.authors[:_AUTHORS]) + more, paper.year,
        paper.venue or paper.source, len(paper.abstract.split()),
    )  # fmt: skip


def _found(
    snapshot: Snapshot, wanted: Sequence[bytes], sort: Sort, descending: bool
) -> tuple[int, int, Sequence[int]]:
    """The state's generation, its number of papers, and the row ids that match, in order."""
    if not wanted and sort == "added":  # how the table is opened: no text is needed
        generation, rowids = snapshot.gathered("rowid", int)
        return generation, len(rowids), rowids[::-1] if descending else rowids
    table = _table(snapshot)
    places = table.order(sort, descending)
    if wanted:
        texts = table.texts
        places = [n for n in places if all(word in texts[n] for word in wanted)]
    return table.generation, len(table.texts), [table.rowids[n] for n in places]


# ── text without case and accents ───────────────────────────────────────────────────────────────


@lru_cache(maxsize=4096)
def _plain_run(run: str) -> bytes:
    """Characters beyond ASCII, in lower case, without accents, in UTF-8."""
    letters = _ACCENT.sub("", unicodedata.normalize("NFKD", run.casefold()))
    return unicodedata.normalize("NFC", letters).translate(_SPELLED).encode("utf-8", "replace")


def _plain_error(error: UnicodeError) -> tuple[bytes, int]:
    assert isinstance(error, UnicodeEncodeError)
    return _plain_run(error.object[error.start : error.end]), error.end


# Most text is ASCII: through the codec's error handler, only the rest costs time.
codecs.register_error(_PLAIN, _plain_error)


def _plain(text: str) -> bytes:
    return text.encode("ascii", _PLAIN).lower()


@dataclass(frozen=True, slots=True)
class _Table:
    """The papers of one state of an index, in the order in which they came in.

    Attributes:
        texts: of each, one field a line: title, authors (apart by \\x1f), what is shown as source,
            the rest of it, year, abstract.
    """

    generation: int
    rowids: array[int]
    texts: list[bytes]
    orders: dict[tuple[Sort, bool], array[int]] = field(default_factory=dict)

    def order(self, sort: Sort, descending: bool) -> Iterable[int]:
        """Places of all papers in an order, worked out once."""
        if sort == "added":
            return range(len(self.texts) - 1, -1, -1) if descending else range(len(self.texts))
        known = self.orders.get((sort, descending))
        if known is None:
            key = _KEYS[sort]
            keys = [key(text.split(b"\n", 5)) for text in self.texts]
            there = [n for n, value in enumerate(keys) if value]
            there.sort(key=keys.__getitem__, reverse=descending)
            there += [n for n, value in enumerate(keys) if not value]
            known = self.orders[sort, descending] = array("q", there)
        return known


def _first_family(fields: Sequence[bytes]) -> bytes:
    """The first author's family name, then all names, so that equal ones are in order too."""
    name = fields[1].split(b"\x1f", 1)[0]
    family = name.split(b",")[0] if b"," in name else name.rsplit(b" ", 1)[-1]
    return family.strip() + b" " + fields[1] if name else b""


_KEYS: dict[Sort, Callable[[Sequence[bytes]], bytes]] = {
    "title": lambda fields: fields[0].lstrip(b" \"'([{") or b" ",
    "year": lambda fields: fields[4],
    "authors": _first_family,
    "source": lambda fields: fields[2],
    "added": lambda fields: b"",
}
_tables: WeakKeyDictionary[Snapshot, _Table] = WeakKeyDictionary()
_making = threading.Lock()


def _table(snapshot: Snapshot) -> _Table:
    with _making:
        known = _tables.get(snapshot)
        if known is not None and known.generation == snapshot.generation:
            return known
        rowids = array("q")

        def text(
            rowid: int, title: str, authors: str, venue: str, source: str, year: int | None,
            abstract: str,
        ) -> bytes:  # fmt: skip
            rowids.append(rowid)
            names = "\x1f".join(json.loads(authors))
            shown, rest = (venue, source) if venue else (source, "")
            fields = (title, names, shown, rest, str(year or ""))
            head = "\n".join(fields)
            if head.count("\n") != 4:
                head = "\n".join(field.replace("\n", " ") for field in fields)
            return b"%b\n%b" % (_plain(head), _plain(abstract))

        generation, texts = snapshot.gathered(_COLUMNS, text)
        made = _tables[snapshot] = _Table(generation, rowids, texts)
        return made
