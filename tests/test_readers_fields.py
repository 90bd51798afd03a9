"""The fields of a record: limits, placeholders, markup, LaTeX, identifiers, dates, addresses."""

from __future__ import annotations

import json

import pytest

from rag.readers import read_bytes
from rag.readers.clean import is_nothing, strip_markup
from rag.readers.ids import arxiv_id, doi, first_url, iso_date, web_url, year
from rag.readers.latex import to_text
from rag.records import Paper, Refusal

SICI = "10.1002/(SICI)1097-0258(19980815/30)17:15/16<1661::AID-SIM968>3.0.CO;2-2"


def only(data: str | bytes, format: str = "auto") -> Paper | Refusal:
    items = list(read_bytes(data.encode() if isinstance(data, str) else data, "up", format))
    assert len(items) == 1, items
    return items[0]


def paper(data: str | bytes, format: str = "auto") -> Paper:
    item = only(data, format)
    assert isinstance(item, Paper), item
    return item


def refusal(data: str | bytes, format: str = "auto") -> str:
    item = only(data, format)
    assert isinstance(item, Refusal), item
    return str(item)


def line(abstract: str, title: str = "A title") -> str:
    return json.dumps({"title": title, "abstract": abstract})


@pytest.mark.parametrize("length", [50_000, 50_001, 200_000])
def test_long_abstracts_are_taken(length: int) -> None:
    assert len(paper(line("a" * length)).abstract) == length


@pytest.mark.parametrize("length", [200_001, 5_000_000])
def test_overlong_abstracts_are_refused(length: int) -> None:
    assert "longer than 200,000 characters" in refusal(line("a" * length))


@pytest.mark.parametrize(
    "text",
    ["", " ", "N/A", "n.a.", "None", "[No abstract available]", "No abstract available.", "---",
     "No Abstract Found", "Abstract not available", "Abstract", "<p></p>", "&nbsp;", "null"],
)  # fmt: skip
def test_placeholders_are_no_abstract(text: str) -> None:
    assert "has no abstract" in refusal(line(text))


def test_short_abstracts_are_abstracts() -> None:
    for text in ("No.", "None of it works.", "We prove P = NP.", "42"):
        assert not is_nothing(text)


@pytest.mark.parametrize("title", ["", "N/A", "Untitled", "[No title available]"])
def test_records_without_title_are_refused(title: str) -> None:
    assert "no title" in refusal(line("Some text.", title))


def test_controls_go_and_white_space_folds() -> None:
    found = paper(line("\u00a0One\x00\x07\n\t two\u2028three\ufeff \x9f", "A\x00  title"))
    assert (found.title, found.abstract) == ("A title", "One two three")


def test_markup_goes_and_mathematics_stays() -> None:
    assert strip_markup("a < b and c > d <i>x</i><br/>y &lt;sub&gt;2&lt;/sub&gt; &#x3b1;") == (
        "a < b and c > d x y 2 \u03b1"
    )
    assert strip_markup("if a <b and c> d, AT&T &c; R&D; &#0; &#xD800;") == (
        "if a <b and c> d, AT&T &c; R&D; &#0; &#xD800;"
    )
    assert strip_markup('<mml:math id="m1"><mml:mi>x</mml:mi></mml:math>') == "x"


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (r"Erd\H{o}s, Erd\H os, \'{E}, \'E, \v{S}, \c{c}, \~n", "Erd\u0151s, Erd\u0151s, \u00c9, \u00c9, \u0160, \u00e7, \u00f1"),  # noqa: E501
        (r'{\"o}, \"{o}, {\ss}, \aa{}x, \o, \ae sop, \L{}', "\u00f6, \u00f6, \u00df, \u00e5x, \u00f8, \u00e6sop, \u0141"),  # noqa: E501
        (r"\'{\i} \'\i", "\u00ed \u00ed"),
        (r"p {\textless} 1 \textgreater{} 0 \textpm{} 2 {\textmu}m {\texttimes} {\textbar}", "p < 1 > 0 \u00b1 2 \u00b5m \u00d7 |"),  # noqa: E501
        (r"{\textquotedblleft}a{\textquotedblright} {\textquotesingle}b{\textasciitilde}", "\u201ca\u201d 'b~"),  # noqa: E501
        (r"CO\textsubscript{2} m\textsuperscript{3} {\~{}}u \^{}", "CO2 m3 ~u ^"),
        (r"50\% \& \$5 \#1 a\_b", "50% & $5 #1 a_b"),
        (r"$\alpha_{1}$ and \(x_{2}\) \cite{key} \ref{a}", r"$\alpha_{1}$ and \(x_{2}\) \cite{key} \ref{a}"),  # noqa: E501
        (r"{The {BERT}} \emph{is} \textbf{bold \textit{too}}", "The BERT is bold too"),
    ],
)  # fmt: skip
def test_latex(raw: str, text: str) -> None:
    assert to_text(raw) == text


