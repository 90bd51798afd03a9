"""What the chat page shows, as HTML made from records: every text that comes from a file, a model
or a user is escaped here, and nothing refers to anything outside the page but links to follow.

A conversation is a tuple of `Turn`s; events of the pipeline advance the last one, and each state
of a turn can be shown.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from html import escape
from itertools import groupby
from typing import Literal
from urllib.parse import urlsplit

from rag.errors import RagError
from rag.index import IndexReport
from rag.records import (
    Answer,
    Claim,
    Claimed,
    Done,
    Event,
    Evidence,
    Hit,
    Paper,
    Refusal,
    Retrieved,
    Selected,
    Source,
    Span,
)

Stage = Literal["waiting", "searching", "reading", "answering", "done", "stopped", "failed"]
_NAMED = 20  # refusals and merged records named one by one
_AUTHORS = 3  # named before "et al."


@dataclass(frozen=True, slots=True)
class Turn:
    """A question of a conversation and what is known of its answer so far.

    Attributes:
        number: place in the conversation, from 1.
        note: what is waited for, or why it failed; one line.
        remedy: what to do about a failure; "" when nothing helps.
    """

    number: int
    question: str
    stage: Stage = "waiting"
    understood: str = ""
    hits: tuple[Hit, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    claims: tuple[Claim, ...] = ()
    sources: tuple[Source, ...] = ()
    answer: Answer | None = None
    note: str = ""
    remedy: str = ""

    @property
    def finished(self) -> bool:
        """Whether nothing more will come."""
        return self.stage in ("done", "stopped", "failed")


def advanced(turn: Turn, event: Event) -> Turn:
    """The turn with what an event of its answer adds."""
    if isinstance(event, Retrieved):
        return replace(turn, stage="reading", understood=event.understood, hits=event.hits)
    if isinstance(event, Selected):
        return replace(turn, stage="answering", evidence=event.evidence)
    if isinstance(event, Claimed):
        return replace(turn, claims=(*turn.claims, event.claim), sources=event.sources)
    assert isinstance(event, Done)
    answer = event.answer
    return replace(
        turn, stage="done", note="", answer=answer, claims=answer.claims, sources=answer.sources
    )


def failed(turn: Turn, error: Exception) -> Turn:
    """The turn ended by an error: what happened and what to do, never a traceback."""
    message, remedy = _explained(error)
    return replace(turn, stage="failed", note=message, remedy=remedy)


def _explained(error: Exception) -> tuple[str, str]:
    if isinstance(error, RagError):
        return error.message, error.remedy
    return f"unexpected {type(error).__name__}: {str(error)[:200]}", "try again"


def earlier_questions(turns: Iterable[Turn]) -> tuple[str, ...]:
    """The questions that a next one may refer to, oldest first: those that got an answer."""
    return tuple(turn.question for turn in turns if turn.answer is not None)


# ── small parts ─────────────────────────────────────────────────────────────────────────────────


def safe_url(url: str) -> str:
    """The address when it is one of the web's, else ""."""
    try:
        parts = urlsplit(url.strip())
    except ValueError:
        return ""
    return url.strip() if parts.scheme in ("http", "https") and parts.netloc else ""


def titled(paper: Paper) -> str:
    """A paper's title, a link when its address is safe to follow."""
    title, url = f"<bdi>{escape(paper.title)}</bdi>", safe_url(paper.url)
    if not url:
        return title
    return f'<a href="{escape(url)}" target="_blank" rel="noopener noreferrer">{title}</a>'


def byline(paper: Paper) -> str:
    """Authors, venue and year, as far as known; "" when nothing is."""
    names = ", ".join(paper.authors[:_AUTHORS])
    if len(paper.authors) > _AUTHORS:
        names += " et al."
    known = [escape(part) for part in (names, paper.venue, str(paper.year or "")) if part]
    return f'<p class="byline">{" · ".join(known)}</p>' if known else ""


def highlighted(abstract: str, spans: Iterable[Span]) -> str:
    """The abstract with exactly these characters in <mark>; spans that touch share one."""
    merged: list[Span] = []
    for span in sorted(spans, key=lambda s: (s.start, s.end)):
        if merged and span.start <= merged[-1].end:
            merged[-1] = Span(merged[-1].start, max(merged[-1].end, span.end))
        else:
            merged.append(span)
    parts, at = [], 0
    for span in merged:
        parts.append(escape(abstract[at : span.start]))
        parts.append(f"<mark>{escape(abstract[span.start : span.end])}</mark>")
        at = span.end
    return "".join([*parts, escape(abstract[at:])])


def _card_id(turn: Turn, n: int) -> str:
    return f"turn-{turn.number}-source-{n}"


