"""What stands around the conversation, as HTML: the header, first questions, reports of uploads."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from rag.index import IndexReport
from rag.local_only import LOCAL, Access
from rag.page.parts import button, trouble
from rag.page.turns import explained
from rag.records import Filters, Refusal
from rag.render import counted

_LIMITS = 3  # papers named that questions are limited to
_NAMED = 20  # refusals and merged records named one by one


def header_html(papers: int, place: str, access: Access = LOCAL) -> str:
    """The page's title, what it asks, and where texts go.

    Args:
        place: the index's directory; "" for the bundled starter corpus.
    """
    where = f"<code>{escape(place)}</code>" if place else "the bundled starter corpus"
    return (
        "<header><h1>Ask the abstracts</h1>"
        f"<p>{counted(papers, 'paper')} in {where}. Every statement is quoted or checked, and "
        f"cited. {escape(access.said)}</p></header>"
    )


def example_questions(titles: Sequence[str], starter: bool) -> tuple[str, ...]:
    """Three questions to begin with; none about no papers.

    Args:
        titles: of the first papers of the user's own index; fewer than three are repeated in
            other words.
        starter: the bundled corpus is asked, for which good ones are known.
    """
    if starter:
        return (
            "How many dialogs are in Taskmaster-1 and how were they collected?",
            "How does GCAV make concept vectors consistent across layers?",
            "Where was the stacked autoencoder framework for geological mapping tested?",
        )
    forms = ("What does “{}” propose?", "What are the results of “{}”?", "What is “{}” about?")
    return tuple(form.format(titles[i % len(titles)]) for i, form in enumerate(forms) if titles)


def trouble_html(error: Exception) -> str:
    """Something that failed as a whole."""
    return f'<section class="report">{trouble(*explained(error))}</section>'


def notice_html(text: str) -> str:
    """One line that says what was done."""
    return f'<section class="report" role="status"><p>{escape(text)}</p></section>'


def limits_html(titles: Sequence[str], sources: Sequence[str], years: Filters) -> str:
    """One line that says what questions are limited to, and lifts it; "" for no limit.

    Args:
        titles: of the only papers that are asked.
        years: of its years alone.
    """
    start, end = years.year_from, years.year_to
    span = f"{start}–{end}" if start and end else f"from {start}" if start else f"up to {end}"
    named = [f"“{title}”" for title in titles[:_LIMITS]]
    named += [f"{len(titles) - _LIMITS:,} more"] if len(titles) > _LIMITS else []
    parts = [", ".join(named), ", ".join(sources), span if start or end else ""]
    said = " · ".join(escape(part) for part in parts if part)
    if not said:
        return ""
    lifts = button("lift", "Ask all papers of all years again", "Remove")
    return f'<p class="limits" role="status" dir="auto">only: {said} {lifts}</p>'


def wrong_years_html(*given: float | None) -> str:
    """Which of the years that were typed is none; "" when all are, or are empty."""
    wrong = [f"{year:g}" for year in given if year and not 1000 <= year <= 2999]
    said = f"{' and '.join(wrong)}: no year, so papers of any are asked"
    return trouble(said, "give a year of four digits, or 0 for any") if wrong else ""


def report_html(
    report: IndexReport | None,
    refused: Sequence[Refusal],
    notes: Sequence[str] = (),
    place: str = "",
) -> str:
    """What an upload did with every record.

    Args:
        report: None when nothing in the files could be taken.
        refused: records not taken, by the readers or by the index.
        notes: what was guessed while reading.
        place: the index that was written.
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
