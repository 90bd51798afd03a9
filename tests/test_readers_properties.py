"""Whatever bytes come in, nothing escapes but papers and refusals; plain records survive."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rag.readers import FORMATS, read_bytes, sniff
from rag.records import Paper, Refusal

DATA = Path(__file__).parent / "data" / "readers"
SAMPLES = [path.read_bytes() for path in sorted(DATA.iterdir())]
quick = settings(
    max_examples=60, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True
)


def check(data: bytes, format: str) -> None:
    items = list(read_bytes(data, "up", format))
    assert items
    for item in items:
        if isinstance(item, Paper):
            assert item.title.strip()
            assert item.abstract.strip()
            assert item.id == ""
            repr(item).encode("utf-8")
            for text in (item.title, item.abstract, *item.authors, item.venue, item.url, item.doi):
                text.encode("utf-8")  # no surrogate is left
                assert "\0" not in text
        else:
            assert item.reason
            assert "\n" not in item.reason


@pytest.mark.parametrize("format", FORMATS)
@quick
@given(data=st.binary(max_size=400))
def test_any_bytes(format: str, data: bytes) -> None:
    check(data, format)


@pytest.mark.parametrize("format", FORMATS)
@quick
@given(data=st.data())
def test_damaged_samples(format: str, data: st.DataObject) -> None:
    sample = bytearray(data.draw(st.sampled_from(SAMPLES)))
    for _ in range(data.draw(st.integers(0, 3))):
        at = data.draw(st.integers(0, len(sample)))
        sample[at : at + data.draw(st.integers(0, 40))] = data.draw(st.binary(max_size=6))
    check(bytes(sample), format)


@quick
@given(text=st.text(max_size=300))
def test_any_text_as_any_format(text: str) -> None:
    for format in FORMATS:
        check(text.encode("utf-8", "surrogatepass"), format)


@quick
@given(data=st.binary(max_size=400))
def test_sniff_names_a_format_or_none(data: bytes) -> None:
    assert sniff(data) in (None, *FORMATS[1:])


WORD = st.text(
    alphabet="abcdefghijklmnopqrstuvwxyzABCDE\u00e9\u00f8\u4e2d0123", min_size=2, max_size=9
)
TITLE = st.lists(WORD, min_size=2, max_size=6).map(lambda words: "Tt " + " ".join(words))
ABSTRACT = st.lists(WORD, min_size=5, max_size=30).map(lambda words: "Ab " + " ".join(words) + ".")
NAME = st.builds(
    "{}, {}".format,
    st.from_regex(r"[A-Z][a-z]{2,8}", fullmatch=True),
    st.from_regex(r"[A-Z][a-z]{2,8}", fullmatch=True),
).filter(lambda name: "And" not in name and "Others" not in name)
PAPERS = st.lists(
    st.builds(
        Paper,
        id=st.just(""),
        title=TITLE,
        abstract=ABSTRACT,
        authors=st.lists(NAME, min_size=1, max_size=3).map(tuple),
        year=st.integers(1000, 2999),
        doi=st.from_regex(r"10\.[1-9]\d{3}/[a-z0-9]{1,8}", fullmatch=True),
        source=st.just("up"),
        venue=st.just("Annals of Tests"),
    ),
    min_size=1,
    max_size=4,
)


def as_jsonl(papers: list[Paper]) -> str:
    return "".join(
        json.dumps(
            {"title": p.title, "abstract": p.abstract, "authors": list(p.authors),
             "year": p.year, "doi": p.doi, "venue": p.venue}
        ) + "\n"
        for p in papers
    )  # fmt: skip


def as_csv(papers: list[Paper]) -> str:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(["Title", "Abstract", "Authors", "Year", "DOI", "Venue"])
    for p in papers:
        writer.writerow([p.title, p.abstract, "; ".join(p.authors), p.year, p.doi, p.venue])
    return text.getvalue()


def as_ris(papers: list[Paper]) -> str:
    return "".join(
        f"TY  - JOUR\nTI  - {p.title}\nAB  - {p.abstract}\n"
        + "".join(f"AU  - {name}\n" for name in p.authors)
        + f"PY  - {p.year}\nDO  - {p.doi}\nJO  - {p.venue}\nER  - \n\n"
        for p in papers
    )


def as_bibtex(papers: list[Paper]) -> str:
    return "".join(
        f"@article{{key{i},\n  title = {{{p.title}}},\n  abstract = {{{p.abstract}}},\n"
        f"  author = {{{' and '.join(p.authors)}}},\n  year = {p.year},\n  doi = {{{p.doi}}},\n"
        f"  journal = {{{p.venue}}}\n}}\n"
        for i, p in enumerate(papers)
    )


def as_csl(papers: list[Paper]) -> str:
    return json.dumps(
        [
            {"type": "article-journal", "title": p.title, "abstract": p.abstract,
             "author": [{"literal": name} for name in p.authors], "DOI": p.doi,
             "issued": {"date-parts": [[p.year]]}, "container-title": p.venue}
            for p in papers
        ]
    )  # fmt: skip


@pytest.mark.parametrize("write", [as_jsonl, as_csv, as_ris, as_bibtex, as_csl])
@quick
@given(papers=PAPERS)
def test_round_trip(write: object, papers: list[Paper]) -> None:
    assert callable(write)
    found = list(read_bytes(write(papers).encode(), "up"))
    assert not [item for item in found if isinstance(item, Refusal)]
    for item, paper in zip(found, papers, strict=True):
        assert isinstance(item, Paper)
        assert item.url == f"https://doi.org/{paper.doi}"
        assert (item.title, item.abstract, item.authors) == (
            paper.title, paper.abstract, paper.authors,
        )  # fmt: skip
        assert (item.year, item.doi, item.venue) == (paper.year, paper.doi, paper.venue)
