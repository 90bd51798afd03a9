"""Word lists are kept as running text, so that a change to one is a change of one line."""

from __future__ import annotations


def words(text: str) -> tuple[str, ...]:
    """The words of a text, in order."""
    return tuple(text.split())


def rows(text: str) -> tuple[str, ...]:
    """The lines of a text that are not blank, without white space around them."""
    return tuple(line.strip() for line in text.splitlines() if line.strip())
