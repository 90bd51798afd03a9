"""An index directory: built in whole steps, opened as one consistent state, verified.

What is not used is not imported: searching needs none of what building needs.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rag.index.building import IndexReport, add_papers, remove_papers
    from rag.index.opened import OpenIndex
    from rag.index.verifying import VerifyReport, verify_index

_HOMES = {
    "IndexReport": "building",
    "add_papers": "building",
    "remove_papers": "building",
    "OpenIndex": "opened",
    "VerifyReport": "verifying",
    "verify_index": "verifying",
}

__all__ = [
    "IndexReport",
    "OpenIndex",
    "VerifyReport",
    "add_papers",
    "remove_papers",
    "verify_index",
]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(importlib.import_module(f"rag.index.{_HOMES[name]}"), name)
    raise AttributeError(name)
