"""A turn as HTML: the question, its answer as far as it stands, and the papers beside it."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from itertools import groupby

from rag.exporting.texts import lead
from rag.page.parts import button, byline, highlighted, nearness, sureness, titled, trouble
from rag.page.turns import Turn
from rag.records import Answer, Claim, Span
from rag.render import counted, in_parts


def conversation_html(turns: Sequence[Turn], changing: int = 0, busy: bool = False) -> str:
    """Turns in order.

    Args:
        changing: the number of the one whose question is being changed.
        busy: an answer is on its way, so that none of them can be judged or changed.
    """
    return "".join(turn_html(turn, changing, busy) for turn in turns)


def turn_html(turn: Turn, changing: int = 0, busy: bool = False) -> str:
    """One turn."""
    banner = ""
    if changing == turn.number:
        keep = button("keep", "Keep it as it is", n=turn.number)
        banner = f'<p class="changing" role="status">You change this question below. {keep}</p>'
    elif 0 < changing < turn.number:
        banner = '<p class="changing">It goes when the changed question is asked.</p>'
    asked = " ".join(turn.question.split())
    understood = ""
    if turn.understood and turn.understood != asked:
        understood = f'<p class="understood">understood as: {escape(turn.understood)}</p>'
    beside = _cards(turn) + _found(turn)
    return (
        f'<article class="turn {turn.stage}" id="turn-{turn.number}">'
        f'<h2 class="question" dir="auto">{escape(asked)}</h2>{banner}{understood}'
        f'<div class="pair"><div class="answer">{_answer(turn)}{_tools(turn, busy)}</div>'
        f'<aside class="papers" aria-label="Papers for question {turn.number}">{beside}</aside>'
        "</div></article>"
    )


def _card_id(turn: Turn, n: int) -> str:
    return f"turn-{turn.number}-source-{n}"


def _claim_id(turn: Turn, n: int) -> str:
    """The name of the n-th claim, from 0."""
    return f"turn-{turn.number}-claim-{n + 1}"


def _marker(turn: Turn, source: int, claim: int) -> str:
    return (
        f'<button type="button" class="cite" data-to="{_card_id(turn, source)}" '
        f'data-claim="{_claim_id(turn, claim)}" aria-label="Source {source}: show the passage">'
        f"[{source}]</button>"
    )


def _answer(turn: Turn) -> str:
    answer = turn.answer
    if answer is not None and answer.status == "abstained":
        return (
            f'<div class="abstained"><p class="verdict">No answer found</p>'
            f'<p class="reason" dir="auto">{escape(answer.reason)}</p>'
            f"{_nearest(turn, answer)}{_instead(answer)}</div>{_status(turn)}"
        )
    return _claims(turn) + _status(turn)


def _claims(turn: Turn) -> str:
    """Paraphrases as paragraphs; quotes, by source, under the title of the paper that says so."""
    titles = {source.n: source.paper.title for source in turn.sources}
    led = lead(turn.answer) if turn.answer else ""
    parts = [f'<p class="lead" dir="auto">{escape(led)}</p>'] if led else []
    numbered = list(enumerate(turn.claims))
    for n, group in groupby(
        numbered, lambda pair: pair[1].citations[0].source if pair[1].kind == "quote" else 0
    ):
        if n:
            parts.append(f'<p class="says"><bdi>{escape(titles.get(n, ""))}</bdi> says:</p>')
        for place, claim in group:
            cited = dict.fromkeys(c.source for c in claim.citations)
            marks = " ".join(_marker(turn, n, place) for n in cited)
            name = _claim_id(turn, place)
            before, words, after = map(escape, in_parts(claim))
            strong = f"<strong>{words}</strong>" if words else ""
            text = f'<span class="text" dir="auto">{before}{strong}{after}</span>'
            if claim.kind == "quote":
                parts.append(
                    f'<blockquote class="claim quote" id="{name}">“{text}” {marks}</blockquote>'
                )
            else:
                parts.append(
                    f'<div class="claim paraphrase" id="{name}">{text} {marks} '
                    f"{_checked(claim)}</div>"
                )
    return "".join(parts)


def _checked(claim: Claim) -> str:
    """The badge of a paraphrase: opened, it shows the passages that it was checked against."""
    quotes = "".join(
        f'<q dir="auto">{escape(c.quote)}</q> <span class="n">[{c.source}]</span><br>'
        for c in claim.citations
    )
    return f'<details class="checked"><summary>checked</summary><p>{quotes}</p></details>'


def _nearest(turn: Turn, answer: Answer) -> str:
    papers = {hit.paper.id: hit.paper for hit in turn.hits}
    items = "".join(
        f"<li>{titled(papers[n.paper_id]) if n.paper_id in papers else escape(n.title)}</li>"
        for n in answer.nearest
    )
    return f"<p>The nearest papers:</p><ul>{items}</ul>" if items else ""


def _instead(answer: Answer) -> str:
    """Questions that the nearest papers can answer."""
    asked = [f"What does “{n.title}” propose?" for n in answer.nearest[:1]]
    asked += [f"What are the results of “{n.title}”?" for n in answer.nearest[:2]]
    chips = "".join(button("ask", q, css="chip", question=q) for q in dict.fromkeys(asked))
    return f'<p>You could ask:</p><div class="chips">{chips}</div>' if chips else ""


def _status(turn: Turn) -> str:
    """The line that says what is going on, or what it took."""
    if turn.stage == "failed":
        return trouble(turn.note, turn.remedy)
    going = {
        "waiting": "Waiting for another question to be answered…",
        "searching": "Searching the abstracts…",
        "reading": f"Reading {counted(len(turn.hits), 'abstract')}…",
        "answering": "Choosing and checking what to say…",
        "stopped": "Stopped. "
        + ("What stands above was checked." if turn.claims else "Nothing was answered."),
        "done": "",
    }[turn.stage]
    if turn.answer is not None:
        took = f"{turn.answer.timings.total / 1000:.1f} s"
        kind = "quote" if all(c.kind == "quote" for c in turn.claims) else "statement"
        papers = counted(len(turn.sources), "paper")
        checked = f"{counted(len(turn.claims), kind)} from {papers}, checked word for word · "
        if kind == "statement":
            checked = f"{counted(len(turn.claims), kind)} from {papers}, each checked · "
        sure = f"{sureness(turn.supported)}. " if turn.supported is not None else ""
        stopped = "Stopped. " if turn.stage == "stopped" else ""
        going = (
            stopped
            + (sure + checked if turn.claims else "")
            + f"{took} · {turn.answer.model.shown}"
        )
    busy = "" if turn.finished else " busy"
    return f'<p class="status{busy}" role="status">{escape(turn.note or going)}</p>'


def _tools(turn: Turn, busy: bool) -> str:
    """What can be done with a finished turn."""
    if not turn.finished:
        return ""
    n = turn.number
    parts = []
    if turn.answer is not None:
        parts.append(button("copy", "Copy the answer with its sources", "Copy", n=n))
        parts.append(button("export", "Export this answer in the format below", "Export", n=n))
        chosen = turn.good
        for value, sign, label in (("yes", "Good", "Good answer"), ("no", "Bad", "Bad answer")):
            pressed = chosen is not None and chosen == (value == "yes")
            css = "judge pressed" if pressed else "judge"
            parts.append(button("judge", label, sign, css, busy, n=n, good=value, pressed=pressed))
    parts.append(button("again", "Answer this question again", "Again", off=busy, n=n))
    parts.append(button("edit", "Change this question and ask it anew", "Edit", off=busy, n=n))
    return f'<div class="tools" role="group" aria-label="This answer">{"".join(parts)}</div>'


def _cards(turn: Turn) -> str:
    """The cited papers, their abstracts with the cited characters marked."""
    spans: dict[int, list[tuple[str, Span]]] = {}
    for place, claim in enumerate(turn.claims):
        for c in claim.citations:
            spans.setdefault(c.source, []).append((_claim_id(turn, place), Span(c.start, c.end)))
    near = {hit.paper.id: nearness(hit) for hit in turn.hits}
    parts = []
    for source in turn.sources:
        meaning = near.get(source.paper.id, "")
        words = f'<p class="nearness">Its nearest sentence is {meaning}.</p>' if meaning else ""
        parts.append(
            f'<section class="card" id="{_card_id(turn, source.n)}" tabindex="-1" '
            f'aria-label="Source {source.n}">'
            f'<h3><span class="n">[{source.n}]</span> {titled(source.paper)}</h3>'
            f"{byline(source.paper)}"
            f'<p class="abstract" dir="auto">'
            f"{highlighted(source.paper.abstract, spans.get(source.n, ()))}</p>{words}</section>"
        )
    return "".join(parts)


def _found(turn: Turn) -> str:
    """The papers found that aren't named in the answer, each with its nearest sentence."""
    named = {source.paper.id for source in turn.sources}
    if turn.answer is not None and turn.answer.status == "abstained":
        named = {nearest.paper_id for nearest in turn.answer.nearest}
    best: dict[str, str] = {}
    for evidence in turn.evidence:
        best.setdefault(evidence.paper.id, evidence.text)
    items = []
    for hit in turn.hits:
        paper = hit.paper
        if paper.id in named:
            continue
        s = hit.best_sentence
        near = escape(best.get(paper.id, paper.abstract[s.start : s.end]))
        items.append(
            f'<li><span class="title">{titled(paper)}</span>{byline(paper)}'
            f'<p class="near" dir="auto">{near}</p>'
            f'<p class="nearness">{nearness(hit)}</p></li>'
        )
    heading = "Also found" if named else "Papers found"
    return f'<h3 class="found">{heading}</h3><ol>{"".join(items)}</ol>' if items else ""
