"""What every reader promises whatever the format: encodings, hostile files, paths."""

from __future__ import annotations

import gzip
import io
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from rag.errors import InputError, UsageError
from rag.readers import FORMATS, read_bytes, read_paths, sniff
from rag.records import Paper, Refusal

DATA = Path(__file__).parent / "data" / "readers"
ATOM = "http://www.w3.org/2005/Atom"


def only(data: str | bytes, format: str = "auto") -> Paper | Refusal:
    items = list(read_bytes(data.encode() if isinstance(data, str) else data, "up", format))
    assert len(items) == 1, items
    return items[0]


def paper(data: str | bytes, format: str = "auto") -> Paper:
    item = only(data, format)
    assert isinstance(item, Paper), item
    return item


def refusal(data: str | bytes, format: str = "auto") -> str:
    item = only(data, format)
    assert isinstance(item, Refusal), item
    return str(item)


def line(abstract: str, title: str = "A title") -> str:
    return json.dumps({"title": title, "abstract": abstract})


# ── encodings ───────────────────────────────────────────────────────────────────────────────────

CAFE = (
    "title,abstract\nThe caf\u00e9 problem,\u201cWe study the caf\u00e9\u201d \u2013 na\u00efvely."
)


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1252"]
)
def test_encodings(encoding: str) -> None:
    found = paper(CAFE.encode(encoding))
    assert found.title == "The caf\u00e9 problem"
    assert found.abstract == "\u201cWe study the caf\u00e9\u201d \u2013 na\u00efvely."


def test_guessed_encoding_is_noted() -> None:
    words = "\u041c\u044b \u0438\u0437\u0443\u0447\u0430\u0435\u043c \u044f\u0437\u044b\u043a\u043e\u0432\u044b\u0435 \u043c\u043e\u0434\u0435\u043b\u0438 \u0438 \u0438\u0445 \u043e\u0448\u0438\u0431\u043a\u0438 "  # noqa: E501
    notes: list[str] = []
    data = f"title,abstract\n{words},{words * 20}\n".encode("cp1251")
    items = list(read_bytes(data, "up", note=notes.append))
    assert isinstance(items[0], Paper)
    assert items[0].title == words.strip()
    assert len(notes) == 1
    assert notes[0].startswith("up: encoding guessed: ")


def test_polish_is_not_taken_for_western_european() -> None:
    text = (
        "W tej pracy badamy g\u0142\u0119bokie sieci neuronowe i ich zdolno\u015b\u0107 "
        "uog\u00f3lniania si\u0119. "
    )
    found = paper(("title,abstract\nTytu\u0142 pracy," + text * 10).encode("cp1250"))
    assert found.title == "Tytu\u0142 pracy"
    assert found.abstract == (text * 10).strip()


def test_stray_byte_in_utf8_is_read_as_windows_1252() -> None:
    notes: list[str] = []
    data = (
        "title,abstract\nGr\u00fc\u00dfe,\u00e4\u00f6\u00fc\nStray,caf".encode()
        + b"\xe9 \x96 here\n"
    )
    items = list(read_bytes(data, "up", note=notes.append))
    assert [item.abstract for item in items if isinstance(item, Paper)] == [
        "\u00e4\u00f6\u00fc",
        "caf\u00e9 \u2013 here",
    ]
    assert "2 stray bytes" in notes[0]


def test_undecodable_record_is_refused_with_its_line_and_the_rest_goes_in() -> None:
    good = "title,abstract\nGr\u00fc\u00dfe,\u00e4\u00f6\u00fc\n".encode()
    items = list(read_bytes(good + b"Cut,half a dash \xe2\x80\nNext,fine\n", "up"))
    assert [type(item) for item in items] == [Paper, Refusal, Paper]
    assert "up, line 3: it holds bytes" in str(items[1])
    assert "\ufffd" not in repr(items)


def test_stray_byte_beyond_the_head_of_a_big_file() -> None:
    rows = [line("plain text " * 30).encode() for _ in range(2000)]
    data = b"\n".join([*rows, b'{"title": "T", "abstract": "caf\xe9"}'])
    items = list(read_bytes(data, "up"))
    last = items[-1]
    assert isinstance(last, Paper)
    assert (len(items), last.abstract) == (2001, "caf\u00e9")


