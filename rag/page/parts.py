"""Small pieces of HTML made from records: every text that comes from a file, a model or a person
is escaped here, and nothing refers to anything outside the page but links to follow.

What can be clicked says what it does in `data-do` and its other data attributes; the page's script
hands these to the server as they are.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from itertools import pairwise
from urllib.parse import urlsplit

from rag.records import Hit, Paper, Span

_AUTHORS = 3  # named before "et al."
# Cosine of question and sentence, from which on it is called so.
_NEAR = ((0.65, "very close in meaning"), (0.45, "close in meaning"), (0.25, "loosely related"))


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


def highlighted(abstract: str, spans: Sequence[tuple[str, Span]]) -> str:
    """The abstract with exactly the characters of the spans in <mark>.

    Args:
        spans: each with the name of the claim it belongs to. Where spans overlap, a mark bears
            both names, so that the script can light up each claim's characters and no others.
    """
    edges = sorted({0, len(abstract), *(e for _, s in spans for e in (s.start, s.end))})
    parts: list[str] = []
    open_names = ""
    for start, end in pairwise(edges):
        names = [name for name, s in spans if s.start <= start and end <= s.end]
        joined = " ".join(dict.fromkeys(names))
        if joined != open_names:
            parts.append("</mark>" if open_names else "")
            parts.append(f'<mark data-claims="{escape(joined)}">' if joined else "")
            open_names = joined
        parts.append(escape(abstract[start:end]))
    parts.append("</mark>" if open_names else "")
    return "".join(parts)


def nearness(hit: Hit) -> str:
    """What a hit's score means, in words."""
    return next((words for least, words in _NEAR if hit.sentence >= least), "far in meaning")


def sureness(supported: float) -> str:
    """What the estimated probability of an answer means, in words."""
    if supported >= 0.85:
        return "The evidence answers this clearly"
    if supported >= 0.65:
        return "The evidence probably answers this"
    return "The evidence may not fully answer this: read it in its abstract"


def button(
    do: str, label: str, text: str = "", css: str = "", off: bool = False, **data: object
) -> str:
    """A button that the page's script understands.

    Args:
        label: what it does, for screen readers and as a tooltip.
        text: what is on it; the label itself when empty.
        off: it can't be pressed now.
        data: what the script hands over with it.
    """
    held = "".join(f' data-{name}="{escape(str(value))}"' for name, value in data.items())
    shown = escape(text or label)
    title = f' title="{escape(label)}" aria-label="{escape(label)}"' if text else ""
    kind = f' class="{css}"' if css else ""
    kind += " disabled" if off else ""
    if "pressed" in data:
        kind += f' aria-pressed="{str(data["pressed"]).lower()}"'
    return f'<button type="button"{kind} data-do="{do}"{held}{title}>{shown}</button>'


def trouble(message: str, remedy: str) -> str:
    """What went wrong and what to do about it."""
    more = f" <span>{escape(remedy)}</span>" if remedy else ""
    return f'<div class="trouble" role="alert"><strong>{escape(message)}</strong>{more}</div>'
