"""A draft is asked for with as much evidence as the model has room for; without room, the evidence
is quoted."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from rag.composing import Numbering
from rag.config import Settings
from rag.drafting import drafted_claims
from rag.llm import LanguageModel
from rag.llm.engine import LocalModel
from rag.prompts import SYSTEM, draft_prompt
from rag.records import Claim, Evidence, Paper, Span

QUESTION = "How many images of cats were collected?"


@pytest.fixture(scope="module")
def small(language_model: LanguageModel) -> Iterator[LanguageModel]:
    """A writer with room for some 250 tokens of prompt."""
    engine = LocalModel(language_model.engine.path, 1, context=512)
    yield LanguageModel(engine, language_model.info, "write")
    engine.close()


def evidence(title: str, *sentences: str) -> list[Evidence]:
    paper = Paper("p", title, " ".join(sentences))
    found, at = [], 0
    for n, sentence in enumerate(sentences, 1):
        span = Span(at, at + len(sentence))
        found.append(Evidence(f"S{n}", paper, span, 0, -1.0, 0.5, 1.0))
        at = span.end + 1
    return found


def claims(shown: list[Evidence], model: LanguageModel) -> list[Claim]:
    words = Settings().answer_words
    found = list(drafted_claims(QUESTION, shown, model, Numbering(), words, lambda: False))
    for claim in found:
        assert claim.citations
        for c in claim.citations:
            assert c.quote == shown[0].paper.abstract[c.start : c.end]
    return found


def test_a_long_title_is_cut_in_the_prompt() -> None:
    cats = "We collected 7 images of cats."
    whole = draft_prompt(QUESTION, evidence("T" * 120, cats))
    assert f"[S1] ({'T' * 120}) {cats}" in whole
    cut = draft_prompt(QUESTION, evidence("T" * 121, cats))
    assert f"[S1] ({'T' * 119}…) {cats}" in cut


def test_a_long_title_ends_no_answer(language_model: LanguageModel) -> None:
    writer = LanguageModel(language_model.engine, language_model.info, "write")
    shown = evidence("深度学习" * 500, *(f"We collected {n} images of cats." for n in range(2)))
    assert claims(shown, writer)


def test_sentences_that_have_no_room_are_left_out_from_the_end(small: LanguageModel) -> None:
    long = "We collected images of cats " + "and more images of other cats " * 40 + "again."
    shown = evidence("Cats", "We collected 7 images of cats.", long, long)
    room = small.engine.room(240)
    assert len(small.chat(SYSTEM, draft_prompt(QUESTION, shown))) > room
    assert len(small.chat(SYSTEM, draft_prompt(QUESTION, shown[:1]))) <= room
    found = claims(shown, small)
    assert {c.quote for claim in found for c in claim.citations} == {shown[0].text}


def test_the_evidence_is_quoted_when_none_has_room(small: LanguageModel) -> None:
    long = "We collected images of cats " + "and more images of other cats " * 60 + "again."
    found = claims(evidence("Cats", long), small)
    assert [claim.kind for claim in found] == ["quote"]
