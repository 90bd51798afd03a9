"""Each format over small files of our own: what comes in, and what is refused where."""

from __future__ import annotations

from pathlib import Path

import pytest

from rag.readers import FORMATS, read_bytes, read_paths, sniff
from rag.records import Paper, Refusal

DATA = Path(__file__).parent / "data" / "readers"
FILES = {
    "listing.txt": "listing",
    "listing.html": "listing-html",
    "arxiv.jsonl": "arxiv-json",
    "arxiv.atom": "arxiv-atom",
    "pubmed.xml": "pubmed-xml",
    "refs.bib": "bibtex",
    "refs.ris": "ris",
    "refs.nbib": "nbib",
    "items.csl.json": "csl-json",
    "papers.csv": "csv",
    "openalex.json": "json",
    "s2.json": "json",
}


def load(name: str, format: str = "auto") -> tuple[list[Paper], list[str]]:
    papers, refusals = [], []
    for item in read_paths([str(DATA / name)], format):
        if isinstance(item, Paper):
            papers.append(item)
        else:
            refusals.append(f"{item.where}: {item.reason}")
    return papers, refusals


def parse(data: str | bytes, format: str = "auto") -> tuple[list[Paper], list[Refusal]]:
    raw = data.encode() if isinstance(data, str) else data
    items = list(read_bytes(raw, "upload", format))
    return (
        [item for item in items if isinstance(item, Paper)],
        [item for item in items if isinstance(item, Refusal)],
    )


@pytest.mark.parametrize(("name", "format"), FILES.items())
def test_format_is_told_from_content_alone(name: str, format: str) -> None:
    assert sniff((DATA / name).read_bytes()) == format
    assert sniff((DATA / name).read_bytes(), "misleading.pdf") == format
    assert format in FORMATS


@pytest.mark.parametrize(("name", "format"), FILES.items())
def test_named_format_reads_what_auto_reads(name: str, format: str) -> None:
    assert load(name, format) == load(name)


def test_sources_are_base_names() -> None:
    assert {paper.source for name in FILES for paper in load(name)[0]} <= set(FILES)


def test_listing_keeps_lines_and_refuses_halves() -> None:
    papers, refusals = load("listing.txt")
    assert [paper.title for paper in papers] == [
        "Orchard Routing: Letting  Sparse Experts Choose Their Own Gardeners",
        "Quiet Gradients at Night",
        "Subscriber Models Are Not Furniture",
    ]
    assert papers[0].url == "https://github.com/example/orchard_routing"
    assert papers[0].abstract.endswith("https://github.com/example/orchard_routing{here}.")
    assert [refusal.split(":")[0] for refusal in refusals] == ["line 9", "line 14"]
    assert "A Title That Lost Its Abstract" in refusals[0]
    assert "without a title" in refusals[1]


def test_listing_with_windows_line_ends_is_the_same() -> None:
    raw = (DATA / "listing.txt").read_bytes()
    assert list(read_bytes(raw.replace(b"\n", b"\r\n"), "x")) == list(read_bytes(raw, "x"))


def test_listing_html_follows_paper_links() -> None:
    papers, refusals = load("listing.html")
    assert [(paper.title, paper.arxiv_id, paper.url) for paper in papers] == [
        (
            "Lanterns for Language Models: Light & Shade",
            "2501.01234",
            "https://arxiv.org/abs/2501.01234",
        )
    ]
    assert papers[0].abstract.startswith("Lanterns light the path")
    assert len(refusals) == 2
    assert "Moth Counting at Scale" in refusals[0]
    assert "Old Lights" in refusals[1]


def test_html_without_paper_links_takes_every_heading() -> None:
    papers, _ = parse("<body><h2>One</h2><p>First abstract.</p><h2>Two</h2><p>Second.</p></body>")
    assert [(paper.title, paper.abstract) for paper in papers] == [
        ("One", "First abstract."),
        ("Two", "Second."),
    ]


