"""A name in a claim is in the evidence, letter for letter but for case, plural, hyphens and the
equivalence of an acronym with the words it abbreviates.
"""

from __future__ import annotations

from collections.abc import Container
from functools import lru_cache

from rag.claims.align import Evidence, Pair
from rag.claims.synonyms import SYNONYMS
from rag.claims.text import Token


def check_names(pair: Pair, vocabulary: Container[str] | None = None) -> str | None:
    """Reason why a name is not covered, or None.

    Args:
        vocabulary: lower-case words of the corpus. A claim word outside both it and the evidence
            is taken for an invented name, whatever its case.
    """
    initials = _initials(pair.evidence)
    claim = pair.claim
    for i, token in enumerate(claim):
        if token.kind == "name" and not _covered(claim, i, token, pair.evidence, initials):
            return f'the name "{token.text}" is not in the evidence'
        if (
            vocabulary is not None
            and token.kind == "word"
            and pair.links[i] is None
            and token.low not in vocabulary
            and not token.soft
        ):
            return f'the word "{token.text}" is in neither the evidence nor the corpus'
    return None


def is_covered(pair: Pair, i: int) -> bool:
    """Whether the name at claim position `i` is in the evidence (a capitalised word that opens
    the sentence counts if it spells an acronym together with its neighbours)."""
    if pair.claim[i].kind == "word":
        return pair.claim[i].text[0].isupper() and _spells(pair.claim, i, pair.evidence)
    return _covered(pair.claim, i, pair.claim[i], pair.evidence, _initials(pair.evidence))


def _covered(
    claim: tuple[Token, ...], i: int, token: Token, evidence: Evidence, initials: frozenset[str]
) -> bool:
    low = token.low
    singular = low[:-1] if low.endswith("s") and len(low) > 3 else low
    if not token.glued or not claim[i - 1].content:
        if low in evidence.lows or low + "s" in evidence.lows or singular in evidence.lows:
            return True
    elif claim[i - 1].low + low in evidence.joined:
        # The parts of "GPT-4" must stand together.
        return True
    if low in evidence.joined or singular in evidence.joined:
        return True
    nearby = [claim[i - 1].low + low] if i else []
    if i + 1 < len(claim):
        nearby.append(low + claim[i + 1].low)
    if any(n in evidence.lows or n in evidence.joined for n in nearby if n != low):
        return True
    if singular.isalpha() and 2 <= len(singular) <= 6 and token.text.rstrip("s").isupper():
        return singular in initials or SYNONYMS.get(singular, "") in evidence.places
    if token.text[1:].islower():
        # "Neural Architecture Search" where the evidence says NAS, or a plain word in capitals.
        return token.key in evidence.places or _spells(claim, i, evidence)
    return False


@lru_cache(maxsize=256)
def _initials_of(items: tuple[tuple[Token, ...], ...]) -> frozenset[str]:
    out: set[str] = set()
    for item in items:
        # Only of words in capitals: initials of any words would spell too much.
        words = [t for t in item if t.kind in ("word", "name") and t.text[0].isupper()]
        for n in (2, 3, 4, 5):
            for k in range(len(words) - n + 1):
                run = words[k : k + n]
                if run[-1].position - run[0].position == n - 1:
                    out.add("".join(w.low[0] for w in run))
    return frozenset(out)


def _initials(evidence: Evidence) -> frozenset[str]:
    return _initials_of(evidence.items)


def _spells(claim: tuple[Token, ...], i: int, evidence: Evidence) -> bool:
    """The capitalised words around position `i` have an acronym of the evidence for initials."""
    first = i
    while first and claim[first - 1].text[:1].isupper() and claim[first - 1].content:
        first -= 1
    last = i
    while last + 1 < len(claim) and claim[last + 1].text[:1].isupper() and claim[last + 1].content:
        last += 1
    letters = "".join(t.low[0] for t in claim[first : last + 1])
    return len(letters) > 1 and (letters in evidence.lows or letters + "s" in evidence.lows)
