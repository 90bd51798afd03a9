"""A question set is read whole or refused with the line that is wrong; nothing is guessed.

One JSON object a line; fields as in eval/README.md.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rag.errors import InputError, UsageError
from rag.searching import cleaned

_FORMAT = "the fields are described in eval/README.md"
_FIELDS = (
    "id", "question", "style", "split", "answerable", "papers", "spans", "facts", "history",
    "missing",
)  # fmt: skip


SEVERAL = ("list", "count")  # styles whose answer is papers
FEEDBACK = "feedback"  # the style of what was judged on the chat page: its facts are quotes


@dataclass(frozen=True, slots=True)
class GoldSpan:
    """Character offsets, half open, in the abstract of the question's paper number `paper`."""

    start: int
    end: int
    paper: int = 0


@dataclass(frozen=True, slots=True)
class Asked:
    """A question with what a right answer holds.

    Attributes:
        id: unique within the set.
        style: how it is worded, a word; "" when the set doesn't say.
        split: "dev", "test" or "" (in neither).
        answerable: whether the abstracts hold the answer.
        papers: titles of the papers that answer it (of an unanswerable one: that come close).
        spans: the sentences that hold the answer, in the abstracts that the set was written from.
        facts: each a list of regular expressions, any of which is the fact; case is ignored.
        history: earlier questions of the same conversation, oldest first.
        missing: of an unanswerable one, regular expressions of what an abstract that answers would
            say, none of which its papers' abstracts (without papers: no abstract) match; case is
            ignored.
    """

    id: str
    question: str
    style: str
    split: str
    answerable: bool
    papers: tuple[str, ...]
    spans: tuple[GoldSpan, ...]
    facts: tuple[tuple[re.Pattern[str], ...], ...]
    history: tuple[str, ...]
    missing: tuple[re.Pattern[str], ...] = ()

    def found_in(self, text: str) -> float:
        """Share of the facts that a text states, 0 to 1; NaN when none is asked for."""
        if not self.facts:
            return float("nan")
        return sum(any(f.search(text) for f in fact) for fact in self.facts) / len(self.facts)


@dataclass(frozen=True, slots=True)
class QuestionSet:
    """What is asked, in order.

    Attributes:
        name: of the file it is from.
        digest: of that file as it was read, hex.
    """

    name: str
    digest: str
    questions: tuple[Asked, ...]


def read_questions(path: Path) -> list[Asked]:
    """The questions of a file; see `read_set`."""
    return list(read_set(path).questions)


def read_set(path: Path) -> QuestionSet:
    """All questions of a file, in order. It is read once: it may be a pipe, or change meanwhile.

    Raises:
        InputError: it can't be read, is empty, or a line is wrong (the first is named).
    """
    try:
        data = path.read_bytes()
        text = data.decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as e:
        reason = (e.strerror or str(e)) if isinstance(e, OSError) else "it is not UTF-8 text"
        raise InputError(f"cannot read {path}: {reason}", "give a file of JSON lines") from e
    found: list[Asked] = []
    lines: dict[str, int] = {}
    wrong: list[str] = []
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            asked = _parsed(line)
            if asked.id in lines:
                raise ValueError(f'the id "{asked.id}" is that of line {lines[asked.id]} too')
        except ValueError as e:
            wrong.append(f"line {number}: {e}")
            continue
        lines[asked.id] = number
        found.append(asked)
    if wrong:
        more = f" (and {len(wrong) - 1} more wrong lines)" if len(wrong) > 1 else ""
        raise InputError(f"{path}, {wrong[0]}{more}", _FORMAT)
    if not found:
        raise InputError(f"{path} holds no question", _FORMAT)
    return QuestionSet(path.name, hashlib.sha256(data).hexdigest(), tuple(found))


def chosen(questions: Sequence[Asked], split: str, limit: int | None) -> list[Asked]:
    """The questions of a split, at most `limit`, in order.

    A limit takes them at even distances, answerable and unanswerable ones apart and of each the
    styles one after another, so that ratios stay (a set may go round its styles as evenly as a
    limit goes through it); of each kind that there is, one at least when the limit allows.

    Args:
        split: "dev", "test" or "all".

    Raises:
        UsageError: none is left.
    """
    kept = [q for q in questions if split in ("all", q.split)]
    if not kept:
        raise UsageError(f'the set has no question with "split": "{split}"', "use --split all")
    if limit is None or limit >= len(kept):
        return kept
    ordered = sorted(range(len(kept)), key=lambda n: kept[n].style)
    yes = [n for n in ordered if kept[n].answerable]
    no = [n for n in ordered if not kept[n].answerable]
    share = round(limit * len(yes) / len(kept))
    if yes and no and limit > 1:
        share = min(max(share, 1), limit - 1)
    places = _spread(yes, share) + _spread(no, limit - share)
    return [kept[n] for n in sorted(places)]


