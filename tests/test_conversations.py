"""Conversations come back equal, stay their owner's, and outlive kills and damage."""

from __future__ import annotations

import re
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    invariant,
    rule,
    run_state_machine_as_test,
)

from rag.errors import RagError
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
from rag.store.conversation_file import MOST_TURNS, writing
from rag.store.conversations import (
    NOTE_LENGTH,
    Conversations,
    GoneError,
    default_conversations,
)
from rag.store.remembering import (
    TITLE_LENGTH,
    Judgement,
    Kept,
    bytes_text,
    packed,
    plain,
    text_bytes,
    titled,
    unpacked,
    unpacked_paper,
)
from tests.kept_conversations import (
    ANN,
    BOB,
    KITES,
    MOSS,
    answered,
    evidence,
    questions,
    rows,
    whole,
)

REPOSITORY = Path(__file__).parent.parent
HOSTILE = [
    "", "\0", "a\0b", "\ud800", "\udfff\ud800", "\ud83d\ude00", "😀", "\u202eabc", "\ufeff",
    "\u2028", "<script>alert(1)</script>", "'; DROP TABLE turns; --", "%", "_", '"', "é", "e\u0301",
    "\r\n", "\ud800\udc00", "\U00010000",
]  # fmt: skip

texts = st.one_of(st.sampled_from(HOSTILE), st.text(st.characters(), max_size=30))
numbers = st.one_of(st.just(float("-inf")), st.floats(allow_nan=False))
integers = st.integers(-(2**70), 2**70)
papers = st.builds(
    Paper, texts, texts, texts, st.lists(texts, max_size=3).map(tuple), st.none() | integers,
    texts, texts, texts, texts, texts, texts,
)  # fmt: skip
citations = st.builds(Citation, integers, integers, integers, texts)
claims = st.builds(
    Claim, texts, st.sampled_from(["quote", "paraphrase"]),
    st.lists(citations, max_size=2).map(tuple),
)  # fmt: skip
answers = st.builds(
    Answer, texts, texts, st.sampled_from(["answered", "abstained"]), texts, texts,
    st.lists(claims, max_size=2).map(tuple),
    st.lists(st.builds(Source, integers, papers), max_size=3).map(tuple),
    st.lists(st.builds(Nearest, texts, texts, numbers), max_size=2).map(tuple),
    st.builds(Timings, numbers, numbers, numbers, numbers, numbers),
    st.builds(ModelInfo, texts, texts, texts), texts,
)  # fmt: skip
evidences = st.lists(
    st.builds(
        Evidence, texts, papers, st.builds(Span, integers, integers), integers, numbers, numbers,
        numbers,
    ),
    max_size=3,
).map(tuple)  # fmt: skip


@pytest.fixture
def kept(tmp_path: Path) -> Conversations:
    return Conversations(tmp_path / "new" / "folder" / "conversations.db")


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Conversations:
    """One file for many examples; each has a conversation of its own."""
    return Conversations(tmp_path_factory.mktemp("shared") / "conversations.db")


# ── what goes in comes out ──────────────────────────────────────────────────────────────────────


@given(answers, evidences)
@settings(max_examples=150, deadline=None)
def test_records_as_bytes_are_lossless(
    answer: Answer, given_evidence: tuple[Evidence, ...]
) -> None:
    bodies: dict[str, bytes] = {}
    one = packed(answer, Answer, bodies)
    two = packed(given_evidence, tuple[Evidence, ...], bodies)
    read = {digest: unpacked_paper(body) for digest, body in bodies.items()}
    assert unpacked(one, Answer, read) == answer
    assert unpacked(two, tuple[Evidence, ...], read) == given_evidence
    # Equality does not tell 1 from 1.0, or one negative zero from another.
    assert repr(unpacked(one, Answer, read)) == repr(answer)


