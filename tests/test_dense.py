"""The derived index is exact, and a file of it is whole or not used."""

from __future__ import annotations

import resource
import signal
import struct
import tracemalloc
import zlib
from pathlib import Path

import faiss
import numpy as np
import pytest
from numpy.typing import NDArray

from rag.dense import DenseIndex


def unit(n: int, d: int, seed: int = 0) -> NDArray[np.float32]:
    rows = np.random.default_rng(seed).normal(size=(n, d)).astype(np.float32)
    unit_rows: NDArray[np.float32] = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    return unit_rows


IDS = np.arange(500, dtype=np.int64) * 7 + 3
VECTORS = unit(500, 24)


def test_search_is_exact() -> None:
    index = DenseIndex.build(IDS, VECTORS)
    assert len(index) == 500
    assert index.dimension == 24
    for query in unit(20, 24, seed=1):
        cosines = VECTORS @ query
        ids, scores = index.search(query, 10)
        assert ids.tolist() == IDS[np.argsort(-cosines)[:10]].tolist()
        assert np.allclose(scores, np.sort(cosines)[::-1][:10], atol=1e-6)


def test_only_allowed_ids() -> None:
    index = DenseIndex.build(IDS, VECTORS)
    query = unit(1, 24, seed=2)[0]
    allowed = IDS[::9]
    ids, scores = index.search(query, 30, allowed)
    want = allowed[np.argsort(-(VECTORS[::9] @ query))[:30]]
    assert ids.tolist() == want.tolist()
    assert len(index.search(query, 1000, allowed)[0]) == len(allowed)
    assert np.all(np.diff(scores) <= 0)
    assert len(index.search(query, 5, np.empty(0, np.int64))[0]) == 0
    assert len(index.search(query, 5, np.array([2], np.int64))[0]) == 0  # an id not in the index


def test_more_than_there_is() -> None:
    index = DenseIndex.build(IDS[:3], VECTORS[:3])
    assert len(index.search(VECTORS[0], 99)[0]) == 3


@pytest.mark.parametrize("dimension", [0, 24])
def test_empty_index(tmp_path: Path, dimension: int) -> None:
    index = DenseIndex.build(np.empty(0, np.int64), np.empty((0, dimension), np.float32))
    path = tmp_path / "x.faiss"
    index.save(path)
    loaded = DenseIndex.load(path)
    assert loaded is not None
    assert len(loaded) == 0
    assert len(loaded.search(unit(1, 24)[0], 5)[0]) == 0


def test_saved_and_loaded_is_the_same(tmp_path: Path) -> None:
    path = tmp_path / "x.faiss"
    DenseIndex.build(IDS, VECTORS).save(path)
    loaded = DenseIndex.load(path)
    assert loaded is not None
    ids, vectors = loaded.stored()
    assert np.array_equal(ids, IDS)
    assert np.array_equal(vectors, VECTORS)
    assert [p.name for p in tmp_path.iterdir()] == ["x.faiss"]  # no temporary file stays


def test_the_file_is_a_header_and_what_faiss_writes(tmp_path: Path) -> None:
    """As earlier releases wrote it at once; now it is written and read in pieces."""
    index = DenseIndex.build(IDS, VECTORS)
    index.save(tmp_path / "x.faiss")
    payload = faiss.serialize_index(index._index).tobytes()
    header = struct.pack("<8sIQ", b"RAGDENS1", zlib.crc32(payload), len(payload))
    assert (tmp_path / "x.faiss").read_bytes() == header + payload


def test_large_files_are_never_in_memory_beside_the_index(tmp_path: Path) -> None:
    """Every copy that Python makes of a file, and this one has three pieces, would be seen."""
    vectors = unit(20_000, 32)
    index = DenseIndex.build(np.arange(20_000, dtype=np.int64), vectors)
    path = tmp_path / "x.faiss"
    tracemalloc.start()
    try:
        index.save(path)
        loaded = DenseIndex.load(path)
        most = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert path.stat().st_size > 2_700_000
    assert most < 2_400_000
    assert loaded is not None
    assert np.array_equal(loaded.stored()[1], vectors)


def test_a_full_disk_is_an_error_of_the_disk(tmp_path: Path) -> None:
    index = DenseIndex.build(np.arange(20_000, dtype=np.int64), unit(20_000, 32))
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, before[1]))
    try:
        with pytest.raises(OSError, match="too large"):
            index.save(tmp_path / "x.faiss")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, ignored)
    assert list(tmp_path.iterdir()) == []


def test_damaged_files_are_never_used(tmp_path: Path) -> None:
    path = tmp_path / "x.faiss"
    assert DenseIndex.load(path) is None
    DenseIndex.build(IDS[:40], VECTORS[:40]).save(path)
    whole = path.read_bytes()
    random = np.random.default_rng(3)
    damaged = [b"", b"garbage", whole[:10], whole[:-1], whole + b"\\0", random.bytes(len(whole))]
    for at in [*random.integers(0, len(whole), 300).tolist(), *range(24)]:
        flipped = bytearray(whole)
        flipped[at] ^= 1 << int(random.integers(8))
        damaged.append(bytes(flipped))
    for data in damaged:
        path.write_bytes(data)
        assert DenseIndex.load(path) is None
    path.write_bytes(whole)
    assert DenseIndex.load(path) is not None


def test_a_failed_save_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "x.faiss"
    DenseIndex.build(IDS[:4], VECTORS[:4]).save(path)
    before = path.read_bytes()
    (tmp_path / "sub").write_text("a file where a folder is needed")
    with pytest.raises(OSError, match="sub"):
        DenseIndex.build(IDS, VECTORS).save(tmp_path / "sub" / "y.faiss")
    assert path.read_bytes() == before
