"""Named collections of papers: each is an index folder of its own, and the bundled starter corpus
is one that nobody writes to.

`collections`, `create`, `rename` and `delete` deal with folders alone and load no model; a `Shelf`
keeps what is open; `add` and `remove` write.
"""

from __future__ import annotations

from rag.collections.changing import create, delete, rename
from rag.collections.kept import Collection, collections
from rag.collections.shelf import Shelf
from rag.collections.writing import Added, add, remove

__all__ = [
    "Added",
    "Collection",
    "Shelf",
    "add",
    "collections",
    "create",
    "delete",
    "remove",
    "rename",
]
