"""Citation recall and precision as ALCE defines them, with this program's claim check in place of
its entailment model.

Gao et al. 2023, "Enabling Large Language Models to Generate Text with Citations", section 3: a
statement is recalled when all that it cites, taken together, supports it; one of its citations is
precise when the statement is recalled and the citation either supports it alone or is needed by
the others.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rag.claims import check_claim
from rag.metrics import mean
from rag.records import Answer


@dataclass(frozen=True, slots=True)
class Statement:
    """Something said and what it cites: each citation is the sentences found there."""

    text: str
    citations: tuple[tuple[str, ...], ...]


def supports(text: str, citations: Sequence[tuple[str, ...]]) -> bool:
    """Whether citations taken together support a statement; none never do."""
    evidence = [sentence for citation in citations for sentence in citation]
    return bool(evidence) and check_claim(text, evidence).supported


def citation_scores(statements: Sequence[Statement]) -> tuple[float, float]:
    """(recall over statements, precision over citations), 0 to 1; NaN of nothing."""
    recalled: list[float] = []
    precise: list[float] = []
    for statement in statements:
        whole = supports(statement.text, statement.citations)
        recalled.append(float(whole))
        for place, citation in enumerate(statement.citations):
            others = statement.citations[:place] + statement.citations[place + 1 :]
            needed = supports(statement.text, [citation]) or not supports(statement.text, others)
            precise.append(float(whole and needed))
    return mean(recalled), mean(precise)


def statements_of(answer: Answer) -> list[Statement]:
    """An answer's claims, each citation being the words quoted (not the paper around them)."""
    return [Statement(c.text, tuple((q.quote,) for q in c.citations)) for c in answer.claims]
