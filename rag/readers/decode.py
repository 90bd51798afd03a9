"""Bytes become text without loss: what cannot be decoded is marked, never replaced or dropped.

A byte that is text in neither UTF-8 nor Windows-1252 becomes a lone surrogate; `build` refuses
the record that holds one, so one damaged line costs one record and not the file. A file whose
encoding cannot be told at all raises `UnreadableError`.
"""

from __future__ import annotations

import codecs
import contextlib
import re
from collections.abc import Iterable
from dataclasses import dataclass

from rag.errors import InputError

# Names under which the error handlers below are registered.
ERRORS = "rag-readers"
ERRORS_WESTERN = "rag-readers-western"
_GUESS_BYTES = 32_768  # how much of a file the encoding guess looks at
_STRAY_SHARE = 0.15  # more non-UTF-8 bytes than this is another encoding, not stray bytes

_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16, whose mark it starts with
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_MAGIC = (
    (b"%PDF", "a PDF; give its title and abstract as CSV, JSON or BibTeX instead"),
    (b"PK\x03\x04", "a ZIP archive or an Office document; unpack it, or save it as CSV"),
    (b"\x89PNG", "an image"),
    (b"\xff\xd8\xff", "an image"),
    (b"GIF8", "an image"),
    (b"BZh", "compressed with bzip2; unpack it first"),
    (b"\xfd7zXZ\x00", "compressed with xz; unpack it first"),
    (b"\x28\xb5\x2f\xfd", "compressed with zstd; unpack it first"),
    (b"SQLite format 3\x00", "an SQLite database; export it as CSV or JSON lines"),
    (b"PAR1", "a Parquet file; export it as CSV or JSON lines"),
    (b"\xd0\xcf\x11\xe0", "an old Office document; save it as CSV"),
)
_BINARY_BYTES = bytes(b for b in range(32) if b not in b"\t\n\v\f\r\x1a\x1b")
_DECLARED = re.compile(rb"""(?:charset|encoding)\s*=\s*["']?\s*([A-Za-z][\w.:-]{1,39})""")
# What a stray Windows-1252 byte plausibly is: a letter, or one of these.
_PUNCTUATION = frozenset(
    bytes(b for b in range(0x80, 0xC0) if b not in b"\x81\x8d\x8f\x90\x9d").decode("cp1252")
    + "\u00d7\u00f7"
)
_AFTER_A_WORD = b"\x85\x91\x92\x93\x94\x96\x97\xa0\xad\xb7\xbb"
_WESTERN = ("cp1252", "cp1254", "cp1258", "latin_1", "iso8859_9", "iso8859_15", "cp850", "cp437")
_IN_WORDS = frozenset("\u2018\u2019\u2013\u2014\u00b7\u00ad\u00a0")
# Western European words do not have three such letters in a row; other scripts do.
_OTHER_SCRIPT = re.compile(rb"[\xc0-\xff]{3}")


class UnreadableError(InputError):
    """A file, or the rest of it, cannot be read.

    Args:
        reason: one line for people, without the file's name.
        where: "line 12" or "record 3"; "" for the file as a whole.
    """

    def __init__(self, reason: str, where: str = "") -> None:
        super().__init__(reason, "Save the file as UTF-8 text, or give another one.")
        self.reason = reason
        self.where = where


@dataclass(frozen=True, slots=True)
class Encoding:
    """How to decode a file.

    Attributes:
        name: a Python codec name.
        note: one line for people when it took a guess; "" when it is certain.
        errors: the name of the error handler to use.
    """

    name: str
    note: str = ""
    errors: str = ERRORS


def _stray(error: UnicodeError) -> tuple[str, int]:
    """Decode one undecodable stretch as Windows-1252 where that makes sense, else mark it."""
    if not isinstance(error, UnicodeDecodeError):
        raise error
    stretch = error.object[error.start : error.end]
    marked = "".join(chr(0xDC00 + b) if b >= 0x80 else "\udcff" for b in stretch)
    # Two bytes and more are the beginning of a UTF-8 character that was cut off.
    if len(stretch) != 1 or not error.encoding.lower().startswith("utf-8"):
        return marked, error.end
    try:
        char = stretch.decode("cp1252")
    except UnicodeDecodeError:
        return marked, error.end
    before = error.object[error.start - 1 : error.start]
    after = error.object[error.end : error.end + 1]
    if char.isalpha() and char not in "\u00aa\u00ba":
        # A capital after a small letter ("caf\xc3") is half of a UTF-8 character, not a word.
        sensible = not (char.isupper() and before.islower())
    else:
        # A symbol inside a word is a letter of another encoding.
        sensible = char in _IN_WORDS or not (_is_letter(before) and _is_letter(after))
        sensible = sensible and char in _PUNCTUATION
    if sensible:
        return char, error.end
    return marked, error.end