def _spread(places: Sequence[int], count: int) -> list[int]:
    """`count` of the places, at even distances."""
    count = min(count, len(places))
    return [places[(2 * i + 1) * len(places) // (2 * count)] for i in range(count)]


def _parsed(line: str) -> Asked:
    """One question; ValueError says what is wrong with it."""
    try:
        entry: Any = json.loads(line)
    except ValueError as e:
        raise ValueError(f"not a JSON object ({e})") from e
    except RecursionError as e:
        raise ValueError("not a JSON object (too many brackets inside each other)") from e
    if not isinstance(entry, dict):
        raise ValueError("not a JSON object")
    unknown = [name for name in entry if name not in _FIELDS]
    if unknown:
        raise ValueError(f'unknown field "{unknown[0]}" (known: {", ".join(_FIELDS)})')
    for name in ("id", "question"):
        if not isinstance(entry.get(name), str) or not entry[name].strip():
            raise ValueError(f'needs the field "{name}" with a text')
    try:
        cleaned(entry["question"])
    except UsageError as e:
        raise ValueError(e.message) from e
    if not isinstance(entry.get("answerable"), bool):
        raise ValueError('needs the field "answerable", true or false')
    for name in ("style", "split"):
        if not isinstance(entry.get(name, ""), str):
            raise ValueError(f'"{name}" must be a text')
    split = entry.get("split", "")
    if split not in ("dev", "test", ""):
        raise ValueError(f'"split" is "{split}"; it is "dev" or "test"')
    papers = _texts(entry, "papers")
    if entry["answerable"] and not papers:
        raise ValueError('an answerable question needs "papers", the titles that answer it')
    return Asked(
        entry["id"], entry["question"], entry.get("style", ""), split, entry["answerable"],
        papers, _spans(entry.get("spans", []), len(papers)), _facts(entry.get("facts", [])),
        _texts(entry, "history"), _patterns("missing", entry.get("missing", [])),
    )  # fmt: skip


def _texts(entry: dict[str, Any], name: str) -> tuple[str, ...]:
    values = entry.get(name, [])
    if not isinstance(values, list) or not all(isinstance(v, str) and v.strip() for v in values):
        raise ValueError(f'"{name}" must be a list of texts')
    return tuple(values)


def _spans(values: Any, papers: int) -> tuple[GoldSpan, ...]:
    if not isinstance(values, list):
        raise ValueError('"spans" must be a list of [start, end]')
    found = []
    for value in values:
        numbers = isinstance(value, list) and [type(n) for n in value] in ([int] * 2, [int] * 3)
        if not numbers or not 0 <= value[0] < value[1]:
            raise ValueError(
                f'"spans" holds {json.dumps(value)}; it needs [start, end], start < end, or '
                "[start, end, paper]"
            )
        span = GoldSpan(*value)
        if not 0 <= span.paper < max(papers, 1):
            raise ValueError(
                f'"spans" holds {json.dumps(value)}, but "papers" has no number {span.paper} '
                "(they count from 0)"
            )
        found.append(span)
    return tuple(found)


def _facts(values: Any) -> tuple[tuple[re.Pattern[str], ...], ...]:
    wrong = '"facts" must be a list of lists of regular expressions'
    if not isinstance(values, list):
        raise ValueError(wrong)
    if not all(
        isinstance(f, list) and f and all(isinstance(p, str) and p for p in f) for f in values
    ):
        raise ValueError(wrong)
    facts = tuple(_patterns("facts", fact) for fact in values)
    for pattern in (p for fact in facts for p in fact if p.search("")):
        raise ValueError(f'"facts" holds "{pattern.pattern}", which every text matches')
    return facts


def _patterns(name: str, values: Any) -> tuple[re.Pattern[str], ...]:
    if not isinstance(values, list) or not all(isinstance(v, str) and v for v in values):
        raise ValueError(f'"{name}" must be a list of regular expressions')
    patterns = []
    for pattern in values:
        try:
            patterns.append(re.compile(pattern, re.IGNORECASE))
        except (re.error, OverflowError, RecursionError) as e:
            raise ValueError(f'"{name}" holds the wrong expression "{pattern}" ({e})') from e
    return tuple(patterns)
