"""People's judgements on the chat page become questions with what a right answer holds.

A good answer's quotes are facts to be found again, a good refusal is a question that can't be
answered. Of an answer that was called bad nobody knows the right one: it is named, not counted.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from rag.collections import Collection, collections
from rag.errors import InputError
from rag.evaluation.questions import FEEDBACK, Asked, GoldSpan
from rag.store.remembering import Judged

_REMEDY = "judge answers on the chat page first (Good or Bad), or give a file with --set"


def asked_collection(judged: Iterable[Judged], given: Path | None) -> Collection:
    """The collection whose judgements are counted: the index that is given, else the one with most
    answers called good; the starter corpus when none has any.

    Args:
        given: an index's folder; None when nobody named one.
    """
    *others, starter = collections(given)
    if given is not None:
        place = given.resolve()
        # What is no other collection is a folder of the starter corpus.
        return next((c for c in others if c.place.resolve() == place), starter)
    good = Counter(one.collection for one in judged if one.good)
    return max((starter, *others), key=lambda c: good[c.name])


def of_collection(
    judged: Iterable[Judged], name: str, say: Callable[[str], None]
) -> Sequence[Judged]:
    """The judgements of a collection; `say` is told how many there are of which others: asked of
    these papers, their questions would say nothing."""
    kept: list[Judged] = []
    others: Counter[str] = Counter()
    for one in judged:
        if one.collection == name:
            kept.append(one)
        else:
            others[one.collection] += 1
    for other, count in sorted(others.items()):
        say(f"judged of “{other}”, so not counted where “{name}” is asked: {count}")
    return kept


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
    found = [_asked(one) for one in latest.values() if one.good]
    if not found:
        raise InputError(f"no answer was called good in {where}", _REMEDY)
    return found


def _id(one: Judged) -> str:
    """The same for the same question in every run, whatever was judged since."""
    asked = json.dumps([*one.history, one.question])
    return f"feedback-{hashlib.sha256(asked.encode()).hexdigest()[:12]}"


def _asked(one: Judged) -> Asked:
    answer = one.answer
    answered = answer.status == "answered"
    numbers = {s.n: place for place, s in enumerate(answer.sources)}
    cited = [c for claim in answer.claims for c in claim.citations] if answered else []
    titles = [s.paper.title for s in answer.sources] if answered else []
    return Asked(
        _id(one), one.question, FEEDBACK, "", answered,
        tuple(titles or (n.title for n in answer.nearest)),
        tuple(GoldSpan(c.start, c.end, numbers[c.source]) for c in cited),
        tuple((re.compile(re.escape(c.quote), re.IGNORECASE),) for c in cited),
        one.history,
    )  # fmt: skip
