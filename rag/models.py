"""A model file is used only after its sha256 matched the manifest's, once per file and change.

Models come from installed packages, or from a path the user gives; nothing here opens a network.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib.util
import json
import os
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Literal

from rag.config import cache_dir
from rag.errors import ModelError

Kind = Literal["embedder", "llm", "reader"]


# Of a file that comes with the program.
_OURS = 'reinstall this program from its source tree, or set reader = "none" in the configuration'


@dataclass(frozen=True, slots=True)
class ModelCard:
    """An entry of models/manifest.toml; sizes in bytes, `context` and `max_tokens` in tokens.

    Without a package its file stands beside the manifest. `base` names the embedder that a reader
    adapts.
    """

    kind: Kind
    name: str
    title: str
    file: str
    sha256: str
    size: int
    licence: str
    package: str = ""
    distribution: str = ""
    path: str = ""
    dimension: int = 0
    max_tokens: int = 0
    context: int = 0
    chat_format: str = ""
    quantization: str = ""
    ability: str = ""
    base: str = ""

    @property
    def folder(self) -> Path | None:
        """Where the installed package keeps the file; None when it isn't installed."""
        if not self.package:
            return data_file("models", self.file).parent  # comes with the program
        spec = importlib.util.find_spec(self.package)
        places = list(spec.submodule_search_locations or ()) if spec else []
        return Path(places[0]) / self.path if places else None


def data_file(*parts: str) -> Path:
    """A file that ships with the package: inside the wheel, or in the source tree beside it."""
    inside = Path(__file__).parent / "data" / Path(*parts)
    return inside if inside.exists() else Path(__file__).parent.parent / Path(*parts)


@lru_cache(maxsize=1)
def cards() -> tuple[ModelCard, ...]:
    """All models of the manifest."""
    manifest = tomllib.loads(data_file("models", "manifest.toml").read_text(encoding="utf-8"))
    kinds: tuple[Kind, ...] = ("embedder", "reader", "llm")
    return tuple(
        ModelCard(kind=kind, name=name, **fields)
        for kind in kinds
        for name, fields in manifest.get(kind, {}).items()
    )


def find_card(kind: Kind, name: str) -> ModelCard | None:
    """The manifest's entry of that name (or title), if any."""
    for card in cards():
        if card.kind == kind and name.lower() in (card.name.lower(), card.title.lower()):
            return card
    return None


def require_file(card: ModelCard) -> Path:
    """The model's file, its digest checked.

    Raises:
        ModelError: not installed, or another file than the manifest describes.
    """
    folder = card.folder
    if folder is None or not (folder / card.file).is_file():
        raise ModelError(
            f"the model {card.title} is not installed",
            f"install it with: pip install {card.distribution}" if card.distribution else _OURS,
        )
    path = folder / card.file
    if verified_digest(path) != card.sha256:
        raise ModelError(
            f"{path} is not the file that was published as {card.title} (its sha256 differs)",
            f"install it again: pip install --force-reinstall --no-deps {card.distribution}"
            if card.distribution
            else _OURS,
        )
    return path


def verified_digest(path: Path, *, fresh: bool = False) -> str:
    """The file's sha256, computed once per state of the file (size and time of change).

    Args:
        fresh: read the file again even when its digest is known.
    """
    stat = path.stat()
    key = f"{path.absolute()}|{stat.st_size}|{stat.st_mtime_ns}"
    memo = cache_dir() / "digests.json"
    try:
        known: dict[str, str] = dict(json.loads(memo.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        known = {}
    if not fresh and key in known:
        return known[key]
    known[key] = file_digest(path)
    with contextlib.suppress(OSError):  # An unwritable cache costs time, nothing else.
        write_atomically(memo, lambda p: p.write_text(json.dumps(known), encoding="utf-8"))
    return known[key]


def file_digest(path: Path) -> str:
    """sha256 of a file's bytes, as hex."""
    with path.open("rb") as f:
        return hashlib.file_digest(f, "sha256").hexdigest()


def same_file(a: Path, b: Path) -> bool:
    """Whether two names are of one file, be it there or not."""
    try:
        return a.samefile(b)
    except OSError:
        return a.resolve() == b.resolve()


def write_atomically(path: Path, write: Callable[[Path], object]) -> None:
    """Let `write` fill a temporary file beside `path`, then sync and rename it into place."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        write(temporary)
        with temporary.open("rb") as f:
            os.fsync(f.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
