"""A misspelt word of a question becomes the corpus's own word, or stays as it is.

Only plain words are looked at that neither the corpus nor the embedder's vocabulary of common
words knows; names, acronyms, figures and anything with capitals inside are left alone.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rag.words import FUNCTION_WORDS, stem

if TYPE_CHECKING:
    from rag.index import OpenIndex

_WORD = re.compile(r"(?<![\w'’.@/-])[A-Za-z]?[a-z]{3,}(?![\w'’@/-])")
_SHORTEST = 4  # letters; shorter words have too many neighbours
_LONG = 11  # letters from which on two slips are allowed
_INFLECTED = 9  # letters from which on an ending may hide the stem
_TRIED = 20  # neighbouring stems looked up
_PAPERS = 8  # papers in which a stem's words are looked up


def corrected(text: str, index: OpenIndex) -> str:
    """The question with misspelt words mended from the corpus's vocabulary.

    A word is taken for the nearest one by restricted Damerau-Levenshtein distance (Damerau 1964,
    "A technique for computer detection and correction of spelling errors"): one slip, or two from
    eleven letters on; among equals the one in more papers.
    """
    unknown = {
        found.group(): found.start()
        for found in _WORD.finditer(text)
        if len(found.group()) >= _SHORTEST and _unknown(found.group(), index, found.start() == 0)
    }
    out = text
    for word in unknown:
        better = _nearest(word.lower(), index)
        if better:
            better = better.capitalize() if word[0].isupper() else better
            out = re.sub(rf"(?<![\w'’.@/-]){word}(?![\w'’@/-])", better, out)
    return out


def _unknown(word: str, index: OpenIndex, first: bool) -> bool:
    if word[0].isupper() and not first:
        return False  # a name
    low = word.lower()
    return not index.embedder.is_word(low) and index.snapshot.document_frequency(low) == 0


def _nearest(word: str, index: OpenIndex) -> str | None:
    from rapidfuzz.distance import OSA
    from rapidfuzz.process import extract

    most = 2 if len(word) >= _LONG else 1
    if any(OSA.distance(word, common) <= 1 for common in FUNCTION_WORDS):
        return None  # "wich" is no word to search for, whatever it is
    terms = index.snapshot.terms()
    # A slip in the ending may change the stem by more than itself.
    near = extract(
        stem(word), terms.keys(), scorer=OSA.distance, score_cutoff=most + 1, limit=_TRIED
    )
    found = [term for term, _, _ in near]
    if len(word) >= _INFLECTED:
        # "segmentaton" is far from "segment", the stem of what was meant.
        found += [t for t in terms if t[:4] == word[:4] and t not in found][:_TRIED]
    best: tuple[int, int, str] | None = None
    for term in found:
        if not term.isalpha() or term[0] != word[0]:
            continue  # People rarely miss the first letter.
        for surface in _spelled(term, index):
            distance = OSA.distance(word, surface)
            key = (distance, -terms[term], surface)
            if 0 < distance <= most and (best is None or key < best):
                best = key
    return best[2] if best else None


def _spelled(term: str, index: OpenIndex) -> set[str]:
    """The words behind a stem, from the papers that hold it."""
    # A stem is no word: "multipl" finds "multiple" only through the full text's own stemming.
    rows = index.snapshot.lexical([term], _PAPERS)
    words: set[str] = set()
    for paper in index.snapshot.by_rowid({rowid for rowid, _ in rows}).values():
        for word in re.findall(r"[a-z]+", f"{paper.title} {paper.abstract}".lower()):
            if stem(word) == term:
                words.add(word)
    return words
