"""JSON as a sequence of records, whatever holds them: damage costs the records it touches.

Lines are read one at a time; an array is read element by element, so that everything before a
truncation is kept.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

from rag.readers.build import refuse
from rag.readers.keys import inner_of, known
from rag.readers.source import Source
from rag.records import Refusal

Value = tuple[str, dict[str, object]]  # where it stood, and the record

_DEPTH = 4  # how deep inside a wrapping object the list of records may lie
_COLLECTIONS = {"items", "papers", "results", "records", "data", "entries", "articles", "works"}
_SPACE = " \t\n\r"
_TOO_DEEP = "not JSON: nested too deeply"


def is_lines(head: str) -> bool:
    """Whether JSON text holds one object a line, told from its beginning.

    A single line does not: it may wrap a list, and is read whole either way.
    """
    lines = [line.strip() for line in head.split("\n", 20)[:20] if line.strip()]
    if len(lines) < 2 or not all(line.startswith("{") for line in lines[:2]):
        return False
    return any(_is_object(line) for line in lines)


def _is_object(line: str) -> bool:
    try:
        return isinstance(json.loads(line.rstrip(",")), dict)
    except (RecursionError, ValueError):
        return False


def read_lines(source: Source) -> Iterator[Value | Refusal]:
    """Yield the object on each line."""
    for number, line in enumerate(source.lines(), 1):
        text = line.strip().rstrip(",") if line.lstrip()[:1] == "{" else line.strip()
        if not text or text in ("[", "]"):
            continue
        where = f"line {number}"
        try:
            value = json.loads(text)
        except RecursionError:
            yield refuse(source, where, _TOO_DEEP)
        except ValueError as error:
            yield refuse(source, where, _reason(error))
        else:
            whole = isinstance(value, dict) and "title" in value  # else an API's page of them
            for record in [value] if whole else _records(value):
                if isinstance(record, dict):
                    yield where, record
                else:
                    yield refuse(source, where, "not a JSON object")


def read_whole(source: Source) -> Iterator[Value | Refusal]:
    """Yield the records of an array, of a list inside an object, or of objects in a row."""
    text = source.text()
    decoder = json.JSONDecoder()
    number = 0
    depth = 0  # inside the outermost array or not
    at = _skip(text, 0, _SPACE)
    if text[at : at + 1] == "[":
        depth, at = 1, at + 1
    while (at := _skip(text, at, _SPACE + ",")) < len(text):
        if depth and text[at] == "]":
            depth, at = 0, at + 1
            continue
        try:
            value, end = decoder.raw_decode(text, at)
        except (RecursionError, ValueError) as error:
            reason = _TOO_DEEP if isinstance(error, RecursionError) else _reason(error)
            line = text.count("\n", 0, getattr(error, "pos", at)) + 1
            where = f"record {number + 1}, line {line}"
            yield refuse(source, where, f"{reason}; reading stopped")
            return
        at = end
        for record in [value] if depth else _records(value):
            number += 1
            if isinstance(record, dict):
                yield f"record {number}", record
            else:
                yield refuse(source, f"record {number}", "not a JSON object")
    if depth:
        line = text.count("\n") + 1
        yield refuse(source, f"line {line}", "the array is not closed; the file may be cut off")


def read_any(source: Source) -> Iterator[Value | Refusal]:
    """Yield records by lines when the file is made of lines, else as a whole."""
    return read_lines(source) if is_lines(source.peek()) else read_whole(source)


def first_keys(head: str) -> set[str]:
    """The keys of the first record, as far as the beginning of the file shows it whole."""
    at = _skip(head, 0, _SPACE)
    if head[at : at + 1] == "[":
        at = _skip(head, at + 1, _SPACE)
    try:
        value, _ = json.JSONDecoder().raw_decode(head, at)
    except (RecursionError, ValueError):
        return set()
    records = _records(value)
    return set(records[0]) if isinstance(records[0], dict) else set()


def _records(value: object) -> list[object]:
    """The records in a value: those it wraps when it is no record itself, else the value."""
    if not isinstance(value, dict):
        return value if isinstance(value, list) and value else [value]
    fields = known(value)
    if "title" not in fields:
        found = _wrapped(list(value.values()), _DEPTH)
        # A record that keeps its fields one level down also says things beside them.
        whole = len(found) == 1 and found[0] is inner_of(value)
        return [value] if whole else found or [value]
    if "abstract" not in fields:  # a titled collection, or a paper without abstract
        lists = [value[key] for key in value if str(key).lower() in _COLLECTIONS]
        return _wrapped(lists, 1) or [value]
    return [value]


def _wrapped(values: list[object], depth: int) -> list[object]:
    """Every list of titled objects, and every titled object, among the values of an object."""
    found: list[object] = []
    for value in values:
        if isinstance(value, list) and any(_is_titled(v) or inner_of(v) for v in value[:50]):
            found += value
        elif _is_titled(value):
            found.append(value)
        elif isinstance(value, dict) and depth > 1:
            found += _wrapped(list(value.values()), depth - 1)
    return found


def _is_titled(value: object) -> bool:
    return isinstance(value, dict) and "title" in known(value)


def _skip(text: str, at: int, chars: str) -> int:
    while at < len(text) and text[at] in chars:
        at += 1
    return at


def _reason(error: ValueError) -> str:
    return f"not JSON: {getattr(error, 'msg', None) or error}"
