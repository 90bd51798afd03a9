"""The map: places and topics are the same every time, names say what the papers are about, and
the drawing holds every paper and nothing harmful."""

from __future__ import annotations

import dataclasses
import json
import os
import re
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree, html

from rag.mapping import Map, Point, cache_path, drawing, map_of, paper_vectors, projecting
from rag.mapping.drawing import HEIGHT, WIDTH, map_html, map_svg
from rag.mapping.placing import placed
from rag.mapping.projecting import clusters, project
from rag.mapping.topics import labels
from rag.records import Paper

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from rag.embedding import Embedder
    from rag.index import OpenIndex

PREPARED = os.environ["RAG_CACHE"]  # where models stand, by conftest.py
SVG = "{http://www.w3.org/2000/svg}"
HOSTILE = "</title><script>alert(1)</script>\"' onload=x <b>&amp; \x00\x1b\u202e\ud800 ]]>"


def blobs(sizes: tuple[int, ...], spread: float = 0.25, seed: int = 1) -> NDArray[np.float32]:
    """Unit vectors around as many directions, in order."""
    rng = np.random.default_rng(seed)
    centres = np.linalg.qr(rng.normal(size=(32, len(sizes))))[0].T
    rows = np.repeat(centres, sizes, axis=0)
    rows = rows + rng.normal(size=rows.shape) * spread / np.sqrt(32)
    return unit(rows)


def unit(rows: NDArray[Any]) -> NDArray[np.float32]:
    scaled: NDArray[np.float32] = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    return scaled.astype(np.float32)


def all_differ(places: NDArray[np.float32]) -> bool:
    return len({place.tobytes() for place in places}) == len(places)


# ── places ──────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("n", [0, 1, 2, 3, 4, 7, 8, 9, 60])
def test_places_are_in_range_distinct_and_the_same_every_time(n: int) -> None:
    vectors = blobs((n,), 1.0)
    places = project(vectors)
    assert places.shape == (n, 2)
    assert places.dtype == np.float32
    assert np.isfinite(places).all()
    assert ((places >= 0) & (places <= 1)).all()
    assert all_differ(places)
    assert np.array_equal(places, project(vectors))


def test_places_fill_the_plane() -> None:
    places = project(blobs((20, 20, 20)))
    assert np.allclose(places.min(axis=0), 0, atol=0.02)
    assert np.allclose(places.max(axis=0), 1, atol=0.02)


@pytest.mark.parametrize("kinds", [1, 2, 3, 20])
def test_equal_vectors_get_places_beside_each_other(kinds: int) -> None:
    vectors = np.repeat(blobs((kinds,), 1.0), 15, axis=0)
    places = project(vectors).astype(float)
    gaps = np.linalg.norm(places[:, None] - places[None], axis=2) + np.eye(len(places))
    assert gaps.min() > 0.003
    for first in range(0, len(places), 15):
        assert np.linalg.norm(np.ptp(places[first : first + 15], axis=0)) < 0.4


def test_vectors_that_differ_by_rounding_only_are_placed() -> None:
    rng = np.random.default_rng(0)
    vectors = unit(np.repeat(blobs((1,)), 30, axis=0) + rng.normal(size=(30, 32)) * 1e-7)
    places = project(vectors)
    assert np.isfinite(places).all()
    assert all_differ(places)


def neighbours_alike(places: NDArray[np.float32], groups: NDArray[np.int64]) -> float:
    """Share of places whose nearest other is of the same group."""
    gaps = np.linalg.norm(places[:, None].astype(float) - places[None], axis=2)
    np.fill_diagonal(gaps, np.inf)
    return float((groups[gaps.argmin(axis=1)] == groups).mean())


def test_like_papers_are_neighbours() -> None:
    groups = np.repeat(np.arange(4), 30)
    assert neighbours_alike(project(blobs((30,) * 4)), groups) > 0.97


