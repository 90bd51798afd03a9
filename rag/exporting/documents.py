"""Conversations as documents that stand alone: what was asked, what was answered, and the sources
with every quoted passage, so that a reader can check each claim without this program.

Sources are numbered within each answer, as on the page, in `rag ask --json` and in
`Answer.text`: a number means the same wherever an answer is met, and an answer that is cut out of
its document stays whole. In HTML the answer's number makes the anchors unique ("a2-s1").
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from html import escape
from itertools import groupby

from rag.exporting.markdown import escaped, linked
from rag.exporting.names import parsed
from rag.exporting.style import STYLE
from rag.exporting.texts import address, lead, visible
from rag.records import Answer, Citation, Claim, Paper, Source
from rag.render import in_parts

_AUTHORS = 12  # named before the others are counted
_POLICY = "default-src 'none'; style-src 'unsafe-inline'"
_UNTITLED = "Questions and answers"
_ABSTAINED = "No answer was found in the abstracts."


def conversation_markdown(title: str, answers: Sequence[Answer]) -> str:
    """A conversation as CommonMark; all text from outside is escaped.

    Args:
        title: of the document.
        answers: in the order in which they were given.
    """
    blocks = [f"# {escaped(title) or _UNTITLED}"]
    for answer in answers:
        blocks.append(f"## {escaped(answer.question)}")
        if understood := _understood(answer):
            blocks.append(f"Understood as: {escaped(understood)}")
        blocks += _markdown_outcome(answer)
    blocks += ["---", " ".join(_closing(answers, escaped))]
    return "\n\n".join(blocks) + "\n"


def conversation_html(title: str, answers: Sequence[Answer]) -> str:
    """A conversation as one HTML file that loads nothing and runs nothing.

    Args:
        title: of the document.
        answers: in the order in which they were given.
    """
    name = _html(title).strip() or _UNTITLED
    articles = "\n".join(_article(n, answer) for n, answer in enumerate(answers, 1))
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{_POLICY}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>{name}</title>
<style>{STYLE}</style>
</head>
<body>
<main>
<h1 dir="auto">{name}</h1>
{articles}
<footer><p>{" ".join(_closing(answers, _html))}</p></footer>
</main>
</body>
</html>
"""


# ── what both say ───────────────────────────────────────────────────────────────────────────────


def _understood(answer: Answer) -> str:
    """The question as searched when that is another one than was asked, else ""."""
    understood = " ".join(answer.understood.split())
    return understood if understood != " ".join(answer.question.split()) else ""


def _grouped(answer: Answer) -> Iterator[tuple[str, list[Claim]]]:
    """Claims in order: a run of quotes with the title of the paper that says so, others with ""."""
    titles = {source.n: source.paper.title for source in answer.sources}
    for n, claims in groupby(
        answer.claims, lambda c: c.citations[0].source if c.kind == "quote" else 0
    ):
        yield titles.get(n, ""), list(claims)


def _cited(claim: Claim) -> list[int]:
    """Numbers of the sources of a claim, each once."""
    return list(dict.fromkeys(citation.source for citation in claim.citations))


def _passages(answer: Answer, source: Source) -> list[Citation]:
    """What is quoted from a source or stands behind a claim, each once, as the abstract goes."""
    found = (c for claim in answer.claims for c in claim.citations if c.source == source.n)
    cited = {(c.start, c.end, c.quote): c for c in found}
    return [cited[key] for key in sorted(cited)]


def _byline(paper: Paper) -> list[str]:
    """Authors, venue and year, as far as known."""
    names = ", ".join(parsed(author).spoken for author in paper.authors[:_AUTHORS])
    if len(paper.authors) > _AUTHORS:
        names += f" and {len(paper.authors) - _AUTHORS:,} more"
    return [part for part in (names, paper.venue, str(paper.year or "")) if part.strip()]


def _where(citation: Citation) -> str:
    return f"characters {citation.start}–{citation.end}"


def _closing(answers: Sequence[Answer], shown: Callable[[str], str]) -> list[str]:
    """Sentences on the model and on what was checked.

    Args:
        shown: escapes a text.
    """
    models = dict.fromkeys(_model(answer) for answer in answers)
    models.pop("", None)
    named = ", ".join(models)
    lines = [f"Language model: {shown(named)}." if named else "No language model took part."]
    claims = [claim for answer in answers for claim in answer.claims]
    wrong = sum(not _stands(c, answer) for answer in answers for c in _citations(answer))
    if wrong:
        lines.append(f"{wrong} of the quotes do not stand in their abstracts word for word.")
    else:
        lines.append("Every quote was checked word for word against its abstract.")
    if any(claim.kind == "paraphrase" for claim in claims):
        lines.append("Every other statement was checked against the passages it cites.")
    if claims:
        lines.append(
            "Characters of an abstract are counted from 0; the second number is not included."
        )
    return lines


def _model(answer: Answer) -> str:
    model = answer.model
    if model.absent:
        return ""
    return f"{model.name} ({model.quantization})" if model.quantization else model.name


def _citations(answer: Answer) -> list[Citation]:
    return [citation for claim in answer.claims for citation in claim.citations]


def _stands(citation: Citation, answer: Answer) -> bool:
    """Whether a quote is in its abstract where it says."""
    return any(
        source.paper.abstract[citation.start : citation.end] == citation.quote
        for source in answer.sources
        if source.n == citation.source
    )


