"""The table of an index's papers: what is found is there, in order, a page at a time."""

from __future__ import annotations

import threading
import unicodedata
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.catalogue import Row, Rows, Sort, rows
from rag.config import Settings
from rag.embedding import Embedder
from rag.errors import UsageError
from rag.index import OpenIndex, add_papers, remove_papers
from rag.records import Paper
from rag.session import token_counter
from rag.store import Snapshot, Writer

RECORDS = [
    Paper("", "Wind Maps by Kite", "We fly 12 kites — 100% tethered. They measure wind.",
          ("Zoë Müller", "Ann Lee", "Bo Kim", "Cy Roe"), 2019, source="kites.bib",
          venue="Atmosphere"),
    Paper("", "“Ångström” and Moss", "Moss dries_out. A naïve model (β = 0.8) fits.",
          ("Łukasz Ørsted",), 2021, source="moss.ris"),
    Paper("", "bees count to four", "Honeybees told dots apart.", ("Roe, Cy",), source="bees.csv"),
    Paper("", "Ledgers", "Prices of bread rose 50 percent before riots. Строки и Хлеб.", (), 1999,
          source="kites.bib"),
    Paper("", "Äpfel", "Apples keep well in cellars.", ("Ann Lee",), 2019),
]  # fmt: skip


@pytest.fixture(scope="module")
def index(embedder: Embedder, tmp_path_factory: pytest.TempPathFactory) -> Iterator[OpenIndex]:
    place = tmp_path_factory.mktemp("table")
    add_papers(place, RECORDS, embedder, token_counter(), Settings())
    opened = OpenIndex(place, embedder)
    yield opened
    opened.close()


def stored(place: Path, papers: Sequence[Paper]) -> Any:
    """An index of papers alone, which is all that a table needs."""
    writer = Writer(place)
    with writer.change():
        for paper in papers:
            writer.put(paper, (), None)
    writer.close()
    return SimpleNamespace(snapshot=Snapshot(place))


def firsts(found: Rows) -> list[str]:
    """The first word of each title."""
    return [row.title.split()[0] for row in found.rows]


def test_a_row_tells_what_is_known(index: OpenIndex) -> None:
    found = rows(index)
    assert (found.total, found.matching) == (5, 5)
    id_ = next(index.snapshot.papers()).id
    authors = "Zoë Müller, Ann Lee, Bo Kim et al."
    assert found.rows[0] == Row(id_, "Wind Maps by Kite", authors, 2019, "Atmosphere", 10)
    assert (found.rows[2].year, found.rows[2].source) == (None, "bees.csv")
    assert (found.rows[4].authors, found.rows[4].source) == ("Ann Lee", "")


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("", ["Wind", "“Ångström”", "bees", "Ledgers", "Äpfel"]),
        ("   ", ["Wind", "“Ångström”", "bees", "Ledgers", "Äpfel"]),
        ("KITE", ["Wind", "Ledgers"]),  # title, abstract, source
        ("kite tether", ["Wind"]),
        ("tether kite", ["Wind"]),
        ("kite moss", []),
        ("zoe MULLER", ["Wind"]),
        ("Zoe\u0308 mu\u0308ller", ["Wind"]),
        ("lukasz orsted", ["“Ångström”"]),
        ("łukasz ØRSTED", ["“Ångström”"]),
        ("angstrom", ["“Ångström”"]),
        ("naive Β", ["“Ångström”"]),  # a capital beta
        ("хлеб", ["Ledgers"]),
        ("2019", ["Wind", "Äpfel"]),
        ("2019 lee", ["Wind", "Äpfel"]),
        ("atmosphere kites.bib", ["Wind"]),  # both venue and file
        ("apfel", ["Äpfel"]),
        ("ney", ["bees"]),  # within a word
        ("roe", ["Wind", "bees"]),
        ("%", ["Wind"]),
        ("_", ["“Ångström”"]),
        ("100%", ["Wind"]),
        ("5_", []),
        ("k%e", []),
        ("*", []),
        ("kite*", []),
        ("\\", []),
        ('"', ["“Ångström”"]),
        ('"kite', []),
        ("kite OR moss", []),
        ("'", []),
        ("-", ["Wind"]),
        ("(β", ["“Ångström”"]),
        (".", ["Wind", "“Ångström”", "bees", "Ledgers", "Äpfel"]),
        ("\0", []),
        ("\x1f", ["Wind", "“Ångström”", "bees", "Ledgers", "Äpfel"]),
        ("\ud800", []),
        ("x" * 10_000, []),
        ("mapsby", []),
        ("kitezoe", []),
    ],
)
def test_all_words_must_occur_and_mean_themselves(
    index: OpenIndex, words: str, found: list[str]
) -> None:
    page = rows(index, words)
    assert firsts(page) == found
    assert (page.total, page.matching) == (5, len(found))


