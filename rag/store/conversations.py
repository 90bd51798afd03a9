"""Conversations and judgements, on this machine only: an operation is done whole or not at all,
and what belongs to one owner is never reachable by another.

An owner is a random token that a browser keeps; the file holds its SHA-256, so that who reads the
file cannot pass for the browser. (A random token needs no salt.) Each operation has a connection
of its own, so that threads and processes share nothing but the file.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from rag.config import APP
from rag.errors import RagError
from rag.records import Answer, Evidence
from rag.store.conversation_file import MOST_TURNS, reading, writing
from rag.store.conversation_rows import (
    GoneError,
    PackedTurn,
    answer_at,
    judged_of,
    sweep,
    turn_row,
    turns_of,
)
from rag.store.remembering import (
    Conversation,
    Judged,
    Summary,
    bytes_text,
    checked_number,
    checked_text,
    plain,
    text_bytes,
    titled,
)

if TYPE_CHECKING:
    from sqlite3 import Connection

__all__ = ["Conversation", "Conversations", "GoneError", "Judged", "Summary"]
NOTE_LENGTH = 2000

# Every word is in the title or in one of the turns. Texts are compared, never patterns.
_FIND = """
SELECT c.id, c.title, c.collection, c.changed,
       (SELECT count(*) FROM turns t WHERE t.conversation = c.rowid)
FROM conversations c WHERE c.owner = ? AND NOT EXISTS (
    SELECT 1 FROM json_each(?) w WHERE instr(c.plain, w.value) = 0 AND NOT EXISTS (
        SELECT 1 FROM turns t WHERE t.conversation = c.rowid AND instr(t.plain, w.value) > 0))
ORDER BY c.recency DESC LIMIT ?
"""
_NEXT = "(SELECT coalesce(max(recency), 0) + 1 FROM conversations)"


def default_conversations() -> Path:
    """`$RAG_CONVERSATIONS`, else a file in the platform's user data folder."""
    named = os.environ.get("RAG_CONVERSATIONS")
    if named:
        return Path(named)
    from platformdirs import user_data_path

    return user_data_path(APP, appauthor=False) / "conversations.db"