@given(answers, evidences, texts, texts)
# Written to a disk, an example isn't worth shrinking: the test above shrinks what the bytes lose.
@settings(
    max_examples=40,
    deadline=None,
    phases=[Phase.generate],
    suppress_health_check=[HealthCheck.too_slow],
)
def test_turns_come_back_equal(
    shared: Conversations,
    answer: Answer,
    given_evidence: tuple[Evidence, ...],
    collection: str,
    note: str,
) -> None:
    id = shared.start(ANN, "a title", collection)
    assert shared.add(ANN, id, answer, given_evidence) == 1
    assert shared.add(ANN, id, answer) == 2
    shared.judge(ANN, id, 1, False, note)
    conversation = shared.open(ANN, id)
    assert conversation is not None
    assert conversation.turns == (
        Kept(answer, given_evidence, Judgement(False, note)),
        Kept(answer, (), None),
    )
    assert conversation.collection == collection
    judged = next(iter(shared.judgements()))
    assert judged.answer == answer
    assert (judged.question, judged.history) == (answer.question, ())
    assert (judged.collection, judged.good, judged.note) == (collection, False, note)
    assert shared.find(ANN)[0].collection == collection
    assert shared.delete(ANN, id)


@given(st.text(st.characters(), max_size=40))
def test_no_two_texts_have_the_same_bytes(text: str) -> None:
    assert bytes_text(text_bytes(text)) == text


def test_numbers_of_numpy_are_kept_as_plain_ones(kept: Conversations) -> None:
    import numpy as np

    made = evidence(MOSS)[0]
    given_evidence = replace(
        made, similarity=np.float32(0.1), score=np.float64(0.3), rank=np.int64(4)  # type: ignore[arg-type]  # what engines may leave in
    )  # fmt: skip
    id = kept.start(ANN, "t", "c")
    kept.add(ANN, id, answered("q"), (given_evidence,))
    conversation = kept.open(ANN, id)
    assert conversation is not None
    (back,) = conversation.turns[0].evidence
    assert back == given_evidence
    assert (type(back.similarity), type(back.score), type(back.rank)) == (float, float, int)


def test_each_paper_is_stored_once_in_a_conversation(kept: Conversations) -> None:
    id, other = kept.start(ANN, "one", "c"), kept.start(ANN, "two", "c")
    for n in range(5):
        kept.add(ANN, id, answered(f"q{n}"), evidence(MOSS, MOSS, KITES))
    assert rows(kept, "SELECT count(*) FROM papers") == [(2,)]
    kept.add(ANN, other, answered("q"))
    assert rows(kept, "SELECT count(*) FROM papers") == [(3,)]
    # A paper that was changed between two questions is another one.
    later = replace(MOSS, abstract="Moss dries. We now film it.")
    kept.add(ANN, id, answered("q", paper=later), evidence(MOSS, later))
    conversation = kept.open(ANN, id)
    assert conversation is not None
    assert conversation.turns[5].answer.sources[0].paper == later
    assert conversation.turns[5].evidence[0].paper == MOSS
    assert conversation.turns[0].answer.sources[0].paper == MOSS


def test_what_opens_says_when_and_what(kept: Conversations) -> None:
    id = kept.start(ANN, "  Moss\n and kites ", "starter")
    conversation = kept.open(ANN, id)
    assert conversation is not None
    assert (conversation.id, conversation.title, conversation.turns) == (id, "Moss and kites", ())
    for moment in (conversation.started, conversation.changed):
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", moment)
        offset = datetime.fromisoformat(moment).utcoffset()
        assert offset is not None
        assert offset.total_seconds() == 0
    assert re.fullmatch(r"[A-Za-z0-9_-]{22}", id)


# ── titles ──────────────────────────────────────────────────────────────────────────────────────


@given(st.text(st.characters(), max_size=400))
def test_titles_are_short_single_lines(text: str) -> None:
    title = titled(text)
    assert 1 <= len(title) <= TITLE_LENGTH
    assert len(title.splitlines()) == 1
    title.encode("utf-8")  # no lone surrogate is left
    assert titled(title) == title


def test_long_titles_end_on_a_word() -> None:
    long = "word " * 40
    assert titled(long) == ("word " * 24)[:-1] + "…"
    assert titled("some " + long) == "some " + ("word " * 23)[:-1] + "…"
    assert titled("a " + long) == "a " + ("word " * 23)[:-1] + "…"
    assert titled("x" * 300) == "x" * 119 + "…"
    assert titled("苔" * 300) == "苔" * 119 + "…"
    assert titled("a " + "x" * 300) == "a " + "x" * 117 + "…"
    assert titled("y" * 120) == "y" * 120
    assert titled(" \n ") == "Untitled"


