"""Authors' names in the parts that bibliographies need.

A name is taken apart only where its spelling says how; everything else is kept whole, as
`literal`, which every format can hold.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from rag.exporting.texts import one_line

_SUFFIXES = {"jr", "jr.", "sr", "sr.", "ii", "iii", "iv"}
# Words of a body's name that are hardly anybody's surname. A name with "and" has to be kept whole:
# BibTeX parts names there.
_BODIES = {
    "academy", "agency", "alliance", "association", "authority", "bureau", "center", "centre",
    "co.", "collaboration", "commission", "committee", "community", "company", "consortium",
    "corp", "corp.", "corporation", "council", "department", "dept", "dept.", "division",
    "faculty", "federation", "foundation", "gmbh", "group", "inc", "inc.", "initiative",
    "institut", "institute", "laboratories", "laboratory", "lab", "labs", "limited", "llc", "ltd",
    "ltd.", "ministry", "network", "office", "organisation", "organization", "project",
    "research", "school", "society", "taskforce", "team", "technologies", "union", "universität",
    "université", "university", "and", "&", "of", "for",
}  # fmt: skip
# Pairs of capitalised particles; a single one may as well be a middle name.
_CAPITALISED = re.compile(r"(?:Van|Von|De) (?:de[nr]?|Den?|Der|[Ll]a|[Ll]os?|[Ll]as)\b")
_BETWEEN = {"y", "i", "e"}  # join two family names: "Ortega y Gasset"


@dataclass(frozen=True, slots=True)
class Name:
    """A name in parts.

    Attributes:
        family: with its particles ("van der Berg"); "" for a name that is kept whole.
        suffix: "Jr.", "III"; mostly "".
        literal: the whole name of a body or of a person with a single name, else "".
    """

    family: str = ""
    given: str = ""
    suffix: str = ""
    literal: str = ""

    @property
    def spoken(self) -> str:
        """The whole name in the order in which it is spoken."""
        return self.literal or " ".join(filter(None, (self.given, self.family, self.suffix)))

    @property
    def filed(self) -> str:
        """The whole name with the family name first, parts separated by commas."""
        return self.literal or ", ".join(filter(None, (self.family, self.given, self.suffix)))


def parsed(name: str) -> Name:
    """Take a name apart: "Given Family" or "Family, Given", with or without a suffix.

    Args:
        name: as in `Paper.authors`; white space is folded and control characters go.
    """
    name = one_line(name)
    if _is_body(name):
        return Name(literal=name)
    parts = [part for part in map(str.strip, name.split(",")) if part]
    suffix = next((part for part in parts[1:] if part.lower() in _SUFFIXES), "")
    if suffix:
        parts.remove(suffix)
    if len(parts) == 2:
        return Name(parts[0], parts[1], suffix)
    if len(parts) == 1:
        return _uninverted(name, parts[0], suffix)
    return Name(literal=name)


def _is_body(name: str) -> bool:
    words = name.split()
    return (
        any(char.isdigit() for char in name)
        or any(word.lower().strip(",()") in _BODIES or word == "AI" for word in words)
        or (len(words) > 1 and words[0].lower() == "the")
    )


def _uninverted(name: str, text: str, suffix: str) -> Name:
    """A name in the order in which it is spoken.

    Args:
        name: the whole name.
        text: the name without its suffix.
    """
    words = text.split()
    if not suffix and len(words) > 2 and words[-1].lower() in _SUFFIXES:
        suffix = words.pop()
    # In scripts without capitals the order of the parts can't be told.
    if len(words) < 2 or text.lower() == text.upper():
        return Name(literal=name)
    at = _family_at(words)
    return Name(" ".join(words[at:]), " ".join(words[:at]), suffix)


def _family_at(words: list[str]) -> int:
    """Where the family name begins; as in BibTeX, lower case marks a particle."""
    if any(word[0].isupper() for word in words):
        for at, word in enumerate(words[1:-1], 1):
            if word in _BETWEEN and at > 1:
                return at - 1
            if word[0].islower() or _CAPITALISED.match(" ".join(words[at:-1])):
                return at
    return len(words) - 1
