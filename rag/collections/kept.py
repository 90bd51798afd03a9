"""Which collections there are; they are found by looking, so no list can disagree with them."""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from urllib.parse import quote

from rag.collections.names import checked, likeness, shown
from rag.config import cache_dir, default_index
from rag.errors import DiskError, UsageError
from rag.models import data_file
from rag.store import DATABASE_NAME

Kind = Literal["starter", "own", "named"]

STARTER, OWN, GIVEN = "starter", "own", "given"  # keys; those of named ones begin with "named-"
NAME_FILE = "name.txt"


@dataclass(frozen=True, slots=True)
class Collection:
    """Papers that are asked together: one index.

    Attributes:
        key: names it to programs, ASCII; the same for as long as it exists.
        name: as shown to people.
        place: the index's folder, which need not be there yet; of the starter corpus, the file
            of its papers (its index stands in the cache, see rag.starter).
        kind: "starter" is never written to; "named" can be renamed and deleted.
    """

    key: str
    name: str
    place: Path
    kind: Kind


def collections(given: Path | None = None) -> tuple[Collection, ...]:
    """All collections: the user's own, the one given, the named ones by name, the starter corpus.

    Opens no index.

    Args:
        given: an index named on the command line, offered too when it is none of the others.

    Raises:
        DiskError: the folder of the named ones can't be read.
    """
    own = Collection(OWN, "My papers", default_index(), "own")
    starter = Collection(STARTER, "Starter corpus", data_file("starter.jsonl"), "starter")
    named = _named()
    extra: list[Collection] = []
    others = {collection.place.resolve() for collection in (own, *named)}
    if given is not None and given.resolve() not in others and not is_starter_folder(given):
        name = shown(given.resolve().name)
        if any(likeness(name) == likeness(c.name) for c in (own, starter, *named)):
            name = shown(str(given))
        extra = [Collection(GIVEN, name, given, "own")]
    return (own, *extra, *named, starter)


def is_starter_folder(place: Path) -> bool:
    """Whether an index folder is the starter corpus's, of whichever settings."""
    whole = place.resolve()
    return whole.parent == cache_dir().resolve() and whole.name.startswith("starter-")


def gone(collection: Collection) -> UsageError:
    """The error for a collection that is no longer there."""
    return UsageError(
        f'the collection "{collection.name}" is no longer there', "choose another collection"
    )


def named_folder() -> Path:
    """Where the named collections stand: beside the user's own index."""
    return default_index().parent / "collections"


def _named() -> list[Collection]:
    """Folders with a name or an index; an index without a name goes by its folder's."""
    folder = named_folder()
    try:
        found = [
            named_in(place)
            for place in folder.iterdir()
            if not place.name.startswith(".")
            and place.is_dir()
            and any((place / file).is_file() for file in (NAME_FILE, DATABASE_NAME))
        ]
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as e:
        raise DiskError(
            f"cannot read {folder}: {e.strerror or e}", "make it readable for your account"
        ) from e
    return sorted(found, key=lambda c: (likeness(c.name), c.key))


def named_in(place: Path) -> Collection:
    """The named collection of a folder, by the name in it or else by the folder's own."""
    # Whatever stands in a folder's name, the key can stand in a page or an address.
    key = "named-" + quote(os.fsencode(place.name), safe="")
    name = ""
    with contextlib.suppress(OSError, UnicodeDecodeError, UsageError):
        if (place / NAME_FILE).is_file():  # neither a pipe nor a device
            with (place / NAME_FILE).open("rb") as file:
                name = checked(file.read(2000).decode("utf-8"))
    return Collection(key, name or shown(place.name), place, "named")
