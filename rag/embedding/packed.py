"""Changes of weights in six bits each: a whole encoder's fit in the ten megabytes of a small file.

Every row of a matrix is divided by its own scale and rounded to -31 … 31; four such numbers lie in
three bytes, the first in the lowest bits. What is lost is some three hundredths of a change.
"""

from __future__ import annotations

import torch
from torch import Tensor

_MOST = 31  # of the whole numbers that a change is rounded to
_ZERO = 32  # stands for no change, so that all are positive
_BITS = 6
_TOGETHER = 4  # numbers in three bytes


def pack(change: Tensor) -> tuple[Tensor, Tensor]:
    """A matrix in six bits a number.

    Args:
        change: float (rows, columns), columns a multiple of 4.

    Returns:
        uint8 (rows, columns * 3/4), and the scale of each row, float32 (rows,).
    """
    rows, columns = change.shape
    if columns % _TOGETHER:
        raise ValueError(f"{columns} columns can't be packed by {_TOGETHER}")
    change = change.float()
    scale = change.abs().amax(dim=1) / _MOST
    by = torch.where(scale > 0, scale, 1.0).unsqueeze(1)  # 0: a row that nothing changed
    numbers = ((change / by).round().clamp(-_MOST, _MOST).int() + _ZERO).view(rows, -1, _TOGETHER)
    word = sum(numbers[:, :, n] << (_BITS * n) for n in range(_TOGETHER))
    assert isinstance(word, Tensor)
    parts = torch.stack([(word >> (8 * n)) & 255 for n in range(3)], dim=2)
    return parts.reshape(rows, -1).to(torch.uint8), scale


def unpack(packed: Tensor, scale: Tensor) -> Tensor:
    """The matrix again, float32 (rows, columns): see `pack`."""
    rows = packed.shape[0]
    parts = packed.int().view(rows, -1, 3)
    word = parts[:, :, 0] | (parts[:, :, 1] << 8) | (parts[:, :, 2] << 16)
    each = [(word >> (_BITS * n)) & (2 * _ZERO - 1) for n in range(_TOGETHER)]
    numbers = torch.stack(each, dim=2).reshape(rows, -1) - _ZERO
    return numbers.float() * scale.unsqueeze(1)
