"""A saved trending-papers page as text: title line, abstract line, in turn, kept to the letter.

Whatever else such a page holds (vote counts, dates, "Subscribe") is skipped. A title whose
abstract is missing, or the reverse, costs only itself: the next pair is found again.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from rag.readers import clean
from rag.readers.build import Item, build, refuse
from rag.readers.single import Single, single
from rag.readers.source import Source

_MONTH = r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|sept|oct|nov|dec)[a-z]*\.?"
_DATE = (
    rf"(?:\d{{4}}-\d\d-\d\d|{_MONTH}\s+\d{{1,2}}(?:,?\s+\d{{4}})?"
    rf"|\d{{1,2}}\s+{_MONTH}(?:\s+\d{{4}})?)"
)
_AGO = r"(?:minute|hour|day|week|month|year)s?\s+ago"
_BANNER = re.compile(r"get trending papers in your email inbox.*", re.I)
_FURNITURE = re.compile(
    r"[\W_]*(?:subscribe|upvote[sd]?|papers?|trending papers|daily papers|log ?in|sign ?up|search"
    r"|arxiv|arxiv page|view arxiv page|view pdf|pdf|github|project page|previous|next|abstract"
    r"|load more|show more|community|new|hot|today|yesterday"
    r"|(?:github\s*|\u2b50\s*|\+\s*)?\d[\d.,]*\s*[km]?"
    r"|(?:submitted|published|updated|posted)\s+(?:by\s+\S+(?:\s+\S+)?|(?:on\s+)?" + _DATE + r")"
    r"|by ak and the research community"
    r"|\d[\d.,]*[km]?\s+(?:authors?|comments?|upvotes?|votes?|stars?|" + _AGO + r")"
    r"|" + _DATE + r")?[\W_]*",
    re.I,
)
# The page's button runs into the first title: "SubscribeGCAV: A Global …".
_GLUED = re.compile(r"Subscribe(?=[A-Z0-9\"'(\[$\u201c\u2018])")
_SENTENCE = re.compile(r"[.!?][)\"'\u201d]?\s+\S")
_LONG = 250  # characters: hardly any title is longer
_SHORT = 60  # characters: hardly any abstract is shorter


def is_furniture(line: str) -> bool:
    """Whether a line belongs to the page and to no paper."""
    return len(line) < 100 and (_BANNER.fullmatch(line) or _FURNITURE.fullmatch(line)) is not None


def looks_like_abstract(line: str) -> bool:
    """Whether a line is running text: long, or of several sentences, or ending as one."""
    if len(line) >= _LONG:
        return len(line) >= 2 * _LONG or _is_prose(line)
    return len(line) >= _SHORT and _is_prose(line)


def _is_prose(line: str) -> bool:
    ends = line.rstrip("\"')\u201d").endswith(".") and not line.endswith("...")
    return len(_SENTENCE.findall(line)) >= 2 or (ends and line.count(" ") >= 8)


def read(source: Source) -> Iterator[Item]:
    """Yield the papers of a page, or the one of a file that holds nothing else."""
    if one := lone_paper(source.peek()):
        yield build(
            source, "line 1", title=one.title, abstract=one.abstract, authors=one.authors,
            date=one.date, doi=one.doi, arxiv=one.arxiv, venue=one.venue, verbatim=True,
        )  # fmt: skip
        return
    title, title_line = "", 0
    fresh = True  # at the top of a page, where the button may be glued to the title
    for number, raw in enumerate(source.lines(), 1):
        line = clean.strip_controls(raw, keep_spacing=True).strip()
        if not line:
            continue
        if is_furniture(line):
            fresh = fresh or _BANNER.fullmatch(line) is not None
            continue
        if fresh:
            line, fresh = _GLUED.sub("", line, count=1) if _GLUED.match(line) else line, False
        where = f"line {number}"
        if title and clean.is_nothing(line):
            yield refuse(source, f"line {title_line}", f'"{title[:60]}" has no abstract')
            title = ""
        elif looks_like_abstract(line):
            if title:
                yield build(source, where, title=title, abstract=line, verbatim=True)
            else:
                yield refuse(source, where, f'an abstract without a title ("{line[:40]}…")')
            title = ""
        else:
            if title:
                yield refuse(source, f"line {title_line}", f'"{title[:60]}" has no abstract')
            title, title_line = line, number
    if title:
        yield refuse(source, f"line {title_line}", f'"{title[:60]}" has no abstract')


def lone_paper(text: str) -> Single | None:
    """The one paper of a text that is none of those pages; None when it is one, or no paper."""
    lines = (line.strip() for line in text.split("\n"))
    bare = (line for line in lines if line and line.strip(" :").lower() != "abstract")
    return None if any(map(is_furniture, bare)) else single(text)


def is_listing(head: str) -> bool:
    """Whether text is such a page: most lines pair up as a title and its abstract."""
    lines = [line.strip() for line in head.split("\n")]
    banner = any(_BANNER.fullmatch(line) for line in lines[:20])
    lines = [line for line in lines if line and not is_furniture(line)]
    pairs = at = 0
    while at < len(lines):
        paired = at + 1 < len(lines) and not looks_like_abstract(lines[at])
        if paired and looks_like_abstract(lines[at + 1]):
            pairs += 1
            at += 1
        at += 1
    if banner:
        return pairs >= 1
    # An abstract or title more at the end is where the head was cut off.
    return pairs >= 1 and (
        2 * pairs >= len(lines) - 1 or (pairs >= 3 and pairs >= 0.3 * len(lines))
    )