# ── owners ──────────────────────────────────────────────────────────────────────────────────────


def test_another_owner_finds_nothing_and_changes_nothing(kept: Conversations) -> None:
    id = kept.start(ANN, "Moss", "c")
    kept.add(ANN, id, answered("What dries?"), evidence(MOSS))
    before = kept.open(ANN, id)
    assert kept.open(BOB, id) is None
    assert kept.find(BOB) == ()
    assert kept.find(BOB, "moss") == ()
    attempts: list[Callable[[], object]] = [
        lambda: kept.add(BOB, id, answered("mine")),
        lambda: kept.add(BOB, id, answered("mine"), over=1),
        lambda: kept.rename(BOB, id, "mine"),
        lambda: kept.judge(BOB, id, 1, True),
    ]
    for attempt in attempts:
        with pytest.raises(GoneError) as theirs:
            attempt()
        assert theirs.value.remedy
    # Exactly as for an id that nobody has.
    with pytest.raises(GoneError) as nobody:
        kept.add(BOB, "A" * 22, answered("mine"))
    with pytest.raises(GoneError) as theirs:
        kept.add(BOB, id, answered("mine"))
    assert str(nobody.value) == str(theirs.value)
    assert not kept.delete(BOB, id)
    assert kept.delete_all(BOB) == 0
    assert kept.open(ANN, id) == before


def test_the_file_holds_no_owner(kept: Conversations) -> None:
    id = kept.start(ANN, "Moss", "c")
    kept.add(ANN, id, answered("What dries?"))
    kept.judge(ANN, id, 1, True, "well said")
    for path in kept.path.parent.iterdir():
        assert ANN.encode() not in path.read_bytes()
    (judged,) = kept.judgements()
    assert ANN not in repr(judged)
    assert id not in repr(judged)


def test_an_empty_owner_is_refused(kept: Conversations) -> None:
    with pytest.raises(RagError, match="no key") as caught:
        kept.start("", "t", "c")
    assert caught.value.remedy
    with pytest.raises(RagError):
        kept.find("")
    assert not kept.path.exists()


@pytest.mark.parametrize("id", ["", "\ud800", "' OR 1=1 --", "%", "A" * 22 + "\n", "x" * 10_000])
def test_ids_that_nobody_has(kept: Conversations, id: str) -> None:
    kept.start(ANN, "t", "c")
    assert kept.open(ANN, id) is None
    assert not kept.delete(ANN, id)
    with pytest.raises(GoneError):
        kept.rename(ANN, id, "t")
    assert len(kept.find(ANN)) == 1


@pytest.mark.parametrize("owner", ["\ud800", "\0", "é", "x" * 100_000])
def test_any_token_is_an_owner_of_its_own(kept: Conversations, owner: str) -> None:
    kept.start(ANN, "t", "c")
    kept.start("\udfff", "t", "c")
    id = kept.start(owner, "u", "c")
    assert [s.id for s in kept.find(owner)] == [id]
    assert kept.delete_all(owner) == 1
    assert len(kept.find(ANN)) == 1


# ── editing ─────────────────────────────────────────────────────────────────────────────────────


def test_a_changed_turn_takes_the_place_of_all_from_it_on(kept: Conversations) -> None:
    id = kept.start(ANN, "t", "c")
    for n in range(1, 5):
        assert kept.add(ANN, id, answered(f"q{n}", paper=replace(MOSS, id=f"p{n}"))) == n
    kept.judge(ANN, id, 3, True)
    assert kept.add(ANN, id, answered("other"), over=3) == 3
    assert questions(kept, ANN, id) == ["q1", "q2", "other"]
    assert list(kept.judgements()) == []
    assert rows(kept, "SELECT count(*) FROM papers") == [(2,)]
    assert kept.add(ANN, id, answered("next"), over=4) == 4
    assert kept.add(ANN, id, answered("last"), over=2**80) == 5
    assert kept.add(ANN, id, answered("only"), over=1) == 1
    assert questions(kept, ANN, id) == ["only"]
    assert rows(kept, "SELECT count(*) FROM papers") == [(1,)]
    assert whole(kept)


