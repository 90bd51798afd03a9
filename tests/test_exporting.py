"""What is exported reads back equal, and no text in it is ever taken for structure."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st

from rag.errors import UsageError
from rag.exporting import FORMATS, export, file_name
from rag.exporting.documents import conversation_html, conversation_markdown
from rag.exporting.names import Name, parsed
from rag.exporting.references import bibtex, cite_keys, csl_json, ris
from rag.readers import clean, read_bytes
from rag.readers.latex import to_text
from rag.records import (
    Answer,
    Citation,
    Claim,
    ModelInfo,
    Nearest,
    Paper,
    Source,
    Span,
    Timings,
)

quick = settings(
    max_examples=60, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True
)

# ── texts that try to be something else ─────────────────────────────────────────────────────────

PIECES = [
    "\n", "\r\n", "\r", "\t", "\u2028", "\x85", "\x00", "\x1b[2J", "\ufeff", "\ud800", "\x0c",
    "{", "}", "{}", "}{", "\\", "\\\\", "\\textbf{", "\\{", "\\begin{x}", "$", "$$", "$x_1$",
    "$\\alpha$", "$\\input{/etc/passwd}$", "$\\frac{a}{b}$", "$5 and $6", "%", "&", "#", "_", "~",
    "^", "--", "---", "``", "''", "?`", "<<", '"', "'", ",", ";", " and ", " AND ", "others",
    "\nER  - ", "\nTY  - JOUR\n", "ER  - ", "AB  - x", "\n@article{x,", "@comment{", "= {", "},\n",
    "<b>", "</p>", "</mark>", "</style>", "<script>x()</script>", "<!--", "-->", "<img src=x>",
    "&lt;", "&#60;", "&copy;", "]]>", "[a](javascript:x)", "![a](x)", "<http://e.org>", "[1]",
    "[x]: http://e.org", "\n1. ", "1) ", "# ", " #", "## ", "- ", "+ ", "* ", "> ", "```", "~~~",
    "`", "| a | b |", "\n---\n", "===", "***", "__x__", "**x**", "    x", "http://e.org", "a@b.c",
    "é", "ü", "Å", "日本語", "العربية", "\u202e", "e\u0301", "\u200b", "😀", "ﬁ", "ß", " ", "a",
    "B", "Kelp", "x y",
]  # fmt: skip
PIECE = st.one_of(st.sampled_from(PIECES), st.text(max_size=6))
HOSTILE = st.lists(PIECE, max_size=12).map("".join)


def kept(text: str) -> str:
    """What references keep of a text."""
    return re.sub("[\ud800-\udfff]", "\ufffd", clean.fold(clean.strip_controls(text)))


def shown(text: str) -> str:
    """What a reader of a document sees of a text, white space folded."""
    spaced = re.sub("[\x0b\x0c\r\x1c-\x1f\x85\u2028\u2029]", " ", text)
    return " ".join(re.sub(r"[\x00-\x08\x0e-\x1b\x7f-\x9f\ufeff\ud800-\udfff\ufffe\uffff]",
                           "\ufffd", spaced).split())  # fmt: skip


def is_read(text: str) -> bool:
    """Whether the readers could have made this text, so that they leave it as it is."""
    return text == clean.fold(clean.strip_controls(clean.strip_markup(text))) and (
        not clean.is_nothing(text) and not clean.is_no_title(text)
    )


READ = HOSTILE.map(lambda text: kept(clean.strip_markup(kept(text)))).filter(is_read)
PAPER = Paper(
    "p1", "Kelp farms", "Kelp grows fast. It grew 3 m in a year. More follows.",
    ("Jan van der Berg", "Smith, Anna"), 2020, "https://example.org/kelp?a=1&b=2", "10.1000/kelp",
    "2001.00001", venue="Annals of Kelp",
)  # fmt: skip
OTHER = Paper("p2", "Sea ice", "Ice melts. It did so early.", ("Plato",), 1999)


# ── references: what is written ─────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Jan van der Berg", Name("van der Berg", "Jan")),
        ("van der Berg, Jan", Name("van der Berg", "Jan")),
        ("Leonardo da Vinci", Name("da Vinci", "Leonardo")),
        ("Maria De La Cruz", Name("De La Cruz", "Maria")),
        ("Hung Van Nguyen", Name("Nguyen", "Hung Van")),
        ("José Ortega y Gasset", Name("Ortega y Gasset", "José")),
        ("bell hooks", Name("hooks", "bell")),
        ("J. K. Rowling", Name("Rowling", "J. K.")),
        ("Martin Luther King Jr.", Name("King", "Martin Luther", "Jr.")),
        ("King, Jr., Martin Luther", Name("King", "Martin Luther", "Jr.")),
        ("King, Martin Luther, Jr.", Name("King", "Martin Luther", "Jr.")),
        ("Martin Luther King, Jr.", Name("King", "Martin Luther", "Jr.")),
        ("Plato", Name(literal="Plato")),
        ("李 明", Name(literal="李 明")),
        ("Google Research", Name(literal="Google Research")),
        ("Institute of Kelp, Oslo", Name(literal="Institute of Kelp, Oslo")),
        ("Smith and Sons", Name(literal="Smith and Sons")),
        ("The ATLAS Collaboration", Name(literal="The ATLAS Collaboration")),
        ("DeepSeek-V3 Builders", Name(literal="DeepSeek-V3 Builders")),
        ("A, B, C, D", Name(literal="A, B, C, D")),
        (" Ada \n Lovelace\x00", Name("Lovelace", "Ada")),
    ],
)
def test_names_are_taken_apart_only_where_their_spelling_says_how(text: str, name: Name) -> None:
    assert parsed(text) == name


def test_an_entry_for_latex_is_as_people_write_it() -> None:
    paper = replace(PAPER, title="The 50% {Kelp}: A & B_c of $k$-farms")
    assert bibtex([paper]) == (
        "@article{vanderberg202050,\n"
        r"  title = {{The 50\% \{Kelp\}: A \& B\_c of $k$-farms}}," "\n"
        "  author = {van der Berg, Jan and Smith, Anna},\n"
        "  journal = {Annals of Kelp},\n"
        "  year = {2020},\n"
        "  eprint = {2001.00001},\n"
        "  archivePrefix = {arXiv},\n"
        "  doi = {10.1000/kelp},\n"
        "  url = {https://example.org/kelp?a=1&b=2},\n"
        "  abstract = {Kelp grows fast. It grew 3 m in a year. More follows.},\n"
        "}\n"
    )  # fmt: skip
    assert bibtex([OTHER]).startswith("@misc{plato1999sea,\n  title = {{Sea ice}},\n")


def test_a_record_for_reference_managers_is_as_the_format_says() -> None:
    assert ris([PAPER]) == (
        "TY  - JOUR\nAU  - van der Berg, Jan\nAU  - Smith, Anna\nT1  - Kelp farms\nPY  - 2020\n"
        "JO  - Annals of Kelp\nAN  - arXiv:2001.00001\nUR  - https://example.org/kelp?a=1&b=2\n"
        "DO  - 10.1000/kelp\nAB  - Kelp grows fast. It grew 3 m in a year. More follows.\nER  - \n"
    )
    assert ris([OTHER]).startswith("TY  - GEN\nAU  - Plato\n")


def test_an_item_for_citation_processors_has_the_fields_of_the_schema() -> None:
    item, other = json.loads(csl_json([PAPER, replace(OTHER, authors=("King, Jr., Martin",))]))
    assert item == {
        "id": "vanderberg2020kelp",
        "citation-key": "vanderberg2020kelp",
        "type": "article-journal",
        "title": "Kelp farms",
        "author": [
            {"family": "van der Berg", "given": "Jan"},
            {"family": "Smith", "given": "Anna"},
        ],
        "issued": {"date-parts": [[2020]]},
        "container-title": "Annals of Kelp",
        "archive": "arXiv",
        "archive_location": "2001.00001",
        "DOI": "10.1000/kelp",
        "URL": "https://example.org/kelp?a=1&b=2",
        "abstract": PAPER.abstract,
    }
    assert other["type"] == "article"
    assert other["author"] == [{"family": "King", "given": "Martin", "suffix": "Jr."}]
    assert "container-title" not in other


def test_the_case_of_a_title_is_protected_even_where_it_begins_with_a_command() -> None:
    # In "{\\#MeToo}" BibTeX sees an accented character, and puts the rest in lower case.
    assert r"title = {{{}\#MeToo}}" in bibtex([Paper("", "#MeToo", "x")])


@pytest.mark.parametrize(
    ("title", "authors", "key"),
    [
        ("The Über-Graph", ("Øystein Łukasz Müller-Weiß",), "mullerweiss2020uber"),
        ("A of the", ("Smith, A.",), "smith2020a"),
        ("日本語 BERT", ("李 明",), "anon2020bert"),
        ("日本語", (), "anon2020untitled"),
        ("3D Kelp", ("3M Company",), "anon3m20203d"),
        ("On Kelp", ("Google Research",), "google2020kelp"),
    ],
)
def test_keys_are_ascii_and_readable(title: str, authors: tuple[str, ...], key: str) -> None:
    assert cite_keys([Paper("", title, "x", authors, 2020)]) == [key]


def test_equal_keys_go_on_with_letters_and_later_papers_change_none() -> None:
    papers = [replace(OTHER, id=str(n)) for n in range(30)]
    keys = cite_keys(papers)
    assert keys[:3] == ["plato1999sea", "plato1999seaa", "plato1999seab"]
    assert keys[26:29] == ["plato1999seaz", "plato1999seaaa", "plato1999seaab"]
    natural = replace(OTHER, title="Seaa")  # whose own key is the second one's
    assert cite_keys([OTHER, natural, OTHER]) == ["plato1999sea", "plato1999seaa", "plato1999seab"]
    assert cite_keys(papers[:7]) == keys[:7]


@quick
@given(st.lists(st.tuples(HOSTILE, st.lists(HOSTILE, max_size=2)), max_size=5))
def test_keys_of_any_papers_are_unique_and_plain(texts: list[tuple[str, list[str]]]) -> None:
    papers = [replace(PAPER, title=title, authors=tuple(names)) for title, names in texts]
    keys = cite_keys(papers)
    assert len(set(keys)) == len(papers)
    assert all(re.fullmatch(r"[a-z][a-z0-9]*", key) for key in keys)


@pytest.mark.parametrize(
    "url",
    [
        "javascript:x()",
        "ftp://e.org",
        "https://",
        "http://a b",
        "https://e.org/\nER  - ",
        "//e.org",
    ],
)
def test_only_addresses_of_the_web_are_written(url: str) -> None:
    paper = Paper("", "T", "A", url=url)
    for written in (bibtex([paper]), ris([paper]), csl_json([paper])):
        assert "url" not in written.lower()
        assert "UR  -" not in written


def test_addresses_are_made_of_dois_and_arxiv_ids_where_there_is_none() -> None:
    doi = Paper("", "T", "A", doi="10.1/a<b>#c")
    assert "url = {https://doi.org/10.1/a%3Cb%3E%23c}" in bibtex([doi])
    preprint = Paper("", "T", "A", arxiv_id="cs/0112017")
    assert "UR  - https://arxiv.org/abs/cs/0112017" in ris([preprint])


@pytest.mark.parametrize(
    "text",
    [
        "$5 and $10", r"$\input{x}$", r"$\write18{x}$", r"$\frac{a}$", r"$\hat$ and $x$", "$x_$",
        "US$40/A$50", r"$\left$", "$a } b_1 { c$", "$a^é$", "$ x_1 $",
        "$x^2^3$", "$a_i_j$", "$x^{2}^{3}$", "$x^2'$", "$x_i^2_j$", r"$\left( x_1$",
        r"$\right) x_1$",
    ],
)  # fmt: skip
def test_what_is_no_harmless_formula_is_text(text: str) -> None:
    value = re.search(r"title = \{(.*)\},", bibtex([Paper("", text, "x")]))
    assert value is not None
    bare = re.sub(r"\\text\w+\{\}|\\[$#%&_{}]|[{}]", "", value[1])
    assert not re.search(r"[$\\^_]", bare.replace("$x$", ""))


def test_harmless_formulas_stay_formulas() -> None:
    for formula in ("$x_i^2$", "$x^2_i y^2$", "$f'_i$", r"$\left(x_1\right)$", "$x_{i_j}$"):
        assert formula in bibtex([Paper("", f"On {formula}", "x")])
    title = r"$k$-means in $\mathcal{O}(n^2)$, $\frac{a}{b_1}$ & $\{x\}$ {for $d=3$}"
    assert (
        r"title = {{$k$-means in $\mathcal{O}(n^2)$, $\frac{a}{b_1}$ \& $\{x\}$ \{for $d=3$\}}}"
        in bibtex([Paper("", title, "x")])
    )


# ── references: read back by others ─────────────────────────────────────────────────────────────


def decoder() -> Any:
    """The library's decoder of LaTeX, told of three of LaTeX's own names that it lacks."""
    from pylatexenc.latex2text import (  # type: ignore[import-untyped]  # ships no types
        LatexNodes2Text,
        MacroTextSpec,
        get_default_latex_context_db,
    )

    names = {"textbraceleft": "{", "textbraceright": "}", "textasciicircum": "^"}
    known = get_default_latex_context_db()
    known.add_context_category(
        "ours", [MacroTextSpec(name, text) for name, text in names.items()], prepend=True
    )
    return LatexNodes2Text(latex_context=known, math_mode="verbatim")


def decoded(words: Sequence[str]) -> str:
    return str(decoder().latex_to_text(" ".join(words)))


def latex_fields(text: str) -> list[dict[str, Any]]:
    from bibtexparser import middlewares as steps
    from bibtexparser.entrypoint import parse_string

    library = parse_string(
        text,
        append_middleware=[
            steps.SeparateCoAuthors(),
            steps.SplitNameParts(),  # whose parts the decoder leaves alone
            steps.LatexDecodingMiddleware(decoder=decoder()),
        ],
    )
    assert not library.failed_blocks
    assert len(library.blocks) == len(library.entries)
    return [{field.key: field.value for field in entry.fields} for entry in library.entries]


@quick
@given(title=HOSTILE, abstract=HOSTILE, venue=HOSTILE)
@example(title="}", abstract="{{", venue="\\")
@example(title="x" * 50_000 + "}", abstract="{}%" * 50_000, venue="")
def test_bibtexparser_reads_the_same_texts(title: str, abstract: str, venue: str) -> None:
    paper = replace(PAPER, title=title, abstract=abstract, venue=venue)
    text = bibtex([paper, OTHER])
    text.encode()
    first, second = latex_fields(text)
    for field, value in (("title", title), ("abstract", abstract), ("journal", venue)):
        assert first.get(field, "") == kept(value)
    assert first["year"] == "2020"
    assert first["doi"] == PAPER.doi
    assert first["eprint"] == PAPER.arxiv_id
    assert second["title"] == OTHER.title


@quick
@given(st.lists(HOSTILE, max_size=4))
@example(["others", "Bob And", "A and B", "and", "others, x"])
def test_bibtexparser_reads_as_many_authors_with_the_same_words(authors: list[str]) -> None:
    (fields,) = latex_fields(bibtex([replace(PAPER, authors=tuple(authors))]))
    names = [parsed(author) for author in authors if kept(author)]
    found = fields.get("author", [])
    assert len(found) == len(names)
    for name, parts in zip(names, found, strict=True):
        words = map(decoded, (parts.von, parts.last, parts.jr, parts.first))
        expected = name.literal or " ".join([name.family, name.suffix, name.given])
        assert " ".join(" ".join(words).split()) == " ".join(expected.split())


def test_bibtexparser_splits_names_as_they_are_split_here() -> None:
    authors = ("Jan van der Berg", "José Ortega y Gasset", "King, Jr., Martin Luther",
               "Google Research", "Maria De La Cruz")  # fmt: skip
    (fields,) = latex_fields(bibtex([replace(PAPER, authors=authors)]))
    found = [tuple(map(decoded, (n.von, n.last, n.first, n.jr))) for n in fields["author"]]
    assert found == [
        ("van der", "Berg", "Jan", ""), ("", "Ortega y Gasset", "José", ""),
        ("", "King", "Martin Luther", "Jr."), ("", "Google Research", "", ""),
        ("", "De La Cruz", "Maria", ""),
    ]  # fmt: skip


@quick
@given(title=HOSTILE, abstract=HOSTILE, names=st.lists(HOSTILE, max_size=3))
def test_braces_balance_for_programs_that_count_escaped_ones(
    title: str, abstract: str, names: list[str]
) -> None:
    paper = replace(PAPER, title=title, abstract=abstract, venue=abstract, authors=tuple(names),
                    doi=title, arxiv_id=abstract)  # fmt: skip
    for line in bibtex([paper]).splitlines()[1:-1]:
        field = line[line.index("{") :].removesuffix(",")
        depths = []
        depth = 0
        for char in field:
            depth += {"{": 1, "}": -1}.get(char, 0)
            depths.append(depth)
        assert depths[-1] == 0
        assert min(depths[:-1]) > 0


@quick
@given(title=HOSTILE, abstract=HOSTILE, venue=HOSTILE, authors=st.lists(HOSTILE, max_size=3))
@example(title="ER  - ", abstract="x\nER  - \nTY  - JOUR", venue="", authors=[])
@example(
    title="x" * 100_000, abstract="ER  - \r\n" * 9999, venue="TY  - ", authors=["\u2028TY  - "]
)
def test_rispy_reads_the_same_records(
    title: str, abstract: str, venue: str, authors: list[str]
) -> None:
    import rispy

    paper = replace(PAPER, title=title, abstract=abstract, venue=venue, authors=tuple(authors))
    text = ris([paper, OTHER])
    text.encode()
    assert "\r" not in text
    first, second = rispy.loads(text)
    assert first.get("primary_title", "") == kept(title)
    assert first.get("abstract", "") == kept(abstract)
    assert first.get("journal_name", "") == kept(venue)
    assert first["year"] == "2020"
    assert first["doi"] == PAPER.doi
    names = [parsed(author) for author in authors if kept(author)]
    assert [parsed(name) for name in first.get("authors", [])] == names
    assert second["primary_title"] == OTHER.title


@quick
@given(title=HOSTILE, abstract=HOSTILE, venue=HOSTILE, authors=st.lists(HOSTILE, max_size=3))
def test_json_holds_the_same_texts(
    title: str, abstract: str, venue: str, authors: list[str]
) -> None:
    paper = replace(PAPER, title=title, abstract=abstract, venue=venue, authors=tuple(authors))
    text = csl_json([paper, OTHER])
    first, second = json.loads(text.encode())
    assert first.get("title", "") == kept(title)
    assert first.get("abstract", "") == kept(abstract)
    assert first.get("container-title", "") == kept(venue)
    names = [parsed(author) for author in authors if kept(author)]
    assert [
        Name(a.get("family", ""), a.get("given", ""), a.get("suffix", ""), a.get("literal", ""))
        for a in first.get("author", [])
    ] == names
    assert second["title"] == OTHER.title


# ── references: read back by this project ───────────────────────────────────────────────────────

Write = Callable[[Sequence[Paper]], str]
# The reader of BibTeX has to know these two commands for every text to come back.
READS_ALL_LATEX = to_text(r"\textasciicircum{}\textbraceleft{}\textbraceright{}") == "^{}"


def read_back(write: Write, papers: Sequence[Paper]) -> list[Paper]:
    found = list(read_bytes(write(papers).encode(), "up"))
    assert all(isinstance(item, Paper) for item in found), found
    return [item for item in found if isinstance(item, Paper)]


def readable(write: Write, text: str) -> bool:
    return write is not bibtex or READS_ALL_LATEX or not re.search(r"textbrace|textascii", write(
        [Paper("", text, text)]
    ).replace(r"\textasciitilde", ""))  # fmt: skip


@pytest.mark.parametrize("write", [bibtex, ris, csl_json])
@quick
@given(title=READ, abstract=READ, venue=READ)
def test_own_readers_read_the_same_texts(
    write: Write, title: str, abstract: str, venue: str
) -> None:
    assume(all(readable(write, text) for text in (title, abstract, venue)))
    paper = replace(PAPER, title=title, abstract=abstract, venue=venue)
    first, second = read_back(write, [paper, OTHER])
    assert (first.title, first.abstract, first.venue) == (title, abstract, venue)
    assert (first.year, first.url, first.doi, first.arxiv_id) == (
        2020, PAPER.url, PAPER.doi, PAPER.arxiv_id,
    )  # fmt: skip
    assert (second.title, second.abstract, second.year) == (OTHER.title, OTHER.abstract, 1999)


@pytest.mark.skipif(not READS_ALL_LATEX, reason="rag/readers/latex.py lacks the commands")
def test_own_reader_knows_circumflexes_and_lone_braces() -> None:
    text = "a ^ b } c { d"
    (paper,) = read_back(bibtex, [replace(PAPER, title=text, abstract=text)])
    assert (paper.title, paper.abstract) == (text, text)


@pytest.mark.parametrize("write", [bibtex, ris, csl_json])
@quick
@given(authors=st.lists(READ, min_size=1, max_size=4))
def test_own_readers_read_the_same_authors(write: Write, authors: list[str]) -> None:
    assume(all(readable(write, text) for text in authors))
    names = [parsed(author) for author in authors]
    (paper,) = read_back(write, [replace(PAPER, authors=tuple(authors))])
    if write is csl_json:  # whose names come back as they are spoken, without "Jr."
        spoken = [name.literal or f"{name.given} {name.family}" for name in names]
        assert list(paper.authors) == spoken
    else:
        assert [parsed(author) for author in paper.authors] == names


@pytest.mark.parametrize("write", [bibtex, ris, csl_json])
def test_common_names_survive_a_round_trip_and_a_second_one(write: Write) -> None:
    authors = ("Jan van der Berg", "Anna B. Smith", "José Ortega y Gasset", "Plato",
               "Google Research", "Smith and Sons", "李 明")  # fmt: skip
    once = read_back(write, [replace(PAPER, authors=authors)])
    twice = read_back(write, once)
    for papers in (once, twice):
        assert list(map(parsed, papers[0].authors)) == list(map(parsed, authors))


# ── documents ───────────────────────────────────────────────────────────────────────────────────


def citing(paper: Paper, n: int, quote: str) -> Citation:
    start = paper.abstract.index(quote)
    return Citation(n, start, start + len(quote), quote)


def answered(*papers: Paper, question: str = "How fast?") -> Answer:
    """Quotes the first ten characters of each paper, and states something of all of them."""
    sources = tuple(Source(n, paper) for n, paper in enumerate(papers, 1))
    cited = [citing(s.paper, s.n, s.paper.abstract[:10]) for s in sources]
    claims = [Claim(c.quote, "quote", (c,)) for c in cited]
    claims.append(Claim("All of it grows.", "paraphrase", tuple(cited)))
    return Answer(
        question, question, "answered", "", "text [1]", tuple(claims), sources, (), Timings(),
        ModelInfo("SmolLM2", "0" * 64, "Q4_K_M"), "f",
    )  # fmt: skip


def abstained(reason: str, *titles: str) -> Answer:
    nearest = tuple(Nearest(f"n{i}", title, 0.5) for i, title in enumerate(titles))
    return Answer(
        "Who?", "Kelp: who?", "abstained", reason, reason, (), (), nearest, Timings(),
        ModelInfo("none", "", ""), "f",
    )  # fmt: skip


ALLOWED = {
    "html", "head", "meta", "title", "style", "body", "main", "h1", "h2", "h3", "h4", "article",
    "section", "p", "span", "bdi", "blockquote", "a", "ul", "li", "mark", "div", "strong", "footer",
}  # fmt: skip


def tree(html: str) -> Any:
    from lxml import html as parser

    found = parser.document_fromstring(html)
    tags = {element.tag for element in found.iter()}
    assert tags <= ALLOWED, tags - ALLOWED
    attributes = {name for element in found.iter() for name in element.attrib}
    assert attributes <= {
        "lang", "charset", "http-equiv", "content", "name", "dir", "id", "class", "href", "rel",
    }  # fmt: skip
    return found


def folded(element: Any) -> str:
    return " ".join(element.text_content().split())


def test_a_page_has_everything_and_loads_nothing() -> None:
    page = conversation_html("Kelp & ice", [answered(PAPER, OTHER), abstained("No one.", "Near")])
    found = tree(page)
    assert found.xpath("//meta[@http-equiv='Content-Security-Policy']/@content") == [
        "default-src 'none'; style-src 'unsafe-inline'"
    ]
    assert "url(" not in page
    assert "@import" not in page
    assert "prefers-color-scheme: dark" in page
    assert "@media print" in page
    assert found.xpath("//title/text()") == ["Kelp & ice"]
    links = found.xpath("//a[not(@class)]/@href")
    assert links == [PAPER.url]
    text = folded(found)
    for expected in (
        "“Kelp grows” [1]", "All of it grows. [1] [2]", "Kelp farms says:",
        "Jan van der Berg, Anna Smith · Annals of Kelp · 2020", "“Kelp grows” (characters 0–10)",
        "Understood as: Kelp: who?", "No answer was found in the abstracts.No one.", "Near",
        "Language model: SmolLM2 (Q4_K_M). Every quote was checked word for word against its "
        "abstract. Every other statement was checked against the passages it cites.",
    ):  # fmt: skip
        assert expected in text, expected
    assert text.count("Understood as") == 1


def test_a_list_begins_with_what_introduces_it() -> None:
    text = "2 of 217 papers match “*kelp*”:\n[1] Kelp farms: “Kelp grows”\n[2] Sea ice: “Ice”"
    answer = replace(answered(PAPER, OTHER), text=text)
    found = tree(conversation_html("t", [answer]))
    assert folded(found.xpath("//article/p")[0]) == "2 of 217 papers match “*kelp*”:"
    markdown = conversation_markdown("t", [answer])
    assert texts(markdown)[2] == "2 of 217 papers match “*kelp*”:"
    assert "217" not in conversation_markdown("t", [replace(answer, text="217 [1]")])


def test_markers_lead_to_the_sources_of_their_own_answer() -> None:
    found = tree(conversation_html("t", [answered(PAPER, OTHER), answered(OTHER)]))
    ids = found.xpath("//@id")
    assert len(set(ids)) == len(ids)
    for number, article in enumerate(found.xpath("//article"), 1):
        targets = article.xpath(".//a[@class='cite']/@href")
        assert set(targets) == {f"#{id}" for id in article.xpath(".//section/@id")}
        assert all(target.startswith(f"#a{number}-") for target in targets)


def test_what_is_marked_is_what_is_quoted() -> None:
    answer = answered(PAPER)
    quotes = ["It grew 3 m in a year.", " More", "Kelp grows fast."]
    claims = tuple(Claim(q, "quote", (citing(PAPER, 1, q),)) for q in quotes)
    (section,) = tree(conversation_html("t", [replace(answer, claims=claims)])).xpath("//section")
    marks = [mark.text_content() for mark in section.xpath(".//mark")]
    assert marks == ["Kelp grows fast.", "It grew 3 m in a year.", " More"]
    assert section.xpath(".//p[@class='abstract']")[0].text_content() == PAPER.abstract


def test_the_words_that_answer_are_strong() -> None:
    claim = Claim("It grew 3 m in a year.", "quote", (citing(PAPER, 1, "It grew 3 m in a year."),))
    told = replace(claim, citations=(replace(claim.citations[0], words=Span(8, 11)),))
    found = tree(conversation_html("t", [replace(answered(PAPER), claims=(told,))]))
    assert [s.text_content() for s in found.xpath("//blockquote//strong")] == ["3 m"]
    assert "“It grew 3 m in a year.” [1]" in folded(found)


def test_a_passage_is_listed_once_whatever_words_answer() -> None:
    plain = citing(PAPER, 1, "It grew 3 m in a year.")
    claims = (
        Claim("It grew 3 m.", "paraphrase", (plain,)),
        Claim(plain.quote, "quote", (replace(plain, words=Span(8, 11)),)),
    )
    answer = replace(answered(PAPER), claims=claims)
    for made in (conversation_markdown("t", [answer]), conversation_html("t", [answer])):
        assert made.count("(characters 17–39)") == 1


def test_overlapping_quotes_share_a_mark() -> None:
    claims = tuple(
        Claim(q, "quote", (citing(PAPER, 1, q),)) for q in ("Kelp grows", "grows fast.", "fast")
    )
    found = tree(conversation_html("t", [replace(answered(PAPER), claims=claims)]))
    assert [mark.text_content() for mark in found.xpath("//mark")] == ["Kelp grows fast."]


def test_a_quote_that_is_not_in_its_abstract_is_neither_marked_nor_called_checked() -> None:
    wrong = Claim("Kelp sinks", "quote", (Citation(1, 0, 10, "Kelp sinks"),))
    answer = replace(answered(PAPER), claims=(wrong,))
    found = tree(conversation_html("t", [answer]))
    assert not found.xpath("//mark")
    for text in (folded(found), conversation_markdown("t", [answer])):
        assert "1 of the quotes do not stand in their abstracts word for word." in text
        assert "Every quote was checked" not in text


@quick
@given(text=HOSTILE, abstract=HOSTILE.filter(lambda t: len(t) > 30))
@example(text="</title></style><script>x()</script>", abstract="</mark><b>" * 9)
def test_hostile_text_is_only_text_in_html(text: str, abstract: str) -> None:
    assume(shown(text))
    paper = Paper("p", text, abstract, (text,), 2020, venue=text)
    answers = [
        replace(answered(paper, question=text), understood=text + " more"),
        abstained(text, text),
    ]
    page = conversation_html(text, answers)
    page.encode()
    found = tree(page)
    assert not found.xpath("//a[not(@class)]")
    for path in ("//title", "//h1", "//h2", "//p[@class='says']/bdi", "//h4/bdi", "//li[@dir]",
                 "//div/p[@dir]"):  # fmt: skip
        assert folded(found.xpath(path)[0]) == shown(text), path
    assert shown(found.xpath("//p[@class='abstract']")[0].text_content()) == shown(abstract)
    for path in ("//mark", "//blockquote/span"):
        assert folded(found.xpath(path)[0]) == shown(abstract[:10]), path
    assert folded(found.xpath("//li/span")[0]) == shown(f"“{abstract[:10]}”")


def tokens(markdown: str) -> list[Any]:
    parser = pytest.importorskip("markdown_it").MarkdownIt("commonmark")
    flat = []
    for token in parser.enable(["table", "strikethrough"]).parse(markdown):
        flat.append(token)
        flat += token.children or []
    return flat


def texts(markdown: str) -> list[str]:
    """The text of each block, as shown."""
    lines = []
    for token in tokens(markdown):
        if token.type == "inline":
            lines.append(
                "".join(
                    c.content if c.type in ("text", "text_special") else " "
                    for c in token.children or []
                    if c.type not in ("link_open", "link_close")
                )
            )
    return [" ".join(line.split()) for line in lines]


def test_markdown_has_everything() -> None:
    answers = [answered(PAPER, OTHER), abstained("No one.", "Near")]
    assert (
        conversation_markdown("Kelp & ice", answers)
        == """\
