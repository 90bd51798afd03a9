"""A quote is the abstract's own characters at its offsets, and nothing less."""

from __future__ import annotations

from rag.claims.verdict import Verdict


def check_quote(quote: str, abstract: str, start: int, end: int) -> Verdict:
    """Check `abstract[start:end] == quote`, code point for code point.

    Args:
        start, end: half-open offsets, 0 <= start < end <= len(abstract).

    Returns:
        Score 1.0 or 0.0. Never raises, whatever the offsets.
    """
    if not 0 <= start < end <= len(abstract):
        return Verdict(False, f"the offsets {start} to {end} are outside the abstract", 0.0)
    if abstract[start:end] != quote:
        return Verdict(False, f"the abstract has other words at {start} to {end}", 0.0)
    if not quote.strip():
        return Verdict(False, "the quote is blank", 0.0)
    return Verdict(True, "verbatim", 1.0)
