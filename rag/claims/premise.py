"""What a question takes for granted, held against what the abstract says.

Only open opposites count: a direction turned round or a denial of what is said. That something is
not mentioned contradicts nothing.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from rag.claims.align import align, read_evidence
from rag.claims.direction import check_direction
from rag.claims.polarity import check_polarity
from rag.claims.text import tokens_of

# "Does it raise or lower the error?" takes nothing for granted.
_OPEN = re.compile(
    r"^(?:and |but |so )?(?:do|does|did|is|are|was|were|can|could|has|have|had|will|would|should|"
    r"may|might)\b|\bor\b|\bwhether\b",
    re.IGNORECASE,
)


def contradicts(question: str, evidence: Sequence[str]) -> bool:
    """Whether the evidence says the opposite of what a question takes for granted.

    Args:
        evidence: verbatim sentences of one paper.
    """
    texts = tuple(text for text in evidence if text.strip())
    if not texts or not question.strip() or _OPEN.search(question.strip()):
        return False
    pair = align(tokens_of(question.strip().rstrip("?!. ")), read_evidence(texts))
    return check_direction(pair) is not None or check_polarity(pair) is not None
