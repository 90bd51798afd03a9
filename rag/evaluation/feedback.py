"""People's judgements on the chat page become questions with what a right answer holds.

A good answer's quotes are facts to be found again, a good refusal is a question that can't be
answered. Of an answer that was called bad nobody knows the right one: it is named, not counted.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from pathlib import Path

from rag.errors import InputError
from rag.evaluation.questions import Asked, GoldSpan
from rag.store.remembering import Judged

_REMEDY = "judge answers on the chat page first (Good or Bad), or give a file with --set"


def feedback_questions(
    judged: Iterable[Judged], where: Path, say: Callable[[str], None]
) -> list[Asked]:
    """The judged questions; of one asked twice in the same context, the last judgement.

    Args:
        where: the file that the judgements are from, for people.
        say: told what can't be counted.

    Raises:
        InputError: nobody called an answer good.
    """
    latest: dict[tuple[str, tuple[str, ...]], Judged] = {}
    for one in judged:
        latest[(one.question, one.history)] = one
    bad = [one for one in latest.values() if not one.good]
    for one in bad:
        note = f" ({one.note})" if one.note else ""
        say(f"called bad, so not counted: {one.question}{note}")
    found = [
        _asked(f"feedback-{n}", one)
        for n, one in enumerate((one for one in latest.values() if one.good), 1)
    ]
    if not found:
        raise InputError(f"no answer was called good in {where}", _REMEDY)
    return found


def _asked(id_: str, one: Judged) -> Asked:
    answer = one.answer
    answered = answer.status == "answered"
    numbers = {s.n: place for place, s in enumerate(answer.sources)}
    cited = [c for claim in answer.claims for c in claim.citations] if answered else []
    titles = [s.paper.title for s in answer.sources] if answered else []
    return Asked(
        id_, one.question, "feedback", "", answered,
        tuple(titles or (n.title for n in answer.nearest)),
        tuple(GoldSpan(c.start, c.end, numbers[c.source]) for c in cited),
        tuple((re.compile(re.escape(c.quote), re.IGNORECASE),) for c in cited),
        one.history,
    )  # fmt: skip
