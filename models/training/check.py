"""Check the training questions, and measure how varied they are.

    python -m models.training.check

Errors (exit code 1): an abstract that isn't there; a span or an answer outside its abstract, off a
word's edge, or in no sentence; an answer outside its spans; gold on an unanswerable question; an id
or a question about one abstract that is there twice; a twin that is missing or can't be answered; a
question of the eval sets, or one about a paper of their test splits. Cranfield's questions are
checked only where its abstracts are.
"""

from __future__ import annotations

import re
import statistics
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from models.training.data import (
    CRANFIELD,
    EITHER,
    UNANSWERABLE,
    Abstract,
    Item,
    read_abstracts,
    read_items,
)
from rag.dedupe import normalised_title
from rag.evaluation.gold import on_edges
from rag.evaluation.questions import SEVERAL, read_questions
from rag.models import data_file
from rag.words import content_stems

_FIRST = re.compile(r"[^\W\d_]+")
_ASKING = (
    "how", "what", "which", "why", "who", "when", "where", "does", "do", "did", "is", "are", "was",
    "were", "by", "in", "on", "for", "to", "at", "under", "can",
)  # fmt: skip


def errors_of(
    items: Sequence[Item], abstracts: Mapping[str, Abstract], cranfield: bool
) -> Iterator[str]:
    """What is wrong, a line each."""
    by_id = {item.id: item for item in items}
    for id_, times in Counter(item.id for item in items).items():
        if times > 1:
            yield f"{id_}: the id is there {times} times"
    tested = titles_of_tests()
    evaluated = {q.question.casefold() for name in _SETS for q in read_questions(_set(name))}
    seen: set[tuple[str, str]] = set()
    for item in items:
        key = (item.abstract, item.question.casefold())
        if key in seen:
            yield f"{item.id}: the same question about the same abstract twice"
        seen.add(key)
        if item.question.casefold() in evaluated:
            yield f"{item.id}: a question of the eval sets"
        if item.style not in EITHER and item.answerable == (item.style in UNANSWERABLE):
            yield f"{item.id}: answerable and {item.style}"
        if item.twin and not (item.twin in by_id and by_id[item.twin].answerable):
            yield f"{item.id}: its twin {item.twin} is no answerable question"
        if item.abstract not in abstracts:
            if cranfield or not item.abstract.startswith("cranfield:"):
                yield f"{item.id}: no abstract {item.abstract}"
            continue
        abstract = abstracts[item.abstract]
        if normalised_title(abstract.title) in tested:
            yield f"{item.id}: about a paper of a test split"
        yield from (f"{item.id}: {wrong}" for wrong in _wrong_gold(item, abstract))


def _wrong_gold(item: Item, abstract: Abstract) -> Iterator[str]:
    if not item.answerable:
        if item.spans or item.answer:
            yield "unanswerable, but with spans or an answer"
        return
    if not item.spans or item.answer is None:
        yield "answerable, but without spans or an answer"
        return
    for span in item.spans:
        if not 0 <= span.start < span.end <= len(abstract.text):
            yield f"the span {span.start}-{span.end} is outside the abstract"
        elif not on_edges(abstract.text, span.start, span.end):
            yield f"the span {span.start}-{span.end} is off a word's edge"
    if not any(s.start <= item.answer.start < item.answer.end <= s.end for s in item.spans):
        yield "the answer is in no span"
    elif not on_edges(abstract.text, item.answer.start, item.answer.end):
        yield "the answer is off a word's edge"
    if not item.gold(abstract):
        yield "the spans are in no sentence"


_SETS = ("questions", "cranfield")


def _set(name: str) -> Path:
    return data_file("eval", f"{name}.jsonl")


def titles_of_tests() -> set[str]:
    """Normalised titles of the papers that the eval sets' test questions are about, but for those
    of lists and counts, which are about all papers."""
    return {
        normalised_title(title)
        for name in _SETS
        for q in read_questions(_set(name))
        if q.split == "test" and q.style not in SEVERAL
        for title in q.papers
    }


def variety(items: Sequence[Item], abstracts: Mapping[str, Abstract]) -> Iterator[str]:
    """Figures for people."""
    known = [i for i in items if i.abstract in abstracts]
    yield f"{len(items):,} questions about {len({i.abstract for i in items}):,} abstracts"
    yield "styles: " + ", ".join(f"{s} {n:,}" for s, n in Counter(i.style for i in items).items())
    fields = Counter(re.split(r"[:-]", i.abstract)[0] for i in items)
    yield "abstracts: " + ", ".join(f"{f} {n:,}" for f, n in fields.items())
    words = [len(i.question.split()) for i in items]
    low, _, high = statistics.quantiles(words, n=4)
    middle = statistics.median(words)
    yield f"words of a question: median {middle:.0f}, middle half {low:.0f}-{high:.0f}"
    opening = Counter(
        word
        if (word := (_FIRST.findall(i.question.lower()) or [""])[0]) in _ASKING
        else "(keywords)"
        for i in items
    )
    yield "opening: " + ", ".join(f"{w} {n:,}" for w, n in opening.most_common(12))
    for style in dict.fromkeys(i.style for i in items):
        shared = [_shared(i, abstracts[i.abstract]) for i in known if i.style == style]
        yield f"share of a {style} question's stems in its abstract: {statistics.mean(shared):.2f}"
    places = [
        i.gold(abstracts[i.abstract])[0] / max(len(abstracts[i.abstract].sentences) - 1, 1)
        for i in known
        if i.answerable and i.gold(abstracts[i.abstract])
    ]
    thirds = Counter(min(int(p * 3), 2) for p in places)
    yield "answers in the first, middle, last third: " + ", ".join(
        f"{thirds[n] / max(len(places), 1):.2f}" for n in range(3)
    )


def _shared(item: Item, abstract: Abstract) -> float:
    asked = set(content_stems(item.question))
    held = set(content_stems(f"{abstract.title} {abstract.text}"))
    return len(asked & held) / max(len(asked), 1)


def main() -> int:
    """The command line."""
    items, abstracts = read_items(), read_abstracts()
    wrong = list(errors_of(items, abstracts, CRANFIELD.is_file()))
    for line in wrong:
        print(line)
    for line in variety(items, abstracts):
        print(line)
    print(f"{len(wrong)} errors")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