def test_a_view_that_is_out_of_date_changes_nothing(kept: Conversations) -> None:
    id = kept.start(ANN, "t", "c")
    first = answered("q1", "Moss dries. [1]")
    assert kept.add(ANN, id, first, known=0) == 1
    assert kept.add(ANN, id, answered("q2"), known=1) == 2
    for known, over in ((0, 0), (1, 1), (3, 0), (2**70, 1)):
        with pytest.raises(GoneError, match="changed elsewhere"):
            kept.add(ANN, id, answered("late"), over=over, known=known)
    assert questions(kept, ANN, id) == ["q1", "q2"]
    assert kept.add(ANN, id, answered("q1", "Moss drinks. [1]"), over=1, known=2) == 1
    with pytest.raises(GoneError, match="another answer"):
        kept.judge(ANN, id, 1, True, "", first)
    assert list(kept.judgements()) == []
    reopened = kept.open(ANN, id)
    assert reopened is not None
    kept.judge(ANN, id, 1, True, "", reopened.turns[0].answer)
    assert [j.good for j in kept.judgements()] == [True]


@pytest.mark.parametrize("turn", [0, -1, 3, MOST_TURNS + 1, 2**80, -(2**80)])
def test_turns_that_are_not_there(kept: Conversations, turn: int) -> None:
    id = kept.start(ANN, "t", "c")
    kept.add(ANN, id, answered("q1"))
    kept.add(ANN, id, answered("q2"))
    with pytest.raises(GoneError, match="no question number"):
        kept.judge(ANN, id, turn, True)
    assert questions(kept, ANN, id) == ["q1", "q2"]


def test_a_conversation_holds_at_most_500_turns(kept: Conversations) -> None:
    id = kept.start(ANN, "t", "c")
    kept.add(ANN, id, answered("q"))
    with writing(kept.path) as db:
        assert db is not None
        db.execute(
            "WITH RECURSIVE n(i) AS (SELECT 2 UNION ALL SELECT i + 1 FROM n WHERE i < 499) "
            "INSERT INTO turns (conversation, number, plain, question, answer, evidence) "
            "SELECT conversation, i, plain, question, answer, evidence FROM turns, n"
        )
    assert kept.add(ANN, id, answered("the last")) == MOST_TURNS
    with pytest.raises(RagError, match="500") as caught:
        kept.add(ANN, id, answered("one more"))
    assert "new conversation" in caught.value.remedy
    assert len(questions(kept, ANN, id)) == MOST_TURNS
    assert kept.add(ANN, id, answered("another last"), over=MOST_TURNS) == MOST_TURNS


def test_what_is_deleted_is_gone_from_the_disk(kept: Conversations) -> None:
    secret = "zanzibarquestion"
    id = kept.start(ANN, secret, "c")
    stays = kept.start(BOB, "stays", "c")
    for n in range(30):
        kept.add(ANN, id, answered(f"{secret} {n}"), evidence(replace(MOSS, abstract=secret * 50)))
    kept.judge(ANN, id, 1, True, secret)
    full = kept.path.stat().st_size
    held = [secret.encode() in p.read_bytes() for p in kept.path.parent.iterdir()]
    assert any(held)
    assert kept.delete(ANN, id)
    assert not kept.delete(ANN, id)
    for path in kept.path.parent.iterdir():
        assert secret.encode() not in path.read_bytes(), path
    assert kept.path.stat().st_size < full
    assert kept.open(ANN, id) is None
    assert list(kept.judgements()) == []
    assert kept.open(BOB, stays) is not None
    assert whole(kept)


