"""The single source of truth: one SQLite file with papers, passages, vectors and full text.

Everything else in an index directory is derived from it and can be rebuilt from it alone.
This package is the only importer of sqlite3.
"""

from rag.store.reading import Snapshot
from rag.store.schema import DATABASE_NAME, SCHEMA_VERSION, connect_reader, connect_writer
from rag.store.writing import Writer

__all__ = [
    "DATABASE_NAME",
    "SCHEMA_VERSION",
    "Snapshot",
    "Writer",
    "connect_reader",
    "connect_writer",
]
