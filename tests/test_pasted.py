"""Pasted text: any format, titles with abstracts, bare abstracts; nothing in it gets lost."""

from __future__ import annotations

import re
import textwrap

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from rag.collections.pasted import first_words, read_pasted
from rag.records import Paper, Refusal

KITES = (
    "Wind maps need many masts. We fly 12 tethered kites that measure wind at 300 metres. A "
    "Gaussian process turns their tracks into hourly maps. Errors fall by half against masts alone."
)
BEES = (
    "Honeybees were trained to tell patterns of one to six dots. They succeed up to four. The "
    "result holds when area and spacing are controlled."
)
KITES_WORDS = "Wind maps need many masts. We fly 12 tethered kites that measure wind at 300…"
BEES_WORDS = "Honeybees were trained to tell patterns of one to six dots. They succeed up to…"
TITLE = "Sparse Kites for Wind Maps"


def read(text: str) -> tuple[list[tuple[str, str]], list[Refusal], list[str]]:
    """Titles with abstracts, refusals and notes."""
    notes: list[str] = []
    items = list(read_pasted(text, notes.append))
    papers = [(item.title, item.abstract) for item in items if isinstance(item, Paper)]
    assert all(item.source == "pasted text" for item in items)
    return papers, [item for item in items if isinstance(item, Refusal)], notes


def wrapped(text: str, width: int = 72) -> str:
    return textwrap.fill(text, width)


@pytest.mark.parametrize(
    "text",
    [
        f"@article{{kites, title = {{{TITLE}}}, abstract = {{{KITES}}}}}",
        f"TY  - JOUR\nTI  - {TITLE}\nAB  - {KITES}\nER  - \n",
        f"PMID- 12345\nTI  - {TITLE}\nAB  - {KITES}\n",
        f'{{"title": "{TITLE}", "abstract": "{KITES}"}}',
        f'[{{"title": "{TITLE}", "abstract": "{KITES}"}}]',
        f'title,abstract\n{TITLE},"{KITES}"\n',
        f"title\tabstract\n{TITLE}\t{KITES}\n",
        f"<h2>{TITLE}</h2><p>{KITES}</p>",
        f"{TITLE}\n{KITES}",
        f"{TITLE}\n\n{KITES}\n",
        f"\ufeff{TITLE}\r\n\r\n\r\n{KITES}\r\n",
        f"{TITLE}\n\n{wrapped(KITES)}",
        f"{TITLE}\n{wrapped(KITES)}",
        f"{TITLE}\n{wrapped(KITES, 100)}",
        f"{TITLE}\n\nAbstract\n\n{KITES}",
        f"{TITLE}\nAbstract\n{wrapped(KITES)}",
        f"{TITLE}\n\nAbstract: {KITES}",
        f"{TITLE}\nABSTRACT—{wrapped(KITES)}",
        f"Title: {TITLE}\nAbstract: {KITES}",
        f"Sparse Kites for\nWind Maps\n\n{KITES}",
    ],
)
def test_a_title_with_its_abstract_in_any_form(text: str) -> None:
    assert read(text) == ([(TITLE, KITES)], [], [])


@pytest.mark.parametrize(
    "text",
    [
        f"{TITLE}\n{KITES}\nDo Bees Count?\n{BEES}",
        f"{TITLE}\n\n{KITES}\n\nDo Bees Count?\n\n{BEES}",
        f"{TITLE}\n\n{wrapped(KITES)}\n\nDo Bees Count?\n\n{wrapped(BEES)}",
        f"{TITLE}\n{wrapped(KITES)}\n\nDo Bees Count?\n{wrapped(BEES)}",
        f"Subscribe\n{TITLE}\n{KITES}\n12\nSubmitted by someone\nDo Bees Count?\n{BEES}\n7",
    ],
)
def test_several_at_once(text: str) -> None:
    assert read(text) == ([(TITLE, KITES), ("Do Bees Count?", BEES)], [], [])


@pytest.mark.parametrize("text", [KITES, wrapped(KITES), wrapped(KITES, 100), f"Abstract\n{KITES}"])
def test_a_bare_abstract_gets_its_first_words_and_this_is_said(text: str) -> None:
    papers, refused, notes = read(text)
    assert papers == [(KITES_WORDS, KITES)]
    assert refused == []
    (note,) = notes
    assert re.match(r"pasted text: line [12]: ", note)
    assert "first words" in note
    assert KITES_WORDS in note


def test_bare_abstracts_and_titled_ones_together() -> None:
    papers, refused, notes = read(f"{KITES}\n\n{BEES}")
    assert papers == [(KITES_WORDS, KITES), (BEES_WORDS, BEES)]
    assert (refused, len(notes)) == ([], 2)
    papers, refused, notes = read(f"{BEES}\n\n{TITLE}\n\n{KITES}\n\n{wrapped(BEES)}")
    assert papers == [(BEES_WORDS, BEES), (TITLE, KITES), (BEES_WORDS, BEES)]
    assert (refused, len(notes)) == ([], 2)


def test_first_words_end_at_a_word() -> None:
    assert first_words("Short as it is.") == "Short as it is."
    cut = first_words("word " * 50)
    assert cut == "word " * 15 + "word…"
    assert first_words("字" * 200) == "字" * 80 + "…"
    assert len(first_words("a" + "b" * 500)) == 81


@given(st.text(min_size=1, max_size=300))
def test_first_words_begin_the_abstract(text: str) -> None:
    title = first_words(text)
    assert text.startswith(title.removesuffix("…"))
    assert len(title) <= 81