def test_deleting_everything_spares_others(kept: Conversations) -> None:
    for n in range(3):
        kept.add(ANN, kept.start(ANN, f"a{n}", "c"), answered("q"), evidence(MOSS))
    theirs = kept.start(BOB, "b", "c")
    kept.add(BOB, theirs, answered("q"), evidence(KITES))
    before = kept.open(BOB, theirs)
    assert kept.delete_all(ANN) == 3
    assert kept.find(ANN) == ()
    assert kept.open(BOB, theirs) == before


# ── finding ─────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Conversations:
    kept = Conversations(tmp_path_factory.mktemp("library") / "conversations.db")
    for title, question, text in (
        ("Moss and heat", "Does moss dry?", "Moss dries at 100% heat. [1]"),
        ("Café Zürich", "Что измеряет змей?", "Straße and naïve Ångström don’t agree. [1]"),
        ("Search syntax", 'What is "AND (" good for?', "It is snake_case AND nothing. [1]"),
        ("苔藓", "苔藓是什么?", "它是植物。[1]"),
    ):
        kept.add(ANN, kept.start(ANN, title, "c"), answered(question, text))
    return kept


MOSS_HEAT, CAFE, SYNTAX, CHINESE = "Moss and heat", "Café Zürich", "Search syntax", "苔藓"


@pytest.mark.parametrize(
    ("words", "titles"),
    [
        ("", [CHINESE, SYNTAX, CAFE, MOSS_HEAT]),
        (" \t\n\0 ", [CHINESE, SYNTAX, CAFE, MOSS_HEAT]),
        ("MOSS", [MOSS_HEAT]),
        ("heat moss dry", [MOSS_HEAT]),  # title, question and text together
        ("moss syntax", []),  # all words are required
        ("mos", [MOSS_HEAT]),
        ("cafe zurich", [CAFE]),
        ("CAFÉ", [CAFE]),
        ("cafe\u0301", [CAFE]),
        ("strasse", [CAFE]),
        ("STRASSE naive angstrom", [CAFE]),
        ("don't", [CAFE]),
        ("ИЗМЕРЯЕТ", [CAFE]),
        ("苔藓 植物", [CHINESE]),
        ("%", [MOSS_HEAT]),
        ("100%", [MOSS_HEAT]),
        ("_", [SYNTAX]),
        ("snake_case", [SYNTAX]),
        ("m_ss", []),
        ("m%ss", []),
        ("mo*", []),
        ('"', [SYNTAX]),
        ('"AND ("', [SYNTAX]),
        ("AND (", [SYNTAX]),
        ("NEAR( moss", []),
        ("moss OR syntax", []),
        ("'; DROP TABLE turns; --", []),
        ("\\", []),
        ("[1]", [CHINESE, SYNTAX, CAFE, MOSS_HEAT]),
        ("\ud800", []),
        ("moss " * 20_000, [MOSS_HEAT]),
        (" ".join(f"w{n}" for n in range(5_000)), []),
    ],
)  # fmt: skip
def test_words_are_found(library: Conversations, words: str, titles: list[str]) -> None:
    assert [s.title for s in library.find(ANN, words)] == titles
    assert library.find(BOB, words) == ()


@given(st.text(st.characters(), max_size=60))
@settings(max_examples=100, deadline=None)
def test_no_words_are_an_error(library: Conversations, words: str) -> None:
    assert len(library.find(ANN, words)) <= 4


@given(st.data(), st.text(st.characters(), max_size=40))
def test_a_part_of_a_text_is_found_in_it(data: st.DataObject, text: str) -> None:
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, len(text)))
    searched = plain(text)
    for word in plain(text[start:end]).split():
        assert word in searched
    for word in plain(text.upper()[start:end]).split():
        assert word in plain(text.upper())
    searched.encode("utf-8")


