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


# "How long are the videos?" takes no length for granted.
_DEGREE = re.compile(
    r"\bhow (?:long|large|big|small|fast|slow|quick(?:ly)?|high|low|deep|hard|easy|easily|many|"
    r"much|few|strong(?:ly)?|well|wide|cheap|expensive|often|far)\b",
    re.IGNORECASE,
)
_LONGEST = 3_000  # characters of a sentence that count: a longer one has lost its full stops
_ASIDE = re.compile(r"\b(?:without|instead of|rather than|other than)\b", re.IGNORECASE)
# What others don't do: "existing methods cannot handle occlusion".
_OTHERS = re.compile(
    r"\b(?:existing|previous(?:ly)?|prior|current(?:ly)?|conventional|traditional|earlier|standard|"
    r"most|many|few|other|others|recent|however)\b[^.;]{0,200}?"
    r"\b(?:not|no|cannot|can't|fails?|rarely|seldom|lacks?|lack of|without|struggles?|ignor\w+|"
    r"neglect\w+|overlook\w+)\b",
    re.IGNORECASE,
)


def contradicts(question: str, evidence: Sequence[str]) -> bool:
    """Whether the evidence says the opposite of what a question takes for granted.

    Args:
        evidence: verbatim sentences of one paper.
    """
    texts = tuple(text[:_LONGEST] for text in evidence if text.strip())
    if not texts or not question.strip() or _OPEN.search(question.strip()):
        return False
    asked = tokens_of(_DEGREE.sub("how", question.strip().rstrip("?!. ")))
    if check_direction(align(asked, read_evidence(texts)), asked=True) is not None:
        return True
    # "Without X" says under what condition, not that there is no X.
    own = () if _ASIDE.search(question) else tuple(t for t in texts if not _OTHERS.search(t))
    return bool(own) and check_polarity(align(asked, read_evidence(own))) is not None
