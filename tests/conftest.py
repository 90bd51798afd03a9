"""Shared by all tests: no test reaches a network, and models are prepared once for the run."""

from __future__ import annotations

import os
import shutil
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import hypothesis
import pytest

REPOSITORY = Path(__file__).parent.parent
SHARED = REPOSITORY.parent / "shared"
LISTING = SHARED / "corpus" / "trending-papers.txt"
CRANFIELD = SHARED / "benchmarks" / "cranfield"

# Prepared models are kept beside the sources, so that a second run starts at once.
os.environ.setdefault("RAG_CACHE", str(REPOSITORY / ".cache"))
os.environ["HF_HUB_OFFLINE"] = "1"
os.environ.pop("RAG_INDEX", None)

# A busy machine is no error: no test is judged by how long it takes.
hypothesis.settings.register_profile("patient", deadline=None)
hypothesis.settings.load_profile("patient")

if TYPE_CHECKING:
    from playwright.sync_api import Browser

    from rag.embedding import Embedder
    from rag.index import OpenIndex
    from rag.llm import LanguageModel


class NetworkBlockedError(RuntimeError):
    pass


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "browser" in getattr(item, "fixturenames", ()):
            item.add_marker("browser")


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Connections may go to this machine only."""
    connect = socket.socket.connect

    def guarded(self: socket.socket, address: Any) -> None:
        local = not isinstance(address, tuple) or address[0] in ("127.0.0.1", "::1", "localhost")
        if not local:
            raise NetworkBlockedError(f"a test tried to reach {address}")
        connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", guarded)


@pytest.fixture(scope="session", autouse=True)
def prepared_models() -> None:
    """So that no test is the one in which a model is prepared, which the program says aloud."""
    from rag.commands import prepare_models

    prepare_models()


@pytest.fixture(scope="session")
def listing() -> Path:
    if not LISTING.is_file():
        pytest.skip(f"{LISTING} is not here")
    return LISTING


@pytest.fixture(scope="session")
def embedder() -> Embedder:
    from rag.config import Settings
    from rag.embedding import open_embedder

    return open_embedder(Settings())


@pytest.fixture(scope="session")
def language_model() -> LanguageModel:
    from rag.config import Settings
    from rag.llm import open_model

    return open_model(Settings())


@pytest.fixture(scope="session")
def listing_index(
    listing: Path, embedder: Embedder, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[OpenIndex]:
    """The 217 papers, indexed once, however many processes share the tests."""
    from filelock import FileLock

    from rag.config import Settings
    from rag.index import OpenIndex, add_papers
    from rag.readers import read_paths
    from rag.session import token_counter

    shared = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        shared = shared.parent
    place, whole = shared / "listing-index", shared / "listing-index-whole"
    with FileLock(shared / "listing-index.lock"):
        if not whole.exists():
            add_papers(place, read_paths([str(listing)]), embedder, token_counter(), Settings())
            whole.touch()
    opened = OpenIndex(place, embedder)
    yield opened
    opened.close()


# ── the page ────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture(scope="module")
def page_index(
    embedder: Embedder, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Path:
    """An index of our papers, among the listing's where that is here."""
    from rag.config import Settings
    from rag.index import add_papers
    from rag.session import token_counter
    from tests.browsing import PAPERS

    folder = tmp_path_factory.mktemp("page") / "index"
    if LISTING.is_file():
        shutil.copytree(request.getfixturevalue("listing_index").directory, folder)
    add_papers(folder, PAPERS, embedder, token_counter(), Settings())
    return folder


@pytest.fixture(scope="module")
def server(
    page_index: Path, language_model: LanguageModel, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[str, int]]:
    """The page over that index: its address and process id."""
    from tests.browsing import served

    saved = tmp_path_factory.mktemp("saved") / "conversations.db"
    with served("--index", str(page_index), RAG_CONVERSATIONS=str(saved)) as address:
        yield address


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Of one module only: while it is open, asyncio runs in this thread."""
    from playwright.sync_api import sync_playwright

    from tests.browsing import CHROMIUM, FLAGS

    if not CHROMIUM.exists():
        pytest.skip(f"the page's tests need {CHROMIUM}")
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield chromium
        chromium.close()
