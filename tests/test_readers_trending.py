"""The listing that the project was made for: 217 papers, to the letter."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from rag.readers import read_bytes, read_paths, sniff
from rag.records import Paper

LISTING = Path(__file__).resolve().parents[2] / "shared" / "corpus" / "trending-papers.txt"
pytestmark = pytest.mark.skipif(not LISTING.exists(), reason=f"{LISTING} is not there")


def expected() -> list[tuple[str, str]]:
    """Derived without the reader: two lines of furniture, then lines in pairs."""
    lines = LISTING.read_bytes().decode("ascii").split("\n")[2:]
    lines = [line for line in lines if line.strip()]
    lines[0] = re.sub("^Subscribe", "", lines[0])
    return list(zip([t.strip() for t in lines[::2]], [a.strip() for a in lines[1::2]], strict=True))


def test_every_paper_to_the_letter() -> None:
    items = list(read_paths([str(LISTING)]))
    assert all(isinstance(item, Paper) for item in items)
    assert len(items) == 217
    found = [(item.title, item.abstract) for item in items if isinstance(item, Paper)]
    assert found == expected()
    assert found[0][0].startswith("GCAV: ")


def test_with_windows_line_ends_and_without_furniture() -> None:
    raw = LISTING.read_bytes()
    bare = raw.split(b"Subscribe", 1)[1]
    for data in (
        raw.replace(b"\n", b"\r\n"),
        bare,
        b"\xef\xbb\xbf" + raw,
        raw.decode().encode("utf-16"),
    ):
        assert sniff(data[:100_000]) == "listing"
        found = [i for i in read_bytes(data, "x") if isinstance(i, Paper)]
        assert [(i.title, i.abstract) for i in found] == expected()


def test_one_missing_abstract_costs_one_paper() -> None:
    lines = LISTING.read_bytes().split(b"\n")
    pairs = expected()
    for at in (3, 101, 301):  # 0-based: abstracts
        items = list(read_bytes(b"\n".join(lines[:at] + lines[at + 1 :]), "x"))
        papers = [i.title for i in items if isinstance(i, Paper)]
        assert papers == [title for n, (title, _) in enumerate(pairs) if n != (at - 3) // 2]
        assert [i.where for i in items if not isinstance(i, Paper)] == [f"line {at}"]