@pytest.mark.parametrize(
    ("sort", "descending", "found"),
    [
        ("added", False, ["Wind", "“Ångström”", "bees", "Ledgers", "Äpfel"]),
        ("added", True, ["Äpfel", "Ledgers", "bees", "“Ångström”", "Wind"]),
        ("title", False, ["“Ångström”", "Äpfel", "bees", "Ledgers", "Wind"]),
        ("title", True, ["Wind", "Ledgers", "bees", "Äpfel", "“Ångström”"]),
        ("year", False, ["Ledgers", "Wind", "Äpfel", "“Ångström”", "bees"]),
        ("year", True, ["“Ångström”", "Wind", "Äpfel", "Ledgers", "bees"]),
        ("authors", False, ["Äpfel", "Wind", "“Ångström”", "bees", "Ledgers"]),
        ("authors", True, ["bees", "“Ångström”", "Wind", "Äpfel", "Ledgers"]),
        ("source", False, ["Wind", "bees", "Ledgers", "“Ångström”", "Äpfel"]),
        ("source", True, ["“Ångström”", "Ledgers", "bees", "Wind", "Äpfel"]),
    ],
)
def test_orders_put_what_is_missing_last_and_keep_ties(
    index: OpenIndex, sort: Sort, descending: bool, found: list[str]
) -> None:
    assert firsts(rows(index, sort=sort, descending=descending)) == found
    # With words, the order is the same without the others.
    some = firsts(rows(index, "e", sort, descending))
    assert some == [title for title in found if title in some]
    paged = [
        title
        for first in range(0, 6, 2)
        for title in firsts(rows(index, "", sort, descending, first, 2))
    ]
    assert paged == found


@pytest.mark.parametrize(
    ("first", "most", "shown"),
    [(0, 2, 2), (4, 2, 1), (5, 2, 0), (99, 2, 0), (0, 0, 0), (-3, 2, 2), (0, -1, 0), (0, 9**9, 5)],
)
def test_pages_beyond_the_ends_are_short_or_empty(
    index: OpenIndex, first: int, most: int, shown: int
) -> None:
    for words in ("", "e"):
        found = rows(index, words, first=first, most=most)
        assert (len(found.rows), found.matching, found.total) == (shown, 5, 5)


@pytest.mark.parametrize("sort", ["", "rowid; DROP TABLE papers", "Title"])
def test_an_order_that_there_isnt_is_refused(index: OpenIndex, sort: str) -> None:
    with pytest.raises(UsageError) as caught:
        rows(index, sort=cast(Sort, sort))
    assert "title" in caught.value.remedy


def test_line_breaks_within_a_field_do_not_shift_the_others(tmp_path: Path) -> None:
    index = stored(
        tmp_path,
        [
            Paper("a", "B\nand\nmore", "One.", ("X\nY", "Z"), 1999, source="s\ns", venue="v\nv"),
            Paper("b", "A", "Two.\n\n1900\n", ("W",), 2000),
        ],
    )
    assert [r.paper_id for r in rows(index, sort="year").rows] == ["a", "b"]
    assert [r.paper_id for r in rows(index, sort="source").rows] == ["a", "b"]
    assert [r.paper_id for r in rows(index, sort="title").rows] == ["b", "a"]
    assert [r.paper_id for r in rows(index, "more 1999").rows] == ["a"]


