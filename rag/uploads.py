"""Files handed to the page become papers of the user's own index; the bundled corpus's index is
never written to, and nothing is created when no paper could be read."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from rag.config import default_index
from rag.index import IndexReport, OpenIndex, add_papers
from rag.readers import read_bytes
from rag.records import Refusal
from rag.session import token_counter
from rag.starter import starter_folder

if TYPE_CHECKING:
    from rag.pipeline import Assistant


def asks_starter(assistant: Assistant) -> bool:
    """Whether the assistant answers from the bundled corpus."""
    index = assistant.index
    return index.directory == starter_folder(index.embedder, assistant.settings)


def add_files(
    assistant: Assistant,
    files: Iterable[Path],
    note: Callable[[str], None],
    progress: Callable[[int, int], None],
    waiting: Callable[[], None],
) -> tuple[Assistant, IndexReport | None, tuple[Refusal, ...]]:
    """Read files and put their papers into the user's own index.

    Args:
        files: as uploaded; their names are shown to the user.
        note: told one line for people about whatever was guessed.
        progress: records done, records in all.
        waiting: called when another process holds the index.

    Returns:
        The assistant to ask from now on (another than before only when the starter corpus was
        asked), the report (None when there was no paper to add) and what was refused.

    Raises:
        IndexBusyError, DiskError, IndexCorruptError, EmbedderMismatchError.
    """
    records = [
        record for file in files for record in read_bytes(file.read_bytes(), file.name, note=note)
    ]
    refused = tuple(record for record in records if isinstance(record, Refusal))
    if len(refused) == len(records):
        return assistant, None, refused
    index = assistant.index
    moved = asks_starter(assistant)
    place = default_index() if moved else index.directory
    report = add_papers(
        place, records, index.embedder, token_counter(), assistant.settings,
        lambda done, _: progress(done, len(records)), waiting,
    )  # fmt: skip
    if moved:
        # A copy: questions being answered go on with the index they began with.
        assistant = copy.copy(assistant)
        assistant.index = OpenIndex(place, index.embedder)
    return assistant, report, refused
