"""Inflected forms of one word share a stem, and the verdict depends on nothing installed.

A light stemmer in the manner of Porter (1980, "An algorithm for suffix stripping"), cut down to
inflection, so that "detector" and "detection" stay apart until `root` is asked. PyStemmer is not
used on purpose: equal claims must get equal verdicts on machines with and without it.
"""

from __future__ import annotations

import re
from functools import lru_cache

from rag.claims.wordlists import rows, words

_IRREGULAR = {
    form: base
    for line in rows(
        """
        be is are was were been being am
        have has had having
        do does did done doing find found
        keep kept
        write wrote written
        run ran
        make made
        take took taken
        fall fell fallen
        rise rose risen
        grow grew grown
        show shown
        see saw seen
        hold held
        build built
        lead led
        give gave given
        choose chose chosen
        begin began begun
        get got gotten
        know knew known
        think thought
        come came
        become became
        lie lay lain
        draw drew drawn
        drive drove driven
        beat beaten
        bring brought
        teach taught
        mean meant
        learn learnt
        spend spent
        lose lost
        send sent
        leave left
        say said
        tell told
        arise arose arisen
        child children
        datum data
        analysis analyses
        basis bases
        hypothesis hypotheses
        index indices indexes
        criterion criteria
        phenomenon phenomena
        matrix matrices
        vertex vertices
        man men
        woman women
        foot feet
        good well
        bad badly
        far further
        use using used uses
        bias biased biases
        lens lenses
        less
        process processes
        series
        species
        corpus corpora
        """
    )
    for base, *forms in [line.split()]
    for form in [base, *forms]
}
_VOWEL = re.compile(r"[aeiouy]")
_DERIVED = re.compile(
    r"(?:izations?|ations?|itions?|ions?|ments?|ness|ities|ity|iti|enci|anci|aci|ances?|ences?"
    r"|able|ible|ers?|ors?|ives?|ical|ally|als?|ics?|ists?|ful|ants?|ents?|ous|ate?|iz|th)\Z"
)
_BRITISH = (
    (re.compile(r"(?<=[a-z]{3})is(?=(?:e[drs]?|ing|ation|ations|er|ers)\Z)"), "iz"),
    (re.compile(r"(?<=[a-z]{3})ys(?=(?:e[drs]?|ing)\Z)"), "yz"),
    (re.compile(r"(?<=[a-z]{2}[^aeiou])our(?=\Z|s\Z|ed\Z|ing\Z|al\Z|able\Z)"), "or"),
)
_KEEP_ISE = frozenset(
    words("""raise noise precise otherwise comprise promise exercise expertise""")
)


@lru_cache(maxsize=1 << 15)
def stem(word: str) -> str:
    """The stem of a lower-case word; words of up to 3 letters only lose nothing."""
    if word in _IRREGULAR:
        return _IRREGULAR[word]
    if len(word) <= 3 or not word.isascii():
        return word
    if not any(word.startswith(kept[:-1]) for kept in _KEEP_ISE):
        for pattern, put in _BRITISH:
            word = pattern.sub(put, word)
    word = _singular(word)
    if word in _IRREGULAR:
        return _IRREGULAR[word]
    for ending in ("edly", "ingly", "ed", "ing"):
        if word.endswith(ending) and not word.endswith("eed"):
            body = word[: -len(ending)]
            if len(body) >= 3 and _VOWEL.search(body):
                word = body[:-1] + "y" if body[-1] == "i" and ending == "ed" else _undouble(body)
                break
    if word.endswith("bly") and len(word) > 6:
        word = word[:-1] + "e"
    elif word.endswith("ly") and len(word) > 5:
        word = word[:-4] if word.endswith("ally") and len(word) > 7 else word[:-2]
    if word.endswith("e") and len(word) > 3:
        word = word[:-1]
    word = _undouble(word) if word.endswith("ll") else word
    return word[:-1] + "i" if word.endswith("y") and len(word) > 3 else word


def _singular(word: str) -> str:
    if word.endswith(("ss", "us", "is")) or not word.endswith("s"):
        return word
    if word.endswith("ies"):
        return word[:-3] + "y" if len(word) > 4 else word[:-1]
    if word.endswith(("sses", "xes", "ches", "shes", "zzes")):
        return word[:-2]
    return word[:-1]


def _undouble(body: str) -> str:
    double = len(body) > 3 and body[-1] == body[-2] and body[-1] not in "aeiousz"
    return body[:-1] if double else body


@lru_cache(maxsize=1 << 15)
def root(stemmed: str) -> str:
    """What is left of a stem without its derivational suffix (without two where 6 letters or more
    remain); at least 4 letters, else the stem.

    "detector" and "detection" share "detect". Used only as second best evidence of coverage.
    """
    cut = _DERIVED.sub("", stemmed)
    if len(cut) < 4:
        return stemmed
    if cut.endswith("bil"):
        # "stabil(ity)" and "stabl(e)"
        return cut[:-2] + "l"
    again = _DERIVED.sub("", cut)
    return again if len(again) >= 6 else cut
