"""Language models by name or file, ready to read and, where they are able, to write."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rag.errors import ModelError, UnknownModelError
from rag.records import ModelInfo

if TYPE_CHECKING:
    from rag.config import Settings
    from rag.llm.engine import LocalModel


@dataclass(frozen=True, slots=True)
class LanguageModel:
    """A loaded model and what it may be trusted with ("read" or "write")."""

    engine: LocalModel
    info: ModelInfo
    ability: str

    def chat(self, system: str, user: str) -> list[int]:
        """One turn of a conversation in the model's own template, up to the answer, as tokens."""
        return self.engine.chat_prompt(system, user)


def open_model(settings: Settings, notice: Callable[[str], None] = lambda _: None) -> LanguageModel:
    """The language model that the settings name.

    Raises:
        UnknownModelError: no model has that name.
        ModelError: the file is missing, damaged or no GGUF.
    """
    from rag.config import thread_count
    from rag.llm.engine import LocalModel
    from rag.llm.prepare import ready_model
    from rag.models import cards, find_card, verified_digest

    threads = thread_count(settings)
    card = find_card("llm", settings.model)
    if card is not None:
        ready = ready_model(card, threads, notice)
        info = ModelInfo(card.title, ready.sha256, ready.quantization)
        return LanguageModel(
            LocalModel(ready.path, threads), info, settings.ability or card.ability
        )
    path = Path(settings.model).expanduser()
    if not path.is_file():
        if path.suffix.lower() == ".gguf" or len(path.parts) > 1:
            raise ModelError(f"there is no model file {path}", "see: rag models list")
        names = ", ".join(c.name for c in cards() if c.kind == "llm")
        raise UnknownModelError(
            f'unknown model "{settings.model}"', f"use one of: {names}; or the path of a .gguf file"
        )
    engine = LocalModel(path, threads)
    info = ModelInfo(path.name, verified_digest(path), engine.quantization)
    return LanguageModel(engine, info, settings.ability or "read")
