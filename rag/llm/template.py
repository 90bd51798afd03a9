"""A model's own chat template, in parts, so that only these are read with control tokens: whatever
a question or an abstract holds, it can't end its turn."""

from __future__ import annotations

import ctypes
import re
from collections.abc import Iterable
from typing import Any

# Stand for the texts while the template is laid round them: no template holds characters that are
# for private use.
SYSTEM, USER = "\ue000", "\ue001"
_TEXTS = re.compile(f"([{SYSTEM}{USER}])")
_ROOM = 4096  # bytes of a template


def template_parts(lib: Any, model: Any) -> list[str]:
    """A system and a user message up to the answer: the template's own parts and, each by itself,
    `SYSTEM` and `USER`.

    Plain lines for models without a template, or with one that llama.cpp doesn't know.

    Args:
        lib: llama_cpp's bindings.
        model: a model that they loaded.
    """
    messages = (lib.llama_chat_message * 2)(
        lib.llama_chat_message(role=b"system", content=SYSTEM.encode()),
        lib.llama_chat_message(role=b"user", content=USER.encode()),
    )
    template = lib.llama_model_chat_template(model, None)
    buffer = ctypes.create_string_buffer(_ROOM)
    n = (
        lib.llama_chat_apply_template(template, messages, 2, True, buffer, _ROOM)
        if template
        else -1
    )
    laid = buffer.raw[:n].decode("utf-8", "replace") if 0 < n <= _ROOM else ""
    if USER not in laid:
        laid = f"{SYSTEM}\n\n{USER}\n"
    return _TEXTS.split(laid)


def without_marks(text: str, marks: Iterable[str]) -> str:
    """The text with each of these marks broken up."""
    for mark in marks:
        if len(mark.strip()) > 1:
            text = text.replace(mark, f"{mark[0]} {mark[1:]}")
    return text
