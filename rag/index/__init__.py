"""An index directory: built in whole steps, opened as one consistent state, verified."""

from rag.index.building import IndexReport, add_papers, remove_papers
from rag.index.opened import OpenIndex
from rag.index.verifying import VerifyReport, verify_index

__all__ = [
    "IndexReport",
    "OpenIndex",
    "VerifyReport",
    "add_papers",
    "remove_papers",
    "verify_index",
]
