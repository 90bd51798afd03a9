"""Prose from a language model, statement by statement; each is shown only after the claim check
supported it by the very sentences it cites, and is replaced by those sentences when it didn't."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from rag.claims import check_claim
from rag.composing import Numbering, choose_quotes, quote_claims
from rag.prompts import SYSTEM, draft_grammar, draft_prompt, parse_draft
from rag.records import Citation, Claim, Evidence

if TYPE_CHECKING:
    from rag.llm import LanguageModel

_SHOWN = 8  # sentences in the prompt
_TOKENS = 240  # of a draft at most


def drafted_claims(
    question: str,
    evidence: Sequence[Evidence],
    model: LanguageModel,
    numbering: Numbering,
    words: int,
    stopped: Callable[[], bool],
) -> Iterator[Claim]:
    """Checked claims in the order written, each as soon as its statement ends.

    When no statement can be shown, or the model has no room for the question with even the best
    sentence, the best evidence is quoted instead.
    """
    prompt, shown = _fitting(question, evidence[:_SHOWN], model)
    by_label = {e.label: e for e in shown}
    text, handled, quoted, spent, given = "", 0, set[str](), 0, 0
    pieces: Iterable[str] = ()
    if shown:
        pieces = model.engine.generate(prompt, draft_grammar(list(by_label)), _TOKENS, stopped)
    for piece in pieces:
        text += piece
        if not piece.rstrip().endswith("."):
            continue
        statements = parse_draft(text).sentences
        for statement, labels in statements[handled:]:
            cited = [by_label[label] for label in labels if label in by_label]
            for claim in _checked(statement, cited, numbering, quoted):
                spent += len(claim.text.split())
                if given and spent > words:
                    return
                given += 1
                yield claim
        handled = len(statements)
    if not given:
        yield from quote_claims(choose_quotes(evidence, question, words), numbering)


def _fitting(
    question: str, evidence: Sequence[Evidence], model: LanguageModel
) -> tuple[list[int], list[Evidence]]:
    """The prompt with as many sentences, best first, as the model has room for; and these."""
    shown = list(evidence)
    while shown:
        prompt = model.chat(SYSTEM, draft_prompt(question, shown))
        if len(prompt) <= model.engine.room(_TOKENS):
            return prompt, shown
        shown.pop()
    return [], []


def _checked(
    statement: str, cited: Sequence[Evidence], numbering: Numbering, quoted: set[str]
) -> Iterator[Claim]:
    """The statement with its citations if they support it, else the evidence itself, once."""
    if not cited:
        return
    # Facts of two papers in one statement can't be told apart from a mix-up: quoted instead.
    one_paper = len({e.paper.id for e in cited}) == 1
    if one_paper and check_claim(statement, [e.text for e in cited]).supported:
        citations = tuple(
            Citation(numbering.number(e.paper), e.span.start, e.span.end, e.text) for e in cited
        )
        yield Claim(statement, "paraphrase", citations)
        return
    fresh = [e for e in cited if e.label not in quoted]
    quoted.update(e.label for e in fresh)
    yield from quote_claims([(e, e.span) for e in fresh], numbering)
