"""Token counts agree with llama.cpp's own tokeniser, token by token, byte by byte."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rag.errors import ModelError
from rag.models import find_card, require_file
from rag.readers import read_paths
from rag.records import Paper
from rag.tokens import _byte_to_unicode, _kept, load_encoding


def default_gguf() -> Path:
    card = find_card("llm", "smollm2")
    assert card is not None
    return require_file(card)


@pytest.fixture(scope="module")
def reference() -> Iterator[Any]:
    """llama.cpp with the vocabulary alone, through its stock Python class."""
    import llama_cpp

    model = llama_cpp.Llama(str(default_gguf()), vocab_only=True, verbose=False)
    yield model
    model.close()


@cache
def unknown_bytes() -> frozenset[bytes]:
    """Bytes without a token in this vocabulary, mostly control characters: llama.cpp drops them,
    we count each as one token, so that a bound stays a bound."""
    from gguf import GGUFReader

    known = set(GGUFReader(str(default_gguf())).fields["tokenizer.ggml.tokens"].contents())
    return frozenset(bytes([b]) for b, c in _byte_to_unicode().items() if c not in known)


def same(text: str, reference: Any) -> None:
    encoding = load_encoding(default_gguf())
    ours = [encoding.decode_single_token_bytes(t) for t in encoding.encode_ordinary(text)]
    ours = [token for token in ours if token not in unknown_bytes()]
    ids = reference.tokenize(text.encode(), add_bos=False, special=False)
    theirs = [reference.detokenize([i], special=True) for i in ids]
    assert ours == theirs, repr(text)


def test_whole_corpus(listing: Path, reference: Any) -> None:
    text = listing.read_text(encoding="utf-8")
    for line in text.splitlines():
        same(line, reference)
    for paper in read_paths([str(listing)]):
        assert isinstance(paper, Paper)
        same(paper.abstract, reference)


@pytest.mark.parametrize(
    "text",
    ["", " ", "  ", "\n\n a", "it's don't I'LL", "12,345.678", "naïve café", "中文字符", "🙂👩‍👩‍👧",
     "<|im_start|>user", "a\tb\r\nc", "x  =  1", "…—“”", "\u00a0x", "e\u0301", "\0"],
)  # fmt: skip
def test_odd_texts(text: str, reference: Any) -> None:
    same(text, reference)


_TEXT = st.text(
    # Letters that newer Unicode versions added are letters to one library and not to the other.
    alphabet=st.characters(max_codepoint=0x2FFF, exclude_categories=("Cs", "Cn")),
    max_size=80,
)


@settings(max_examples=300, deadline=None)
@given(text=st.one_of(_TEXT, st.text(alphabet=" \n\tab1'.s,é中🙂", max_size=60)))
def test_any_text(text: str, reference: Any) -> None:
    same(text, reference)


def test_vocabulary_is_read_from_the_file_when_the_cache_is_empty_or_broken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import rag.tokens

    want = load_encoding(default_gguf()).encode_ordinary("A harbour, 1,204 times.")
    monkeypatch.setenv("RAG_CACHE", str(tmp_path))
    for content in (None, json.dumps({"pattern": "x"})):
        for kept in tmp_path.glob("vocabulary-*"):
            assert content is not None
            kept.write_text(content)
        rag.tokens._encoding.cache_clear()
        assert load_encoding(default_gguf()).encode_ordinary("A harbour, 1,204 times.") == want
        assert list(tmp_path.glob("vocabulary-*"))
    rag.tokens._encoding.cache_clear()


def test_a_kept_vocabulary_is_used_only_while_it_is_whole(tmp_path: Path) -> None:
    single = [base64.b64encode(bytes([b])).decode() for b in range(256)]
    whole = {"form": 1, "pre": "smollm", "tokens": [*single, "QUI="]}
    path = tmp_path / "vocabulary.json"
    path.write_text(json.dumps(whole))
    assert _kept(path) == ("smollm", [*(bytes([b]) for b in range(256)), b"AB"])
    former = {"pattern": r"\s+|\S+", "tokens": whole["tokens"]}
    for odd in (
        former, [whole], [], None, 7, "x", {}, whole | {"pre": "unknown"}, whole | {"form": 0},
        whole | {"pre": ["smollm"]}, whole | {"tokens": []}, whole | {"tokens": {"QQ==": 1}},
        whole | {"tokens": [*single, 1]}, whole | {"tokens": [*single, "é"]},
        whole | {"tokens": single[1:]},
    ):  # fmt: skip
        path.write_text(json.dumps(odd))
        assert _kept(path) is None, odd


def test_a_mended_pattern_reaches_a_machine_that_has_the_vocabulary(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import rag.tokens

    monkeypatch.setenv("RAG_CACHE", str(tmp_path))
    rag.tokens._encoding.cache_clear()
    before = load_encoding(default_gguf())
    monkeypatch.setitem(rag.tokens._PATTERNS, "smollm", r"\S|\s")
    rag.tokens._encoding.cache_clear()
    after = load_encoding(default_gguf())
    rag.tokens._encoding.cache_clear()
    assert len(before.encode_ordinary("the")) == 1
    assert len(after.encode_ordinary("the")) == 3


def test_a_vocabulary_of_another_family_is_refused(tmp_path: Path) -> None:
    from gguf import GGUFWriter

    path = tmp_path / "other.gguf"
    writer = GGUFWriter(path, "llama")
    writer.add_tokenizer_model("llama")
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.close()
    with pytest.raises(ModelError, match="byte-level BPE") as caught:
        load_encoding(path)
    assert caught.value.remedy
