"""The words by which an answer begins ("In summary, …", "The evidence shows that …", "The team
built …") say nothing that evidence could hold, as long as nothing of it was said before them.
"""

from __future__ import annotations

from rag.claims.align import Pair
from rag.claims.stems import stem
from rag.claims.wordlists import words

_PEOPLE = frozenset(stem(w) for w in words("""scientist team group writer project"""))
_TEXTS = frozenset(
    stem(w) for w in words("""evidence text passage sentence answer summary conclusion finding""")
)
_REPORTS = frozenset(
    stem(w)
    for w in words("""say state show report mention note suggest indicate tell describe that""")
)
_OURS = frozenset(words("""we our us authors researchers"""))
_SPAN = 5


def is_frame(pair: Pair, i: int) -> bool:
    """Whether the word at claim position `i`, which the evidence lacks, only frames the answer."""
    claim = pair.claim
    token = claim[i]
    if token.kind != "word":
        return False
    if token.low == "yes":
        return i == 0 and len(claim) > 1 and claim[1].kind == "mark"
    before, after = claim[:i], claim[i + 1 : i + 1 + _SPAN]
    if token.low == "total":
        return bool(before) and before[-1].low == "a" and len(after) > 1 and (
            after[0].low == "of" and after[1].quantity is not None
        )  # fmt: skip
    if any(t.content and not t.soft and pair.links[k] is not None for k, t in enumerate(before)):
        # "built by the team" at the end is the team's too.
        return (
            stem(token.low) in _PEOPLE
            and [t.low for t in before[-2:]] == ["by", "the"]
            and not _OURS.isdisjoint(pair.evidence.lows)
        )
    if stem(token.low) in _PEOPLE:
        return not _OURS.isdisjoint(pair.evidence.lows)
    if stem(token.low) in _TEXTS:
        told = any((t.kind == "mark" and t.text in ",:") or stem(t.low) in _REPORTS for t in after)
        return told or bool(after and after[0].low in ("is", "was"))
    return stem(token.low) == "mention" and bool(after)
