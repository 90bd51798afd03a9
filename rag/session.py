"""One place that opens what commands need, in the order and with the messages they share."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from rag.config import Settings, default_index
from rag.errors import IndexMissingError
from rag.store import DATABASE_NAME

if TYPE_CHECKING:
    from rag.chunking import TokenCounter
    from rag.embedding import Embedder
    from rag.index import OpenIndex
    from rag.llm import LanguageModel

Notice = Callable[[str], None]


def token_counter() -> TokenCounter:
    """Counts tokens of the default language model; its vocabulary is read on the first count."""

    @lru_cache(maxsize=1)
    def encoding() -> object:
        from rag.models import find_card, require_file
        from rag.tokens import load_encoding

        card = find_card("llm", Settings().model)
        assert card is not None  # the default is in the manifest
        return load_encoding(require_file(card))

    def count(text: str) -> int:
        return len(encoding().encode_ordinary(text))  # type: ignore[attr-defined]  # a tiktoken.Encoding

    return count


def open_index(
    named: Path | None,
    embedder: Embedder,
    settings: Settings,
    notice: Notice,
    progress: Callable[[int, str], None] | None = None,
) -> OpenIndex:
    """The index the user means: the named one, their own, else the starter corpus.

    Args:
        named: from the command line; None when nothing was said.
        notice: told, in one line, when the starter corpus is used or the named index is empty.

    Raises:
        IndexMissingError, IndexCorruptError, IndexVersionError, EmbedderMismatchError.
    """
    from rag.index import OpenIndex

    place = chosen_place(named, notice)
    if place is not None:
        return OpenIndex(place, embedder)
    from rag.starter import open_starter

    return open_starter(embedder, settings, token_counter(), progress)


def chosen_place(named: Path | None, notice: Notice) -> Path | None:
    """Where the index stands that the user means; None for the starter corpus, which stands in
    for an index of their own that is missing or holds no papers.

    Args:
        named: from the command line; None when nothing was said.
        notice: told, in one line, when the starter corpus is used or the named index is empty.

    Raises:
        IndexMissingError (of a named one), IndexCorruptError, IndexVersionError, DiskError (of a
            place that can't be read).
    """
    from rag.store import Snapshot
    from rag.store.schema import translated

    place = named or default_index()
    with translated(place, reading=True):
        papers, there = 0, named is not None or (place / DATABASE_NAME).exists()
    if there:
        try:
            snapshot = Snapshot(place)
        except IndexMissingError:  # of a run that was killed before there was anything in it
            if named is not None:
                raise
        else:
            try:
                papers = snapshot.count()
            finally:
                snapshot.close()
    if papers:
        return place
    if named is not None:
        notice(f"the index in {place} is empty; add papers with: rag index PATH --index {place}")
        return place
    from rag.starter import starter_papers

    notice(
        (f"the index in {place} is empty; " if there else "")
        + f"using the bundled starter corpus ({sum(1 for _ in starter_papers())} papers); "
        "index your own with: rag index PATH"
    )
    return None


def model_loader(settings: Settings, notice: Notice) -> Callable[[], LanguageModel]:
    """Loads the language model on the first call and keeps it."""

    @lru_cache(maxsize=1)
    def load() -> LanguageModel:
        from rag.llm import open_model

        return open_model(settings, notice)

    return load