# ── Markdown ────────────────────────────────────────────────────────────────────────────────────


def _markdown_outcome(answer: Answer) -> list[str]:
    """The blocks below a question."""
    if answer.status == "abstained":
        blocks = [_ABSTAINED, escaped(answer.reason)]
        if answer.nearest:
            blocks.append("The nearest papers:")
            blocks.append("\n".join(f"- {escaped(near.title)}" for near in answer.nearest))
        return [block for block in blocks if block]
    blocks = [escaped(led)] if (led := lead(answer)) else []
    for title, claims in _grouped(answer):
        blocks += [f"“{escaped(title)}” says:"] if title else []
        for claim in claims:
            marks = " ".join(f"[{n}]" for n in _cited(claim))
            quote = claim.kind == "quote"
            text = escaped(claim.text)
            blocks.append(f"> “{text}” {marks}" if quote else f"{text} {marks}")
    if answer.sources:
        sources = "\n".join(_markdown_source(answer, source) for source in answer.sources)
        blocks += ["### Sources", sources]
    return blocks


def _markdown_source(answer: Answer, source: Source) -> str:
    lines = [f"- [{source.n}] {linked(source.paper.title, address(source.paper))}"]
    if byline := _byline(source.paper):
        # A backslash at the end of a line breaks it.
        lines = [lines[0] + "\\", "  " + " · ".join(map(escaped, byline))]
    for passage in _passages(answer, source):
        lines.append(f"  - “{escaped(passage.quote)}” ({_where(passage)})")
    return "\n".join(lines)


# ── HTML ────────────────────────────────────────────────────────────────────────────────────────


def _html(text: str) -> str:
    return escape(visible(text))


def _article(number: int, answer: Answer) -> str:
    parts = [f'<h2 dir="auto">{_html(answer.question)}</h2>']
    if understood := _understood(answer):
        parts.append(f'<p class="understood" dir="auto">Understood as: {_html(understood)}</p>')
    if answer.status == "abstained":
        parts.append(_abstained(answer))
    else:
        parts += _html_claims(number, answer)
        parts += ["<h3>Sources</h3>"] if answer.sources else []
        parts += [_html_source(number, answer, source) for source in answer.sources]
    return "\n".join([f'<article id="a{number}">', *parts, "</article>"])


def _abstained(answer: Answer) -> str:
    reason = f'<p dir="auto">{_html(answer.reason)}</p>' if answer.reason else ""
    items = "".join(f'<li dir="auto">{_html(near.title)}</li>' for near in answer.nearest)
    nearest = f"<p>The nearest papers:</p><ul>{items}</ul>" if items else ""
    return f'<div class="abstained"><p><strong>{_ABSTAINED}</strong></p>{reason}{nearest}</div>'


def _html_claims(number: int, answer: Answer) -> list[str]:
    known = {source.n for source in answer.sources}
    parts = [f'<p dir="auto">{_html(led)}</p>'] if (led := lead(answer)) else []
    for title, claims in _grouped(answer):
        parts += [f'<p class="says"><bdi>{_html(title)}</bdi> says:</p>'] if title else []
        for claim in claims:
            marks = " ".join(
                f'<a class="cite" href="#a{number}-s{n}">[{n}]</a>' if n in known else f"[{n}]"
                for n in _cited(claim)
            )
            before, words, after = map(_html, in_parts(claim))
            strong = f"<strong>{words}</strong>" if words else ""
            text = f'<span dir="auto">{before}{strong}{after}</span>'
            quote = claim.kind == "quote"
            parts.append(
                f"<blockquote>“{text}” {marks}</blockquote>" if quote else f"<p>{text} {marks}</p>"
            )
    return parts


def _html_source(number: int, answer: Answer, source: Source) -> str:
    paper = source.paper
    title = f"<bdi>{_html(paper.title)}</bdi>"
    if url := address(paper):
        title = f'<a href="{escape(url)}" rel="noopener noreferrer">{title}</a>'
    passages = _passages(answer, source)
    byline = " · ".join(map(_html, _byline(paper)))
    items = "".join(
        f'<li><span dir="auto">“{_html(passage.quote)}”</span> '
        f'<span class="offsets">({_where(passage)})</span></li>'
        for passage in passages
    )
    standing = [passage for passage in passages if _stands(passage, answer)]
    return (
        f'<section class="source" id="a{number}-s{source.n}">'
        f'<h4><span class="n">[{source.n}]</span> {title}</h4>'
        + (f'<p class="byline" dir="auto">{byline}</p>' if byline else "")
        + (f'<ul class="passages">{items}</ul>' if items else "")
        + f'<p class="abstract" dir="auto">{_marked(paper.abstract, standing)}</p></section>'
    )


def _marked(abstract: str, passages: Sequence[Citation]) -> str:
    """The abstract with exactly the quoted characters in <mark>; those that overlap share one.

    Args:
        passages: ordered by where they start.
    """
    spans: list[tuple[int, int]] = []
    for passage in passages:
        if spans and passage.start < spans[-1][1]:
            spans[-1] = (spans[-1][0], max(spans[-1][1], passage.end))
        else:
            spans.append((passage.start, passage.end))
    parts, at = [], 0
    for start, end in spans:
        parts += [_html(abstract[at:start]), f"<mark>{_html(abstract[start:end])}</mark>"]
        at = end
    return "".join([*parts, _html(abstract[at:])])
