"""What limits a statement is told with it: of how many, except what, if what, how weakly, the
second largest, the first of what kind, and what exactly is denied.

`rag.claims.hedges` asks for the words by which authors doubt; here are those by which they say
less. Each is demanded only where the claim restates the words that it limits.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from rag.claims.align import Pair
from rag.claims.hedges import is_superlative
from rag.claims.lexicon import ABSOLUTE, DEGREE, FREQUENCY, HEDGES, QUANTIFIERS
from rag.claims.polarity import denials, kind_of
from rag.claims.stems import stem
from rag.claims.text import Token
from rag.claims.wordlists import words

_PARTS = frozenset(
    stem(w)
    for w in words(
        """half third quarter fraction minority majority subset part portion share some few many
        several most handful percent none neither"""
    )
)
_DETERMINERS = frozenset(words("""the these those our all its their"""))
_RANKS = frozenset(words("""second third fourth fifth among one nearly almost near next"""))
_EXCEPT = frozenset(words("""except excepting excluding barring exception apart save unless"""))
_IF = frozenset(words("""if when where whenever provided provided_that given under for with unless
                         as_long_as once"""))  # fmt: skip
_WEAKLY = frozenset(
    words(
        """reportedly allegedly purportedly supposedly putative putatively suspected presumed
        projected thought believed little negligible negligibly minimal minimally weak weakly
        poorly limited marginal marginally formerly former
        supposed alleged once theoretically hypothetical theory trend"""
    )
)
_MODIFIERS = frozenset(words("""significant necessarily yet sufficiently adequately lasting"""))
_ANY = frozenset(words("""any each entire some few certain a_few"""))
_TIMES = frozenset(words("""existing previous current prior recent available other"""))
_BROKEN = frozenset(words("""not never cannot no_longer"""))
# "X, unlike Y": what is said of X is not said of Y.
_SET_APART = frozenset(words("""unlike in_contrast_to"""))
_CONTRASTS = _SET_APART | frozenset(
    words("""but while whereas compared_to than however rather_than instead_of on_the_contrary""")
)


def check_limits(pair: Pair) -> str | None:
    """Reason why a limit of the evidence is left out, or None."""
    linked = pair.linked()
    own = frozenset(t.low for t in pair.claim)
    for s, item in enumerate(pair.evidence.items):
        told = frozenset(j for j in range(len(item)) if (s, j) in linked)
        # A title says briefly what its abstract limits.
        if not told or pair.evidence.heads(s):
            continue
        for check in _IN_ITEM:
            word = check(pair, item, told, own)
            if word:
                return f'the evidence says "{word}", the claim does not'
    return _ranked(pair)


def _parts(pair: Pair, item: Sequence[Token], told: frozenset[int], own: frozenset[str]) -> str:
    """ "half of the villages" told as "the villages"."""
    keys = {t.key for t in pair.claim}
    for j, token in enumerate(item):
        if token.low != "of" or not j:
            continue
        head = item[j - 1]
        if not (head.quantity or stem(head.low) in _PARTS or head.low in QUANTIFIERS):
            continue
        noun = _plural_after(item, j)
        if noun is None or noun not in told or head.key in keys:
            continue
        denied = head.low in ("none", "neither") and any(kind_of(t) for t in pair.claim)
        if not denied and not own & (set(QUANTIFIERS) | FREQUENCY):
            return f"{head.text} of {item[noun].text}"
    return ""


def _plural_after(item: Sequence[Token], j: int) -> int | None:
    k = j + 1
    if k < len(item) and item[k].low in _DETERMINERS:
        k += 1
    while k < len(item) and (item[k].quantity or (item[k].content and item[k].low[-1:] != "s")):
        k += 1
    return k if k < len(item) and item[k].content else None


def _excepted(pair: Pair, item: Sequence[Token], told: frozenset[int], own: frozenset[str]) -> str:
    """ "works if", "works on all but": a condition or an exception of what is told."""
    for j, token in enumerate(item):
        low, after = token.low, item[j + 1].low if j + 1 < len(item) else ""
        if low in ("except", "excluding", "barring", "unless") or (low, after) in (
            ("exception", "of"),
            ("apart", "from"),
        ):
            answers = _EXCEPT | {"but", "other"}
        elif low == "if" and after not in ("any", "not") and _real_if(item, j):
            answers = _IF
        elif low == "cases" and j and item[j - 1].low in QUANTIFIERS and j not in told:
            answers = _OFTEN
        elif (low, j > 0 and item[j - 1].low) == ("knowledge", "our") and own & _PRIORITY:
            answers = _OWN_VIEW
        else:
            continue
        if not own & answers and sum(item[k].content for k in told) >= 2:
            return token.text
    return ""


_OFTEN = FREQUENCY | HEDGES | frozenset(QUANTIFIERS) | {"when"}
# "To our knowledge, the first": theirs to say.
_PRIORITY = frozenset(words("""first only no none never"""))
_OWN_VIEW = HEDGES | frozenset(
    words("""knowledge known aware claim claims say says state states authors according_to""")
)


def _real_if(item: Sequence[Token], j: int) -> bool:
    """No "even if", "as if" or "ask if"."""
    before = item[j - 1] if j else None
    return before is None or not (before.low in ("even", "as") or before.low in HEDGES or
                                  stem(before.low) in _ASKING)  # fmt: skip


_ASKING = frozenset(stem(w) for w in words("""ask test check see determine investigate know"""))


def _weakly(pair: Pair, item: Sequence[Token], told: frozenset[int], own: frozenset[str]) -> str:
    """ "had little effect" told as "had an effect"."""
    if own & (_WEAKLY | HEDGES):
        return ""
    for j, token in enumerate(item):
        if token.low not in _WEAKLY or j in told:
            continue
        if token.low == "once" and not (j and item[j - 1].content):
            continue
        if token.low == "poorly" and any(kind_of(t) for t in pair.claim):
            continue
        after = [k for k in range(j + 1, min(len(item), j + 5)) if item[k].content][:1]
        before = [k for k in range(j - 1, max(-1, j - 3), -1) if item[k].content][:1]
        if any(k in told for k in after + before):
            return token.text
    return ""


def _kind_of_which(
    pair: Pair, item: Sequence[Token], told: frozenset[int], own: frozenset[str]
) -> str:
    """ "the first open corpus" told as "the first corpus": the words up to the noun count."""
    keys = {t.key for t in pair.claim}
    for j, token in enumerate(item):
        low = token.low
        if not (is_superlative(low) or low in ("only", "no", "all", "every", "most", "none")):
            continue
        if j not in told:
            continue
        run = []
        for k in range(j + 1, len(item)):
            if not item[k].content and item[k].low != "other":
                break
            run.append(k)
        noun = next((k for k in run if k in told or item[k].key in keys), 0)
        for k in run:
            if k < noun and not item[k].soft and item[k].low not in _TIMES:
                return item[k].text
    return ""


def _modified(pair: Pair, item: Sequence[Token], told: frozenset[int], own: frozenset[str]) -> str:
    """ "not always effective" told as "not effective"."""
    for denial in denials(tuple(item)):
        over = [j for j in denial.over if j in told]
        if denial.kind == "maybe" or not over:
            continue
        for j in range(denial.at + 1, min(len(item), max(over) + 4)):
            token = item[j]
            if token.kind == "mark":
                break
            if j not in told and _modifier(token) and not any(_modifier(t) for t in pair.claim):
                return f"{item[denial.at].text} {token.text}"
    return ""


def _modifier(token: Token) -> bool:
    low = token.low
    if low in _ANY:
        return False
    return (
        low in ABSOLUTE - {"never"}
        or low in QUANTIFIERS
        or low in FREQUENCY
        or low in _MODIFIERS
        or stem(low) in DEGREE
    )


def _broken_off(
    pair: Pair, item: Sequence[Token], told: frozenset[int], own: frozenset[str]
) -> str:
    """ "but model B does not", "did not, however, reduce": a denial whose verb is elsewhere."""
    if any(kind_of(t) for t in pair.claim):
        return ""
    for i, token in enumerate(item):
        if token.low not in _BROKEN:
            continue
        after = item[i + 1] if i + 1 < len(item) else None
        if after is not None and (after.kind != "mark" or after.text == "("):
            continue
        rest = sum(item[k].content and k in told for k in range(i + 1, len(item)))
        if after is not None and after.text == "," and rest >= 2:
            return token.text
        if any(k in told and item[k].segment == token.segment for k in range(i)):
            return token.text
    return ""


def _apart(pair: Pair, item: Sequence[Token], told: frozenset[int], own: frozenset[str]) -> str:
    """ "unlike wolves, lynxes hunt alone" told as "wolves hunt alone"."""
    if own & _CONTRASTS:
        return ""
    for j, token in enumerate(item):
        if token.low not in _SET_APART:
            continue
        end = next((k for k in range(j, len(item)) if item[k].kind == "mark"), len(item))
        named = [k for k in range(j + 1, end) if item[k].content]
        if named and named[-1] in told:
            return token.text
    return ""


def _ranked(pair: Pair) -> str | None:
    """ "the second largest" told as "the largest"."""
    for i, token in enumerate(pair.claim):
        if not (token.low.endswith("est") or token.low in ("best", "worst", "most")):
            continue
        ours = {t.low for t in pair.claim[max(0, i - 3) : i]}
        places = pair.evidence.places.get(token.key, ())
        ranks = [
            next((t.low for t in pair.evidence.window(p, 3, 0) if t.low in _RANKS), None)
            for p in places
        ]
        if ranks and all(r is not None and r not in ours for r in ranks):
            return f'the evidence says "{ranks[0]} {token.text}"'
    return None


_Check = Callable[[Pair, Sequence[Token], frozenset[int], frozenset[str]], str]
_IN_ITEM: tuple[_Check, ...] = (
    _parts,
    _excepted,
    _weakly,
    _kind_of_which,
    _modified,
    _broken_off,
    _apart,
)
