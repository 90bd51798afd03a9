"""Which papers are about a topic: small collections of our own, whole answers."""

from __future__ import annotations

from pathlib import Path

import pytest

from rag.config import Settings
from rag.embedding import Embedder
from rag.index import OpenIndex, add_papers
from rag.members import members
from rag.records import Paper
from rag.session import token_counter

PAPERS = (
    Paper("", "Moss as a thermometer", "Moss turns brown above 30 degrees, which we photograph."),
    Paper(
        "", "Kites over harbours", "Kites measure wind. We use neural architecture search (NAS)."
    ),
    Paper("", "NAS for tide tables", "Tide tables are predicted by networks that NAS has found."),
    Paper("", "Bread and salt", "Salt slows the yeast of sourdough bread in super-resolution."),
    Paper("", "Old bells", "Bronze bells crack in frost. Superresolution images show the cracks."),
)


@pytest.fixture(scope="module")
def small(embedder: Embedder, tmp_path_factory: pytest.TempPathFactory) -> OpenIndex:
    place: Path = tmp_path_factory.mktemp("small")
    add_papers(place, PAPERS, embedder, token_counter(), Settings())
    return OpenIndex(place, embedder)


@pytest.mark.parametrize(
    ("topic", "titles"),
    [
        ("moss", {"Moss as a thermometer"}),
        ("neural architecture search", {"Kites over harbours", "NAS for tide tables"}),
        ("NAS", {"Kites over harbours", "NAS for tide tables"}),
        ("super-resolution", {"Bread and salt", "Old bells"}),
        ("bread or bells", {"Bread and salt", "Old bells"}),
        ("medieval falconry", set()),
    ],
)
def test_members(small: OpenIndex, topic: str, titles: set[str]) -> None:
    found = members(small, topic, small.embedder.encode([topic])[0])
    assert {m.hit.paper.title for m in found} == titles
    for m in found:
        shown = m.hit.paper.abstract[m.shown_by.start : m.shown_by.end]
        assert shown.strip()
