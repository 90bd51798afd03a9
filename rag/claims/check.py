"""A claim is supported when every check passes for each of its sentences; the checks can only
refuse, and none outvotes another.

Refusal is cheap (the evidence is quoted instead) and a wrong claim is not, so every doubt is a
refusal. The order of the checks is the order in which reasons are named.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Sequence

from rag.claims.align import Evidence, Pair, align, read_evidence
from rag.claims.clauses import check_clauses
from rag.claims.coverage import cover
from rag.claims.direction import check_direction
from rag.claims.figures import check_figures
from rag.claims.hedges import check_hedges
from rag.claims.limits import check_limits
from rag.claims.names import check_names
from rag.claims.numbers import check_numbers
from rag.claims.order import check_order
from rag.claims.polarity import check_polarity
from rag.claims.roles import check_roles
from rag.claims.subjects import check_subjects
from rag.claims.swaps import check_swaps
from rag.claims.text import normalise, tokens_of
from rag.claims.verdict import Verdict
from rag.sentences import split_sentences

# Below 1 - SPECIFIC, so that one uncovered specific word refuses (rag.claims.coverage).
DEFAULT = 0.65
# Each check with the most support that a claim it refuses can have: the fewer false alarms it
# raised on the development half, the lower.
_CHECKS: tuple[tuple[Callable[[Pair], str | None], float], ...] = (
    (check_numbers, 0.1),
    (check_direction, 0.2),
    (check_roles, 0.25),
    (check_subjects, 0.25),
    (check_hedges, 0.3),
    (check_polarity, 0.35),
    (check_figures, 0.3),
    (check_order, 0.3),
    (check_swaps, 0.3),
    (check_clauses, 0.3),
    (check_limits, 0.3),
)
_INVENTED = 0.1
# Nobody reads a longer sentence as one statement, and no abstract has one so long.
_MOST_TOKENS = 200
_MOST_CHARACTERS = 5_000


def check_claim(
    claim: str,
    evidence: Sequence[str],
    *,
    vocabulary: Container[str] | None = None,
    threshold: float = DEFAULT,
) -> Verdict:
    """Does the evidence support the claim?

    Args:
        claim: one or more sentences, as a language model wrote them, without citation marks.
        evidence: verbatim sentences of ONE paper, its title first if wanted. One of more than
            5,000 characters supports nothing but itself.
        vocabulary: lower-case words of the corpus (see `rag.claims.names.check_names`).
        threshold: score in [0, 1] to reach; lower is more lenient about words that are not
            covered. What a check refuses stays refused (its score is 0.35 at most).

    Returns:
        The verdict. Never raises. A claim that is one of the evidence items, white space aside,
        is always supported.
    """
    texts = tuple(e for e in evidence if e.strip())
    if not claim.strip():
        return Verdict(False, "the claim is blank", 0.0)
    folded = " ".join(claim.split())
    if any(folded == " ".join(text.split()) for text in texts):
        return Verdict(True, "verbatim", 1.0)
    texts = tuple(text for text in texts if len(text) <= _MOST_CHARACTERS)
    if not texts:
        return Verdict(False, "there is no evidence", 0.0)
    return examine(folded, texts, vocabulary=vocabulary, threshold=threshold)


def examine(
    claim: str,
    texts: tuple[str, ...],
    *,
    vocabulary: Container[str] | None = None,
    threshold: float = DEFAULT,
) -> Verdict:
    """`check_claim` without the short cut for verbatim claims (for tests and the bench)."""
    read = read_evidence(texts)
    same = frozenset(normalise(text) for text in texts)
    worst = Verdict(True, "restates the evidence", 1.0)
    for span in split_sentences(claim):
        sentence = claim[span.start : span.end]
        if normalise(sentence) in same:
            continue
        verdict = _sentence(sentence, read, vocabulary, threshold)
        if verdict.score < worst.score or not verdict.supported:
            worst = verdict
        if not verdict.supported:
            break
    return worst


def _sentence(
    sentence: str, evidence: Evidence, vocabulary: Container[str] | None, threshold: float
) -> Verdict:
    tokens = tokens_of(sentence)
    if len(tokens) > _MOST_TOKENS:
        return Verdict(False, "the sentence is too long to check", 0.0)
    pair = align(tokens, evidence)
    score, uncovered = cover(pair)
    reason, cap = check_names(pair, vocabulary), _INVENTED
    for check, most in _CHECKS:
        if reason is None:
            reason, cap = check(pair), most
    if reason is not None:
        return Verdict(False, reason, round(cap * score, 4))
    if score < threshold:
        return Verdict(False, uncovered or "too little of it is in the evidence", round(score, 4))
    return Verdict(True, "restates the evidence", round(score, 4))
