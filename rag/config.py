"""Settings are known by name, in range, and frozen; an unknown name is an error, never ignored.

Read from `config.toml` in the user's configuration folder (or the file `$RAG_CONFIG` names).
"""

from __future__ import annotations

import os
import tomllib
from dataclasses import dataclass, fields
from pathlib import Path

from rag.errors import ConfigError

APP = "rag-abstracts"


@dataclass(frozen=True, slots=True)
class Settings:
    """What shapes indexing and answering.

    Attributes:
        embedder: "minilm", or a folder of a sentence-transformers model, or the name of one in
            the local Hugging Face cache.
        model: a language model's name (`rag models list`) or the path of a GGUF file.
        ability: "read" or "write" for a GGUF given by path; "" takes the manifest's word, and
            "read" for files it doesn't know.
        chunk_tokens: longest chunk in tokens of the language model, 32 to 4096.
        papers: papers whose sentences are read as evidence, 1 to 20.
        candidates: sentences that are chosen to answer one question, 4 to 256, for each of two
            things compared as many; the language model reads the likeliest three in five of
            them, without a reader all.
        answer_words: an answer's length in words, 20 to 400.
        abstain_below: answers whose estimated probability of being supported is lower are
            withheld, 0 (never) to 1 (always).
        threads: CPU threads; 0 means one per physical core.
        reader: the trained reader's name in the manifest, or "none".
    """

    embedder: str = "minilm"
    model: str = "smollm2"
    ability: str = ""
    chunk_tokens: int = 256
    papers: int = 5
    candidates: int = 5
    answer_words: int = 80
    abstain_below: float = 0.5
    threads: int = 0
    reader: str = "minilm-reader"

    def __post_init__(self) -> None:
        if self.ability not in ("", "read", "write"):
            raise ConfigError(f'ability = "{self.ability}" is unknown', 'use "read" or "write"')
        for name, low, high in _RANGES:
            value = getattr(self, name)
            if not low <= value <= high:
                raise ConfigError(
                    f"{name} = {value} is out of range", f"give a value from {low} to {high}"
                )


_RANGES: tuple[tuple[str, float, float], ...] = (
    ("chunk_tokens", 32, 4096),
    ("papers", 1, 20),
    ("candidates", 4, 256),
    ("answer_words", 20, 400),
    ("abstain_below", 0, 1),
    ("threads", 0, 1024),
)


def parse_settings(text: str, origin: str) -> Settings:
    """Settings from TOML text.

    Raises:
        ConfigError: bad TOML, an unknown name, a wrong type or a value out of range.
    """
    try:
        values = tomllib.loads(text)
    except tomllib.TOMLDecodeError as e:
        raise ConfigError(f"{origin} is not valid TOML: {e}", "mend or remove the file") from e
    known = {f.name: type(f.default) for f in fields(Settings)}
    for name, value in values.items():
        if name not in known:
            raise ConfigError(
                f'{origin}: unknown setting "{name}"', f"known settings: {', '.join(known)}"
            )
        wanted = known[name]
        accepted = (int, float) if wanted is float else (wanted,)
        if not isinstance(value, accepted) or isinstance(value, bool):
            raise ConfigError(
                f'{origin}: "{name}" must be of type {wanted.__name__}', "mend the value"
            )
    return Settings(**values)


def load_settings() -> Settings:
    """Settings from the user's configuration file; the defaults when there is none."""
    path = config_file()
    if not path.is_file():
        if os.environ.get("RAG_CONFIG"):
            raise ConfigError(f"$RAG_CONFIG names {path}, which does not exist", "unset it")
        return Settings()
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as e:
        raise ConfigError(f"cannot read {path}: {e}", "mend or remove the file") from e
    return parse_settings(text, str(path))


def config_file() -> Path:
    """Where the settings are looked for."""
    named = os.environ.get("RAG_CONFIG")
    if named:
        return Path(named)
    from platformdirs import user_config_path

    return user_config_path(APP, appauthor=False) / "config.toml"


def default_index() -> Path:
    """`$RAG_INDEX`, else the platform's user data folder."""
    named = os.environ.get("RAG_INDEX")
    if named:
        return Path(named)
    from platformdirs import user_data_path

    return user_data_path(APP, appauthor=False) / "index"


def cache_dir() -> Path:
    """`$RAG_CACHE`, else the platform's user cache folder: everything there can be made again."""
    named = os.environ.get("RAG_CACHE")
    if named:
        return Path(named)
    from platformdirs import user_cache_path

    return user_cache_path(APP, appauthor=False)


def thread_count(settings: Settings) -> int:
    """CPU threads to use: the setting, else the physical cores this process may run on."""
    if settings.threads:
        return settings.threads
    try:
        usable = len(os.sched_getaffinity(0))
    except AttributeError:
        usable = os.cpu_count() or 1
    return max(1, min(usable, _physical_cores() or usable))


def _physical_cores() -> int:
    """Physical cores by Linux's topology files; 0 where they can't be read."""
    seen = set()
    for path in Path("/sys/devices/system/cpu").glob("cpu[0-9]*/topology/thread_siblings_list"):
        try:
            seen.add(path.read_text())
        except OSError:
            return 0
    return len(seen)