def _marker(turn: Turn, n: int) -> str:
    return (
        f'<button type="button" class="cite" data-to="{_card_id(turn, n)}" '
        f'aria-label="Source {n}">[{n}]</button>'
    )


def _counted(n: int, thing: str) -> str:
    return f"{n:,} {thing}{'' if n == 1 else 's'}"


def _trouble(message: str, remedy: str) -> str:
    more = f" <span>{escape(remedy)}</span>" if remedy else ""
    return f'<div class="trouble" role="alert"><strong>{escape(message)}</strong>{more}</div>'


# ── a turn ──────────────────────────────────────────────────────────────────────────────────────


def conversation_html(turns: Sequence[Turn]) -> str:
    """Turns in order."""
    return "".join(turn_html(turn) for turn in turns)


def turn_html(turn: Turn) -> str:
    """A question, its answer as far as it stands, and the papers beside it."""
    asked = " ".join(turn.question.split())
    understood = ""
    if turn.understood and turn.understood != asked:
        understood = f'<p class="understood">understood as: {escape(turn.understood)}</p>'
    beside = _cards(turn) + _found(turn)
    return (
        f'<article class="turn {turn.stage}">'
        f'<h2 class="question" dir="auto">{escape(asked)}</h2>{understood}'
        f'<div class="pair"><div class="answer">{_answer(turn)}</div>'
        f'<aside class="papers" aria-label="Papers">{beside}</aside></div></article>'
    )


def _answer(turn: Turn) -> str:
    answer = turn.answer
    if answer is not None and answer.status == "abstained":
        nearest = _nearest(turn, answer)
        return (
            f'<div class="abstained"><p class="verdict">No answer found</p>'
            f'<p class="reason" dir="auto">{escape(answer.reason)}</p>{nearest}</div>'
            f"{_status(turn)}"
        )
    return _claims(turn) + _status(turn)


def _claims(turn: Turn) -> str:
    """Paraphrases as paragraphs; quotes, by source, under the title of the paper that says so."""
    titles = {source.n: source.paper.title for source in turn.sources}
    parts = []
    for n, group in groupby(
        turn.claims, lambda c: c.citations[0].source if c.kind == "quote" else 0
    ):
        if n:
            parts.append(f'<p class="says"><bdi>{escape(titles.get(n, ""))}</bdi> says:</p>')
        for claim in group:
            cited = dict.fromkeys(c.source for c in claim.citations)
            marks = " ".join(_marker(turn, n) for n in cited)
            text = f'<span class="text" dir="auto">{escape(claim.text)}</span>'
            if claim.kind == "quote":
                parts.append(f'<blockquote class="claim quote">“{text}” {marks}</blockquote>')
            else:
                parts.append(f'<p class="claim paraphrase">{text} {marks}</p>')
    return "".join(parts)


def _nearest(turn: Turn, answer: Answer) -> str:
    papers = {hit.paper.id: hit.paper for hit in turn.hits}
    items = "".join(
        f"<li>{titled(papers[n.paper_id]) if n.paper_id in papers else escape(n.title)}</li>"
        for n in answer.nearest
    )
    return f"<p>The nearest papers:</p><ul>{items}</ul>" if items else ""


def _status(turn: Turn) -> str:
    """The line that says what is going on, or what it took."""
    if turn.stage == "failed":
        return _trouble(turn.note, turn.remedy)
    going = {
        "waiting": "Waiting for another question to be answered…",
        "searching": "Searching the abstracts…",
        "reading": f"Reading {_counted(len(turn.hits), 'abstract')}…",
        "answering": "Choosing and checking what to say…",
        "stopped": "Stopped. "
        + ("What stands above was checked." if turn.claims else "Nothing was answered."),
        "done": "",
    }[turn.stage]
    if turn.answer is not None:
        took = f"{turn.answer.timings.total / 1000:.1f} s"
        kind = "quote" if all(c.kind == "quote" for c in turn.claims) else "statement"
        papers = _counted(len(turn.sources), "paper")
        checked = f"{_counted(len(turn.claims), kind)} from {papers}, checked word for word · "
        if kind == "statement":
            checked = f"{_counted(len(turn.claims), kind)} from {papers}, each checked · "
        going = (checked if turn.claims else "") + f"{took} · {turn.answer.model.name}"
    busy = "" if turn.finished else " busy"
    return f'<p class="status{busy}" role="status">{escape(turn.note or going)}</p>'