def test_of_many_papers_those_not_sampled_are_neighbours_of_their_like(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(projecting, "_WHOLE", 150)
    monkeypatch.setattr(projecting, "_SAMPLED", 100)
    vectors, groups = blobs((100,) * 4), np.repeat(np.arange(4), 100)
    places = project(vectors)
    assert neighbours_alike(places, groups) > 0.97
    assert all_differ(places)
    assert ((places >= 0) & (places <= 1)).all()
    assert np.array_equal(places, project(vectors))


# ── groups ──────────────────────────────────────────────────────────────────────────────────────


def test_clear_groups_are_found_and_numbered_by_falling_size() -> None:
    sizes = (20, 44, 12, 30)
    found = clusters(blobs(sizes), 0)
    expected = np.repeat([2, 0, 3, 1], sizes)
    assert found.dtype == np.int64
    assert np.array_equal(found, expected)
    assert np.array_equal(clusters(blobs(sizes), 7), expected)


@pytest.mark.parametrize("n", [0, 1, 2, 3, 8])
def test_few_papers_are_one_group(n: int) -> None:
    assert clusters(blobs((n,), 1.0), 0).tolist() == [0] * n


def test_equal_vectors_are_one_group() -> None:
    assert not clusters(np.repeat(blobs((1,)), 80, axis=0), 0).any()


def test_more_groups_than_kinds_of_vectors_are_never_made() -> None:
    found = clusters(np.repeat(blobs((3,), 1.0), 60, axis=0), 0)
    assert 2 <= len(set(found.tolist())) <= 3


def test_groups_are_at_most_twelve_and_none_is_empty() -> None:
    found = clusters(blobs((60,) * 20, 0.6), 0)
    assert set(found.tolist()) == set(range(found.max() + 1))
    assert found.max() < 12
    assert (np.diff(np.bincount(found)) <= 0).all()


def test_a_papers_vector_is_the_mean_of_its_passages() -> None:
    owners = np.array([7, 3, 7], np.int64)
    passages = np.array([[1, 0], [0, 2], [0, 1]], np.float32)
    papers, vectors = paper_vectors(owners, passages)
    assert papers.tolist() == [3, 7]
    assert np.allclose(vectors, [[0, 1], [0.5**0.5, 0.5**0.5]])


# ── names ───────────────────────────────────────────────────────────────────────────────────────

SPEECH = [
    "Speech recognition for TTS systems. We propose a novel method; results show performance.",
    "Robust Speech Recognition. Our approach to speech recognition achieves state-of-the-art TTS.",
    "We present TTS without transcripts. Experiments on speech recognition show improvements.",
    "Speech recognition at low cost, an extensive study of TTS and prosody.",
]
PROTEINS = [
    "Protein folding with enzymes. We propose a novel method; results show performance.",
    "Enzyme kinetics. Protein folding is improved and achieves state-of-the-art results.",
    "On protein folding: experiments with an enzyme demonstrate our approach.",
    "A study of protein folding, enzymes and ligands.",
]


def test_names_say_what_each_group_is_about() -> None:
    speech, proteins = labels(SPEECH + PROTEINS, [0] * 4 + [1] * 4)
    assert speech.split(", ")[:2] == ["speech recognition", "TTS"]
    assert "protein folding" in proteins.split(", ")
    assert "enzyme" in proteins


def test_names_hold_nothing_that_all_abstracts_say() -> None:
    words = re.findall(r"[\w-]+", " ".join(labels(SPEECH + PROTEINS, [0] * 4 + [1] * 4)).lower())
    said = {"method", "propose", "results", "performance", "state-of-the-art", "novel", "study"}
    assert not said.intersection(words)


def test_a_name_never_says_the_same_twice() -> None:
    texts = ["A network of networks, networking neural networks, network pruning."] * 4
    texts += ["Bayesian inference of priors, a prior for Bayesians."] * 4
    for name in labels(texts, [0] * 4 + [1] * 4):
        beginnings = [word[:5].lower() for word in re.findall(r"\w{4,}", name)]
        assert len(set(beginnings)) == len(beginnings), name


def test_a_short_form_does_not_stand_beside_its_long_form() -> None:
    texts = ["Neural architecture search (NAS) is costly; NAS with neural architecture search."] * 5
    texts += ["Coral reefs bleach."] * 5
    name = labels(texts, [0] * 5 + [1] * 5)[0]
    assert ("NAS" in name) != ("neural architecture search" in name)


def test_terms_are_shown_as_they_are_mostly_written() -> None:
    texts = ["LLMs hallucinate. Gaussian Splatting; Gaussian splatting of BERT, mRNA."] * 4
    texts += ["Coral reefs bleach."] * 4
    name = labels(texts, [0] * 4 + [1] * 4)[0]
    terms = name.split(", ")
    assert {"Gaussian splatting", "LLMs", "BERT", "mRNA", "LLMs hallucinate"}.issuperset(terms)


def test_a_phrase_stands_for_the_word_that_only_occurs_in_it() -> None:
    texts = ["Reinforcement learning agents explore by reinforcement learning."] * 4
    texts += ["Coral reefs bleach in the sea."] * 4
    name = labels(texts, [0] * 4 + [1] * 4)[0]
    assert "reinforcement learning" in name
    assert "reinforcement" not in name.split(", ")


def test_a_large_group_is_named_by_what_all_along_it_say() -> None:
    texts = ["Speech recognition of dialects."] * 2000 + ["Protein folding by enzymes."] * 2000
    assignment = [0] * 2000 + [1] * 2000
    speech, proteins = labels(texts, assignment)
    assert "speech recognition" in speech.lower()
    assert "protein folding" in proteins.lower()
    mixed = labels(["Coral reefs bleach."] * 1000 + texts[1000:], [0] * 1000 + assignment[1000:])
    assert {"speech recognition", "coral reefs"} & set(mixed[0].lower().split(", "))


def test_groups_about_the_same_get_different_names() -> None:
    found = labels(["Coral reefs bleach."] * 9, [0, 1, 2] * 3)
    assert len(set(found)) == 3


def test_texts_without_words_get_a_name_all_the_same() -> None:
    assert labels(["", "…", "12 % of 3"], [0, 0, 1]) == ("other papers", "other papers (2)")
    assert labels([], []) == ()


def test_a_group_for_each_text_is_asked_for() -> None:
    with pytest.raises(ValueError, match="2 texts but 1 groups"):
        labels(["a", "b"], [0])


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.text(max_size=60), st.integers(0, 2)), max_size=8))
def test_any_texts_get_names_that_differ(papers: list[tuple[str, int]]) -> None:
    kinds = sorted({group for _, group in papers})
    assignment = [kinds.index(group) for _, group in papers]
    found = labels([text for text, _ in papers], assignment)
    assert len(found) == len(kinds)
    assert len({name.casefold() for name in found}) == len(kinds)
    assert all(name.strip() for name in found)
    assert found == labels([text for text, _ in papers], assignment)