def test_arxiv_snapshot() -> None:
    papers, refusals = load("arxiv.jsonl")
    first = papers[0]
    assert first.title == "Counting sheep in the $p$-adic meadow"
    assert first.abstract == (
        r"We count sheep with $x < y$ and $\alpha > 0$ over a meadow & a field."
    )
    assert first.authors == ("A. Nobody", "B. B\u00f3dy Jr")
    assert (first.year, first.updated, first.doi) == (2007, "2009-11-26", "10.1000/sheep")
    assert papers[1].arxiv_id == "cs/0112017"
    assert papers[1].authors == ("E. Fifth", "F. Sixth")
    assert [refusal.split(":")[0] for refusal in refusals] == ["line 2", "line 3"]


def test_arxiv_feed() -> None:
    papers, refusals = load("arxiv.atom")
    assert papers == [
        Paper(
            id="",
            title="Feeding Atoms",
            abstract="We feed atoms to a reader, which says $a < b$. It is not full.",
            authors=("Ada Feeder", "Bo Eater"),
            year=2022,
            url="https://arxiv.org/abs/2301.00002",
            doi="10.1000/atoms",
            arxiv_id="2301.00002",
            source="arxiv.atom",
            updated="2023-03-04",
            venue="Atoms 3, 2023",
        )
    ]
    assert refusals == ['record 2: "Hungry" has no abstract']


def test_pubmed_joins_labelled_parts() -> None:
    papers, refusals = load("pubmed.xml")
    paper = papers[0]
    assert paper.title == "Naps of Felis catus in sun2."
    assert paper.abstract == "BACKGROUND: Cats nap. RESULTS: They nap more when p < 0.05."
    assert paper.authors == ("Ana B Gato", "Nap Group")
    assert (paper.year, paper.doi, paper.updated) == (2020, "10.1000/naps.1", "2021-02-03")
    assert paper.url == "https://pubmed.ncbi.nlm.nih.gov/101/"
    assert len(refusals) == 1


def test_bibtex() -> None:
    papers, refusals = load("refs.bib")
    first = papers[0]
    assert first.title == "The BERT of G\u00f6del & Erd\u0151s: a $\\alpha$-test"
    assert first.abstract == (
        "We test 5% of $x_1^{2}$ with \\cite{abc} and na\u00efve Bayes, so~called Journal of Tests."
    )
    assert first.authors == ("G\u00f6del, Kurt", "Tests and Sons Inc.", "\u0141ukasz Nowak")
    assert (first.year, first.venue, first.doi) == (1999, "Journal of Tests B", "10.1000/a_b")
    assert first.arxiv_id == "1901.00001"
    assert [paper.title for paper in papers[1:]] == ["Round brackets", "Same key"]
    assert papers[1].url == "https://example.org/~x"
    assert [refusal.split(":")[0] for refusal in refusals] == ["line 9", "line 10"]


def test_ris() -> None:
    papers, refusals = load("refs.ris")
    assert papers[0].abstract == (
        "We skip stones over three ponds and count. Stones sink in the end."
    )
    assert papers[0].authors == ("Pebble, Anna", "Stone, Bob")
    assert (papers[0].year, papers[0].doi) == (2018, "10.1000/pond")
    assert (papers[0].url, papers[0].venue) == ("https://example.org/pond", "Journal of Ponds")
    assert (papers[1].title, papers[1].year) == ("No end tag", 2019)
    assert refusals == ['line 17: "No abstract at all" has no abstract']


def test_ris_with_one_blank_before_the_dash() -> None:
    papers, _ = parse("TY - JOUR\r\nTI - A title\r\nAB - Some abstract\r\nER - \r\n")
    assert [(paper.title, paper.abstract) for paper in papers] == [("A title", "Some abstract")]


def test_ris_continuation_may_look_like_a_tag() -> None:
    papers, _ = parse("TY  - JOUR\nTI  - A title\nAB  - Methods of\nAI - based work\nER  - \n")
    assert papers[0].abstract == "Methods of AI - based work"


def test_nbib() -> None:
    papers, refusals = load("refs.nbib")
    paper = papers[0]
    assert paper.title == "Bees that read newspapers."
    assert paper.abstract == "BACKGROUND: Bees read. RESULTS: They prefer the sports pages."
    assert (paper.authors, paper.year) == (("Beekeeper, Carla",), 2020)
    assert (paper.doi, paper.updated) == ("10.1000/bees.7", "2021-04-05")
    assert refusals == ['line 13: "Wasps that do not" has no abstract']


