"""Who does it: the subject of an active verb is the evidence's, not a neighbour's in the same
sentence ("A maximizes X, and B minimizes Y" does not support "B maximizes X").

No parser: only verbs of a closed list, in the present tense, with the noun just before them.
"""

from __future__ import annotations

from collections.abc import Sequence

from rag.claims.align import Pair, Place
from rag.claims.stems import stem
from rag.claims.text import Token
from rag.claims.wordlists import words

_BASE = frozenset(
    words(
        """achieve adapt add aggregate align allow apply attain avoid balance beat bring capture
        choose classify collect combine compress compute consist contain contribute convert
        cover create cut decide decompose deliver detect determine divide drive eliminate employ
        enable encode enhance ensure estimate exceed explain exploit explore extend extract fail
        feature find fuse gain generate give guide handle help identify ignore improve increase
        incorporate infer integrate introduce keep learn leverage lower maintain make maximize
        merge minimize mitigate need obtain offer optimize outperform outrank predict preserve
        prevent produce provide raise reach reduce remain remove replace require retain run save
        scale score select send separate serve share show solve split speed spend store suffer
        suppress surpass take transfer transform translate turn underperform use utilize write
        yield"""
    )
)
_VERBS = frozenset(stem(w) for w in _BASE)
# These name the whole work, whatever it is called elsewhere.
_FRAME = frozenset(
    stem(w)
    for w in words(
        """paper author study work approach method methodology framework technique system model
        algorithm strategy scheme architecture solution result experiment evaluation finding
        analysis"""
    )
)
_POINTERS = frozenset(words("""the this these both such"""))
_NO_VERB_AFTER = frozenset(
    words("""a an the to of in on for with by its their this these that's no each per from and or
    can may might could would should will must not is are be been being""")
)
_SKIPPED = frozenset(words("""which that who also then further thus still therefore even , )"""))
_APART = frozenset(words("""and or while but whereas where yet ; : . ) because although"""))


def check_subjects(pair: Pair) -> str | None:
    """Reason why a verb of the claim has another subject in the evidence, or None."""
    for i, token in enumerate(pair.claim):
        subject = _subject(pair.claim, i)
        if subject is None:
            continue
        own = pair.claim[subject]
        if stem(own.low) in _FRAME or pair.links[subject] is None:
            continue
        reason = None
        for place in pair.evidence.places.get(token.key, ()):
            reason = _other(pair, i, subject, place)
            if reason is None:
                break
        if reason:
            return f'"{token.text}" is said of "{reason}" in the evidence, not of "{own.text}"'
    return None


def _subject(tokens: Sequence[Token], i: int) -> int | None:
    """Position of the noun just before the active present verb at `i`; None for anything else."""
    token = tokens[i]
    if token.kind != "word" or stem(token.low) not in _VERBS or token.glued:
        return None
    if i == 0 or not (token.low in _BASE or token.low.endswith("s")):
        return None
    if i + 1 < len(tokens) and tokens[i + 1].glued:
        return None
    j = i - 1
    if tokens[j].low == "and":
        return _shared_subject(tokens, j)
    if tokens[j].low in _NO_VERB_AFTER:
        return None
    while j >= 0 and (
        tokens[j].low in _SKIPPED or (tokens[j].low.endswith("ly") and tokens[j].kind == "word")
    ):
        j = _opening(tokens, j) - 1
    if j < 0 or not tokens[j].content or tokens[j].segment < token.segment - 2:
        return None
    return j


def _opening(tokens: Sequence[Token], j: int) -> int:
    """Where the parentheses begin that end at `j`; `j` itself for anything else."""
    if tokens[j].text != ")":
        return j
    return next((k for k in range(j - 1, -1, -1) if tokens[k].text == "("), j)


def _shared_subject(tokens: Sequence[Token], j: int) -> int | None:
    """The subject of the verb before, for the second of two verbs joined by "and"."""
    for k in range(j - 1, max(0, j - 16), -1):
        if tokens[k].low in _APART:
            return None
        subject = _subject(tokens, k)
        if subject is not None:
            return subject
    return None


def _other(pair: Pair, i: int, subject: int, place: Place) -> str | None:
    """The subject in the evidence where it is another one, or None."""
    own = pair.claim[subject]
    item, v = pair.evidence.items[place[0]], place[1]
    theirs = _subject(item, v)
    if theirs is None:
        return None
    head = item[theirs]
    # The whole noun phrase: "the joint loss (JL)", "BNAS model".
    phrase = {t.key for t in item[max(0, theirs - 5) : theirs + 1] if t.content}
    if stem(head.low) in _FRAME or own.key in phrase:
        return None
    if own.kind == "word" and head.kind == "name" and _said(pair.claim, subject):
        return None
    homes = [j for s, j in pair.evidence.places.get(own.key, ()) if s == place[0]]
    if not homes:
        return None
    told = [k for k, t in enumerate(pair.claim) if t.key == head.key]
    for j in homes:
        if j < theirs and not any(t.low in _APART for t in item[j + 1 : theirs]):
            return None
    if any(k < i for k in told):
        return None
    return head.text


def _said(tokens: Sequence[Token], i: int) -> bool:
    """ "the detector" may be the work that has a name in the evidence."""
    return i == 0 or tokens[i - 1].low in _POINTERS