def test_lone_surrogate_escape_is_refused() -> None:
    assert "up, line 2: it holds" in str(
        list(
            read_bytes((line("ok") + '\n{"title": "T", "abstract": "a \\ud800 b"}').encode(), "up")
        )[1]
    )


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3", "PDF"),
        (b"PK\x03\x04\x14\x00", "ZIP"),
        (b"\x89PNG\r\n\x1a\n", "image"),
        (bytes(range(256)) * 20, "binary"),
        (b"", "empty"),
        (b" \n\n", "empty"),
        (b"Just one line of prose.\n", "not recognised"),
        (b"\x1f\x8b\x08\x00garbage", "reading stopped"),
        (b"[]", "no records"),
        (b'{"title": ', "not JSON"),
        (b"title,abstract\n", "no records"),
    ],
)
def test_files_that_hold_nothing_say_why(data: bytes, words: str) -> None:
    assert words in refusal(data)


# ── hostile files ───────────────────────────────────────────────────────────────────────────────


def test_external_entity_is_not_read(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("the secret")
    data = (
        f'<?xml version="1.0"?><!DOCTYPE feed [<!ENTITY x SYSTEM "file://{secret}">]>'
        f'<feed xmlns="{ATOM}"><entry><title>T</title><summary>&x; b</summary></entry></feed>'
    )
    for format in ("auto", "arxiv-atom", "pubmed-xml", "listing-html"):
        items = list(read_bytes(data.encode(), "up", format))
        assert "the secret" not in repr(items)
        assert all(isinstance(item, Refusal) for item in items)


@pytest.mark.parametrize("padding", [0, 300_000])
def test_billion_laughs_are_refused_at_once(padding: int) -> None:
    laughs = "".join(f'<!ENTITY l{i} "{f"&l{i - 1};" * 10}">' for i in range(1, 10))
    data = (
        f'<?xml version="1.0"?><!--{" " * padding}--><!DOCTYPE feed [<!ENTITY l0 "ha">{laughs}]>'
        f'<feed xmlns="{ATOM}"><entry><title>&l9;</title><summary>&l9;</summary></entry></feed>'
    )
    assert "entit" in refusal(data, "arxiv-atom")


def test_deep_nesting_is_refused() -> None:
    for format in ("json", "jsonl", "csl-json"):
        assert "nested too deeply" in refusal("[" * 200_000 + "]" * 200_000, format) or format
    html = "<div>" * 20_000 + "<h2>T</h2><p>An abstract.</p>"
    assert list(read_bytes(html.encode(), "up", "listing-html"))
    assert list(read_bytes(("<feed>" * 20_000).encode(), "up", "arxiv-atom"))


def test_xml_that_breaks_off_keeps_what_is_before() -> None:
    entry = f'<entry xmlns="{ATOM}"><title>T</title><summary>Some</summary></entry>'
    items = list(read_bytes(f'<feed xmlns="{ATOM}">{entry}\n<entry>'.encode(), "up"))
    assert [type(item) for item in items] == [Paper, Refusal]
    assert "line 2" in str(items[1])


# Each of these took a naive pattern minutes: repetition that is searched to the end every time.
@pytest.mark.parametrize(
    ("text", "format"),
    [
        ("@article{k,title={T},abstract={" + "\\(" * 90_000 + "}}", "bibtex"),
        ("@article{k,title={T},abstract={" + "\\[" * 90_000 + "}}", "bibtex"),
        ("@article{k,title={T},abstract={" + "$\\$" * 60_000 + "}}", "bibtex"),
        ("<!DOCTYPE a [" * 20_000, "arxiv-atom"),
        (json.dumps({"title": "T", "abstract": "Ab", "doi": "10.1000/" + ")" * 100_000}), "json"),
        (line("<p x=y " * 90_000), "json"),
        (line("&aaaaaaaaaaaaa" * 40_000), "json"),
        (line("https://a.b" * 18_000), "json"),
        ("@" * 250_000, "auto"),
        ("submitted by " + "a " * 40 + "\n" + "1." * 49 + "\n", "listing"),
    ],
)
def test_pathological_texts_take_no_time(text: str, format: str) -> None:
    started = time.perf_counter()
    assert list(read_bytes(text.encode(), "up", format))
    assert time.perf_counter() - started < 3


# ── paths ───────────────────────────────────────────────────────────────────────────────────────


def test_directory_is_read_sorted_without_hidden_files(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / ".git").mkdir()
    (tmp_path / "b.jsonl").write_text(line("Ab", "B"))
    (tmp_path / "a.txt").write_text(line("Ab", "A"))
    (tmp_path / "sub" / "c").write_text(line("Ab", "C"))
    (tmp_path / ".hidden").write_text(line("Ab", "hidden"))
    (tmp_path / ".git" / "x").write_text(line("Ab", "hidden"))
    (tmp_path / "notes.md").write_text("# Notes\n")
    os.mkfifo(tmp_path / "pipe")
    items = list(read_paths([str(tmp_path)]))
    assert [item.title for item in items if isinstance(item, Paper)] == ["A", "B", "C"]
    refused = [item for item in items if isinstance(item, Refusal)]
    assert [item.source for item in refused] == [str(tmp_path / "notes.md")]


def test_patterns(tmp_path: Path) -> None:
    for name in ("a[1].json", "b.json"):
        (tmp_path / name).write_text(line("Ab", name))
    assert len(list(read_paths([str(tmp_path / "*.json")]))) == 2
    # A file of that very name is meant before a pattern.
    assert len(list(read_paths([str(tmp_path / "a[1].json")]))) == 1


def test_missing_paths_raise_before_anything_is_read(tmp_path: Path) -> None:
    good = tmp_path / "a.json"
    good.write_text(line("Ab"))
    (tmp_path / "empty").mkdir()
    for bad in ("missing", "missing*.json", "empty", "nul\0"):
        with pytest.raises(InputError) as caught:
            read_paths([str(good), str(tmp_path / bad)])
        assert caught.value.remedy
    with pytest.raises(InputError):
        read_paths([])
    with pytest.raises(UsageError):
        read_paths([str(good)], "docx")
    with pytest.raises(UsageError):
        read_bytes(b"", "x", "docx")


def test_standard_input() -> None:
    found = list(read_paths(["-"], stdin=io.BytesIO(line("Ab").encode() + b"\n{\n")))
    assert isinstance(found[0], Paper)
    assert found[0].source == "stdin"
    assert [item.source for item in found if isinstance(item, Refusal)] == ["-"]


def test_gzip_is_told_by_its_bytes_and_damage_stops_reading(tmp_path: Path) -> None:
    packed = gzip.compress(
        "\n".join(line(f"Ab {i}", os.urandom(40).hex()) for i in range(6_000)).encode()
    )
    whole, cut = tmp_path / "whole", tmp_path / "cut.gz"
    whole.write_bytes(packed)
    cut.write_bytes(packed[:-20_000])
    assert sum(isinstance(item, Paper) for item in read_paths([str(whole)])) == 6_000
    items = list(read_paths([str(cut)]))
    assert len(items) > 1_000
    assert "reading stopped" in str(items[-1])


class _Endless(io.RawIOBase):
    """JSON lines without end, in pieces as a pipe hands them over."""

    def __init__(self) -> None:
        self.given = 0

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        self.given += 1
        return (line(f"Ab {self.given}", f"T {self.given}") + "\n").encode()


def test_lines_are_streamed() -> None:
    stream = _Endless()
    found: Iterator[Paper | Refusal] = read_paths(["-"], stdin=stream)  # type: ignore[arg-type]
    assert [next(found).title for _ in range(3)] == ["T 1", "T 2", "T 3"]  # type: ignore[union-attr]
    assert stream.given < 20_000


def test_import_loads_nothing_heavy() -> None:
    heavy = "lxml", "rispy", "bibtexparser", "charset_normalizer", "csv", "rag.readers.build"
    code = f"import sys, rag.readers; print([m for m in {heavy!r} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_format_names() -> None:
    assert FORMATS[0] == "auto"
    assert len(FORMATS) == 16
    assert sniff(b"") is None
