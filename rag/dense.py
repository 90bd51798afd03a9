"""Exact inner-product search over passage vectors; a file of it is whole or it is not used.

The FAISS index is derived: it can always be made from the store's vectors again. On disk it
stands behind a header with a checksum, because FAISS itself reads damaged files as they come.
This module is the only importer of faiss.
"""

from __future__ import annotations

import struct
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rag.models import write_atomically

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_MAGIC = b"RAGDENS1"
_HEADER = struct.Struct("<8sIQ")  # magic, CRC-32 of the payload, payload bytes


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
        return ids, vectors.astype(np.float32)

    def save(self, path: Path) -> None:
        """Write the file; readers see the old one or the new one."""
        import faiss

        payload = faiss.serialize_index(self._index).tobytes()
        header = _HEADER.pack(_MAGIC, zlib.crc32(payload), len(payload))

        def write(temporary: Path) -> None:
            with temporary.open("wb") as f:
                f.write(header)
                f.write(payload)

        write_atomically(path, write)

    @classmethod
    def load(cls, path: Path) -> DenseIndex | None:
        """The index in a file; None when the file is missing, cut short or changed."""
        try:
            data = path.read_bytes()
        except OSError:
            return None
        if len(data) < _HEADER.size:
            return None
        magic, checksum, size = _HEADER.unpack_from(data)
        payload = memoryview(data)[_HEADER.size :]
        if magic != _MAGIC or size != len(payload) or zlib.crc32(payload) != checksum:
            return None
        import faiss
        import numpy as np

        return cls(faiss.deserialize_index(np.frombuffer(payload, dtype=np.uint8)))