def test_the_latest_changed_comes_first(kept: Conversations) -> None:
    ids = [kept.start(ANN, f"t{n}", "c") for n in range(4)]
    kept.start(BOB, "theirs", "c")
    assert [s.id for s in kept.find(ANN)] == ids[::-1]
    kept.add(ANN, ids[1], answered("q"))
    assert [s.id for s in kept.find(ANN)] == [ids[1], ids[3], ids[2], ids[0]]
    kept.rename(ANN, ids[0], "u")  # neither a name nor a judgement is news
    kept.judge(ANN, ids[1], 1, True)
    assert [s.title for s in kept.find(ANN)] == ["t1", "t3", "t2", "u"]
    kept.add(ANN, ids[2], answered("q"), over=1)
    assert [s.id for s in kept.find(ANN, limit=2)] == [ids[2], ids[1]]
    assert [s.turns for s in kept.find(ANN)] == [1, 1, 0, 0]
    assert kept.find(ANN, limit=0) == ()
    assert kept.find(ANN, limit=-1) == ()
    assert len(kept.find(ANN, limit=2**70)) == 4
    assert [s.id for s in kept.find(ANN, "U")] == [ids[0]]


# ── judgements ──────────────────────────────────────────────────────────────────────────────────


def test_judgements_of_all_owners_with_what_was_asked_before(kept: Conversations) -> None:
    ann, bob = kept.start(ANN, "t", "starter"), kept.start(BOB, "u", "/home/b/index")
    for n in (1, 2, 3):
        kept.add(ANN, ann, answered(f"a{n}"), evidence(KITES))
    kept.add(BOB, bob, answered("b1", paper=KITES))
    kept.judge(BOB, bob, 1, True)
    kept.judge(ANN, ann, 3, False, "no\nmoss")
    found = {j.question: j for j in kept.judgements()}
    assert set(found) == {"a3", "b1"}
    assert found["a3"].history == ("a1", "a2")
    assert (found["a3"].good, found["a3"].note) == (False, "no\nmoss")
    assert found["a3"].collection == "starter"
    assert found["a3"].answer == answered("a3")
    assert (found["b1"].history, found["b1"].good, found["b1"].note) == ((), True, "")
    assert found["b1"].answer.sources[0].paper == KITES


def test_a_judgement_can_be_changed_and_withdrawn(kept: Conversations) -> None:
    id = kept.start(ANN, "t", "c")
    kept.add(ANN, id, answered("q"))
    for good, note in ((True, "yes"), (False, "no"), (True, "")):
        kept.judge(ANN, id, 1, good, note)
        (judged,) = kept.judgements()
        assert (judged.good, judged.note) == (good, note)
    kept.judge(ANN, id, 1, None, "x" * 5000)
    kept.judge(ANN, id, 1, None)
    assert list(kept.judgements()) == []
    conversation = kept.open(ANN, id)
    assert conversation is not None
    assert conversation.turns[0].judgement is None


def test_an_answer_of_an_older_release_can_be_judged(kept: Conversations) -> None:
    id = kept.start(ANN, "t", "c")
    kept.add(ANN, id, answered("q"))
    with closing(sqlite3.connect(kept.path)) as db, db:
        (body,) = db.execute("SELECT answer FROM turns").fetchone()
        assert b',"words":null' in body
        db.execute("UPDATE turns SET answer = ?", (body.replace(b',"words":null', b""),))
    conversation = kept.open(ANN, id)
    assert conversation is not None
    kept.judge(ANN, id, 1, True, "", conversation.turns[0].answer)
    assert [judged.good for judged in kept.judgements()] == [True]
    with pytest.raises(GoneError):
        kept.judge(ANN, id, 1, True, "", answered("another"))


def test_a_note_too_long_is_refused_not_cut(kept: Conversations) -> None:
    id = kept.start(ANN, "t", "c")
    kept.add(ANN, id, answered("q"))
    kept.judge(ANN, id, 1, True, "苔" * NOTE_LENGTH)
    with pytest.raises(RagError, match="2,001") as caught:
        kept.judge(ANN, id, 1, False, "x" * (NOTE_LENGTH + 1))
    assert caught.value.remedy
    assert [(j.good, len(j.note)) for j in kept.judgements()] == [(True, NOTE_LENGTH)]


# ── against a model: whatever is done, in whatever order ────────────────────────────────────────


