"""Every wrong answer as HTML, with what was expected, what was said and what it was made from;
all of it comes from files and is escaped here."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from rag.dedupe import normalised_title
from rag.evaluation.gold import Place
from rag.evaluation.judging import Judged, stated
from rag.evaluation.mistakes import MEANING, grouped, mistakes
from rag.records import Evidence

_SENTENCES = 4  # of the evidence shown


def cases(judged: Sequence[Judged]) -> str:
    """A section of all wrong answers, by their gravest fault."""
    groups = grouped(judged)
    if not groups:
        return "<section><h2>Wrong answers</h2><p>None.</p></section>"
    total = sum(map(len, groups.values()))
    parts = [
        f"<section><h2>Wrong answers</h2><p>{total:,} of {len(judged):,}, each under its gravest "
        "fault. Gold sentences are marked where the corpus has them.</p>"
    ]
    for kind, group in groups.items():
        parts.append(
            f'<details class="group"><summary>{escape(kind.capitalize())} '
            f'<span class="count">{len(group)}</span></summary><div class="inside">'
            f'<p class="dim">{escape(MEANING[kind])}</p>{"".join(map(case, group))}</div></details>'
        )
    return "".join(parts) + "</section>"


def case(j: Judged) -> str:
    """One wrong answer, folded."""
    asked, o = j.asked, j.outcome
    rows = [
        ("Asked", escape(asked.question)),
        ("Before it", "<br>".join(escape(q) for q in asked.history)),
        ("Understood as", escape(_understood(j))),
        ("Wrong", escape(", ".join(mistakes(o)))),
        ("Unsupported", "<br>".join(map(escape, j.unsupported))),
        ("Expected", _expected(j)),
        ("Answered", _answer(j)),
        ("Evidence", _evidence(j)),
        ("Probability", f"{o.probability:.2f}"),
    ]
    shown = "".join(f"<dt>{name}</dt><dd>{value}</dd>" for name, value in rows if value)
    tag = " · ".join(part for part in (asked.id, asked.style) if part)
    return (
        f'<details class="case"><summary>{escape(asked.question)} '
        f'<span class="tag">{escape(tag)}</span></summary>'
        f'<div class="inside"><dl class="facts">{shown}</dl></div></details>'
    )


def _understood(j: Judged) -> str:
    same = " ".join(j.asked.question.split())
    return "" if j.answer.understood in (same, j.asked.question) else j.answer.understood


def _expected(j: Judged) -> str:
    asked = j.asked
    if not asked.answerable:
        near = "; ".join(asked.papers)
        return "a refusal" + (f" (close to it: {escape(near)})" if near else "")
    cited = {normalised_title(s.paper.title) for s in j.answer.sources}
    parts = [
        _ticked(title, normalised_title(title) in cited) for title in asked.papers
    ]  # fmt: skip
    said = stated(asked, j.answer)
    for fact in asked.facts:
        names = " or ".join(f"<code>{escape(f.pattern)}</code>" for f in fact)
        found = any(f.search(said) for f in fact)
        parts.append(f'<li class="{"yes" if found else "no"}">{names}</li>')
    gold = "".join(f"<blockquote><mark>{escape(p.text)}</mark></blockquote>" for p in j.gold)
    place = round(1 / j.outcome.reciprocal) if j.outcome.reciprocal else 0
    rank = f"right paper at place {place}" if place else "right paper not found"
    return f'<ul class="plain">{"".join(parts)}</ul>{gold}<span class="dim">{rank}</span>'


def _ticked(text: str, right: bool) -> str:
    return f'<li class="{"yes" if right else "no"}">{escape(text)}</li>'


def _answer(j: Judged) -> str:
    if not j.answer.claims:
        return f'<span class="dim">{escape(j.answer.text)}</span>'
    titles = {s.n: s.paper.title for s in j.answer.sources}
    parts = []
    for claim in j.answer.claims:
        named = "; ".join(dict.fromkeys(titles.get(c.source, "?") for c in claim.citations))
        text = f"“{claim.text}”" if claim.kind == "quote" else claim.text
        parts.append(
            f'<blockquote>{escape(text)} <span class="dim">{escape(named)}</span></blockquote>'
        )
    return "".join(parts)


def _evidence(j: Judged) -> str:
    items = "".join(f"<li>{_sentence(e, j.gold)}</li>" for e in j.evidence[:_SENTENCES])
    return f'<ol class="evidence">{items}</ol>' if items else ""


def _sentence(evidence: Evidence, gold: Sequence[Place]) -> str:
    text = escape(evidence.text)
    if any(place.overlaps(evidence) for place in gold):
        text = f"<mark>{text}</mark>"
    return f'{text} <span class="dim">{escape(evidence.paper.title)}</span>'
