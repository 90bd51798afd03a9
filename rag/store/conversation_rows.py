"""What an operation does with the rows of one conversation, inside a transaction of
rag.store.conversation_file.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence

from rag.errors import RagError
from rag.records import Answer, Evidence, Paper
from rag.store.conversation_file import MOST_TURNS
from rag.store.remembering import (
    Judged,
    Judgement,
    Kept,
    bytes_text,
    checked_number,
    packed,
    plain,
    text_bytes,
    unpacked,
    unpacked_paper,
)


class GoneError(RagError):
    """The conversation, or the turn of it, is not (or no longer) there."""


class PackedTurn:
    """A turn made ready before the file is locked."""

    def __init__(self, answer: Answer, evidence: Sequence[Evidence]) -> None:
        self.papers: dict[str, bytes] = {}
        self.row = (
            f"{plain(answer.question)}\n{plain(answer.text)}",
            text_bytes(answer.question),
            packed(answer, Answer, self.papers),
            packed(evidence, tuple[Evidence, ...], self.papers),
        )

    def put(self, db: sqlite3.Connection, place: int, number: int) -> None:
        """Write it with the papers it names."""
        turn = db.execute(
            "INSERT INTO turns (conversation, number, plain, question, answer, evidence) "
            "VALUES (?, ?, ?, ?, ?, ?)",
            (place, number, *self.row),
        ).lastrowid
        db.executemany(
            "INSERT OR IGNORE INTO papers (conversation, digest, body) VALUES (?, ?, ?)",
            [(place, digest, body) for digest, body in self.papers.items()],
        )
        db.execute(
            "INSERT INTO uses (turn, paper) SELECT ?, rowid FROM papers "
            "WHERE conversation = ? AND digest IN (SELECT value FROM json_each(?))",
            (turn, place, json.dumps(list(self.papers))),
        )


def sweep(db: sqlite3.Connection, place: int) -> None:
    """Remove the papers that no turn of the conversation names any more."""
    db.execute(
        "DELETE FROM papers WHERE conversation = ? "
        "AND NOT EXISTS (SELECT 1 FROM uses WHERE uses.paper = papers.rowid)",
        (place,),
    )


def papers_of(db: sqlite3.Connection, sql: str, value: int) -> dict[str, Paper]:
    """The papers that a query for (digest, body) gives, by their digests."""
    return {str(digest): unpacked_paper(body) for digest, body in db.execute(sql, (value,))}


def turns_of(db: sqlite3.Connection, place: int) -> tuple[Kept, ...]:
    """The turns of a conversation, in order."""
    papers = papers_of(db, "SELECT digest, body FROM papers WHERE conversation = ?", place)
    rows = db.execute(
        "SELECT t.answer, t.evidence, j.good, j.note FROM turns t LEFT JOIN judgements j "
        "ON j.turn = t.rowid WHERE t.conversation = ? ORDER BY t.number",
        (place,),
    )
    return tuple(
        Kept(
            unpacked(answer, Answer, papers),
            unpacked(evidence, tuple[Evidence, ...], papers),
            None if good is None else Judgement(bool(good), bytes_text(note)),
        )
        for answer, evidence, good, note in rows
    )


def answer_at(db: sqlite3.Connection, turn: int) -> Answer:
    """The answer of a turn, by its row id. Records of older releases have other bytes than what
    they are packed to today: only what comes back can be compared."""
    (body,) = db.execute("SELECT answer FROM turns WHERE rowid = ?", (turn,)).fetchone()
    return _answer(db, turn, body)


def _answer(db: sqlite3.Connection, turn: int, body: bytes) -> Answer:
    papers = papers_of(
        db,
        "SELECT p.digest, p.body FROM uses u JOIN papers p ON p.rowid = u.paper WHERE u.turn = ?",
        turn,
    )
    return unpacked(body, Answer, papers)


def judged_of(
    db: sqlite3.Connection, turn: int, place: int, number: int, question: bytes, collection: bytes,
    good: int, note: bytes, answer: bytes,
) -> Judged:  # fmt: skip
    """A judged answer from its row, without whose it is."""
    earlier = db.execute(
        "SELECT question FROM turns WHERE conversation = ? AND number < ? ORDER BY number",
        (place, number),
    )
    return Judged(
        bytes_text(question), tuple(bytes_text(row[0]) for row in earlier),
        bytes_text(collection), bool(good), bytes_text(note), _answer(db, turn, answer),
    )  # fmt: skip


def turn_row(db: sqlite3.Connection, place: int, number: int) -> int:
    """The row id of a turn."""
    row = None
    if 1 <= number <= MOST_TURNS:
        find = "SELECT rowid FROM turns WHERE conversation = ? AND number = ?"
        row = db.execute(find, (place, number)).fetchone()
    if row is None:
        raise GoneError(
            f"this conversation has no question number {number}", "open the conversation again"
        )
    return checked_number(row[0])
