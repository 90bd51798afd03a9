"""The reader's training questions with the abstracts that they are about.

`abstracts.jsonl.gz` holds abstracts that we invented; Cranfield's stay in their folder and the
starter corpus's digests in theirs: questions refer to all of them by id and character offsets.
"""

from __future__ import annotations

import gzip
import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rag.records import Span
from rag.sentences import split_sentences
from rag.starter import starter_papers

HERE = Path(__file__).parent
QUESTIONS, ABSTRACTS = HERE / "questions.jsonl.gz", HERE / "abstracts.jsonl.gz"
CRANFIELD = HERE.parents[2] / "shared" / "benchmarks" / "cranfield" / "corpus.jsonl"
UNANSWERABLE = ("near-miss", "false-premise")
FOLLOW_UP, GENERAL = "follow-up", "general"
EITHER = (FOLLOW_UP, GENERAL)  # answerable or not; which paper is meant they don't tell
_HELD_BACK = 20  # one in so many abstracts validates


@dataclass(frozen=True, slots=True)
class Abstract:
    """A text that questions are about, with its sentences."""

    id: str
    title: str
    text: str
    sentences: tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class Item:
    """A question about one abstract.

    Attributes:
        abstract: its id: "cranfield:12", "starter:3", or that of an invented one.
        style: "full", "paraphrase", "terse", "typo"; of unanswerable ones "near-miss" or
            "false-premise"; "follow-up" of both: bare, asked when the paper is known already;
            "compare" sets this abstract beside another, under which it stands as well, there
            perhaps as a "near-miss"; so does "general", asked of a kind of thing that other papers
            may be about too, answerable or not.
        spans: whole sentences that hold the answer; none when it can't be answered.
        answer: the shortest words that answer, within a span.
        twin: id of an answerable question that differs only in what is asked; "" without one.
    """

    id: str
    abstract: str
    question: str
    style: str
    answerable: bool
    spans: tuple[Span, ...]
    answer: Span | None
    twin: str

    @property
    def validates(self) -> bool:
        """Whether it is kept from training: all digests, and one in twenty other abstracts."""
        digest = hashlib.sha256(self.abstract.encode()).digest()
        return self.abstract.startswith("starter:") or digest[0] % _HELD_BACK == 0

    def gold(self, abstract: Abstract) -> tuple[int, ...]:
        """Which sentences hold the answer: those that share half of the shorter with a span."""
        return tuple(
            n
            for n, sentence in enumerate(abstract.sentences)
            if any(_shared(sentence, span) >= 0.5 for span in self.spans)
        )


def _shared(a: Span, b: Span) -> float:
    common = min(a.end, b.end) - max(a.start, b.start)
    return common / max(1, min(a.end - a.start, b.end - b.start))


def read_lines(path: Path) -> Iterator[dict[str, Any]]:
    """The objects of a compressed file of JSON lines."""
    with gzip.open(path, "rt", encoding="utf-8") as file:
        yield from map(json.loads, file)


def read_items() -> list[Item]:
    """All questions, in the file's order."""
    return [
        Item(
            e["id"], e["abstract"], e["question"], e["style"], e["answerable"],
            tuple(Span(*s) for s in e.get("spans", [])),
            Span(*e["answer"]) if e.get("answer") else None,
            e.get("twin", ""),
        )
        for e in read_lines(QUESTIONS)
    ]  # fmt: skip


def read_abstracts(cranfield: Path = CRANFIELD) -> Mapping[str, Abstract]:
    """All abstracts by id; Cranfield's only where its file is there."""
    found = {e["id"]: _abstract(e["id"], e["title"], e["abstract"]) for e in read_lines(ABSTRACTS)}
    for n, paper in enumerate(starter_papers()):
        found[f"starter:{n}"] = _abstract(f"starter:{n}", paper.title, paper.abstract)
    if cranfield.is_file():
        for line in cranfield.read_text(encoding="utf-8").splitlines():
            e = json.loads(line)
            name = f"cranfield:{e['_id']}"
            found[name] = _abstract(name, e["title"], e["text"])
    return found


def _abstract(id_: str, title: str, text: str) -> Abstract:
    return Abstract(id_, title, text, split_sentences(text))
