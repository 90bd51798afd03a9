"""Exact inner-product search over passage vectors; a file of it is whole or it is not used.

The FAISS index is derived: it can always be made from the store's vectors again. On disk it
stands behind a header with a checksum, because FAISS itself reads damaged files as they come.
This module is the only importer of faiss.
"""

from __future__ import annotations

import os
import struct
import zlib
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from rag.models import write_atomically

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_MAGIC = b"RAGDENS1"
_HEADER = struct.Struct("<8sIQ")  # magic, CRC-32 of the payload, payload bytes
_PIECE = 1 << 20  # bytes read or written at a time


class DenseIndex:
    """Cosine similarity over L2-normalised vectors, exact (a flat index).

    Args:
        ids: int64 (n,), what `search` returns for each vector.
        vectors: float32 (n, d), rows of length 1.
    """

    def __init__(self, index: Any) -> None:
        self._index = index

    @classmethod
    def build(cls, ids: NDArray[np.int64], vectors: NDArray[np.float32]) -> DenseIndex:
        """An index of the vectors float32 (n, d), named by ids int64 (n,)."""
        import faiss
        import numpy as np

        index = faiss.IndexIDMap2(faiss.IndexFlatIP(vectors.shape[1]))
        if len(ids):
            index.add_with_ids(np.ascontiguousarray(vectors), ids)
        return cls(index)

    def __len__(self) -> int:
        return int(self._index.ntotal)

    @property
    def dimension(self) -> int:
        """Of the vectors."""
        return int(self._index.d)

    def search(
        self,
        query: NDArray[np.float32],
        k: int,
        allowed: NDArray[np.int64] | None = None,
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """The k nearest vectors' ids int64 (<= k,) and cosines float32 (<= k,), best first.

        Args:
            query: float32 (d,), length 1.
            allowed: only these ids, int64 (m,); None for all.
        """
        import faiss
        import numpy as np

        k = min(k, len(self) if allowed is None else len(allowed))
        if k == 0:
            return np.empty(0, np.int64), np.empty(0, np.float32)
        params = None
        if allowed is not None:
            selector = faiss.IDSelectorBatch(np.ascontiguousarray(allowed))
            params = faiss.SearchParameters(sel=selector)  # type: ignore[call-arg]  # set by FAISS at run time
        scores, ids = self._index.search(query[None, :], k, params=params)
        found = ids[0] >= 0
        return ids[0][found], scores[0][found]

    def stored(self) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """All ids and vectors, for comparison with the store."""
        import faiss
        import numpy as np

        ids = faiss.vector_to_array(self._index.id_map)
        vectors = self._index.index.reconstruct_n(0, len(self)) if len(self) else np.empty((0, 0))
        return ids, vectors.astype(np.float32, copy=False)

    def vectors_of(self, ids: NDArray[np.int64]) -> NDArray[np.float32] | None:
        """The vectors of some passages, float32 (n, d); None if one of them isn't there."""
        try:
            vectors: NDArray[np.float32] = self._index.reconstruct_batch(ids)
        except RuntimeError:  # FAISS's for an id that it doesn't know
            return None
        return vectors

    def save(self, path: Path) -> None:
        """Write the file; readers see the old one or the new one."""
        import faiss

        def write(temporary: Path) -> None:
            checksum, size = 0, 0
            failures: list[BaseException] = []

            def take(piece: bytes) -> None:
                nonlocal checksum, size
                if failures:
                    return
                try:
                    checksum, size = zlib.crc32(piece, checksum), size + len(piece)
                    file.write(piece)
                except BaseException as e:  # FAISS would turn it into an error of its own.
                    failures.append(e)

            with temporary.open("wb") as file:
                file.write(_HEADER.pack(_MAGIC, 0, 0))
                # Piece by piece: no second copy of all vectors is made.
                writer = faiss.PyCallbackIOWriter(take, _PIECE)  # type: ignore[attr-defined]  # SWIG's
                faiss.write_index(self._index, writer)
                if failures:
                    raise failures[0]
                file.seek(0)
                file.write(_HEADER.pack(_MAGIC, checksum, size))

        write_atomically(path, write)

    @classmethod
    def load(cls, path: Path) -> DenseIndex | None:
        """The index in a file; None when the file is missing, cut short or changed."""
        try:
            with path.open("rb") as file:
                if not _whole(file):
                    return None
                import faiss

                # Read twice, so that no copy of the file stands in memory beside the index.
                file.seek(_HEADER.size)
                reader = faiss.PyCallbackIOReader(file.read, _PIECE)  # type: ignore[attr-defined]  # SWIG's
                return cls(faiss.read_index(reader))
        except (OSError, RuntimeError):  # the latter is FAISS's for what it can't read
            return None


def _whole(file: IO[bytes]) -> bool:
    """Whether a file is as long as its header says and has the checksum that stands there."""
    header = file.read(_HEADER.size)
    if len(header) < _HEADER.size:
        return False
    magic, checksum, size = _HEADER.unpack(header)
    if magic != _MAGIC or os.fstat(file.fileno()).st_size != _HEADER.size + size:
        return False
    found = 0
    while piece := file.read(_PIECE):
        found = zlib.crc32(piece, found)
    return found == int(checksum)