# Kelp & ice

## How fast?

“Kelp farms” says:

> “Kelp grows” [1]

“Sea ice” says:

> “Ice melts.” [2]

All of it grows. [1] [2]

### Sources

- [1] [Kelp farms](https://example.org/kelp?a=1&b=2)\\
  Jan van der Berg, Anna Smith · Annals of Kelp · 2020
  - “Kelp grows” (characters 0–10)
- [2] Sea ice\\
  Plato · 1999
  - “Ice melts.” (characters 0–10)

## Who?

Understood as: Kelp: who?

No answer was found in the abstracts.

No one.

The nearest papers:

- Near

---

Language model: SmolLM2 (Q4_K_M). Every quote was checked word for word against its abstract. \
Every other statement was checked against the passages it cites. Characters of an abstract are \
counted from 0; the second number is not included.
"""
    )


def test_markdown_links_to_the_sources_only() -> None:
    found = tokens(conversation_markdown("t", [answered(PAPER, OTHER)]))
    assert [t.attrs["href"] for t in found if t.type == "link_open"] == [PAPER.url]


PLAIN = {
    "heading_open", "heading_close", "inline", "text", "text_special", "paragraph_open",
    "paragraph_close", "blockquote_open", "blockquote_close", "bullet_list_open",
    "bullet_list_close", "list_item_open", "list_item_close", "hardbreak", "hr",
}  # fmt: skip


@quick
@given(text=HOSTILE, quote=HOSTILE)
@example(text="1. x", quote="- x")
@example(text="2020.", quote="===")
@example(text="x #", quote="a\\")
@example(text="# x", quote="~~x~~")
def test_hostile_text_is_only_text_in_markdown(text: str, quote: str) -> None:
    assume(shown(text) and shown(quote))
    paper = Paper("p", text, quote, (text,), 2020, venue=text)
    cited = Citation(1, 0, len(quote), quote)
    answer = replace(
        answered(paper, question=text),
        claims=(Claim(quote, "quote", (cited,)), Claim(text, "paraphrase", (cited,))),
    )
    markdown = conversation_markdown(text, [answer, abstained(text, text)])
    markdown.encode()
    found = tokens(markdown)
    assert {token.type for token in found} <= PLAIN
    assert [token.tag for token in found if token.type == "heading_open"] == [
        "h1", "h2", "h3", "h2",
    ]  # fmt: skip
    assert sum(token.type == "list_item_open" for token in found) == 3
    assert sum(token.type == "blockquote_open" for token in found) == 1
    t, q, name = shown(text), shown(quote), shown(parsed(text).spoken)
    assume(name)
    assert texts(markdown)[:-1] == [
        t, t, f"“{t}” says:", f"“{q}” [1]", f"{t} [1]", "Sources", f"[1] {t} {name} · {t} · 2020",
        f"“{q}” (characters 0–{len(quote)})", "Who?", "Understood as: Kelp: who?",
        "No answer was found in the abstracts.", t, "The nearest papers:", t,
    ]  # fmt: skip


@quick
@given(text=HOSTILE)
def test_a_line_of_hostile_names_stays_one_line(text: str) -> None:
    paper = Paper("p", "Title", "Ten characters.", (text,), None, venue="")
    found = tokens(conversation_markdown("t", [answered(paper)]))
    assert {token.type for token in found} <= PLAIN
    assert [token.tag for token in found if token.type == "heading_open"] == ["h1", "h2", "h3"]


def test_a_title_with_an_address_is_one_link_whatever_it_holds() -> None:
    paper = replace(PAPER, title="](x) [a](b) <c> `d`", url="https://e.org/(a)_*b*?x&copy;=<&y=\\")
    found = tokens(conversation_markdown("t", [answered(paper)]))
    assert [t.attrs["href"] for t in found if t.type == "link_open"] == [
        "https://e.org/(a)_*b*?x&copy;=%3C&y=%5C"
    ]


def test_many_authors_are_counted() -> None:
    paper = replace(PAPER, authors=tuple(f"A. Name{n}" for n in "abcdefghijklmnopq"))
    text = conversation_markdown("t", [answered(paper)])
    assert "A. Namel and 5 more ·" in text
    assert "Namem" not in text


def test_a_conversation_without_a_title_or_an_answer_is_still_a_document() -> None:
    assert tree(conversation_html(" ", [])).xpath("//h1/text()") == ["Questions and answers"]
    assert conversation_markdown("\n", []).startswith("# Questions and answers\n")


# ── all formats ─────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("fmt", FORMATS)
def test_each_format_is_described_and_written(fmt: str) -> None:
    label, suffix, media_type = FORMATS[fmt]
    assert label
    assert suffix == f".{fmt}"
    assert "/" in media_type
    answers = [answered(OTHER, PAPER)]
    text = export(fmt, "t", answers)
    assert text.endswith("\n")
    assert text == export(fmt, "t", answers)


def test_references_are_the_cited_papers_once_in_order_of_citation() -> None:
    unused = Source(3, replace(PAPER, id="p3", title="Unused"))
    first = answered(OTHER, PAPER)
    first = replace(first, sources=(*first.sources, unused))
    later = answered(PAPER, replace(PAPER, id="p4", title="Later"))
    items = json.loads(export("json", "t", [abstained("?", "Near"), first, later]))
    assert [item["title"] for item in items] == ["Sea ice", "Kelp farms", "Later"]


def test_references_of_nothing_and_unknown_formats_say_what_to_do() -> None:
    with pytest.raises(UsageError, match="no references to save") as caught:
        export("bib", "t", [abstained("?")])
    assert "Markdown" in caught.value.remedy
    with pytest.raises(UsageError, match="no format 'pdf'") as caught:
        export("pdf", "t", [])
    assert "md, html, bib, ris, json" in caught.value.remedy


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("How fast does kelp grow?", "How-fast-does-kelp-grow.md"),
        ("../../etc/passwd", "etc-passwd.md"),
        ("CON", "conversation-CON.md"),
        ("com¹", "conversation-com1.md"),
        ("", "conversation.md"),
        ("...", "conversation.md"),
        ("-rf ~", "rf.md"),
        ("日本語の質問", "日本語の質問.md"),
        ("हिन्दी", "हिन्दी.md"),
        ("a\x00b\u202ec", "a-b-c.md"),
        ("x" * 200, "x" * 77 + ".md"),
        ("word " * 40, "word-" * 15 + "wo.md"),
    ],
)
def test_names_of_files_tell_the_title(title: str, name: str) -> None:
    assert file_name(title, ".md") == name


@quick
@given(title=HOSTILE, suffix=st.sampled_from([f.suffix for f in FORMATS.values()]))
@example(title="日" * 100, suffix=".json")
@example(title="nul", suffix=".md")
def test_names_of_files_are_safe_everywhere(title: str, suffix: str) -> None:
    name = file_name(title, suffix)
    assert name.endswith(suffix)
    assert len(name) <= 80
    assert len(name.encode()) <= 255
    stem = name.removesuffix(suffix)
    assert not re.search(r"[^\w\-\u0300-\u036f\u0900-\u0dff\u0600-\u06ff]", stem) or not any(
        c in '<>:"/\\|?*.$ ' or ord(c) < 32 or c.isspace() for c in stem
    )
    assert stem[0] not in "-.~ "
    assert stem[-1] not in "-. "
    assert not re.fullmatch(r"con|prn|aux|nul|(com|lpt)\d", stem, re.I)
