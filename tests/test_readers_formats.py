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
    "refs.wos.txt": "wos",
    "refs.enw": "enw",
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


def test_saved_article_page_is_one_paper() -> None:
    papers, refusals = parse(
        '<html><head><meta name="citation_title" content="Sheep &amp; goats">'
        '<meta name="citation_author" content="Lee, Ann"><meta name="citation_author" '
        'content="Ott, Bo"><meta name="citation_date" content="2023/01/02">'
        '<meta name="citation_arxiv_id" content="2301.00001"></head><body><h1>Mathematics</h1>'
        '<h2>Menu</h2><p>Donate</p><h1 class="title"><span>Title:</span>Sheep</h1>'
        '<blockquote class="abstract mathjax"><span>Abstract:</span>We count <i>x</i> sheep.'
        "</blockquote><h2>Submission history</h2><p>From: Ann</p></body></html>"
    )
    assert [(p.title, p.abstract, p.authors, p.year, p.arxiv_id) for p in papers] == [
        ("Sheep & goats", "We count x sheep.", ("Lee, Ann", "Ott, Bo"), 2023, "2301.00001")
    ]
    assert not refusals


def test_article_page_with_nothing_but_a_heading_abstract() -> None:
    papers, refusals = parse(
        "<body><h1>On naps</h1><p>Ann Lee</p><div><h2>Abstract</h2></div><div><h3>Background</h3>"
        "<p>Cats <b>nap <i>very</i></b> often, more than dogs.</p><h3>Results</h3><p>Yes.</p></div>"
        "<h2>Introduction</h2><p>Long text.</p></body>"
    )
    assert [(paper.title, paper.abstract) for paper in papers] == [
        ("On naps", "Background: Cats nap very often, more than dogs. Results: Yes.")
    ]
    assert not refusals


def test_article_page_without_abstract_says_what_to_do() -> None:
    papers, refusals = parse(
        '<html><head><meta name="citation_title" content="T"></head><body><h2>Buy</h2><p>It</p>'
    )
    assert not papers
    assert len(refusals) == 1
    assert "no abstract" in refusals[0].reason
    assert "BibTeX" in refusals[0].reason


ABSTRACT = "We count sheep in the meadow and find that many are white. Some are black, we saw."
LONG = " ".join([ABSTRACT] * 4)
WRAPPED = LONG.replace(". ", ".\n")


@pytest.mark.parametrize(
    ("text", "authors", "abstract"),
    [
        (f"On sheep\nAnn Lee, Bo van der Ott\n{ABSTRACT}\n", ("Ann Lee", "Bo van der Ott"), ABSTRACT),  # noqa: E501
        (f"On sheep\n\nAnn Lee\u00b9 and B. Ott*\n\n{LONG}\n\n{LONG}", ("Ann Lee", "B. Ott"), f"{LONG} {LONG}"),  # noqa: E501
        (f"On sheep\nAnn Lee\n\n{WRAPPED}\n", ("Ann Lee",), LONG),
        (f"On sheep\nAnn Lee\nAbstract\n{ABSTRACT}\n", ("Ann Lee",), ABSTRACT),
        (f"Title: On sheep\nAuthors: Ann Lee; Bo Ott\nAbstract: {ABSTRACT}", ("Ann Lee", "Bo Ott"), ABSTRACT),  # noqa: E501
        (f"Title: On\nsheep\nAbstract:\n{WRAPPED}\nKeywords: wool", (), LONG),
        ("On sheep\nBACKGROUND: They eat.\nMETHODS: We count.\nRESULTS: Five.\n", (),
         "BACKGROUND: They eat. METHODS: We count. RESULTS: Five."),
    ],
)  # fmt: skip
def test_text_of_one_paper(text: str, authors: tuple[str, ...], abstract: str) -> None:
    papers, refusals = parse(text)
    assert [(paper.title, paper.authors, paper.abstract) for paper in papers] == [
        ("On sheep", authors, abstract)
    ]
    assert not refusals


def test_text_of_several_papers_is_no_single_one() -> None:
    for second in ("On goats", "Abstract: On goats"):
        papers, _ = parse(f"On sheep\n{LONG}\n{second}\n{LONG}\n")
        assert len(papers) == 2
    papers, refusals = parse(f"On sheep\nA Title That Lost its Text\n{LONG}\n")
    assert ([paper.title for paper in papers], len(refusals)) == (["A Title That Lost its Text"], 1)
    papers, _ = parse(f"On sheep\nAnn Lee, Bo Ott\n{LONG}\n12\n", "listing")
    assert papers[0].title == "Ann Lee, Bo Ott"  # a vote count: a page, and no such text


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


def test_pubmed_reads_the_doi_beside_the_citation() -> None:
    record = (
        "<PubmedArticle><MedlineCitation><PMID>7</PMID><Article><ArticleTitle>T</ArticleTitle>"
        "<Abstract><AbstractText>Ab</AbstractText></Abstract></Article></MedlineCitation>"
        "<PubmedData><ReferenceList><Reference><ArticleIdList><ArticleId IdType='doi'>10.1000/no"
        "</ArticleId></ArticleIdList></Reference></ReferenceList><ArticleIdList>"
        "<ArticleId IdType='pubmed'>7</ArticleId><ArticleId IdType='doi'>10.1000/yes</ArticleId>"
        "</ArticleIdList></PubmedData></PubmedArticle>"
    )
    papers, refusals = parse(f"<PubmedArticleSet>{record}{record}</PubmedArticleSet>")
    assert [paper.doi for paper in papers] == ["10.1000/yes"] * 2
    assert not refusals


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


