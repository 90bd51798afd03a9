"""An answer is right when nothing here finds fault with it; each fault has a name, and a wrong
answer is listed under its gravest."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rag.evaluation.judging import Judged, Outcome

# Gravest first.
UNSUPPORTED = "claims without support"
LET_THROUGH = "unanswerable answered"
REFUSED = "answerable refused"
NOT_CITED = "right paper not cited"
FACTS = "facts missing"
SOME_CITED = "not all right papers cited"
KINDS = (UNSUPPORTED, LET_THROUGH, REFUSED, NOT_CITED, FACTS, SOME_CITED)
MEANING = {
    UNSUPPORTED: "Shown though the abstracts don't bear them out: must never happen.",
    LET_THROUGH: "The abstracts don't hold the answer, and something was quoted all the same.",
    REFUSED: "The abstracts hold the answer, and it was withheld.",
    NOT_CITED: "Answered from another paper than the set names.",
    FACTS: "The right paper, but not all that was asked for.",
    SOME_CITED: "Of several papers that belong in the answer, some are not in it.",
}


def mistakes(outcome: Outcome) -> list[str]:
    """What is wrong with an answer, gravest first; nothing when it is right."""
    found = []
    if outcome.unsupported:
        found.append(UNSUPPORTED)
    if not outcome.answerable:
        return [*found, LET_THROUGH] if outcome.answered else found
    if not outcome.answered:
        return [*found, REFUSED]
    if not outcome.cited:
        found.append(NOT_CITED)
    if outcome.in_claims < 1:  # Not so where it is NaN: no facts were asked for.
        found.append(FACTS)
    if outcome.cited and outcome.papers_cited < 1:
        found.append(SOME_CITED)
    return found


def grouped(judged: Iterable[Judged]) -> dict[str, list[Judged]]:
    """The wrong answers by their gravest fault, faults without any left out."""
    groups: dict[str, list[Judged]] = {kind: [] for kind in KINDS}
    for one in judged:
        faults = mistakes(one.outcome)
        if faults:
            groups[faults[0]].append(one)
    return {kind: group for kind, group in groups.items() if group}


def share_right(outcomes: Sequence[Outcome]) -> tuple[int, int]:
    """How many answers are right, of how many."""
    return sum(not mistakes(o) for o in outcomes), len(outcomes)
