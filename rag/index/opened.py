"""An open index answers from one committed state at a time: papers, full text and vectors agree."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from rag.dense import DenseIndex
from rag.embedding.tokenwise import read_in_windows
from rag.index.shape import dense_key, require_embedder
from rag.store import Snapshot
from rag.store.reading import CHUNK, SENTENCE

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from rag.embedding import Embedder
    from rag.embedding.tokenwise import TokenVectors
    from rag.records import Paper

_KEPT_BYTES = 32 << 20  # of the vectors of papers' tokens: a paper's are some 0.4 MB, or up to 45


def dense_path(directory: Path, kind: int, key: str) -> Path:
    """File of the derived index: one for chunks (kind 0), one for sentences (kind 1)."""
    return directory / f"dense-{'chunks' if kind == CHUNK else 'sentences'}-{key}.faiss"


class OpenIndex:
    """Read access to an index directory.

    Args:
        directory: where the index stands.
        embedder: the model that will embed questions.

    Raises:
        IndexMissingError, IndexCorruptError, IndexVersionError, EmbedderMismatchError.
    """

    def __init__(self, directory: Path, embedder: Embedder) -> None:
        self.directory = directory
        self.embedder = embedder
        self.snapshot = Snapshot(directory)
        self._lock = threading.RLock()
        self._tokens: OrderedDict[tuple[str, str], TokenVectors] = OrderedDict()
        try:
            self._load()
        except BaseException:
            self.snapshot.close()
            raise

    def _load(self) -> None:
        require_embedder(self.snapshot.manifest, self.embedder, str(self.directory))
        dense = {
            kind: keep_dense(self.directory, self.snapshot, kind) for kind in (CHUNK, SENTENCE)
        }
        self._passages, self._owners = self.snapshot.owners()
        self._dense, self._loaded = dense, self.snapshot.manifest

    def close(self) -> None:
        """Let the database go."""
        self.snapshot.close()

    def refresh(self) -> None:
        """Move on to the newest committed state, if there is one."""
        with self._lock:
            self.snapshot.refresh()
            # Also after a load that failed, as when the files changed under a reader at rest.
            if self.snapshot.manifest != self._loaded:
                self._load()

    @property
    def fingerprint(self) -> str:
        """Names this state of this index."""
        return dense_key(self.snapshot.manifest, CHUNK)

    def token_vectors(
        self, paper: Paper, between: Callable[[], None] = lambda: None
    ) -> TokenVectors:
        """A paper's title (part 0) and abstract (part 1) token by token; the latest are kept.

        Args:
            between: called between the readings of a long one; what it raises ends them.
        """
        key = (paper.title, paper.abstract)
        with self._lock:
            if key in self._tokens:
                self._tokens.move_to_end(key)
                return self._tokens[key]
        found = read_in_windows(self.embedder.token_vectors, *key, between)
        with self._lock:
            self._tokens[key] = found
            held = sum(kept.nbytes for kept in self._tokens.values())
            while held > _KEPT_BYTES:
                held -= self._tokens.popitem(last=False)[1].nbytes
        return found

    def nearest(
        self,
        kind: int,
        query: NDArray[np.float32],
        k: int,
        allowed: set[int] | None = None,
    ) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float32]]:
        """The k passages nearest to a query vector (d,), best first.

        Args:
            allowed: row ids of papers; None for all.

        Returns:
            Passage row ids int64 (m,), their papers' row ids int64 (m,), cosines float32 (m,).
        """
        import numpy as np

        passages = None
        with self._lock:  # not while another thread moves on to a newer state
            if allowed is not None:
                passages = self._passages[np.isin(self._owners, list(allowed))]
            ids, scores = self._dense[kind].search(query, k, passages)
            return ids, self._owners[np.searchsorted(self._passages, ids)], scores


def keep_dense(directory: Path, snapshot: Snapshot, kind: int) -> DenseIndex:
    """The FAISS index of one kind: from its file where that is whole, else derived again."""
    found = DenseIndex.load(dense_path(directory, kind, dense_key(snapshot.manifest, kind)))
    return found if found is not None else write_dense(directory, snapshot, kind)


def write_dense(directory: Path, snapshot: Snapshot, kind: int) -> DenseIndex:
    """Derive the FAISS index of one kind from the store and keep it, if the place allows."""
    ids, _, vectors = snapshot.vectors(kind)
    built = DenseIndex.build(ids, vectors)
    del vectors  # The index has its own; of a large one, two are too many while it is written.
    key = dense_key(snapshot.manifest, kind)
    path = dense_path(directory, kind, key)
    try:
        built.save(path)
    except OSError:
        return built  # Read-only or full: this process has it in memory.
    for stale in directory.glob(dense_path(directory, kind, "*").name):
        if stale != path:
            stale.unlink(missing_ok=True)
    return built