def _stray_western(error: UnicodeError) -> tuple[str, int]:
    """As `_stray`, in a file without any UTF-8: there a letter and a quotation mark are two.

    "caf\xe9\x94" looks like the first two bytes of a Chinese character otherwise.
    """
    if isinstance(error, UnicodeDecodeError) and error.end - error.start == 2:
        stretch = error.object[error.start : error.end]
        if stretch[0] >= 0xC0 and stretch[1] in _AFTER_A_WORD:
            return stretch.decode("cp1252"), error.end
    return _stray(error)


def _is_letter(byte: bytes) -> bool:
    return byte.isalpha() or byte >= b"\xc0"


codecs.register_error(ERRORS, _stray)
codecs.register_error(ERRORS_WESTERN, _stray_western)


def binary_kind(head: bytes) -> str:
    """What a file that holds no text is, for people; "" when it may be text."""
    if any(head.startswith(bom) for bom, _ in _BOMS):
        return ""
    for magic, kind in _MAGIC:
        if head.startswith(magic):
            return kind
    if _utf16_without_mark(head):
        return ""
    if len(head) - len(head.translate(None, _BINARY_BYTES)) > 0.02 * len(head):
        return "binary data, not text"
    return ""


def _utf16_without_mark(head: bytes) -> str:
    """The byte order of UTF-16 text without a mark, told by where its NULs lie; "" if none."""
    size = len(head) // 2
    if size < 8 or b"\0" not in head:
        return ""
    even, odd = head[::2].count(0), head[1::2].count(0)
    if odd > 0.4 * size and even < 0.02 * size:
        return "utf-16-le"
    if even > 0.4 * size and odd < 0.02 * size:
        return "utf-16-be"
    return ""


def detect(head: bytes) -> Encoding:
    """Tell the encoding from a file's first bytes.

    Args:
        head: the beginning of the file, or all of it.

    Raises:
        UnreadableError: the bytes are no text, or no encoding fits them.
    """
    for bom, name in _BOMS:
        if head.startswith(bom):
            return Encoding(name)
    if kind := binary_kind(head):
        raise UnreadableError(f"it is {kind}")
    if name := _utf16_without_mark(head):
        return Encoding(name, f"read as {name.upper()}, which it does not say it is")
    # Incremental: the last bytes may be the first half of a character that goes on beyond.
    with contextlib.suppress(UnicodeDecodeError):
        codecs.getincrementaldecoder("utf-8")().decode(head)
        return Encoding("utf-8")
    valid = sum(1 for char in head.decode("utf-8", "ignore") if char > "\x7f")
    errors = ERRORS if valid else ERRORS_WESTERN
    text = codecs.getincrementaldecoder("utf-8")(errors).decode(head)
    strays = sum(1 for char in text if char > "\x7f") - valid
    marked = sum(1 for char in text if "\ud800" <= char <= "\udfff")
    western = marked == 0 and strays <= _STRAY_SHARE * len(head)
    if valid >= strays or (western and not _OTHER_SCRIPT.search(head)):
        note = f"{strays} stray bytes that are not UTF-8, read as Windows-1252"
        return Encoding("utf-8", note, errors)
    return _guess(head, () if marked < 0.1 * strays else _WESTERN)


def _guess(head: bytes, excluded: Iterable[str]) -> Encoding:
    """The encoding that the file declares, else the likeliest by its byte statistics."""
    if match := _DECLARED.search(head[:2048]):
        name = match.group(1).decode("ascii")
        try:
            codec = codecs.lookup(name).name
            head.decode(codec)
        except (LookupError, UnicodeError, ValueError):
            pass
        else:
            return Encoding(codec)
    from charset_normalizer import from_bytes

    try:
        best = from_bytes(head[:_GUESS_BYTES], cp_exclusion=list(excluded)).best()
    except Exception:  # the guess is a convenience: whatever fails in it only means "unknown"
        best = None
    if best is None:
        raise UnreadableError("its encoding cannot be told; it may be binary data")
    return Encoding(best.encoding, f"encoding guessed: {best.encoding}")


def peek(head: bytes) -> str:
    """The beginning of a file as text, for telling its format; "" when it is no text."""
    try:
        encoding = detect(head)
    except UnreadableError:
        return ""
    text = codecs.getincrementaldecoder(encoding.name)(encoding.errors).decode(head)
    return text.replace("\r\n", "\n").replace("\r", "\n")
