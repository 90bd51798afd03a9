"""Answers to keep, two owners, and what the file of conversations says of itself."""

from __future__ import annotations

import sqlite3
from contextlib import closing

from rag.records import (
    Answer,
    Citation,
    Claim,
    Evidence,
    ModelInfo,
    Nearest,
    Paper,
    Source,
    Span,
    Timings,
)
from rag.store.conversations import Conversations

ANN, BOB = "owner-token-of-ann", "owner-token-of-bob"
MOSS = Paper("p1", "Moss as a Thermometer", "Moss dries. We photograph it.", ("Émile Zola",), 2019)
KITES = Paper("p2", "Kites", "Kites fly in wind. They measure wind.", source="kites.csv")


def answered(question: str, text: str = "Moss dries. [1]", paper: Paper = MOSS) -> Answer:
    quote = paper.abstract.split(".")[0] + "."
    claim = Claim(quote, "quote", (Citation(1, 0, len(quote), quote),))
    return Answer(
        question, question, "answered", "", text, (claim,), (Source(1, paper),),
        (Nearest(paper.id, paper.title, 0.5),), Timings(1.5, 2, 3, 4, 10.5),
        ModelInfo("smollm2", "ab" * 32, "Q8_0"), "f00d",
    )  # fmt: skip


def evidence(*papers: Paper) -> tuple[Evidence, ...]:
    return tuple(
        Evidence(f"S{n}", paper, Span(0, 5), n - 1, float("-inf"), 0.25, 1.0)
        for n, paper in enumerate(papers, 1)
    )


def questions(kept: Conversations, owner: str, id: str) -> list[str]:
    conversation = kept.open(owner, id)
    assert conversation is not None
    return [turn.answer.question for turn in conversation.turns]


def rows(kept: Conversations, sql: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(kept.path)) as db:
        return db.execute(sql).fetchall()


def whole(kept: Conversations) -> bool:
    orphans = rows(kept, "PRAGMA foreign_key_check")
    return rows(kept, "PRAGMA integrity_check") == [("ok",)] and not orphans