@pytest.mark.parametrize(
    ("raw", "bare"),
    [
        ("https://doi.org/10.1000/ABC", "10.1000/abc"),
        ("http://dx.doi.org/10.1000/a(b)c", "10.1000/a(b)c"),
        ("doi: 10.1000/x.", "10.1000/x"),
        ("(10.1000/x)", "10.1000/x"),
        ("10.1000%2Fx", "10.1000/x"),
        (SICI, SICI.lower()),
        (SICI.replace("<", "&lt;").replace(">", "&gt;"), SICI.lower()),
        (f"https://doi.org/{SICI.replace('<', '%3C').replace('>', '%3E')}.", SICI.lower()),
        (
            "10.1175/1520-0469(1973)030<0351:SM>2.0.CO;2",
            "10.1175/1520-0469(1973)030<0351:sm>2.0.co;2",
        ),
        ("<a>10.1000/x</a>", "10.1000/x"),
        ("10.1000/x&lt;/a&gt;", "10.1000/x"),
        ("nothing", ""),
        ("10.1/x", ""),
        ("10.1000/)))", ""),
    ],
)
def test_dois(raw: str, bare: str) -> None:
    assert doi(raw) == bare


@pytest.mark.parametrize(
    ("raw", "bare"),
    [
        ("2301.00001", "2301.00001"),
        ("2301.00001v12", "2301.00001"),
        ("arXiv:2301.00001v2 [cs.CL]", "2301.00001"),
        ("http://arxiv.org/abs/cs/0112017v1", "cs/0112017"),
        ("https://arxiv.org/pdf/2301.00001v1.pdf", "2301.00001"),
        ("math.GT/0309136", "math/0309136"),
        ("/papers/2301.00001", "2301.00001"),
        ("https://huggingface.co/papers/2301.00001?x=1", "2301.00001"),
        ("10.48550/arXiv.2301.00001", "2301.00001"),
        ("2399.00001", ""),
        ("12345", ""),
        ("https://example.org/2301.00001", ""),
    ],
)
def test_arxiv_ids(raw: str, bare: str) -> None:
    assert arxiv_id(raw) == bare


@pytest.mark.parametrize(
    ("raw", "found"),
    [
        ("2020", 2020),
        (2020.0, 2020),
        ("2020-05-06T00:00:00Z", 2020),
        ("20200506", 2020),
        ("12/05/1999", 1999),
        ("Mon, 2 Apr 2007 19:18:42 GMT", 2007),
        ("2020 Nov-Dec", 2020),
        ("n.d.", None),
        ("1577836800", None),
        ("0999", None),
        (None, None),
    ],
)
def test_years(raw: object, found: int | None) -> None:
    assert year(raw) == found


def test_dates() -> None:
    assert iso_date("2020-5-6T10:00") == "2020-05-06"
    assert iso_date("20200506") == "2020-05-06"
    assert iso_date("2020-02-31") == ""
    assert iso_date("2020") == ""


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("at https://github.com/a/b.", "https://github.com/a/b"),
        ("(https://github.com/a/b).", "https://github.com/a/b"),
        (r"\url{https://github.com/a/b_c}", "https://github.com/a/b_c"),
        (r"at https://github.com/a/b\_c.", "https://github.com/a/b_c"),
        ("https://a.org/x{here}", "https://a.org/x"),
        ("https://a.org/w_(x) and", "https://a.org/w_(x)"),
        ("https://github.com/NJU- Jet/x", ""),
        ("no address", ""),
        ("http://localhost", ""),
    ],
)
def test_first_url(text: str, url: str) -> None:
    assert first_url(text) == url


def test_addresses_that_a_page_must_not_link_to() -> None:
    assert web_url("javascript:alert(1)") == web_url('https://a.org/"><script>') == ""
    text = '{"title": "T", "abstract": "A b", "url": "javascript:alert(1)"}'
    assert paper(text).url == ""


def test_latex_that_spells_a_tag_goes_as_tags_do() -> None:
    text = r"@article{k, title = {A {\textless}i{\textgreater}cat{\textless}/i{\textgreater}}, "
    text += r"abstract = {With p {\textless} 0.05 and q {\textgreater} 1.}}"
    assert (paper(text).title, paper(text).abstract) == ("A cat", "With p < 0.05 and q > 1.")


def test_a_doi_with_brackets_is_linked_to() -> None:
    text = json.dumps({"title": "T", "abstract": "A b", "doi": SICI})
    encoded = SICI.lower().replace("<", "%3C").replace(">", "%3E")
    assert paper(text).url == f"https://doi.org/{encoded}"


def test_own_address_comes_before_the_code() -> None:
    text = {"title": "T", "abstract": "Code: https://code.org/x", "doi": "10.1000/x"}
    assert paper(json.dumps(text)).url == "https://doi.org/10.1000/x"
    assert paper(line("Code: https://code.org/x.")).url == "https://code.org/x"
