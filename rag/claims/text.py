"""Texts become tokens that compare by key: equal keys mean interchangeable words, and every
token knows its segment (the stretch between punctuation or contrast words) and its sentence.

Pure and cached: one text always gives the same tokens.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Literal

from rag.claims.lexicon import FUNCTION, SOFT
from rag.claims.quantities import (
    FRACTIONS,
    MULTIPLES,
    SCALES,
    UNIT_NAMES,
    WORDS,
    Bound,
    Quantity,
    bound_after,
    bound_word,
    parse_digits,
)
from rag.claims.stems import stem
from rag.claims.synonyms import PHRASES, key_of
from rag.claims.thesaurus import JOINTS
from rag.claims.wordlists import words

Kind = Literal["word", "name", "number", "function", "mark"]


@dataclass(frozen=True, slots=True)
class Token:
    """One word, number or mark of a text.

    Attributes:
        text: as written; low: in lower case; key: what it is compared by.
        position: 0-based index among the tokens of its text.
        segment: 0-based, grows at punctuation and contrast words.
        glued: no white space before it (parts of "GPT-4").
        quantity: for numbers only.
    """

    text: str
    low: str
    key: str
    kind: Kind
    position: int
    segment: int
    glued: bool = False
    quantity: Quantity | None = None

    def __hash__(self) -> int:
        return hash((self.low, self.position))

    @property
    def content(self) -> bool:
        """Whether the token says something: a word or a name."""
        return self.kind in ("word", "name")

    @property
    def soft(self) -> bool:
        """Whether the word belongs to the frame of a report ("method", "shows")."""
        return self.kind == "word" and stem(self.low) in SOFT


_DASH = str.maketrans(
    dict.fromkeys("‐‑‒–−", "-") | dict.fromkeys("‘’ʼ", "'") | {"—": ";", "×": "x"}
)
# Formatting commands go; the others are symbols, which keep their names, as in "alpha-stable".
_LATEX = re.compile(r"\\(?:%|,|;)|\\[a-zA-Z]+\*?|[{}$`*_~\"“”]")
_KEEP = {"\\times": "x", "\\%": "%", "\\pm": "±", "\\to": " to ", "\\rightarrow": " to "}
_FORMAT = re.compile(
    r"\\(?:text\w*|math\w*|operatorname|emph|left|right|[bB]igg?[lr]?|rm|bf|it|sc|tt|sf|bm|boldsymbol"
    r"|cite\w*|ref|label|url|href|footnote|quad|qquad|displaystyle|sim|approx|cdot|ensuremath"
    r"|xspace|l?dots|small|large|footnotesize|underline|item|begin|end|par|noindent)\*?\Z"
)
# Relations and powers say something: "p < 0.05", "≥ 65", "10⁶". Tags and arrows are none.
_UP = re.compile(r"[≤⩽]|\\(?:leq?|leqslant|lt)(?![a-zA-Z])|(?<![-=<])<=?(?=\s*\$?\s*[\d.]|\s+\S)")
_LOW = re.compile(
    r"[≥⩾]|\\(?:geq?|geqslant|gt)(?![a-zA-Z])|(?<![-=>])>=?(?=\s*\$?\s*[\d.])|(?<=\s)>=?(?=\s)"
)
_POWER = re.compile(r"(?<=\d)[⁺⁻]?[⁰¹²³⁴-⁹]+")
_GLUE = re.compile(
    r"\b(pre|non|multi|re|semi|sub|co|un|micro|inter|intra|anti|de|over|under|fine)-(?=[a-z]{3})",
    re.I,
)
_CONTRACTED = re.compile(r"n't\b|(?<=\w)'s?(?!\w)")
_PIECE = re.compile(
    r"(?<![\w)])[+-]?\d[\d,]*(?:\.\d+)?(?:[eE][+-]\d+)?%?[A-Za-z°×]*|\d[\d,]*(?:\.\d+)?"
    r"(?:[eE][+-]\d+)?%?[A-Za-z°×]*|[^\W\d_][^\W_]*|°C|\S"
)
_CONTRAST = frozenset(words("""but while whereas although though yet however because unless"""))
_MARKS = frozenset(",;:.()?!")


def normalise(text: str) -> str:
    """Fold what is typography only: Unicode forms, dashes, LaTeX, possessives, contractions."""
    text = _UP.sub(" at most ", _LOW.sub(" at least ", text))
    text = _POWER.sub(lambda m: "^" + m.group(), text)
    text = unicodedata.normalize("NFKC", text).translate(_DASH)
    text = _LATEX.sub(_plain, text)
    text = _CONTRACTED.sub(lambda m: " not" if m.group() == "n't" else "", text)
    text = text.replace("cannot", "can not").replace("can't", "can not")
    return " ".join(_GLUE.sub(r"\1", text).split())


def _plain(found: re.Match[str]) -> str:
    """What stays of LaTeX markup."""
    command = found.group()
    if command in _KEEP or command == "{":
        return _KEEP.get(command, "")
    if command[0] != "\\" or not command[1].isalpha() or _FORMAT.match(command):
        return " "
    return f" {command[1:].rstrip('*')} "


@lru_cache(maxsize=4096)
def tokens_of(text: str) -> tuple[Token, ...]:
    """The tokens of a text, in order; none for blank text."""
    plain = normalise(text)
    return tuple(_number(_merge(list(_pieces(plain)), plain)))


@dataclass(frozen=True, slots=True)
class _Piece:
    text: str
    start: int
    end: int
    glued: bool


def _pieces(plain: str) -> Iterator[_Piece]:
    end = -1
    for m in _PIECE.finditer(plain):
        piece, start = m.group(), m.start()
        if piece in "-/&+'":
            continue
        if piece[0].isdigit() or piece[0] in "+-":
            stripped = piece.rstrip(",")
            m_end = start + len(stripped)
            piece = stripped
        else:
            m_end = m.end()
        between = plain[end:start] if end >= 0 else " "
        yield _Piece(piece, start, m_end, between in ("", "-", "/", "&") and piece not in _MARKS)
        end = m_end


def _merge(pieces: list[_Piece], plain: str) -> list[_Piece]:
    """Join the phrases of the lexicon into one piece each, longest first."""
    out: list[_Piece] = []
    lows = [p.text.lower() for p in pieces]
    i = 0
    while i < len(pieces):
        for n in (5, 4, 3, 2):
            if i + n <= len(pieces) and tuple(lows[i : i + n]) in PHRASES:
                first, last = pieces[i], pieces[i + n - 1]
                joined = PHRASES[tuple(lows[i : i + n])]
                out.append(_Piece(joined, first.start, last.end, first.glued))
                i += n
                break
        else:
            p = pieces[i]
            # What follows is needed for bounds such as "65 or older".
            out.append(p)
            i += 1
    return [*out, _Piece(plain, -1, -1, False)]


def _number(pieces: list[_Piece]) -> Iterator[Token]:
    plain = pieces.pop().text
    segment = position = i = 0
    opens = True
    before: Token | None = None
    while i < len(pieces):
        p = pieces[i]
        low = p.text.lower()
        read = None
        # "top-1", "GPT-4", "Llama-3-8B" are names; "2-3x" is a range.
        if not (p.glued and before is not None and before.kind not in ("number", "mark")):
            read = _quantity(pieces, i, plain)
        if read is not None:
            quantity, used = read
            bound = quantity.bound or _bound_before(pieces, i)
            quantity = replace(quantity, bound=bound)
            token = Token(p.text, low, f"#{quantity.value:g}", "number", position, segment,
                          p.glued, quantity)  # fmt: skip
            i += used
        else:
            if low in _CONTRAST or p.text in _MARKS:
                segment += 1
            token = Token(p.text, low, _key(p.text, low), _kind(p, low, opens), position, segment,
                          p.glued)  # fmt: skip
            i += 1
        opens = token.kind == "mark" and token.text in ".:?!;"
        before = token
        position += 1
        yield token


def _kind(p: _Piece, low: str, opens: bool) -> Kind:
    text = p.text
    if not (text[0].isalnum() or "_" in text):
        return "mark"
    if "_" in text:
        return "function" if key_of(low) in _PHRASE_FUNCTION else "word"
    inner = any(c.isupper() for c in text[1:]) or any(c.isdigit() for c in text)
    if inner or (text[0].isupper() and len(text) == 1 and low not in ("a", "i")):
        return "name"
    if low in FUNCTION:
        return "function"
    return "name" if text[0].isupper() and not opens else "word"


_PHRASE_FUNCTION = frozenset(
    key_of(w)
    for w in (
        *JOINTS,
        *words(
            """due_to up_to at_most at_least larger_than smaller_than no_more_than no_less_than
        more_than less_than fewer_than as_many_as as_much_as not_only rather_than instead_of
        in_contrast_to compared_to such_as as_well_as in_order_to no_longer fails_to fail_to
        failed_to failing_to according_to first_of_all a_number_of the_majority_of in_spite_of
        followed_by a_few a_lot_of depending_on even_though"""
        ),
    )
)


def _key(text: str, low: str) -> str:
    if len(text) > 2 and text[-1] == "s" and text[:-1].isupper():
        return key_of(low[:-1])
    return key_of(low)


def _bound_before(pieces: list[_Piece], i: int) -> Bound:
    for back in (1, 2, 3):
        if i - back < 0:
            break
        word = pieces[i - back].text
        bound = bound_word(word.lower())
        if bound:
            return bound
        # "above Mach 0.6", "below about 3": one name, or "about", may stand between.
        if not (word[0].isupper() or word.lower() in ("about", "the", "a", "$", "€")):
            break
    return ""


def _quantity(pieces: list[_Piece], i: int, plain: str) -> tuple[Quantity, int] | None:
    """The quantity that begins at piece `i` and the number of pieces it takes."""
    first = pieces[i].text
    low = first.lower()
    value: float
    unit, used = "", 1

    def following(n: int) -> str:
        return pieces[i + n].text if i + n < len(pieces) else ""

    if first[0].isdigit() or (first[0] in "+-" and len(first) > 1):
        parsed = parse_digits(first)
        if parsed is None:
            return None
        value, suffix = parsed
        if suffix in SCALES:
            value *= SCALES[suffix]
        elif suffix in UNIT_NAMES:
            unit = UNIT_NAMES[suffix]
        elif suffix:
            return None
    elif low in MULTIPLES:
        return Quantity(MULTIPLES[low], "x", "", first), 1
    elif low in WORDS:
        value = WORDS[low]
        after = following(1).lower()
        if value >= 20 and WORDS.get(after, 99) < 10:
            value, used = value + WORDS[after], 2
    elif low == "a" and following(1).lower() in {*SCALES, "dozen", *FRACTIONS} - {"k"}:
        after = following(1).lower()
        if after in FRACTIONS:
            # "a third of", not "a third method"
            return (Quantity(FRACTIONS[after], "", "", after), 2) if following(2) == "of" else None
        value = 1.0
    else:
        return None
    if following(used).lower() in FRACTIONS and value < 10 and following(used + 1) != "":
        return Quantity(value * FRACTIONS[following(used).lower()], "", "", first), used + 1
    while following(used).lower() in SCALES or following(used) in SCALES:
        word = following(used)
        value *= SCALES.get(word, SCALES.get(word.lower(), 1.0))
        used += 1
    if following(used).lower() == "dozen":
        value, used = value * 12, used + 1
    unit, used = _unit_after(pieces, i, unit, used)
    if not unit and _is_factor(pieces, i):
        unit = "x"
    last = pieces[min(i + used, len(pieces)) - 1]
    if not unit and i and pieces[i - 1].text in ("$", "€"):
        unit = pieces[i - 1].text
    return Quantity(
        value, unit, bound_after(plain[last.end :]), plain[pieces[i].start : last.end]
    ), used


def _is_factor(pieces: list[_Piece], i: int) -> bool:
    """ "by a factor of 2", "factors of 2 to 3" """
    before = [p.text.lower() for p in pieces[max(0, i - 4) : i]]
    if len(before) > 3 and before[-1] in ("to", "and"):
        before = before[:-2]
    return before[-2:] in (["factor", "of"], ["factors", "of"])


def _unit_after(pieces: list[_Piece], i: int, unit: str, used: int) -> tuple[str, int]:
    if unit:
        return unit, used
    j = i + used
    words = [p.text for p in pieces[j : j + 3]]
    if words[:1] == ["percentage"] and words[1:2] in (["points"], ["point"]):
        return "point", used + 2
    if words[:2] == ["per", "cent"]:
        return "%", used + 2
    if words[:1] in (["frames"], ["frame"]) and words[1:] in (["per", "second"], ["a", "second"]):
        return "fps", used + 3
    if words[:1] == ["-"] or not words:
        return "", used
    name = UNIT_NAMES.get(words[0], "")
    # A range shares the unit of its second number: "2-3x".
    if not name and pieces[j].glued:
        parsed = parse_digits(words[0])
        if parsed is not None and parsed[1]:
            return UNIT_NAMES.get(parsed[1], ""), used
    return (name, used + 1) if name else ("", used)
