"""Attention as onnxruntime's own operator while a network is exported.

Written out as it is in transformers, attention takes a dozen operators that copy and mask every
layer's weights; as one it is the same within rounding and far faster.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor

_NAME = "onnxruntime_fused"


@contextmanager
def fused(encoder: Any) -> Iterator[None]:
    """Within, an encoder can be exported and not run: its attention then has no meaning to torch.

    Args:
        encoder: of transformers, its attention in both directions.
    """
    import transformers
    from transformers.masking_utils import AttentionMaskInterface

    transformers.AttentionInterface.register(_NAME, _attention)
    AttentionMaskInterface.register(_NAME, _mask)
    own = encoder.config._attn_implementation
    encoder.set_attn_implementation(_NAME)
    try:
        yield
    finally:
        encoder.set_attn_implementation(own)


def _mask(attention_mask: Tensor | None = None, **_: object) -> Tensor | None:
    """Which tokens are texts', (texts, tokens), instead of what is added to the weights."""
    return attention_mask


def _attention(
    module: object,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: Tensor | None,
    scaling: float,
    **_: object,
) -> tuple[Tensor, None]:
    """See onnxruntime's contributed operators, com.microsoft.MultiHeadAttention.

    Args:
        query, key, value: (texts, heads, tokens, width of a head).
    """
    texts, heads, tokens, width = query.shape
    flat = [x.transpose(1, 2).reshape(texts, tokens, heads * width) for x in (query, key, value)]
    inputs: list[Tensor | None] = [*flat]
    if attention_mask is not None:
        inputs += [None, attention_mask.to(torch.int32)]  # no bias, then the padding
    found = torch.onnx.ops.symbolic(
        "com.microsoft::MultiHeadAttention",
        inputs,
        attrs={"num_heads": heads, "scale": scaling},
        dtype=query.dtype,
        shape=(texts, tokens, heads * width),
        version=1,
    )
    return found.reshape(texts, tokens, heads, width), None
