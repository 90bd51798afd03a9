"""What stands around the conversation, as HTML: the header, first questions, reports of uploads."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from rag.index import IndexReport
from rag.page.parts import counted, trouble
from rag.page.turns import explained
from rag.records import Refusal

_NAMED = 20  # refusals and merged records named one by one


def header_html(papers: int, place: str) -> str:
    """The page's title and what it asks.

    Args:
        place: the index's directory; "" for the bundled starter corpus.
    """
    where = f"<code>{escape(place)}</code>" if place else "the bundled starter corpus"
    return (
        "<header><h1>Ask the abstracts</h1>"
        f"<p>{counted(papers, 'paper')} in {where}. Every statement is quoted or checked, and "
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
    """Something that failed as a whole."""
    return f'<section class="report">{trouble(*explained(error))}</section>'


def notice_html(text: str) -> str:
    """One line that says what was done."""
    return f'<section class="report" role="status"><p>{escape(text)}</p></section>'


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
        parts.append(trouble("No paper was added.", ""))
    else:
        counts = [f"{report.added} added", f"{report.updated} updated"]
        counts += [f"{report.unchanged} unchanged"] if report.unchanged else []
        counts += [f"{len(report.merged)} merged"] if report.merged else []
        counts += [f"{len(refused)} refused"] if refused else []
        parts.append(
            f"<p><strong>{', '.join(counts)}.</strong> The index now holds "
            f"{counted(report.total, 'paper')}: <code>{escape(place)}</code></p>"
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
