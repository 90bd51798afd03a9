"""One vector a token, for comparing texts word by word; special tokens are left out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class TokenVectors:
    """The tokens of one or two texts that were read together.

    Attributes:
        vectors: float32 (n, d), each of length 1; they depend on the whole of both texts.
        starts, ends: int64 (n,), character offsets of each token in its text.
        parts: int64 (n,), 0 for tokens of the first text, 1 for the second.
    """

    vectors: NDArray[np.float32]
    starts: NDArray[np.int64]
    ends: NDArray[np.int64]
    parts: NDArray[np.int64]

    @property
    def nbytes(self) -> int:
        """Memory that they take."""
        return sum(a.nbytes for a in (self.vectors, self.starts, self.ends, self.parts))


def token_vectors(
    offsets: Sequence[tuple[int, int]], parts: Sequence[int | None], states: Any
) -> TokenVectors:
    """Keep what belongs to a text.

    Args:
        offsets: (start, end) of each token; parts: None for special tokens.
        states: array (tokens, d), rows of length 1.
    """
    import numpy as np

    kept = [i for i, part in enumerate(parts) if part is not None]
    spans = np.array([offsets[i] for i in kept], dtype=np.int64).reshape(-1, 2)
    return TokenVectors(
        np.ascontiguousarray(states[kept], dtype=np.float32),
        spans[:, 0],
        spans[:, 1],
        np.array([parts[i] for i in kept], dtype=np.int64),
    )


_OVERLAP = 200  # characters read again, so that no word is read without what stands before it
_WINDOWS = 64  # of some 2,000 characters each


def read_in_windows(
    read: Callable[[str, str], TokenVectors],
    first: str,
    second: str,
    between: Callable[[], None] = lambda: None,
) -> TokenVectors:
    """Both texts token by token, however long the second one is.

    Args:
        read: an embedder's `token_vectors`, which cuts what is over its limit.
        between: called before each reading but the first; what it raises ends them.
    """
    import numpy as np

    whole = [read(first, second)]
    offset, seen = 0, _reached(whole[0])
    while 0 < seen < len(second.rstrip()) and len(whole) < _WINDOWS:
        before = second.rfind(" ", 0, max(seen - _OVERLAP, 0)) + 1
        offset = before if before > offset else seen
        between()
        found = read(first, second[offset:])
        reached = offset + _reached(found)
        new = (found.parts == 1) & (found.starts + offset >= seen)
        if reached <= seen or not new.any():
            break
        whole.append(
            TokenVectors(
                found.vectors[new],
                found.starts[new] + offset,
                found.ends[new] + offset,
                found.parts[new],
            )
        )
        seen = reached
    if len(whole) == 1:
        return whole[0]
    return TokenVectors(
        np.concatenate([w.vectors for w in whole]),
        np.concatenate([w.starts for w in whole]),
        np.concatenate([w.ends for w in whole]),
        np.concatenate([w.parts for w in whole]),
    )


def _reached(found: TokenVectors) -> int:
    """How far into the second text the tokens go, in characters."""
    ends = found.ends[found.parts == 1]
    return int(ends.max()) if ends.size else 0
