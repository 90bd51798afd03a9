"""Token counts by the language model's own vocabulary, without loading the model.

The encoding is built from the byte-level BPE merges inside the GGUF, so it agrees with llama.cpp
token for token (tests compare them over the whole corpus) and needs no download. This module is
the only importer of tiktoken.
"""

from __future__ import annotations

import base64
import contextlib
import json
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from rag.caching import read_note
from rag.config import cache_dir
from rag.errors import ModelError
from rag.models import verified_digest, write_atomically

if TYPE_CHECKING:
    import tiktoken

_GPT2 = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"
# Single digits are split off first, then GPT-2's pattern runs on what lies between.
_DIGITS = r"\p{N}|'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?[^\s\p{L}\p{N}]+|\s+(?=\p{N})|\s+(?!\S)|\s+"
# By `tokenizer.ggml.pre` of the GGUF, as llama.cpp names them.
_PATTERNS = {"gpt-2": _GPT2, "smollm": _DIGITS, "default": _GPT2}
_FORM = 1  # raised when tokens are read from a GGUF in another way
_BYTES = [bytes([b]) for b in range(256)]


def load_encoding(gguf: Path) -> tiktoken.Encoding:
    """The GGUF's vocabulary as an Encoding; `encode_ordinary` gives llama.cpp's tokens as ranks.

    Raises:
        ModelError: the file's tokeniser is of another family than byte-level BPE.
    """
    return _encoding(gguf, verified_digest(gguf))


@lru_cache(maxsize=4)
def _encoding(gguf: Path, digest: str) -> tiktoken.Encoding:
    import tiktoken

    pre, tokens = _vocabulary(gguf, digest)
    ranks = {token: rank for rank, token in enumerate(tokens)}
    return tiktoken.Encoding(
        f"gguf-{digest[:12]}", pat_str=_PATTERNS[pre], mergeable_ranks=ranks, special_tokens={}
    )


def _vocabulary(gguf: Path, digest: str) -> tuple[str, list[bytes]]:
    """The name of the splitting pattern and the tokens in the order of their ranks; kept in the
    cache (reading takes 1 s)."""
    kept = cache_dir() / f"vocabulary-{digest[:16]}.json"
    found = _kept(kept)
    if found is not None:
        return found
    pre, tokens = _read(gguf)
    written = [base64.b64encode(t).decode("ascii") for t in tokens]
    note = {"form": _FORM, "pre": pre, "tokens": written}
    with contextlib.suppress(OSError):  # Only the next start is slower.
        write_atomically(kept, lambda p: p.write_text(json.dumps(note), encoding="ascii"))
    return pre, tokens


def _kept(path: Path) -> tuple[str, list[bytes]] | None:
    """What a file of the cache says, when it is a vocabulary of this form."""
    note = read_note(path)
    pre, tokens = note.get("pre"), note.get("tokens")
    if note.get("form") != _FORM or not isinstance(pre, str) or not isinstance(tokens, list):
        return None
    try:
        found = [base64.b64decode(token) for token in tokens]
    except (ValueError, TypeError):
        return None
    return (pre, found) if pre in _PATTERNS and found[: len(_BYTES)] == _BYTES else None


def _read(gguf: Path) -> tuple[str, list[bytes]]:
    from gguf import GGUFReader

    fields = GGUFReader(str(gguf)).fields
    try:
        family = str(fields["tokenizer.ggml.model"].contents())
        pre = str(fields["tokenizer.ggml.pre"].contents())
        merges = fields["tokenizer.ggml.merges"].contents()
    except KeyError:
        family, pre, merges = "none", "", []
    if family != "gpt2" or pre not in _PATTERNS:
        raise ModelError(
            f"{gguf.name}: token counts need a byte-level BPE vocabulary of a known kind "
            f"({', '.join(_PATTERNS)}), this one is {family}/{pre}",
            "index with the default model; the GGUF can still answer",
        )
    unicode_to_byte = {c: b for b, c in _byte_to_unicode().items()}
    # Single bytes come first, then one token per merge, in the order of merging.
    tokens = list(_BYTES)
    seen = set(tokens)
    for merge in merges:
        token = bytes(unicode_to_byte[c] for c in str(merge).replace(" ", ""))
        if token not in seen:
            seen.add(token)
            tokens.append(token)
    return pre, tokens


def _byte_to_unicode() -> dict[int, str]:
    """GPT-2's printable stand-ins for bytes (Radford et al. 2019, released encoder)."""
    plain = [*range(33, 127), *range(161, 173), *range(174, 256)]
    table = {b: chr(b) for b in plain}
    spare = 256
    for b in range(256):
        if b not in table:
            table[b] = chr(spare)
            spare += 1
    return table
