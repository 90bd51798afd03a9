"""A number is a value, a unit and a bound, so that "13,215" is "13215", "3x" is "three times" and
"1.5M" is "1.5 million", while "3 hours", "3%" and "up to 3" are none of each other.

Values are compared exactly (as floats rounded to 9 significant digits): a rounded figure is a
different figure, because nobody checks by how much.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from rag.claims.wordlists import rows, words

Bound = Literal["", "up", "low", "near", "within"]

_UNITS = words(
    """ones zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen
    fifteen sixteen seventeen eighteen nineteen"""
)[1:]
_TENS = words("""twenty thirty forty fifty sixty seventy eighty ninety""")
WORDS: dict[str, float] = {
    **{w: float(i) for i, w in enumerate(_UNITS)},
    **{w: float(20 + 10 * i) for i, w in enumerate(_TENS)},
    "dozen": 12.0,
}
SCALES: dict[str, float] = {
    "hundred": 1e2,
    "thousand": 1e3,
    "million": 1e6,
    "millions": 1e6,
    "billion": 1e9,
    "billions": 1e9,
    "trillion": 1e12,
    "k": 1e3,
    "K": 1e3,
    "M": 1e6,
    "B": 1e9,
    "bn": 1e9,
    "T": 1e12,
}
# Words that are a number of times by themselves.
MULTIPLES: dict[str, float] = {
    "twice": 2.0,
    "double": 2.0,
    "doubles": 2.0,
    "doubled": 2.0,
    "doubling": 2.0,
    "twofold": 2.0,
    "thrice": 3.0,
    "triple": 3.0,
    "triples": 3.0,
    "tripled": 3.0,
    "threefold": 3.0,
    "fourfold": 4.0,
    "fivefold": 5.0,
    "tenfold": 10.0,
    "quadruple": 4.0,
    "half": 0.5,
    "halve": 0.5,
    "halves": 0.5,
    "halved": 0.5,
    "halving": 0.5,
}
FRACTIONS: dict[str, float] = {
    **dict.fromkeys(("third", "thirds"), 1 / 3),
    **dict.fromkeys(("quarter", "quarters"), 1 / 4),
    **dict.fromkeys(("fifth", "fifths"), 1 / 5),
    **dict.fromkeys(("tenth", "tenths"), 1 / 10),
}
# As written after the number, to the unit's name. Case decides between m and M, s and S.
UNIT_NAMES: dict[str, str] = {
    form: forms[0]
    for line in rows(
        """
        %;percent;pct
        x;times;fold;×
        point;points;pp;pts
        hour;hours;h;hr;hrs
        day;days
        week;weeks
        month;months
        year;years
        minute;minutes;min;mins
        second;seconds;s;sec;secs
        ms;millisecond;milliseconds
        KB;kilobytes;kB
        MB;megabytes;MiB
        GB;gigabytes;GiB
        TB;terabytes
        fps;FPS
        Hz;hz
        kHz
        MHz
        GHz
        kg;kilograms
        mg;milligrams
        km;kilometers;kilometres
        cm
        mm
        nm
        eV
        keV;KeV
        MeV
        GeV
        TeV
        °
        bit;bits
        byte;bytes
        FLOPs;flops;FLOPS
        GFLOPs
        TFLOPs
        dB
        W;watts
        kWh
        IU
        m;meters;metres;meter;metre
        °C;°c
        K;kelvin
        $;dollars;usd
        €;euros
        """
    )
    for forms in [[f.strip() for f in line.split(";")]]
    for form in forms
}
_BOUND_WORDS: dict[str, Bound] = {
    **dict.fromkeys(
        words(
            """up_to at_most no_more_than smaller_than less_than fewer_than lower_than under below
            as_many_as as_much_as"""
        ),
        "up",
    ),
    **dict.fromkeys(
        words(
            """at_least no_less_than larger_than more_than greater_than higher_than over above
            beyond exceed exceeds exceeded exceeding"""
        ),
        "low",
    ),
    "nearly": "near",
    "almost": "near",
    "within": "within",
}
_AFTER = re.compile(r"\A\s*(?:or|and) (?:more|older|above|higher|greater|over)\b")
_AFTER_UP = re.compile(r"\A\s*(?:or|and) (?:less|fewer|younger|below|lower|under)\b")


@dataclass(frozen=True, slots=True)
class Quantity:
    """One number of a text.

    Attributes:
        value: with its magnitude applied ("1.5M" is 1500000.0).
        unit: a name of `UNIT_NAMES`, or "" when the noun that follows is the unit.
        bound: "up" ("at most", "up to"), "low" ("at least", "more than"), "near" ("almost"),
            "within", or "" for the figure itself ("about" counts as the figure).
        shown: as written, for messages.
    """

    value: float
    unit: str
    bound: Bound
    shown: str


def same_value(a: float, b: float) -> bool:
    """Equal to 9 significant digits."""
    return a == b or abs(a - b) <= 1e-9 * max(abs(a), abs(b))


def bound_word(low: str) -> Bound:
    """The bound that a word or phrase just before a number puts on it."""
    return _BOUND_WORDS.get(low, "")


def bound_after(rest: str) -> Bound:
    """The bound put on by what follows a number ("65 or older")."""
    if _AFTER.match(rest):
        return "low"
    return "up" if _AFTER_UP.match(rest) else ""


def parse_digits(piece: str) -> tuple[float, str] | None:
    """Value and glued suffix of "13,215", "1.5M", "7x", "3.1e-38"; None for what is a name."""
    m = re.fullmatch(r"([+-]?)(\d[\d,]*(?:\.\d+)?(?:[eE][+-]\d+)?)(%?[A-Za-z°×]*)", piece)
    if m is None or len(m.group(2)) > 40:
        return None
    value = float(m.group(2).replace(",", ""))
    return (-value if m.group(1) == "-" else value), m.group(3)
