"""Words that carry meaning, as stems: what term overlap and follow-up detection count."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

_WORD = re.compile(r"[^\W_]+(?:[-'’][^\W_]+)*")
_PART = re.compile(r"[^\W_]+")
FUNCTION_WORDS = frozenset(
    [
        "a",
        "about",
        "above",
        "after",
        "again",
        "all",
        "also",
        "am",
        "an",
        "and",
        "any",
        "are",
        "aren't",
        "as",
        "at",
        "be",
        "because",
        "been",
        "before",
        "being",
        "below",
        "between",
        "both",
        "but",
        "by",
        "can",
        "cannot",
        "could",
        "did",
        "didn't",
        "do",
        "does",
        "doesn't",
        "doing",
        "don't",
        "down",
        "during",
        "each",
        "few",
        "for",
        "from",
        "further",
        "get",
        "had",
        "has",
        "hasn't",
        "have",
        "having",
        "he",
        "her",
        "here",
        "hers",
        "him",
        "his",
        "how",
        "i",
        "if",
        "in",
        "into",
        "is",
        "isn't",
        "it",
        "it's",
        "its",
        "itself",
        "just",
        "let's",
        "me",
        "more",
        "most",
        "much",
        "many",
        "my",
        "no",
        "nor",
        "not",
        "of",
        "off",
        "on",
        "once",
        "only",
        "or",
        "other",
        "our",
        "ours",
        "out",
        "over",
        "own",
        "please",
        "same",
        "she",
        "should",
        "so",
        "some",
        "such",
        "than",
        "that",
        "that's",
        "the",
        "their",
        "theirs",
        "them",
        "then",
        "there",
        "these",
        "they",
        "this",
        "those",
        "through",
        "to",
        "too",
        "under",
        "until",
        "up",
        "use",
        "used",
        "uses",
        "using",
        "very",
        "via",
        "was",
        "wasn't",
        "we",
        "were",
        "what",
        "what's",
        "when",
        "where",
        "which",
        "while",
        "who",
        "whom",
        "whose",
        "why",
        "will",
        "with",
        "won't",
        "would",
        "you",
        "your",
        "yours",
    ]
)
# Words of asking about papers, which tell nothing about which one.
STOP_WORDS = FUNCTION_WORDS | frozenset(
    [
        "paper",
        "papers",
        "study",
        "work",
        "authors",
        "author",
        "abstract",
        "article",
        "propose",
        "proposed",
        "proposes",
        "method",
        "approach",
        "tell",
        "find",
        "give",
        "show",
        "shows",
        "according",
    ]
)


@lru_cache(maxsize=1)
def _stemmer() -> Any:
    import Stemmer

    return Stemmer.Stemmer("porter")


def stem(word: str) -> str:
    """The Porter stem of a lower-case word."""
    return str(_stemmer().stemWord(word))


def content_stems(text: str) -> list[str]:
    """Porter stems of the words that are no stop words, in order, parts of compounds apart."""
    words = [
        part.lower()
        for word in _WORD.findall(text)
        if word.lower() not in STOP_WORDS
        for part in _PART.findall(word)
        if part.lower() not in STOP_WORDS
    ]
    return list(_stemmer().stemWords(words))