# ── the map of an index ─────────────────────────────────────────────────────────────────────────


def some_papers(first: int, last: int) -> list[Paper]:
    topics = ("Speech recognition of dialects", "Protein folding by enzymes", "Coral reefs at sea")
    return [
        Paper(
            "", f"{topics[n % 3]} {n}", f"{topics[n % 3]} is studied in region {n}.", year=2000 + n
        )
        for n in range(first, last)
    ]


@pytest.fixture
def index(embedder: Embedder, tmp_path: Path) -> Iterator[OpenIndex]:
    from rag.index import OpenIndex

    add(tmp_path / "index", some_papers(0, 30), embedder)
    opened = OpenIndex(tmp_path / "index", embedder)
    yield opened
    opened.close()


def add(place: Path, papers: list[Paper], embedder: Embedder) -> None:
    from rag.config import Settings
    from rag.index import add_papers
    from rag.session import token_counter

    add_papers(place, papers, embedder, token_counter(), Settings())


@pytest.fixture
def cache(index: OpenIndex, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache folder, for maps only: models were prepared in another."""
    monkeypatch.setenv("RAG_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def test_the_map_of_an_index_holds_every_paper(index: OpenIndex, cache: Path) -> None:
    made = map_of(index)
    papers = list(index.snapshot.papers())
    assert [(p.paper_id, p.title, p.year) for p in made.points] == [
        (p.id, p.title, p.year) for p in papers
    ]
    assert all(0 <= p.x <= 1 and 0 <= p.y <= 1 for p in made.points)
    assert {p.topic for p in made.points} == set(range(len(made.topics)))


def test_nothing_is_written_where_the_index_stands(index: OpenIndex, cache: Path) -> None:
    before = {p.name for p in index.directory.iterdir()}
    map_of(index)
    assert {p.name for p in index.directory.iterdir()} == before
    assert [p.name for p in cache.iterdir()] == [cache_path(index.snapshot).name]


def test_a_map_that_was_made_is_not_made_again(index: OpenIndex, cache: Path) -> None:
    made = map_of(index)
    path = cache_path(index.snapshot)
    held = json.loads(path.read_text(encoding="utf-8"))
    held["points"][4][1] = 0.12345  # what no computation would come to
    path.write_text(json.dumps(held), encoding="utf-8")
    again = map_of(index)
    assert again.points[4] == dataclasses.replace(made.points[4], x=0.12345)
    assert again.points[5:] == made.points[5:]
    assert again.topics == made.topics


def test_two_maps_at_once_are_made_one_after_the_other(
    index: OpenIndex, embedder: Embedder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import threading

    from threadpoolctl import threadpool_info  # type: ignore[import-untyped]  # it has no types

    from rag.index import OpenIndex
    from rag.mapping import projecting

    add(tmp_path / "second", some_papers(0, 24), embedder)
    second = OpenIndex(tmp_path / "second", embedder)
    monkeypatch.setenv("RAG_CACHE", str(tmp_path / "cache"))
    threads: list[set[int]] = []  # of numpy, whenever a map is being placed
    placed = projecting._apart

    def numpy_threads() -> set[int]:
        # None where numpy has threads of another kind.
        return {p["num_threads"] for p in threadpool_info() if "numpy" in p["filepath"]}

    def watched(places: Any) -> Any:
        threading.Event().wait(0.5)  # so that others meet this one, if they may
        threads.append(numpy_threads())
        return placed(places)

    monkeypatch.setattr(projecting, "_apart", watched)
    before = numpy_threads()
    several = [index, second, index]
    made: list[Any] = [None] * len(several)

    def make(n: int) -> None:
        made[n] = map_of(several[n])

    workers = [threading.Thread(target=make, args=(n,)) for n in range(len(several))]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    second.close()
    assert len(threads) == 2  # the same one is made once
    assert all(found <= {1} for found in threads)
    assert numpy_threads() == before
    assert made[0] == made[2] != made[1]


def without_a_point(held: Any) -> Any:
    return held | {"points": held["points"][1:]}


def with_a_first_point(*values: Any) -> Any:
    def change(held: Any) -> Any:
        return held | {"points": [[held["points"][0][0], *values], *held["points"][1:]]}

    return change


@pytest.mark.parametrize(
    "damage",
    [
        without_a_point,
        with_a_first_point(0.5, 7.0, 0),
        with_a_first_point(float("nan"), 0.5, 0),
        with_a_first_point(0.5, 0.5, 99),
        with_a_first_point(0.5, 0.5, [0]),
        with_a_first_point(0.5, 0.5),
        with_a_first_point("left", 0.5, 0),
        lambda held: held | {"topics": "speech"},
        lambda held: held | {"topics": [1] * len(held["topics"])},
        lambda held: {"points": held["points"]},
        lambda held: [held],
        lambda held: None,
    ],
)
def test_a_damaged_cache_file_is_made_anew(index: OpenIndex, cache: Path, damage: Any) -> None:
    made = map_of(index)
    path = cache_path(index.snapshot)
    whole = path.read_bytes()
    path.write_text(json.dumps(damage(json.loads(whole))), encoding="utf-8")
    assert map_of(index) == made
    assert path.read_bytes() == whole


@pytest.mark.parametrize("rest", [b"", b"{", b"\xff\xfe", b"[" * 100_000])
def test_a_cache_file_that_is_no_json_is_made_anew(
    index: OpenIndex, cache: Path, rest: bytes
) -> None:
    made = map_of(index)
    cache_path(index.snapshot).write_bytes(rest)
    assert map_of(index) == made


def test_a_cache_that_cannot_be_written_costs_nothing_but_time(
    index: OpenIndex, cache: Path
) -> None:
    cache.write_text("a file where a folder should be")
    assert map_of(index) == map_of(index)


def test_a_changed_index_gets_a_new_map_and_the_old_one_goes(
    index: OpenIndex, cache: Path, embedder: Embedder, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert len(map_of(index).points) == 30
    before = cache_path(index.snapshot)
    monkeypatch.setenv("RAG_CACHE", PREPARED)
    add(index.directory, some_papers(30, 34), embedder)
    monkeypatch.setenv("RAG_CACHE", str(cache))
    index.refresh()
    assert len(map_of(index).points) == 34
    assert [p.name for p in cache.iterdir()] == [cache_path(index.snapshot).name]
    assert before.name != cache_path(index.snapshot).name


def test_the_listings_map_is_the_same_every_time_and_has_readable_topics(
    listing_index: OpenIndex, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RAG_CACHE", str(tmp_path / "one"))
    made = map_of(listing_index)
    monkeypatch.setenv("RAG_CACHE", str(tmp_path / "two"))
    assert map_of(listing_index) == made
    assert len(made.points) == listing_index.snapshot.count() == 217
    assert 3 <= len(made.topics) <= 9
    search = [p.topic for p in made.points if "Neural Architecture Search" in p.title]
    most = max(set(search), key=search.count)
    assert search.count(most) >= 0.7 * len(search)
    assert "neural architecture search" in made.topics[most]
    assert all(len(name) <= 60 for name in made.topics)


# ── the drawing ─────────────────────────────────────────────────────────────────────────────────


def a_map(n: int = 40, topics: int = 3, title: str = "On corals") -> Map:
    rng = np.random.default_rng(3)
    places = rng.random((n, 2)).tolist()
    names = tuple(f"topic number {k}, corals and other animals" for k in range(topics))
    return Map(
        tuple(
            Point(f"p{i}", f"{title} {i}", 2020 if i % 2 else None, x, y, i % topics)
            for i, (x, y) in enumerate(places)
        ),
        names if n else (),
    )


def points(svg: str) -> list[Any]:
    return [g for g in etree.fromstring(svg).iter(f"{SVG}g") if "point" in g.get("class").split()]


def test_every_paper_is_a_button_that_says_what_it_is() -> None:
    drawn = points(map_svg(a_map()))
    assert [g.get("data-paper") for g in drawn] == [f"p{i}" for i in range(40)]
    assert {g.get("role") for g in drawn} == {"button"}
    said = "On corals 1, 2020, topic number 1, corals and other animals"
    assert drawn[1].get("aria-label") == drawn[1].findtext(f"{SVG}title") == said
    assert drawn[0].get("aria-label").startswith("On corals 0, topic number 0")


@pytest.mark.parametrize(
    ("marked", "found", "entry"),
    [([], [], "p0"), ([], ["p7", "p3"], "p7"), (["p9", "p2"], ["p7"], "p9")],
)
def test_the_map_is_one_stop_of_the_tab_key(
    marked: list[str], found: list[str], entry: str
) -> None:
    drawn = points(map_svg(a_map(), marked, found))
    assert [g.get("data-paper") for g in drawn if g.get("tabindex") == "0"] == [entry]
    assert {g.get("tabindex") for g in drawn} == {"0", "-1"}


def test_colours_and_sizes_are_the_pages_to_give() -> None:
    svg = map_svg(a_map(topics=3), ["p1"], ["p2"])
    root = etree.fromstring(svg)
    assert root.get("viewBox").startswith("0 0 ")
    assert root.get("width") is None
    assert root.get("height") is None
    for element in root.iter():
        assert not {"style", "fill", "stroke", "href"}.intersection(element.attrib)
        assert element.tag not in {f"{SVG}script", f"{SVG}style", f"{SVG}image"}
    assert set(re.findall(r"topic-\d+", svg)) == {"topic-0", "topic-1", "topic-2"}


def test_more_topics_than_colours_share_them() -> None:
    assert set(re.findall(r"topic-\d+", map_svg(a_map(60, 15)))) == {
        f"topic-{n}" for n in range(12)
    }


def test_sources_are_last_numbered_in_the_answers_order_and_ringed() -> None:
    drawn = points(map_svg(a_map(), ["p9", "p3", "p9", "p20"], ["p3", "p5"]))
    assert [g.get("data-paper") for g in drawn[-4:]] == ["p5", "p9", "p3", "p20"]
    assert [g.findtext(f"{SVG}text") for g in drawn[-4:]] == [None, "1", "2", "3"]
    assert [g.get("class").split()[1] for g in drawn[-4:]] == ["found", *["source"] * 3]
    assert drawn[-3].get("aria-label").startswith("Source 1: On corals 9, 2020")
    assert len({g.get("data-paper") for g in drawn}) == len(drawn) == 40
    radius = {g.get("data-paper"): float(g.findall(f"{SVG}circle")[-1].get("r")) for g in drawn}
    assert radius["p9"] > 1.5 * radius["p0"]
    assert [len(g.findall(f"{SVG}circle")) for g in drawn[-5:]] == [1, 2, 2, 2, 2]


def test_a_source_that_is_not_on_the_map_is_owned_up_to() -> None:
    svg = map_svg(a_map(), ["gone", "p1"])
    assert "1 of 2 sources is not on this map." in svg
    assert points(svg)[-1].findtext(f"{SVG}text") == "2"
    assert "not on this map" not in map_svg(a_map(), ["p1"])


def test_hostile_titles_ids_and_topics_stay_text() -> None:
    plan = Map(
        (Point(HOSTILE, HOSTILE, 2020, 0.2, 0.2, 0), Point("b", HOSTILE, None, 0.7, 0.7, 0)),
        (HOSTILE,),
    )
    for marked in ((), (HOSTILE,)):
        svg = map_svg(plan, marked, ("b",))
        svg.encode("utf-8")
        root = etree.fromstring(svg)
        tags = {element.tag.removeprefix(SVG) for element in root.iter()}
        assert tags <= {"svg", "g", "path", "circle", "title", "text"}
        assert "alert(1)" in points(svg)[0].findtext(f"{SVG}title")
        allowed = {"class", "data-paper", "tabindex", "role", "aria-label"}
        assert all(set(g.attrib) == allowed for g in points(svg))
        assert not re.search("[\x00-\x08\x1b\u202e\ud800-\udfff]", svg)
        page = html.fromstring(map_html(plan, marked, ("b",)))
        assert not page.xpath("//script | //b | //*[@onload]")


@settings(max_examples=40, deadline=None)
@given(st.text(), st.text(), st.text(min_size=1))
def test_any_text_leaves_the_drawing_well_formed(paper: str, title: str, topic: str) -> None:
    plan = Map((Point(paper, title, 1999, 0.5, 0.5, 0),), (topic,))
    assert len(points(map_svg(plan, (paper,)))) == 1
    html.fromstring(map_html(plan, (), (paper,)))


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(st.text(max_size=50), st.floats(0, WIDTH), st.floats(0, HEIGHT)), max_size=12
    )
)
def test_no_name_lies_over_another_or_beyond_the_edge(
    names: list[tuple[str, float, float]],
) -> None:
    places = [(x, y) for _, x, y in names]
    found = placed(
        [name for name, _, _ in names], [[p] for p in places], places, places[:2], WIDTH, HEIGHT
    )
    assert [name.topic for name in found] == list(range(len(names)))
    assert not any(a.overlaps(b) for a, b in combinations(found, 2))
    for name in found:
        assert name.width / 2 <= name.x <= WIDTH - name.width / 2
        assert name.height / 2 <= name.y <= HEIGHT - name.height / 2


def test_a_name_stands_among_its_papers_and_off_the_sources() -> None:
    core = [(300.0, 300.0), (310.0, 310.0), (290.0, 305.0)]
    (free,) = placed(["corals"], [core], core, [], WIDTH, HEIGHT)
    assert abs(free.x - 300) < 60
    assert abs(free.y - 305) < 60
    (moved,) = placed(["corals"], [core], core, core, WIDTH, HEIGHT)
    covers = [
        abs(moved.x - x) < moved.width / 2 and abs(moved.y - y) < moved.height / 2 for x, y in core
    ]
    assert not any(covers)


def test_a_long_name_is_cut_with_an_ellipsis() -> None:
    svg = map_svg(Map((Point("a", "A", None, 0.5, 0.5, 0),), ("coral " * 20,)))
    shown = etree.fromstring(svg).findtext(f".//{SVG}g[@class='name topic-0']/{SVG}text")
    assert shown.endswith("…")
    assert len(shown) <= 34


def test_of_many_papers_all_are_drawn_as_dots_and_the_answers_singly() -> None:
    plan = a_map(5000, 12)
    svg = map_svg(plan, ["p7"], ["p8"])
    assert [g.get("data-paper") for g in points(svg)] == ["p8", "p7"]
    assert svg.count("h0") >= 4998
    dots = [p for p in etree.fromstring(svg).iter(f"{SVG}path") if "dots" in p.get("class")]
    assert sum(path.get("d").count("h0") for path in dots) == 4998
    assert "are drawn" not in svg


def test_papers_left_out_of_the_drawing_are_owned_up_to() -> None:
    plan = a_map(90_000, 12)
    svg = map_svg(plan, ["p7"])
    assert "60,001 of 90,000 papers are drawn." in svg
    assert len(svg.encode()) < 1_500_000


def test_long_titles_do_not_make_a_large_file(monkeypatch: pytest.MonkeyPatch) -> None:
    svg = map_svg(a_map(3000, 12, title="<&>" * 300), ["p7"])
    assert len(svg.encode()) < 1_500_000
    assert svg.count("h0") >= 2999
    monkeypatch.setattr(drawing, "_RINGED", 5)
    assert "The first 5 of 9 papers found have a ring." in map_svg(
        a_map(), [], [f"p{n}" for n in range(9)]
    )


def test_a_map_without_papers_says_so() -> None:
    assert "There are no papers yet." in map_svg(a_map(0))
    html.fromstring(map_html(a_map(0)))


def test_the_key_counts_papers_and_the_hidden_sentence_tells_what_is_seen() -> None:
    page = html.fromstring(map_html(a_map(), ["p4"], ["p5"]))
    items = [item.text_content() for item in page.xpath("//ul[@class='map-key']/li")]
    assert items == [
        "topic number 0, corals and other animals 14 papers",
        "topic number 1, corals and other animals 13 papers",
        "topic number 2, corals and other animals 13 papers",
        "1source of the answer",
        "also found",
    ]
    (said,) = page.xpath("//p[@class='visually-hidden']/text()")
    assert said.startswith("A map of 40 papers; papers near each other are alike.")
    assert "Sources of the answer: On corals 4 (in topic number 1, corals" in said
    assert len(page.xpath("//ul[@class='map-key']/li")) == 5
    assert len(html.fromstring(map_html(a_map())).xpath("//ul[@class='map-key']/li")) == 3