LETTERS = st.text("aAbBäÄéß%_*\\'\"x 1", max_size=8)
PAPERS = st.lists(
    st.builds(
        Paper, st.just(""), LETTERS, LETTERS, st.lists(LETTERS, max_size=5).map(tuple),
        st.none() | st.integers(1990, 1999), source=LETTERS, venue=LETTERS,
    ),
    max_size=7,
)  # fmt: skip


def simple(text: str) -> str:
    """An accent-blind form worked out in another way than the table's."""
    parts = unicodedata.normalize("NFD", text.casefold())
    return "".join(c for c in parts if not unicodedata.combining(c))


@given(
    PAPERS, st.lists(st.text("aäéß%_*\\'\"1", min_size=1, max_size=2), max_size=3), st.booleans()
)
def test_the_table_is_what_going_through_every_paper_gives(
    tmp_path_factory: pytest.TempPathFactory,
    papers: list[Paper],
    words: list[str],
    descending: bool,
) -> None:
    made = [
        Paper(f"p{n}", p.title, p.abstract, p.authors, p.year, source=p.source, venue=p.venue)
        for n, p in enumerate(papers)
    ]
    index = stored(tmp_path_factory.mktemp("any"), made)

    def has(paper: Paper, word: str) -> bool:
        year = str(paper.year or "")
        fields = (paper.title, *paper.authors, paper.venue, paper.source, year, paper.abstract)
        return any(simple(word) in simple(field) for field in fields)

    wanted = [p for p in made if all(has(p, word) for word in words)]
    dated = [p for p in wanted if p.year is not None]
    dated.sort(key=lambda p: p.year or 0, reverse=descending)
    wanted = dated + [p for p in wanted if p.year is None]
    found = rows(index, " ".join(words), "year", descending)
    assert [row.paper_id for row in found.rows] == [p.id for p in wanted]
    assert (found.total, found.matching) == (len(made), len(wanted))
    index.snapshot.close()


def test_each_state_of_an_index_has_its_own_table(embedder: Embedder, tmp_path: Path) -> None:
    add_papers(tmp_path, RECORDS[:2], embedder, token_counter(), Settings())
    index = OpenIndex(tmp_path, embedder)
    assert firsts(rows(index, "e", "title")) == ["“Ångström”", "Wind"]
    add_papers(tmp_path, RECORDS[2:], embedder, token_counter(), Settings())
    assert rows(index, "e", "title").total == 2  # until it is moved on
    index.refresh()
    assert firsts(rows(index, "e", "title")) == ["“Ångström”", "Äpfel", "bees", "Ledgers", "Wind"]
    remove_papers(tmp_path, [rows(index, "angstrom").rows[0].paper_id])
    index.refresh()
    assert rows(index, "angstrom") == Rows(4, 0, ())
    assert rows(index, sort="title").matching == 4
    index.close()


def test_pages_hold_together_while_papers_come_and_go(embedder: Embedder, tmp_path: Path) -> None:
    """Whatever moves the index on meanwhile, a page's rows have the words, and the counts agree."""
    add_papers(tmp_path, RECORDS, embedder, token_counter(), Settings())
    index = OpenIndex(tmp_path, embedder)
    ended = threading.Event()
    failures: list[BaseException] = []

    def change() -> None:
        try:
            for n in range(6):
                extra = [
                    Paper("", f"Kite {n}.{m}", f"Kites {n} and {m} fly.", year=2000 + m)
                    for m in range(3)
                ]
                add_papers(tmp_path, extra, embedder, token_counter(), Settings())
                index.refresh()
                ids = [p.id for p in index.snapshot.papers() if p.title.startswith("Kite ")]
                remove_papers(tmp_path, ids)
                index.refresh()
        except BaseException as e:
            failures.append(e)
        finally:
            ended.set()

    thread = threading.Thread(target=change)
    thread.start()
    seen: set[int] = set()
    while not ended.is_set() or not seen:
        found = rows(index, "kite", "title")
        assert found.matching == len(found.rows)
        assert found.total - found.matching == 3
        assert all("kite" in (row.title + row.source).casefold() for row in found.rows)
        seen.add(found.total)
    thread.join()
    assert failures == []
    index.close()