class Conversations:
    """The conversations kept in one file. Safe to share between threads.

    A missing file is empty; `start` makes it, for its user alone. Every method raises DiskError
    when the file cannot be read or written, and RagError when it is damaged, of a newer release,
    or busy for longer than 20 seconds, and when the owner is "".
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    # ── changing ────────────────────────────────────────────────────────────────────────────────

    def start(self, owner: str, title: str, collection: str) -> str:
        """A new conversation without turns; its id (22 characters that a URL can hold).

        Args:
            title: cut to 120 characters, on a word.
            collection: the name of what will be asked, given back as it is.
        """
        name, id, now = titled(title), secrets.token_urlsafe(16), _now()
        row = (id, _hashed(owner), now, now, name, plain(name), text_bytes(collection))
        with writing(self.path, create=True) as db:
            assert db is not None  # as it is created
            db.execute(
                "INSERT INTO conversations (recency, id, owner, started, changed, title, plain, "
                f"collection) VALUES ({_NEXT}, ?, ?, ?, ?, ?, ?, ?)",
                row,
            )
        return id

    def add(
        self,
        owner: str,
        id: str,
        answer: Answer,
        evidence: Sequence[Evidence] = (),
        over: int = 0,
        known: int | None = None,
    ) -> int:
        """Append a turn; its number, from 1.

        Args:
            over: the turn that, with all later ones, is given up for this one; 0 for none.
            known: the number of turns that the caller knows of; None for however many.

        Raises:
            GoneError: there is no such conversation, or not one of `known` turns (any more).
            RagError: it has 500 turns already.
        """
        turn = PackedTurn(answer, evidence)
        count = "SELECT coalesce(max(number), 0) FROM turns WHERE conversation = ?"
        with self._changing(owner, id) as (db, place):
            (last,) = db.execute(count, (place,)).fetchone()
            if known is not None and known != checked_number(last):
                raise GoneError(
                    "this conversation was changed elsewhere", "open the conversation again"
                )
            if over > 0:
                # SQLite has no larger integers than 64 bits.
                values = (place, min(over, MOST_TURNS + 1))
                db.execute("DELETE FROM turns WHERE conversation = ? AND number >= ?", values)
                sweep(db, place)
                (last,) = db.execute(count, (place,)).fetchone()
            if checked_number(last) >= MOST_TURNS:
                raise RagError(
                    f"this conversation has {MOST_TURNS} questions, the most it can hold",
                    "start a new conversation",
                )
            turn.put(db, place, last + 1)
        return checked_number(last) + 1

    def rename(self, owner: str, id: str, title: str) -> None:
        """Give another title, cut as in `start`. Raises GoneError: no such conversation."""
        name = titled(title)
        with self._changing(owner, id, moves=False) as (db, place):
            db.execute(
                "UPDATE conversations SET title = ?, plain = ? WHERE rowid = ?",
                (name, plain(name), place),
            )

    def judge(
        self,
        owner: str,
        id: str,
        turn: int,
        good: bool | None,
        note: str = "",
        answer: Answer | None = None,
    ) -> None:
        """Say whether an answer is good, in place of what was said before; None withdraws it.

        Args:
            answer: the one that is meant; None for whichever stands there.

        Raises:
            GoneError: there is no such conversation or turn, or it holds another answer.
            RagError: the note has more than 2,000 characters.
        """
        if good is not None and len(note) > NOTE_LENGTH:
            raise RagError(
                f"the note has {len(note):,} characters; at most {NOTE_LENGTH:,} are kept",
                "shorten it",
            )
        with self._changing(owner, id, moves=False) as (db, place):
            at = turn_row(db, place, turn)
            if answer is not None and answer_at(db, at) != answer:
                raise GoneError(
                    "another answer took the place of this one", "open the conversation again"
                )
            db.execute("DELETE FROM judgements WHERE turn = ?", (at,))
            if good is not None:
                row = (at, int(good), text_bytes(note))
                db.execute("INSERT INTO judgements (turn, good, note) VALUES (?, ?, ?)", row)

    def delete(self, owner: str, id: str) -> bool:
        """Erase a conversation with its judgements; whether there was one."""
        return self._erase("owner = ? AND id = ?", _hashed(owner), _encodable(id)) > 0

    def delete_all(self, owner: str) -> int:
        """Erase everything of this owner; how many conversations that were."""
        return self._erase("owner = ?", _hashed(owner))

    def _erase(self, which: str, *values: object) -> int:
        with writing(self.path) as db:
            if db is None:
                return 0
            return db.execute(f"DELETE FROM conversations WHERE {which}", values).rowcount

    @contextmanager
    def _changing(
        self, owner: str, id: str, moves: bool = True
    ) -> Iterator[tuple[Connection, int]]:
        """A transaction on one conversation, with its row id.

        Args:
            moves: it counts as changed, and goes to the head of the list.
        """
        which = (_encodable(id), _hashed(owner))
        with writing(self.path) as db:
            row = None
            if db is not None:
                find = "SELECT rowid FROM conversations WHERE id = ? AND owner = ?"
                row = db.execute(find, which).fetchone()
            if db is None or row is None:
                raise GoneError(
                    "this conversation is not here; it may have been deleted",
                    "start a new conversation",
                )
            if moves:
                db.execute(
                    f"UPDATE conversations SET changed = ?, recency = {_NEXT} WHERE rowid = ?",
                    (_now(), row[0]),
                )
            yield db, checked_number(row[0])

    # ── reading ─────────────────────────────────────────────────────────────────────────────────

    def open(self, owner: str, id: str) -> Conversation | None:
        """A conversation, whole; None when this owner has none of this id."""
        which = (_encodable(id), _hashed(owner))
        with reading(self.path) as db:
            if db is None:
                return None
            row = db.execute(
                "SELECT rowid, id, title, collection, started, changed FROM conversations "
                "WHERE id = ? AND owner = ?",
                which,
            ).fetchone()
            if row is None:
                return None
            name, title, collection = checked_text(row[1]), checked_text(row[2]), bytes_text(row[3])
            started, changed = checked_text(row[4]), checked_text(row[5])
            return Conversation(name, title, collection, started, changed, turns_of(db, row[0]))

    def find(self, owner: str, words: str = "", limit: int = 200) -> tuple[Summary, ...]:
        """The conversations that hold every one of the words, the latest changed first.

        Args:
            words: parted by white space; each may be part of a longer word. Looked for in
                titles, questions and answers, without regard to case and accents.
            limit: how many at most, >= 0.
        """
        mine = _hashed(owner)
        wanted = json.dumps(list(dict.fromkeys(plain(words).split())))
        with reading(self.path) as db:
            if db is None:
                return ()
            rows = db.execute(_FIND, (mine, wanted, max(0, min(limit, 1_000_000))))
            return tuple(
                Summary(
                    checked_text(id), checked_text(title), bytes_text(collection),
                    checked_text(changed), checked_number(turns),
                )
                for id, title, collection, changed, turns in rows
            )  # fmt: skip

    def judgements(self) -> Iterator[Judged]:
        """The judged answers of all owners, oldest turn first; whose they are is not told."""
        with reading(self.path) as db:
            if db is None:
                return iter(())
            rows = db.execute(
                "SELECT t.rowid, t.conversation, t.number, t.question, c.collection, j.good, "
                "j.note, t.answer FROM judgements j JOIN turns t ON t.rowid = j.turn "
                "JOIN conversations c ON c.rowid = t.conversation ORDER BY t.rowid"
            )
            # All at once, so that a reader who takes its time holds nobody up.
            return iter([judged_of(db, *row) for row in rows.fetchall()])


# ── parts ───────────────────────────────────────────────────────────────────────────────────────


def _hashed(owner: str) -> bytes:
    if not owner:  # else all browsers that keep nothing would share what they ask
        raise RagError(
            "this browser keeps no key to its conversations",
            "allow the page to store data in the browser, and load it again",
        )
    return hashlib.sha256(text_bytes(owner)).digest()


def _encodable(id: str) -> str:
    """The id; one that no conversation can have becomes "", which none has either."""
    return id if re.fullmatch(r"[A-Za-z0-9_-]{1,64}", id) else ""


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
