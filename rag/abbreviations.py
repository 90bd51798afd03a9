"""Short forms that a text defines itself, "neural architecture search (NAS)", with their long ones.

A definition counts only when every letter of the short form is found in order in the words before
it: Schwartz and Hearst 2003, "A Simple Algorithm for Identifying Abbreviation Definitions in
Biomedical Text".
"""

from __future__ import annotations

import re
from collections.abc import Iterable

_SHORT = re.compile(r"\(\s*([A-Za-z][\w.-]{1,9})\s*[);,]")
_TOKEN = re.compile(r"\S+")
_REACH = 400  # characters before a short form in which its long one is looked for


def definitions(text: str) -> list[tuple[str, str]]:
    """(short form, long form) of each definition in a text, in order."""
    found = []
    for match in _SHORT.finditer(text):
        short = match.group(1).rstrip(".")
        if sum(c.isupper() for c in short) < 2:
            continue
        letters = short[:-1] if short.endswith("s") and short[-2].isupper() else short
        words = _words_before(text, match.start())[-min(len(letters) + 5, 2 * len(letters)) :]
        long = _long_form(letters, " ".join(words))
        if long:
            found.append((letters, long))
    return found


def _words_before(text: str, end: int) -> list[str]:
    """The words within reach before a place, without one that begins out of it."""
    start = max(0, end - _REACH)
    words = _TOKEN.findall(text, start, end)
    cut = start > 0 and not (text[start - 1].isspace() or text[start].isspace())
    return words[1:] if cut else words


def _long_form(short: str, before: str) -> str | None:
    """The shortest end of `before` that spells the short form; its first letter begins a word."""
    place = len(before) - 1
    letters = [c.lower() for c in short if c.isalnum()]
    for n, letter in enumerate(reversed(letters)):
        first = n == len(letters) - 1
        while place >= 0 and (
            before[place].lower() != letter or (first and place > 0 and before[place - 1].isalnum())
        ):
            place -= 1
        if place < 0:
            return None
        place -= 1
    long = before[place + 1 :].strip()
    # A word that only happens to hold the letters is no definition, nor is half a sentence.
    plain = (
        len(re.split(r"[\s-]+", long)) >= 2
        and len(long) > len(short)
        and not re.search(r'[(),;:."”]', long)
    )
    return long if plain else None


def glossary(texts: Iterable[str]) -> dict[str, str]:
    """Each short form (upper case) with the long form (lower case) that most texts give it."""
    counts: dict[str, dict[str, int]] = {}
    for text in texts:
        for short, long in definitions(text):
            forms = counts.setdefault(short.upper(), {})
            form = long.lower().replace("-", " ")
            forms[form] = forms.get(form, 0) + 1
    return {short: min(forms, key=lambda f: (-forms[f], f)) for short, forms in counts.items()}