def _cards(turn: Turn) -> str:
    """The cited papers, their abstracts with the cited characters marked."""
    spans: dict[int, list[Span]] = {}
    for claim in turn.claims:
        for c in claim.citations:
            spans.setdefault(c.source, []).append(Span(c.start, c.end))
    return "".join(
        f'<section class="card" id="{_card_id(turn, source.n)}" tabindex="-1">'
        f'<h3><span class="n">[{source.n}]</span> {titled(source.paper)}</h3>'
        f"{byline(source.paper)}"
        f'<p class="abstract" dir="auto">'
        f"{highlighted(source.paper.abstract, spans.get(source.n, ()))}</p></section>"
        for source in turn.sources
    )


def _found(turn: Turn) -> str:
    """The papers found that aren't named in the answer, each with its nearest sentence."""
    named = {source.paper.id for source in turn.sources}
    if turn.answer is not None and turn.answer.status == "abstained":
        named = {nearest.paper_id for nearest in turn.answer.nearest}
    best: dict[str, str] = {}
    for evidence in turn.evidence:
        best.setdefault(evidence.paper.id, evidence.text)
    items = []
    for paper in (hit.paper for hit in turn.hits if hit.paper.id not in named):
        near = escape(best.get(paper.id, ""))
        near = f'<p class="near" dir="auto">{near}</p>' if near else ""
        items.append(f'<li><span class="title">{titled(paper)}</span>{byline(paper)}{near}</li>')
    heading = "Also found" if named else "Papers found"
    return f'<h3 class="found">{heading}</h3><ol>{"".join(items)}</ol>' if items else ""


# ── around the conversation ─────────────────────────────────────────────────────────────────────


def header_html(papers: int, place: str) -> str:
    """The page's title and what it asks.

    Args:
        place: the index's directory; "" for the bundled starter corpus.
    """
    where = f"<code>{escape(place)}</code>" if place else "the bundled starter corpus"
    return (
        "<header><h1>Ask the abstracts</h1>"
        f"<p>{_counted(papers, 'paper')} in {where}. Every statement is quoted or checked, and "
        "cited. Nothing leaves this machine.</p></header>"
    )


def example_questions(titles: Sequence[str], starter: bool) -> tuple[str, str, str]:
    """Three questions to begin with.

    Args:
        titles: of the first papers of the user's own index; fewer than three are repeated in
            other words.
        starter: the bundled corpus is asked, for which good ones are known.
    """
    if starter or not titles:
        return (
            "How many dialogs are in Taskmaster-1 and how were they collected?",
            "How does GCAV make concept vectors consistent across layers?",
            "Where was the stacked autoencoder framework for geological mapping tested?",
        )
    forms = ("What does “{}” propose?", "What are the results of “{}”?", "What is “{}” about?")
    return tuple(form.format(titles[i % len(titles)]) for i, form in enumerate(forms))  # type: ignore[return-value]  # three forms


def trouble_html(error: Exception) -> str:
    """An upload that failed as a whole."""
    return f'<section class="report">{_trouble(*_explained(error))}</section>'


def report_html(
    report: IndexReport | None,
    refused: Sequence[Refusal],
    notes: Sequence[str] = (),
    place: str = "",
    moved: bool = False,
) -> str:
    """What an upload did with every record.

    Args:
        report: None when nothing in the files could be taken.
        refused: records not taken, by the readers or by the index.
        notes: what was guessed while reading.
        place: the index that was written.
        moved: the page asked the starter corpus before and asks this index from now on.
    """
    parts = []
    if report is None:
        parts.append(_trouble("No paper was added.", ""))
    else:
        counts = [f"{report.added} added", f"{report.updated} updated"]
        counts += [f"{report.unchanged} unchanged"] if report.unchanged else []
        counts += [f"{len(report.merged)} merged"] if report.merged else []
        counts += [f"{len(refused)} refused"] if refused else []
        parts.append(
            f"<p><strong>{', '.join(counts)}.</strong> The index now holds "
            f"{_counted(report.total, 'paper')}: <code>{escape(place)}</code></p>"
        )
        if moved:
            parts.append(
                "<p>Questions now go to this index of your own, no longer to the starter "
                "corpus.</p>"
            )
    parts.append(_listed("Refused", [str(r) for r in refused]))
    if report is not None:
        merged = [f"{kept} (a second record, from {source})" for kept, source in report.merged]
        parts.append(_listed("Merged into one paper", merged))
    parts.append(_listed("Guessed", notes))
    return f'<section class="report" role="status">{"".join(parts)}</section>'


def _listed(heading: str, lines: Sequence[str]) -> str:
    if not lines:
        return ""
    items = "".join(f"<li>{escape(line)}</li>" for line in lines[:_NAMED])
    more = f"<li>… and {len(lines) - _NAMED} more</li>" if len(lines) > _NAMED else ""
    return f"<p>{heading}:</p><ul>{items}{more}</ul>"