class Model(RuleBasedStateMachine):
    """Two owners work on one file; dictionaries say what it must hold."""

    conversations = Bundle("conversations")

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.mkdtemp()
        self.kept = Conversations(Path(self.folder) / "conversations.db")
        self.held: dict[str, dict[str, list[tuple[str, bool | None]]]] = {ANN: {}, BOB: {}}

    def teardown(self) -> None:
        shutil.rmtree(self.folder)

    @rule(target=conversations, owner=st.sampled_from([ANN, BOB]))
    def start(self, owner: str) -> tuple[str, str]:
        id = self.kept.start(owner, "t", "c")
        self.held[owner][id] = []
        return owner, id

    @rule(which=conversations, question=texts, paper=st.sampled_from([MOSS, KITES]))
    def add(self, which: tuple[str, str], question: str, paper: Paper) -> None:
        owner, id = which
        if id not in self.held[owner]:
            with pytest.raises(GoneError):
                self.kept.add(owner, id, answered(question))
            return
        turns = self.held[owner][id]
        turns.append((question, None))
        number = self.kept.add(owner, id, answered(question, paper=paper), evidence(MOSS))
        assert number == len(turns)

    @rule(which=conversations, turn=st.integers(1, 4), question=texts)
    def change(self, which: tuple[str, str], turn: int, question: str) -> None:
        owner, id = which
        if id in self.held[owner]:
            turns = self.held[owner][id]
            del turns[turn - 1 :]
            turns.append((question, None))
            number = self.kept.add(owner, id, answered(question, paper=KITES), over=turn)
            assert number == len(turns)

    @rule(which=conversations, turn=st.integers(1, 4), good=st.sampled_from([True, False, None]))
    def judge(self, which: tuple[str, str], turn: int, good: bool | None) -> None:
        owner, id = which
        turns = self.held[owner].get(id, [])
        turn = min(turn, len(turns))
        if turns:
            self.kept.judge(owner, id, turn, good)
            turns[turn - 1] = (turns[turn - 1][0], good)

    @rule(which=consumes(conversations))
    def delete(self, which: tuple[str, str]) -> None:
        owner, id = which
        assert self.kept.delete(owner, id) == (self.held[owner].pop(id, None) is not None)

    @rule(owner=st.sampled_from([ANN, BOB]))
    def delete_all(self, owner: str) -> None:
        assert self.kept.delete_all(owner) == len(self.held[owner])
        self.held[owner].clear()

    @invariant()
    def holds_what_it_must(self) -> None:
        judged = []
        for owner, other in ((ANN, BOB), (BOB, ANN)):
            listed = {s.id: s.turns for s in self.kept.find(owner)}
            assert listed == {id: len(turns) for id, turns in self.held[owner].items()}
            for id, turns in self.held[owner].items():
                conversation = self.kept.open(owner, id)
                assert conversation is not None
                got = [
                    (t.answer.question, t.judgement.good if t.judgement else None)
                    for t in conversation.turns
                ]
                assert got == turns
                assert self.kept.open(other, id) is None
                judged += [turn for turn in turns if turn[1] is not None]
        found = [(j.question, j.good) for j in self.kept.judgements()]
        assert sorted(found, key=repr) == sorted(judged, key=repr)
        if self.kept.path.exists():
            assert whole(self.kept)
            unused = "SELECT count(*) FROM papers WHERE rowid NOT IN (SELECT paper FROM uses)"
            assert rows(self.kept, unused) == [(0,)]


def test_whatever_is_done_in_whatever_order() -> None:
    run_state_machine_as_test(
        Model, settings=settings(max_examples=25, stateful_step_count=15, deadline=None)
    )


# ── where ───────────────────────────────────────────────────────────────────────────────────────


def test_where_conversations_are_kept(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from rag.config import default_index

    monkeypatch.setenv("RAG_CONVERSATIONS", str(tmp_path / "mine.db"))
    assert default_conversations() == tmp_path / "mine.db"
    monkeypatch.delenv("RAG_CONVERSATIONS")
    monkeypatch.delenv("RAG_INDEX", raising=False)
    assert default_conversations() == default_index().parent / "conversations.db"


def test_importing_loads_nothing_heavy() -> None:
    code = (
        "import rag.store.conversations, sys\n"
        "print([m for m in ('numpy', 'torch', 'platformdirs') if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=REPOSITORY
    )
    assert done.stdout.strip() == "[]"
