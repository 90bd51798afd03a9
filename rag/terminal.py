"""Answers and hits for people: set for reading on a terminal, plain text when piped.

Text from papers and models is never read as markup.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from rag.records import Answer, Hit
from rag.render import answer_lines, hit_lines, in_parts

if TYPE_CHECKING:
    from rich.console import Console


def _to_person() -> bool:
    """Whether standard output is a terminal; it may be closed."""
    return sys.stdout is not None and sys.stdout.isatty()


def show_answer(answer: Answer) -> None:
    """Print an answer with its sources, or the reason and the nearest papers."""
    if not _to_person():
        print("\n".join(answer_lines(answer)))
        return
    from rich.padding import Padding
    from rich.text import Text

    console = _console()
    if answer.understood != answer.question.strip():
        console.print(Text(f"understood as: {answer.understood}", style="dim"))
    if answer.status == "abstained":
        console.print(Text(answer.reason, style="yellow"))
    framed = 0
    titles = {s.n: s.paper.title for s in answer.sources}
    for claim in answer.claims:
        first = claim.citations[0].source
        if claim.kind == "quote" and first != framed:
            console.print(Text(titles[first], style="bold"))
            framed = first
        before, words, after = in_parts(claim)
        body = Text(before).append(words, style="bold").append(after)
        if claim.kind == "quote":
            body = Text("“").append_text(body).append("”")
        marks = "".join(f" [{c.source}]" for c in claim.citations)
        console.print(Padding(body.append(marks, style="cyan"), (0, 0, 0, 2), expand=False))
    if answer.claims:
        console.print()
        # Behind the claims the plain form lists sources and links: the same lines serve here.
        plain = answer_lines(answer)
        for line in plain[plain.index("Sources") :]:
            console.print(Text(line, style="bold" if line == "Sources" else ""))
    else:
        for near in answer.nearest:
            console.print(Padding(Text(f"- {near.title}"), (0, 0, 0, 2), expand=False))
    seconds = answer.timings.total / 1000
    console.print(Text(f"{seconds:.1f} s · {answer.model.shown}", style="dim"))


def show_hits(hits: Sequence[Hit]) -> None:
    """Print ranked papers, each with its best sentence."""
    if not _to_person():
        print("\n".join(hit_lines(hits)))
        return
    from rich.padding import Padding
    from rich.text import Text

    console = _console()
    for rank, hit in enumerate(hits, 1):
        head = Text(f"{rank:>2}. ").append(hit.paper.title, style="bold")
        console.print(head.append(f"  {hit.fused:.2f}", style="dim"))
        span = hit.best_sentence
        sentence = hit.paper.abstract[span.start : span.end]
        console.print(Padding(Text(sentence), (0, 0, 0, 4), expand=False))


def _console() -> Console:
    from rich.console import Console

    return Console(highlight=False, markup=False, width=min(Console().width, 100))
