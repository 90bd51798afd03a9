"""Settings: known by name, of the right type, in range; anything else is refused by name."""

from __future__ import annotations

from pathlib import Path

import pytest

from rag.config import (
    Settings,
    cache_dir,
    config_file,
    default_index,
    load_settings,
    parse_settings,
    thread_count,
)
from rag.errors import ConfigError


def test_all_settings_are_read() -> None:
    text = (
        'embedder = "x"\nmodel = "y"\nability = "write"\nchunk_tokens = 64\npapers = 2\n'
        "candidates = 8\nanswer_words = 30\nabstain_below = 0.25\nthreads = 3\n"
    )
    assert parse_settings(text, "f") == Settings("x", "y", "write", 64, 2, 8, 30, 0.25, 3)
    assert parse_settings("", "f") == Settings()
    assert parse_settings("abstain_below = 1", "f").abstain_below == 1


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("papers =", "TOML"),
        ("paper = 3", 'unknown setting "paper"'),
        ("papers = 0", "papers = 0 is out of range"),
        ("papers = 21", "out of range"),
        ("chunk_tokens = 31", "chunk_tokens"),
        ("candidates = 1000", "candidates"),
        ("answer_words = 1", "answer_words"),
        ("abstain_below = 1.5", "abstain_below"),
        ("abstain_below = nan", "abstain_below"),
        ("threads = -1", "threads"),
        ('papers = "5"', "type int"),
        ("papers = 5.0", "type int"),
        ("papers = true", "type int"),
        ("model = 5", "type str"),
        ('ability = "fly"', 'ability = "fly"'),
        ("[table]\nx = 1", 'unknown setting "table"'),
    ],
)
def test_wrong_settings_are_named(text: str, named: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_settings(text, "my.toml")
    assert named in caught.value.message
    assert caught.value.remedy
    assert caught.value.exit_code == 2


def test_places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("RAG_CONFIG", "RAG_INDEX", "RAG_CACHE", "XDG_CONFIG_HOME", "XDG_DATA_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    for place in (config_file(), default_index(), cache_dir()):
        assert place.is_relative_to(tmp_path)
        assert "rag-abstracts" in place.parts
    assert load_settings() == Settings()
    config_file().parent.mkdir(parents=True)
    config_file().write_text("papers = 7\n")
    assert load_settings().papers == 7
    named = tmp_path / "named.toml"
    monkeypatch.setenv("RAG_CONFIG", str(named))
    with pytest.raises(ConfigError, match="does not exist"):
        load_settings()
    named.write_bytes(b"model = '\xff'")
    with pytest.raises(ConfigError, match="cannot read"):
        load_settings()
    monkeypatch.setenv("RAG_INDEX", "/a/b")
    monkeypatch.setenv("RAG_CACHE", "/c/d")
    assert (default_index(), cache_dir()) == (Path("/a/b"), Path("/c/d"))


def test_threads() -> None:
    assert thread_count(Settings(threads=3)) == 3
    assert thread_count(Settings()) >= 1