def test_web_of_science() -> None:
    papers, refusals = load("refs.wos.txt")
    paper = papers[0]
    assert paper.title == "Wading birds that count their own legs"
    assert paper.abstract.endswith("We ask whether they know it, and count.")
    assert paper.authors == ("Heron, Anna", "Stork, Bo C.")
    assert (paper.year, paper.doi) == (2017, "10.1000/legs.3")
    assert paper.venue == "JOURNAL OF LEGS"
    assert refusals == ['line 18: "No abstract here" has no abstract']
    _, refused = parse("FN Clarivate\nTI Lost start\nAB Text\nER\n\nEF\n", "wos")
    assert [str(item) for item in refused] == [
        "upload, line 2: a record without its first line (PT)"
    ]


def test_endnote() -> None:
    papers, refusals = load("refs.enw")
    paper = papers[0]
    assert paper.abstract == "We fly forty kites and ask them about the wind of yesterday."
    assert paper.authors == ("Line, Ella", "Tail, Finn")
    assert (paper.year, paper.doi, paper.venue) == (2016, "10.1000/kites", "Journal of Kites")
    assert paper.url == "https://example.org/kites"
    assert refusals == ['line 12: "A book without abstract" has no abstract']


@pytest.mark.parametrize("head", ["", "\n", "Smith 2020,", "Smith et al, ", "k1,"])
def test_bibtex_keys_that_are_missing_or_hold_blanks(head: str) -> None:
    entry = f"@article{{{head} title = {{One}}, abstract = {{Ab c}}}}\n"
    data = entry + entry.replace("One", "Two") + "@article{Gone 1, title = {Three}}\n"
    assert sniff(data.encode()) == "bibtex"
    papers, refusals = parse(data)
    assert [paper.title for paper in papers] == ["One", "Two"]
    assert [refusal.where for refusal in refusals] == [f"line {data.count(chr(10))}"]


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


def test_europe_pmc() -> None:
    papers, _ = parse(
        '{"resultList": {"result": [{"title": "A", "abstractText": "Ab", "pubYear": "2020",'
        ' "authorString": "Smith J, Jones KL."}, {"title": "B", "abstractText": "Bb",'
        ' "authorList": {"author": [{"fullName": "Lee A"}, {"fullName": "Ott B"}]}}]}}'
    )
    assert [paper.authors for paper in papers] == [("Smith J", "Jones KL"), ("Lee A", "Ott B")]


def test_zotero_api() -> None:
    papers, refusals = parse(
        '[{"key": "K", "version": 1, "data": {"itemType": "journalArticle", "title": "A",'
        ' "creators": [{"creatorType": "editor", "lastName": "Ed"}, {"creatorType": "author",'
        ' "firstName": "Ann", "lastName": "Lee"}], "abstractNote": "Ab", "date": "2020",'
        ' "DOI": "10.1000/X", "publicationTitle": "J"}},'
        ' {"key": "L", "data": {"itemType": "attachment", "title": "PDF"}}]'
    )
    assert [(p.title, p.authors, p.year, p.doi, p.venue) for p in papers] == [
        ("A", ("Ann Lee",), 2020, "10.1000/x", "J")
    ]
    assert [str(refusal) for refusal in refusals] == ['upload, record 2: "PDF" has no abstract']


NOTE = (
    '{"id": "n", "forum": "f1", "cdate": 1690000000000, "content": {"title": {"value": "A"},'
    ' "abstract": {"value": "Ab"}, "authors": {"value": ["A Lee", "B Ott"]}}}'
)
OLD_NOTE = (
    '{"forum": "f1", "cdate": 1690000000000, "content": {"title": "A", "abstract": "Ab",'
    ' "authors": ["A Lee", "B Ott"]}}'
)


@pytest.mark.parametrize("note", [NOTE, OLD_NOTE])
@pytest.mark.parametrize("text", ["%s", "[%s]", "%s\n%s\n", '{"notes": [%s, %s], "count": 2}'])
def test_openreview(note: str, text: str) -> None:
    papers, refusals = parse(text.replace("%s", note))
    assert len(papers) == text.count("%s")
    for paper in papers:
        assert (paper.title, paper.abstract) == ("A", "Ab")
        assert (paper.authors, paper.year) == (("A Lee", "B Ott"), 2023)
        assert paper.url == "https://openreview.net/forum?id=f1"
    assert not refusals


def test_openalex_table() -> None:
    papers, refusals = parse(
        "title,authorships.author.display_name,primary_location.source.display_name,"
        "primary_location.landing_page_url,abstract_inverted_index\n"
        'A,Ann Lee|Bo Ott,J,https://a.org/1,"{""We"": [0, 2], ""as"": [1]}"\n'
        "B,Ann Lee,J,https://a.org/2,\"{'We': [0], 'test': [1]}\"\n"
        "C,Ann Lee,J,https://a.org/3,\"{'We': [0], 'te\"\n"
        "D,Ann Lee,J,https://a.org/4,\n"
    )
    assert [paper.abstract for paper in papers] == ["We as We", "We test"]
    assert papers[0].authors == ("Ann Lee", "Bo Ott")
    assert (papers[0].venue, papers[0].url) == ("J", "https://a.org/1")
    assert [str(refusal) for refusal in refusals] == [
        "upload, line 4: its abstract_inverted_index cannot be read",
        'upload, line 5: "D" has no abstract',
    ]


def test_covidence_years() -> None:
    papers, _ = parse("Title,Abstract,Published Year,Published Month\nA,Ab,2019,May\n")
    assert papers[0].year == 2019


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
