"""The language models that can be chosen here and now, for people to choose from."""

from __future__ import annotations

from dataclasses import dataclass

from rag.caching import read_note
from rag.llm.prepare import NOTE, PROBES, prepared_folder
from rag.models import cards


@dataclass(frozen=True, slots=True)
class Installed:
    """A model that is installed.

    Attributes:
        megabytes: of the file as distributed.
        seconds: to read one sentence with a question on this machine; None until it was prepared.
    """

    name: str
    title: str
    megabytes: float
    seconds: float | None

    @property
    def label(self) -> str:
        """The model with its size and speed."""
        speed = f", {self.seconds:.2f} s a sentence" if self.seconds is not None else ""
        return f"{self.title} ({self.megabytes:.0f} MB{speed})"


def installed_models() -> tuple[Installed, ...]:
    """Those of the manifest whose package is here; their digests are checked when they load."""
    found = []
    for card in cards():
        if card.kind != "llm" or card.folder is None or not (card.folder / card.file).is_file():
            continue
        seconds = None
        try:
            note = read_note(prepared_folder(card) / NOTE)
            seconds = float(note["measured"][note["quantization"]]) / PROBES
        except (ValueError, KeyError, TypeError):
            pass  # not measured yet
        found.append(Installed(card.name, card.title, card.size / 1e6, seconds))
    return tuple(found)
