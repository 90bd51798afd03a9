"""A collection's name is what the person typed; its folder's name is made from it, of letters that
every file system takes, so that no name reaches another place than its own."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

from rag.errors import UsageError

LONGEST = 60  # characters of a name
_FOLDER_LONGEST = 40
# They turn the direction of the text around them, also of text that isn't the name.
_TURNING = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
# Windows takes these for devices, in every folder and in any case.
_DEVICES = frozenset(
    ["con", "prn", "aux", "nul", *(f"{port}{n}" for port in ("com", "lpt") for n in range(10))]
)


def checked(name: str) -> str:
    """The name with its white space folded.

    Raises:
        UsageError: it is empty, longer than 60 characters, or holds control characters.
    """
    folded = " ".join(name.replace("\ufeff", "").split())
    for char in folded:
        if unicodedata.category(char) in ("Cc", "Cs") or char in _TURNING:
            raise UsageError(
                f"a name can't hold the control character U+{ord(char):04X}", "leave it out"
            )
    if not any(unicodedata.category(char)[0] in "LNPS" for char in folded):
        raise UsageError("a collection needs a name", f"type 1 to {LONGEST} characters")
    if len(folded) > LONGEST:
        raise UsageError(
            f"a name has {LONGEST} characters at most, and this one has {len(folded)}",
            "choose a shorter one",
        )
    return folded


def likeness(name: str) -> str:
    """Equal for names that people would take for the same one: case, forms of one character and
    invisible characters don't count."""
    plain = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())
    seen = "".join(char for char in plain if unicodedata.category(char) != "Cf")
    return " ".join(seen.split())


def folder_name(name: str, taken: Iterable[str]) -> str:
    """A folder's name for a collection: a-z, 0-9 and "-", at most 40 and a number, and none of
    those taken, whatever their case."""
    letters = unicodedata.normalize("NFKD", name.casefold()).encode("ascii", "ignore").decode()
    base = re.sub(r"[^a-z0-9]+", "-", letters).strip("-")[:_FOLDER_LONGEST].rstrip("-")
    if not base or base in _DEVICES:
        base = f"collection-{base}".rstrip("-")
    used = {other.casefold() for other in taken}
    found, n = base, 2
    while found in used:
        found, n = f"{base}-{n}", n + 1
    return found


def shown(folder: str) -> str:
    """A folder's own name, fit to be shown where no other name is known."""
    text = folder.encode("utf-8", "replace").decode()
    hidden = ("Cc", "Cf", "Zl", "Zp")
    kept = "".join(" " if unicodedata.category(char) in hidden else char for char in text)
    return " ".join(kept.split()) or "unnamed"
