"""Copies of one paper become one record, whatever their order; different papers stay apart."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rag import dedupe
from rag.dedupe import identity_keys, merge, merge_all, normalised_title, same_paper
from rag.records import Paper


def paper(title: str = "A title", abstract: str = "Abstract", **fields: object) -> Paper:
    return Paper("", title, abstract, **fields)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Attention Is All You Need", "attention is all you need."),
        ("{BERT}: \\emph{Pre-training}", "BERT: Pre\u2013training"),
        ("G{\\\"o}del's <i>proof</i>", "G\u00f6del\u2019s proof"),
        ("Godel numbers", "G\u00f6del numbers"),
        ("$\\alpha$-GAN", "\u03b1-GAN"),
        ("$\\mathrm{CO}_2$ capture", "CO\u2082 capture"),
        ("\ufb01ne tuning", "Fine-Tuning"),
    ],
)
def test_titles_that_are_one(one: str, other: str) -> None:
    assert normalised_title(one) == normalised_title(other) != ""


def test_titles_that_are_two() -> None:
    assert normalised_title("Network 1") != normalised_title("Network 2")
    assert normalised_title("???") == ""


def test_identity_keys_are_strongest_first() -> None:
    found = identity_keys(paper("A title", doi="10.1/x", arxiv_id="2301.00001"))
    assert found == ("doi:10.1/x", "arxiv:2301.00001", "title:atitle")
    assert identity_keys(paper("???")) == ("title:???",)
    assert identity_keys(paper(doi="10.48550/arxiv.2301.00001"))[0] == "arxiv:2301.00001"


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ({"doi": "10.1/x"}, {"doi": "10.1/x", "title": "Other"}, True),
        ({"arxiv_id": "2301.00001"}, {"arxiv_id": "2301.00001", "title": "Other"}, True),
        ({}, {}, True),
        ({}, {"title": "Other"}, False),
        ({"doi": "10.1/x"}, {"doi": "10.1/y"}, False),
        ({"doi": "10.1/x"}, {"arxiv_id": "2301.00001"}, True),
        ({"doi": "10.1/x"}, {"doi": "10.48550/arxiv.2301.00001"}, True),
        ({"arxiv_id": "2301.00001"}, {"doi": "10.48550/arxiv.2301.00001", "title": "O"}, True),
        ({"arxiv_id": "2301.00001"}, {"arxiv_id": "2301.00002"}, False),
        ({"authors": ("Ann Lee",)}, {"authors": ("Lee, A.", "Bob Ray")}, True),
        ({"authors": ("Ann Lee",)}, {"authors": ("Bob Ray",)}, False),
        ({"authors": ("Ann Lee",)}, {}, True),
        ({"authors": ("John A Smith",)}, {"authors": ("Smith JA",)}, True),
        ({"authors": ("Kurt G\u00f6del Jr",)}, {"authors": ("Godel, Kurt",)}, True),
        ({"authors": ("Jan van den Berg",)}, {"authors": ("van den Berg, J.",)}, True),
        (  # chapters under the DOI of their book
            {"doi": "10.1/x", "authors": ("Ann Lee",)},
            {"doi": "10.1/x", "authors": ("Bob Ray",), "title": "Moths"},
            False,
        ),
        (
            {"doi": "10.1/x", "authors": ("Ann Lee",), "title": "Moths at night"},
            {"doi": "10.1/x", "authors": ("Bob Ray",), "title": "Moths"},
            True,
        ),
        (
            {"doi": "10.1/x", "authors": ("Ann Lee",)},
            {"doi": "10.1/x", "authors": ("Lee, A.",), "title": "Moths"},
            True,
        ),
        ({"doi": "10.1/x"}, {"doi": "10.1101/2020.01.02.123456"}, True),
        ({"doi": "10.1/x"}, {"doi": "10.21203/rs.3.rs-12345/v1"}, True),
        ({"doi": "10.1/x"}, {"doi": "10.2139/ssrn.12345"}, True),
        ({"doi": "10.1/x"}, {"doi": "10.1101/gr.12345.6"}, False),
        (
            {"doi": "10.1/x", "authors": ("Ann Lee",)},
            {"doi": "10.2139/ssrn.12345", "authors": ("Bob Ray",)},
            False,
        ),
        ({"doi": "10.2139/ssrn.12345"}, {"doi": "10.2139/ssrn.12346"}, False),
        (
            {"doi": "10.1101/2020.01.02.123456v1"},
            {"doi": "10.1101/2020.01.02.123456v2", "title": "Other"},
            True,
        ),
        (
            {"doi": "10.21203/rs.3.rs-12345/v1"},
            {"doi": "10.21203/rs.3.rs-12345/v2", "title": "Other"},
            True,
        ),
        ({"doi": "10.31234/osf.io/abcv2"}, {"doi": "10.31234/osf.io/abcv3"}, False),
    ],
)
def test_same_paper(one: dict[str, object], other: dict[str, object], same: bool) -> None:
    a, b = paper(**{"title": "A title", **one}), paper(**{"title": "A title", **other})  # type: ignore[arg-type]
    assert same_paper(a, b) is same
    assert same_paper(b, a) is same


def test_merge_takes_the_newer_abstract_and_fills_gaps() -> None:
    old = Paper("p1", "T", "old", ("A B", "C D"), 2019, "", "", "2301.00001", "a", "2020-01-01")
    new = Paper("", "T!", "new", ("A B",), None, "https://u.org", "10.1/x", "", "b", "2021-01-01")
    both = merge(old, new)
    assert both == Paper(
        "p1", "T!", "new", ("A B", "C D"), 2019, "https://u.org", "10.1/x", "2301.00001", "b",
        "2021-01-01",
    )  # fmt: skip
    assert merge(new, old).abstract == "new"
    assert merge(paper(abstract="a", year=2021), paper(abstract="b", year=2020)).abstract == "a"
    assert merge(paper(abstract="a"), paper(abstract="b")).abstract == "b"
    assert merge(paper(doi="10.1/x"), paper(doi="10.48550/arxiv.2301.00001")).doi == "10.1/x"


def test_on_equal_dates_the_fuller_text_stays_whatever_the_order() -> None:
    whole, longer = "We count sheep.", "We count sheep and goats."
    for cut in ("We count sheep and goats and\u2026", "We count sheep and goats and ..."):
        for one, other, kept in ((whole, longer, longer), (whole, cut, whole)):
            assert merge(paper(abstract=one), paper(abstract=other)).abstract == kept
            assert merge(paper(abstract=other), paper(abstract=one)).abstract == kept
    a, b = paper(abstract="aa", source="1"), paper(abstract="bb", source="2")
    assert merge(a, b) == merge(b, a)
    stored = merge(a, b)
    assert merge(merge(stored, a), b) == stored  # indexing both again changes nothing


def test_chapters_under_the_doi_of_a_book_stay_apart() -> None:
    chapters = [
        paper("Counting moths", "1", doi="10.1/book", authors=("Ann Lee",)),
        paper("Naming stars", "2", doi="10.1/book", authors=("Bob Ray",)),
        paper("Counting moths", "1", doi="10.1/book", authors=("Lee, A.",)),
        paper("The whole book", "3", doi="10.1/book"),
    ]
    for batch in (chapters, chapters[::-1]):
        kept, dropped = merge_all(batch)
        assert {k.title for k in kept} == {"Counting moths", "Naming stars", "The whole book"}
        assert len(dropped) == 1


CHAPTERS = (
    ("Learning with Decision Trees", "Jane Smith"),
    ("Representation Learning from Text", "Kim Jones"),
    ("Policies and Reinforcement Learning", "Li Chen"),
    ("Deep Learning", "Jane Smith"),
    ("Machine Learning", "Jane Smith"),
    ("RNA Biology", "Jane Smith"),
    ("DNA Biology", "Jane Smith"),
    ("The Moths of the Coast, Part I", "Jane Smith"),
    ("The Moths of the Coast, Part II", "Jane Smith"),
)


@pytest.mark.parametrize("authors", ["their own", "one", "none"])
def test_a_word_or_an_author_does_not_make_chapters_one(authors: str) -> None:
    names = {"their own": lambda own: (own,), "one": lambda own: ("Jane Smith",)}
    tell = names.get(authors, lambda own: ())
    book = [
        paper(title, f"Abstract {n} of {title}.", doi="10.1/book", authors=tell(own))
        for n, (title, own) in enumerate(CHAPTERS)
    ]
    kept, dropped = merge_all([*book, *book[::-1]])
    assert {k.abstract for k in kept} == {k.abstract for k in book}
    assert len(dropped) == len(book)
    for one in book:
        assert [same_paper(one, other) for other in book].count(True) == 1


LONG = (
    "Moths were counted along twelve coastal transects during seven summers; warmer nights brought "
    "more species, while street lamps reduced their number within fifty metres."
)


@pytest.mark.parametrize(
    ("title", "abstract", "same"),
    [
        ("Counting moths at the coast", "Something else.", True),  # the title was shortened
        ("Lepidoptera after dark", LONG.replace("twelve", "fourteen"), True),
        ("Lepidoptera after dark", LONG[:100] + "\u2026", True),
        ("Lepidoptera after dark", "Something else.", False),
    ],
)
def test_a_corrected_record_under_its_doi_is_the_same(
    title: str, abstract: str, same: bool
) -> None:
    a = paper("Counting moths at the warm coast", LONG, doi="10.1/x", authors=("Ann Lee",))
    b = paper(title, abstract, doi="10.1/x", authors=("Ann Lee",))
    assert same_paper(a, b) is same_paper(b, a) is same
    assert len(merge_all([a, b])[0]) == 2 - same


def test_a_mended_record_wins_unless_its_stamp_is_older() -> None:
    old = paper(abstract="We count sheep.", year=2021, updated="2021-05-01")
    new = paper(abstract="We count.", year=2020, updated="2021-05-01")
    assert merge(old, new).year == 2021
    assert (merge(old, new, mended=True).abstract, merge(old, new, mended=True).year) == (
        "We count.", 2020,
    )  # fmt: skip
    assert merge(old, replace(new, updated="2020-01-01"), mended=True).year == 2021


def test_merge_all_keeps_places_and_reports_pairs() -> None:
    a, b, c = paper("A", "1"), paper("B", "2"), paper("a!", "3")
    kept, dropped = merge_all([a, b, c])
    assert [(k.title, k.abstract) for k in kept] == [("a!", "3"), ("B", "2")]
    assert dropped == [(kept[0], c)]


def test_a_link_found_late_joins_earlier_records() -> None:
    a = paper("A", doi="10.1/x")
    b = paper("B", arxiv_id="2301.00001")
    both = paper("C", doi="10.1/x", arxiv_id="2301.00001")
    kept, dropped = merge_all([a, b, both])
    assert (len(kept), len(dropped)) == (1, 2)


def test_the_work_is_proportional_to_size(monkeypatch: pytest.MonkeyPatch) -> None:
    compared = 0
    real = dedupe._apart

    def counted(one: set[str], two: set[str]) -> bool:
        nonlocal compared
        compared += 1
        return real(one, two)

    monkeypatch.setattr(dedupe, "_apart", counted)
    spent = []
    for size in (500, 2000):
        editorials = [paper("Editorial", doi=f"10.1/{i}") for i in range(size)]
        copies = [paper("Copy", str(i)) for i in range(size)]
        compared = 0
        kept, _ = merge_all([*editorials, *copies])
        assert len(kept) == size + 1
        spent.append(compared)
    assert 0 < spent[1] < 5 * spent[0]


RECORDS = st.lists(
    st.builds(
        paper,
        title=st.sampled_from(["One", "one.", "Two", "Three"]),
        abstract=st.sampled_from(["x", "y"]),
        authors=st.lists(st.sampled_from(["A Lee", "Ray, B", "C Ott"]), max_size=2).map(tuple),
        year=st.sampled_from([None, 2019, 2020]),
        doi=st.sampled_from(
            [
                "",
                "",
                "10.1/x",
                "10.1/y",
                "10.48550/arxiv.2301.00001",
                "10.2139/ssrn.1",
                "10.2139/ssrn.2",
            ]
        ),
        arxiv_id=st.sampled_from(["", "", "2301.00001", "2301.00002"]),
        updated=st.sampled_from(["", "2020-01-01", "2021-01-01"]),
    ),
    max_size=9,
)


def membership(papers: list[Paper]) -> list[list[str]]:
    """Which records ended up together, as sorted groups of the records' own texts."""
    kept, dropped = merge_all(papers)
    groups: dict[int, list[Paper]] = {id(k): [] for k in kept}
    for k, d in dropped:
        groups[id(k)].append(d)
    gone = [id(d) for _, d in dropped]
    firsts = [p for p in papers if id(p) not in gone]
    whole = [[first, *groups[id(k)]] for k, first in zip(kept, firsts, strict=True)]
    return sorted(sorted(repr(p) for p in group) for group in whole)


@settings(max_examples=300, deadline=None, derandomize=True)
@given(papers=RECORDS)
def test_merging_again_changes_nothing(papers: list[Paper]) -> None:
    kept, dropped = merge_all(papers)
    assert len(kept) + len(dropped) == len(papers)
    assert merge_all(kept) == (kept, [])


@settings(max_examples=300, deadline=None, derandomize=True)
@given(papers=RECORDS, seed=st.integers(0, 1000))
def test_order_does_not_decide_who_belongs_together(papers: list[Paper], seed: int) -> None:
    shuffled = [Paper(**{n: getattr(p, n) for n in Paper.__slots__}) for p in papers]
    random.Random(seed).shuffle(shuffled)
    assert membership(papers) == membership(shuffled)


@settings(max_examples=300, deadline=None, derandomize=True)
@given(papers=RECORDS, seed=st.integers(0, 1000))
def test_order_does_not_decide_what_is_kept(papers: list[Paper], seed: int) -> None:
    shuffled = random.Random(seed).sample(papers, len(papers))
    assert {k.abstract for k in merge_all(papers)[0]} == {
        k.abstract for k in merge_all(shuffled)[0]
    }