def test_sections_stay_in_one_abstract() -> None:
    labelled = f"{TITLE}\n\nBackground: {KITES}\n\nMethods: We looked.\n\nResults. It works.\n"
    whole = f"Background: {KITES} Methods: We looked. Results. It works."
    assert read(f"{labelled}\nDo Bees Count?\n\n{BEES}")[0] == [
        (TITLE, whole), ("Do Bees Count?", BEES),
    ]  # fmt: skip
    headed = f"{TITLE}\n\nBackground\n{KITES}\n\nConclusions\nWe looked at all of it again."
    assert read(headed)[0] == [
        (TITLE, f"Background: {KITES} Conclusions: We looked at all of it again.")
    ]


def test_an_abstract_of_several_lines_stays_together() -> None:
    text = f"{TITLE}\n{KITES}\n{BEES}\nWe release the data.\nDo Bees Count?\n{BEES}"
    whole = f"{KITES} {BEES} We release the data."
    assert read(text)[0] == [(TITLE, whole), ("Do Bees Count?", BEES)]


@pytest.mark.parametrize(
    ("line", "authors"),
    [
        ("Ann Lee, Bo Kim and C. van der Berg", ("Ann Lee", "Bo Kim", "C. van der Berg")),
        ("Lee, A., Kim, B.", ("Lee, A.", "Kim, B.")),
        ("Zoë Müller", ()),  # may as well be a title's second line
        ("J. Müller", ("J. Müller",)),
        ("Authors: Lee, Ann; Kim, Bo", ("Lee, Ann", "Kim, Bo")),
    ],
)
@pytest.mark.parametrize("between", ["\n", "\n\n"])
def test_names_below_a_title_are_authors_and_this_is_said(
    line: str, authors: tuple[str, ...], between: str
) -> None:
    notes: list[str] = []
    items = list(read_pasted(between.join([TITLE, line, KITES]), notes.append))
    paper = items[-1]
    assert isinstance(paper, Paper)
    assert paper.authors == authors
    if authors:
        assert (paper.title, len(items)) == (TITLE, 1)
        assert all(name in notes[0] for name in authors)


def test_addresses_below_a_title_or_an_abstract_are_the_papers() -> None:
    text = (
        f"{TITLE}\nhttps://arxiv.org/abs/2301.00001\n{KITES}\n\nDo Bees Count?\n{BEES}\n"
        "doi:10.1000/xyz\n"
    )
    first, second = read_pasted(text, lambda _: None)
    assert isinstance(first, Paper)
    assert isinstance(second, Paper)
    assert (first.arxiv_id, first.url) == ("2301.00001", "https://arxiv.org/abs/2301.00001")
    assert (second.doi, second.abstract) == ("10.1000/xyz", BEES)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (TITLE, f'"{TITLE}" has no abstract'),
        (f"{TITLE}\n\nOther Things\n\n{KITES}", f'"{TITLE}" has no abstract'),
        (f"{TITLE}\n\n{KITES}\n\nKeywords: kites, wind", '"Keywords: kites, wind" has no abstract'),
        ("https://example.org", "an address without a title"),
        ('{"title": "cut off', "not JSON"),
        ('<?xml version="1.0"?><a>This. And that. And so on and so on until it ends.</a>',
         "not recognised"),
        (f"{TITLE}\n\n{'A sentence of some words. ' * 9000}", "longer than 200,000 characters"),
        ("Results", "no abstract"),
    ],
)  # fmt: skip
def test_what_is_not_taken_says_why(text: str, reason: str) -> None:
    refused = read(text)[1]
    assert any(reason in refusal.reason for refusal in refused), refused


@pytest.mark.parametrize("text", ["", " ", "\n\n\t\r\n", "\u2003"])
def test_nothing_comes_of_nothing(text: str) -> None:
    assert read(text) == ([], [], [])


def test_other_scripts() -> None:
    papers, refused, notes = read("风筝测风\n\n我们用风筝测量风速。结果很好。误差小于百分之五。")
    assert papers == [("风筝测风", "我们用风筝测量风速。结果很好。误差小于百分之五。")]
    assert (refused, notes) == ([], [])


@example("\ud83e\udd89")  # two halves of a character
@example("\ud83e owls.")
@example("Abstract: Title: Authors: x")
@example("Results\n\nMethods")
@example("https://a.b\n\nhttps://c.d")
@given(st.text(max_size=200))
def test_any_text_comes_to_papers_or_reasons(text: str) -> None:
    papers, refused, _ = read(text)
    assert all(title.strip() and abstract.strip() for title, abstract in papers)
    assert all(refusal.reason and "\n" not in str(refusal) for refusal in refused)
    assert bool(papers or refused) or not re.search(r"[^\W\d_]{12}", text)


@given(
    st.lists(
        st.sampled_from(
            [TITLE, KITES, BEES, wrapped(BEES), "", "", "Ann Lee, Bo Kim", "Abstract", "Methods",
             "Results: It works.", "https://example.org/x", "It ends.", "Title: Owls", "12", "PDF"]
        ),
        max_size=9,
    ).map("\n".join)
)  # fmt: skip
def test_every_word_ends_up_somewhere(text: str) -> None:
    notes: list[str] = []
    items = list(read_pasted(text, notes.append))
    told = " ".join([*map(repr, items), *notes])
    for words in (
        "Sparse Kites",
        "Wind maps need",
        "Honeybees were",
        "It works",
        "It ends",
        "Owls",
    ):
        if words in text:
            assert words in told
