"""What programs and people are shown: exact names, exact order, plain text."""

from __future__ import annotations

import json
from dataclasses import replace

from rag.records import (
    Answer,
    Citation,
    Claim,
    Hit,
    ModelInfo,
    Nearest,
    Paper,
    Source,
    Span,
    Timings,
)
from rag.render import (
    answer_lines,
    answer_object,
    failed_object,
    hit_lines,
    in_parts,
    search_object,
)

PAPER = Paper(
    "moss", "Moss", "Moss dries. We look.", ("A", "B", "C", "D"), 2019, "https://example.org/m"
)
ANSWER = Answer(
    "Why?", "Moss? — Why?", "answered", "", "“Moss dries.” [1]",
    (Claim("Moss dries.", "quote", (Citation(1, 0, 11, "Moss dries."),)),),
    (Source(1, PAPER),), (Nearest("moss", "Moss", 1.5),), Timings(1, 2, 3, 4, 10),
    ModelInfo("m", "ab", "Q8_0"), "f00d",
)  # fmt: skip
NAMES = [
    "id", "question", "status", "answer", "claims", "sources", "nearest", "timings_ms", "model",
    "fingerprint", "understood", "reason",
]  # fmt: skip


def test_answer_object_is_the_contract() -> None:
    made = answer_object(ANSWER, "q1")
    assert list(made) == NAMES
    assert made == json.loads(json.dumps(made))
    assert made["claims"] == [
        {"text": "Moss dries.", "kind": "quote",
         "citations": [{"source": 1, "start": 0, "end": 11, "quote": "Moss dries."}]}
    ]  # fmt: skip
    assert made["sources"] == [
        {"n": 1, "paper_id": "moss", "title": "Moss", "url": "https://example.org/m",
         "abstract": "Moss dries. We look."}
    ]  # fmt: skip
    assert made["nearest"] == [{"paper_id": "moss", "title": "Moss", "score": 1.5}]
    assert made["timings_ms"] == {
        "retrieve": 1, "evidence": 2, "generate": 3, "verify": 4, "total": 10
    }  # fmt: skip
    assert made["model"] == {"name": "m", "sha256": "ab", "quantization": "Q8_0"}


def test_a_claim_falls_into_parts_at_the_words_that_answer() -> None:
    (claim,) = ANSWER.claims
    assert in_parts(claim) == ("Moss dries.", "", "")
    told = replace(claim, citations=(replace(claim.citations[0], words=Span(5, 10)),))
    assert in_parts(told) == ("Moss ", "dries", ".")
    # The contract of `ask --json` has no such field.
    assert answer_object(replace(ANSWER, claims=(told,)), "q1") == answer_object(ANSWER, "q1")
    assert answer_lines(replace(ANSWER, claims=(told,))) == answer_lines(ANSWER)


def test_failed_object_has_the_same_fields() -> None:
    made = failed_object("line-3", "?", "not JSON")
    assert list(made) == NAMES
    whole = answer_object(ANSWER, "")
    for name in NAMES:
        assert type(made[name]) is type(whole[name]), name
    assert list(made["timings_ms"]) == list(whole["timings_ms"])
    assert list(made["model"]) == list(whole["model"])
    assert (made["status"], made["reason"]) == ("abstained", "not JSON")


def test_answer_for_people() -> None:
    assert answer_lines(ANSWER) == [
        "(understood as: Moss? — Why?)",
        "“Moss dries.” [1]",
        "",
        "Sources",
        "  [1] Moss (A, B, C), 2019",
        "      https://example.org/m",
    ]


def test_hits() -> None:
    hit = Hit(PAPER, 0.51234567, 2.0, 0.4, 1.23456789, Span(0, 11))
    assert search_object("q", [hit]) == {
        "query": "q",
        "hits": [
            {"rank": 1, "paper_id": "moss", "title": "Moss", "score": 1.234568,
             "dense": 0.512346, "lexical": 2.0,
             "best_sentence": {"start": 0, "end": 11, "text": "Moss dries."}}
        ],
    }  # fmt: skip
    assert hit_lines([hit]) == [" 1. Moss  (1.23)", "    Moss dries."]
