"""Nothing that a language model wrote is shown unless `check_claim` supports it.

Rules over words, standard library only, a few milliseconds a claim: what is checked can be named
to the reader ("the number 3.5% is not in the evidence"), and the same claim always gets the same
verdict. Measured in eval/claims/README.md, with what it misses.
"""

from __future__ import annotations

from rag.claims.check import DEFAULT, check_claim
from rag.claims.premise import contradicts
from rag.claims.quotes import check_quote
from rag.claims.verdict import Verdict

__all__ = ["DEFAULT", "Verdict", "check_claim", "check_quote", "contradicts"]
