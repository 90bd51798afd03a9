"""Papers go into the collection that was chosen or nowhere: never into the starter corpus, and
not into a folder that was deleted while the writing waited."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rag.collections.changing import discard_revived
from rag.collections.kept import NAME_FILE, Collection, gone
from rag.collections.pasted import read_pasted
from rag.collections.shelf import Shelf
from rag.errors import IndexMissingError, RagError, UsageError
from rag.readers import read_bytes
from rag.records import Paper, Refusal
from rag.session import token_counter

if TYPE_CHECKING:
    from rag.index import IndexReport

Progress = Callable[[str, int, int], None]  # stage, done, in all


@dataclass(frozen=True, slots=True)
class Added:
    """What adding did.

    Attributes:
        report: None when there was no paper to add; then nothing was written.
        refused: records not taken, and why.
        notes: what was guessed while reading, one line each.
    """

    report: IndexReport | None
    refused: tuple[Refusal, ...]
    notes: tuple[str, ...]


def add(
    shelf: Shelf,
    key: str,
    files: Iterable[Path],
    pasted: str,
    note: Callable[[str], None],
    progress: Progress,
    waiting: Callable[[], None],
) -> Added:
    """Read files and pasted text, and put their papers into a collection.

    Args:
        files: as uploaded; their names are shown to the user.
        pasted: text in any of the readers' formats, or titles and abstracts as they come
            (see `rag.collections.pasted`); "" for none.
        note: told one line for people about whatever was guessed.
        progress: told the stage, how much of it is done and how much there is: "Reading"
            counts files, "Embedding" papers (written as they are embedded, 128 at a time), and
            "Writing" is the one step in which the vector index is derived.
        waiting: called when another process is writing to the collection.

    Raises:
        UsageError: there is nothing to add, the collection can't be added to, or it is gone.
        IndexBusyError, DiskError, IndexCorruptError, EmbedderMismatchError.
    """
    collection = _writable(shelf, key)
    sign = _sign_of(collection)
    given = list(files)
    if not given and not pasted.strip():
        raise UsageError("there is nothing to add", "choose files, or paste abstracts")
    notes: list[str] = []

    def noted(text: str) -> None:
        notes.append(text)
        note(text)

    records: list[Paper | Refusal] = []
    steps = len(given) + bool(pasted.strip())
    for done, file in enumerate(given):
        progress("Reading", done, steps)
        records += _read_file(file, noted)
    if pasted.strip():
        progress("Reading", steps - 1, steps)
        records += read_pasted(pasted, noted)
    progress("Reading", steps, steps)
    refused = tuple(record for record in records if isinstance(record, Refusal))
    papers = len(records) - len(refused)
    if not papers:
        return Added(None, refused, tuple(notes))
    with _only_if_there(collection, sign) as still_there:
        report = _put(shelf, collection, records, papers, progress, waiting, still_there)
    shelf.changed(key)
    return Added(report, refused, tuple(notes))


def remove(shelf: Shelf, key: str, paper_ids: Sequence[str]) -> int:
    """Take papers out of a collection; how many were there to take.

    Raises:
        UsageError: the collection can't be changed, or is gone.
        IndexBusyError, DiskError, IndexCorruptError.
    """
    from rag.index import remove_papers

    collection = _writable(shelf, key)
    if not paper_ids:
        return 0
    try:
        with _only_if_there(collection, _sign_of(collection)) as still_there:
            removed = remove_papers(collection.place, list(dict.fromkeys(paper_ids)))
            still_there()
    except IndexMissingError:
        return 0  # nothing was ever added
    shelf.changed(key)
    return removed


def _writable(shelf: Shelf, key: str) -> Collection:
    collection = shelf.collection(key)
    if collection.kind == "starter":
        raise UsageError(
            "the starter corpus stays as it is", "choose another collection, or create one"
        )
    return collection


def _read_file(file: Path, note: Callable[[str], None]) -> Iterator[Paper | Refusal]:
    try:
        data = file.read_bytes()
    except OSError as e:
        yield Refusal(file.name, "", f"it cannot be opened: {e.strerror or e}")
        return
    yield from read_bytes(data, file.name, note=note)


def _put(
    shelf: Shelf,
    collection: Collection,
    records: Sequence[Paper | Refusal],
    papers: int,
    progress: Progress,
    waiting: Callable[[], None],
    still_there: Callable[[], None],
) -> IndexReport:
    from rag.index import add_papers

    def embedded(done: int, _: str) -> None:
        progress("Embedding", done, papers)
        if done == papers:
            progress("Writing", 0, 1)

    def guarded() -> Iterator[Paper | Refusal]:
        still_there()  # read first when the index's lock is held
        yield from records

    progress("Embedding", 0, papers)
    shared = shelf.shared
    report = add_papers(
        collection.place, guarded(), shared.index.embedder, token_counter(), shared.settings,
        embedded, waiting,
    )  # fmt: skip
    progress("Writing", 1, 1)
    return report


def _sign_of(collection: Collection) -> Path:
    """What is there for as long as a named collection is. A writer makes the folder that it is
    told to write in, but it never gives it a name."""
    sign = collection.place / NAME_FILE
    if collection.kind != "named" or sign.exists():
        return sign
    if not collection.place.exists():
        raise gone(collection)
    return collection.place  # an index that somebody put among the named ones by hand


@contextmanager
def _only_if_there(collection: Collection, sign: Path) -> Iterator[Callable[[], None]]:
    """Write to a collection that may be deleted at any moment before the index's lock is held;
    the folder that a writer made again is taken away.

    Yields:
        To be called while the lock is held; raises the error for a collection that is gone.
    """

    def still_there() -> None:
        if collection.kind == "named" and not sign.exists():
            raise gone(collection)

    try:
        yield still_there
    except RagError as e:
        if collection.kind != "named" or sign.exists():
            raise
        discard_revived(collection)
        raise gone(collection) from e