def test_csl_json() -> None:
    papers, refusals = load("items.csl.json")
    assert papers[0].abstract == "We cite & style."
    assert papers[0].authors == ("Ann Cite", "Style Group", "C. van den Berg")
    assert (papers[0].year, papers[0].doi) == (2015, "10.1000/style")
    assert refusals == ['record 2: "A book" has no abstract']


def test_csv() -> None:
    papers, refusals = load("papers.csv")
    assert papers[0].title == "Commas, quoted"
    assert papers[0].abstract == 'Line one line two, with "quotes"'
    assert papers[0].authors == ("Smith, A.", "Jones, B.")
    assert (papers[0].year, papers[0].venue) == (2001, "J. C")
    assert papers[1].title == "Short row"
    assert [refusal.split(":")[0] for refusal in refusals] == ["line 4", "line 5"]


@pytest.mark.parametrize(
    ("separator", "format"), [(",", "csv"), (";", "csv"), ("\t", "tsv"), ("|", "csv")]
)
@pytest.mark.parametrize("start", [b"", b"\xef\xbb\xbf"])
def test_tables_with_any_delimiter(separator: str, format: str, start: bytes) -> None:
    rows = [["id", "paper_title", "abstractText"], ["1", "A title", "An abstract"]]
    data = start + "\n".join(separator.join(row) for row in rows).encode()
    assert sniff(data) == format
    papers, refusals = parse(data)
    assert (papers[0].title, papers[0].abstract, refusals) == ("A title", "An abstract", [])


def test_table_without_the_columns_names_what_it_found() -> None:
    items = list(read_bytes(b"name,text\na,b\n", "t.csv"))
    assert [str(item) for item in items] == [
        "t.csv: no column named abstract or title (found: name, text)"
    ]


def test_openalex_inverted_index() -> None:
    papers, refusals = load("openalex.json")
    assert papers[0].abstract == "Open is not Open"
    assert papers[0].authors == ("Olga Open",)
    assert (papers[0].url, papers[0].venue) == ("https://example.org/w1", "Open Letters")
    assert (papers[0].year, papers[0].doi) == (2022, "10.1000/oa")
    assert len(refusals) == 1


def test_semantic_scholar() -> None:
    paper = load("s2.json")[0][0]
    assert (paper.arxiv_id, paper.doi, paper.venue) == ("2005.00001", "10.1000/s2", "MEAN")
    assert paper.authors == ("S. Scholar",)


def test_crossref_lists() -> None:
    papers, _ = parse(
        '{"message": {"items": [{"title": ["Crossed"], "abstract": "<jats:p>Over &lt;b&gt;.'
        '</jats:p>", "author": [{"given": "A", "family": "B"}], "DOI": "10.1000/X",'
        ' "published": {"date-parts": [[2011, 2]]}, "container-title": ["J"], "URL": "x"}]}}'
    )
    assert [(p.title, p.abstract, p.year, p.authors, p.venue) for p in papers] == [
        ("Crossed", "Over .", 2011, ("A B",), "J")
    ]


def test_truncated_array_keeps_what_is_before_the_cut() -> None:
    papers, refusals = parse(
        '[{"title":"A","abstract":"Ab"},\n {"title":"B","abstract":"Bb"},\n {"t'
    )
    assert [paper.title for paper in papers] == ["A", "B"]
    assert refusals[0].where == "record 3, line 3"


def test_truncated_lines_keep_the_rest() -> None:
    papers, refusals = parse('{"title":"A","abstract":"Ab"}\n{"title":"B","abst\n'
                             '{"title":"C","summary":"Cb"}\n[1]\n')  # fmt: skip
    assert [paper.title for paper in papers] == ["A", "C"]
    assert [refusal.where for refusal in refusals] == ["line 2", "line 4"]


def test_objects_by_name_and_two_lists_in_one_object() -> None:
    record = '{"title": "%s", "abstract": "Text"}'
    named = '{"p1": ' + record % "A" + ', "p2": ' + record % "B" + "}"
    lists = '{"old": [' + record % "A" + '], "new": [' + record % "B" + "]}"
    for text in (named, lists):
        assert [paper.title for paper in parse(text)[0]] == ["A", "B"]
