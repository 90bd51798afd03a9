"""Sentence boundaries as character offsets: the spans are ordered, disjoint, and cover every
character that is not white space.

Rule based, made for abstracts: abbreviations ("e.g.", "et al.", "Fig. 2", "w.r.t."), initials,
decimals, URLs, LaTeX and names that begin in lower case ("nnU-Net") are what general splitters
trip over. Measured beside pysbd by eval/sentences/bench.py (figures in eval/README.md).
"""

from __future__ import annotations

import re

from rag.records import Span

# Never end a sentence, whatever follows.
_NEVER = frozenset(
    [
        "e.g",
        "i.e",
        "cf",
        "vs",
        "viz",
        "fig",
        "figs",
        "eq",
        "eqs",
        "eqn",
        "eqns",
        "sec",
        "sect",
        "ref",
        "refs",
        "tab",
        "dr",
        "mr",
        "mrs",
        "ms",
        "prof",
        "st",
        "thm",
        "lem",
        "def",
        "prop",
        "cor",
        "alg",
        "resp",
        "approx",
        "ca",
        "chap",
        "suppl",
        "subsp",
        "dept",
        "est",
        "vol",
        "pp",
        "ed",
        "eds",
        "dist",
        "ext",
        "incl",
        "max",
        "min",
        "avg",
        "std",
        "jan",
        "feb",
        "mar",
        "apr",
        "jun",
        "jul",
        "aug",
        "sep",
        "sept",
        "oct",
        "nov",
        "dec",
    ]
)
# End one only before a word that commonly begins a sentence.
_PERHAPS = frozenset(
    [
        "al",
        "etc",
        "i.i.d",
        "w.r.t",
        "a.k.a",
        "u.s",
        "u.k",
        "e.u",
        "ph.d",
        "m.sc",
        "b.sc",
        "d.c",
        "inc",
        "ltd",
        "co",
        "corp",
        "jr",
        "sr",
        "a.m",
        "p.m",
        "no",
        "nos",
        "ch",
        "app",
        "phys",
        "rev",
        "lett",
        "proc",
        "natl",
        "acad",
        "sci",
        "mt",
        "ft",
        "gen",
        "gov",
        "lt",
        "capt",
        "sgt",
        "nat",
        "commun",
        "astron",
        "astrophys",
        "chem",
        "biol",
        "med",
        "univ",
        "assoc",
        "conc",
        "ineq",
        "temp",
        "spp",
    ]
)
# Before a number they name a thing ("Exp. 2", "Art. 8"); else they are words.
_NUMBERED = frozenset(["art", "cat", "exp", "expt", "ex", "supp", "par", "para", "pop", "pt"])
# "a.e.", "s.t.", "U.N."; not "matrix.A".
_INITIALISM = re.compile(r"(?:[a-z]\.)+[a-z]")
# Names that end in an exclamation mark.
_EXCLAIMED = frozenset(["yahoo", "jeopardy"])
_STARTERS = frozenset(
    [
        "a",
        "an",
        "the",
        "this",
        "these",
        "those",
        "that",
        "it",
        "its",
        "we",
        "our",
        "they",
        "their",
        "there",
        "here",
        "in",
        "on",
        "at",
        "for",
        "from",
        "to",
        "by",
        "with",
        "as",
        "if",
        "when",
        "while",
        "although",
        "though",
        "because",
        "since",
        "however",
        "moreover",
        "furthermore",
        "finally",
        "additionally",
        "also",
        "thus",
        "hence",
        "therefore",
        "first",
        "second",
        "third",
        "specifically",
        "experiments",
        "results",
        "extensive",
        "code",
        "both",
        "each",
        "most",
        "many",
        "some",
        "such",
        "using",
        "based",
        "after",
        "before",
        "during",
        "despite",
        "unlike",
        "compared",
        "under",
        "through",
        "given",
        "all",
        "one",
        "two",
        "recent",
        "recently",
        "existing",
        "previous",
        "here,",
        "what",
        "how",
        "why",
        "which",
        "where",
        "let",
        "unfortunately",
        "further",
        "then",
        "no",
        "not",
        "nevertheless",
        "nonetheless",
        "instead",
        "while",
        "experimental",
        "empirically",
        "theoretically",
        "importantly",
        "notably",
        "surprisingly",
        "motivated",
        "inspired",
        "overall",
        "together",
        "besides",
        "meanwhile",
        "conversely",
        "consequently",
        "accordingly",
    ]
)
# A run of terminators, closers after it, then white space. Offsets of the run tell the rest.
_END = re.compile(r"(?<![.!?])[.!?]+[\"'”’)\]}»]*(?=\s)")
_GLUED = re.compile(r"(?:(?<=[a-z]{3})|(?<=[)\]]))[.!?](?=[A-Z][a-z]*\b)")
# What stands before the parts of a structured abstract, in capitals and with a colon.
_LABEL = re.compile(
    r"(?:(?:BACKGROUND|INTRODUCTION|CONTEXT|RATIONALE|IMPORTANCE|OBJECTIVES?|AIMS?|PURPOSE"
    r"|HYPOTHESIS|(?:STUDY )?DESIGN|SETTINGS?|PARTICIPANTS|PATIENTS|SUBJECTS|INTERVENTIONS?"
    r"|(?:MATERIALS? AND )?METHODS?|METHODOLOGY|MEASUREMENTS|DATA SOURCES|EXPOSURES?"
    r"|(?:MAIN )?OUTCOMES?(?: MEASURES?)?|(?:MAIN )?RESULTS?|FINDINGS|DISCUSSION|LIMITATIONS"
    r"|INTERPRETATION|CONCLUSIONS?|SIGNIFICANCE|FUNDING|(?:TRIAL )?REGISTRATION)"
    r"(?:(?: AND |[/ &,]+)[A-Z]{2,}){0,4}):"
)
_GLUED_LABEL = re.compile(rf"[.!?][\"'”’)\]]*(?={_LABEL.pattern})")
# Words that abbreviate something else unless a number stands before them.
_UNIT = re.compile(r"(?:\d\s?(?:ms|min|sec|[hsgmd])|\d\s[KVTAW])\Z")
_LIST_NUMBER = re.compile(r"(?:\A|[:;.!?]\s+)\(?\d{1,2}\Z")
_LAST_WORD = re.compile(r"[^\s(\[{\"“‘'/—]+\Z")
_NEXT = re.compile(r"\s+([\"'“‘(\[{$\\`]*)(\S+)")
_MIXED_CASE = re.compile(r"[a-z]+[A-Z0-9]|[a-z]+-[A-Z]")


def split_sentences(text: str) -> tuple[Span, ...]:
    """Find the sentences of `text`.

    Returns:
        Spans into `text`, without the white space around sentences; none for blank text.
    """
    # Text without capitals (old bibliographic records) can't be judged by them.
    cased = any(c.isupper() for c in text)
    cuts = [m.end() for m in _END.finditer(text) if _ends(text, m, cased)]
    cuts += [m.end() for m in _GLUED.finditer(text) if _glued(text, m.end())]
    cuts += [m.end() for m in _GLUED_LABEL.finditer(text)]
    spans: list[Span] = []
    start = 0
    for cut in [*sorted(cuts), len(text)]:
        piece = text[start:cut]
        body = piece.strip()
        if body:
            begin = start + len(piece) - len(piece.lstrip())
            if spans and not any(c.isalnum() for c in body):
                # Left-over punctuation belongs to the sentence before it.
                spans[-1] = Span(spans[-1].start, begin + len(body))
            else:
                spans.append(Span(begin, begin + len(body)))
        start = cut
    return tuple(spans)


def _ends(text: str, match: re.Match[str], cased: bool) -> bool:
    following = _NEXT.match(text, match.end())
    if following is None or text[match.start() - 1 : match.start()].isspace():
        # A stop set apart from its word is no abbreviation's.
        return match.group() != "..." or following is None
    opener, word = following.group(1), following.group(2)
    if _LABEL.match(text, following.start(1)):
        return True
    capital = _is_capital(word[0])
    # A closed quotation or question inside a sentence goes on in lower case.
    if cased and not (capital or word[0].isdigit() or opener or _MIXED_CASE.match(word)):
        return False
    if _depth(text, match.start()) > 0 and ")" not in match.group() and "]" not in match.group():
        return False
    run = match.group()
    starter = word.lower().rstrip(",;:") in _STARTERS and (word[0].isupper() or not cased)
    last = _LAST_WORD.search(text, max(0, match.start() - 40), match.start())
    before = last.group().lower().strip(",;:") if last else ""
    if run == "!" and before in _EXCLAIMED:
        return starter
    if not run.startswith(".") or run.startswith(".."):
        return capital or bool(opener) or word[0].isdigit()
    if ")" in run or "]" in run:
        return capital or bool(opener)
    if _LIST_NUMBER.search(text, max(0, match.start() - 8), match.start()):
        return False
    if capital and _UNIT.search(text, max(0, match.start() - 8), match.start()):
        return True
    if before in _NEVER or (before in _NUMBERED and word[0].isdigit()):
        return False
    if before in _PERHAPS or _INITIALISM.fullmatch(before):
        return starter
    if not cased:
        return len(before) > 1 or starter
    if len(before) == 1 and before.isalpha() and not _possessive(text, match.start()):
        # "J. Smith", but "the matrix A. We" and "unlike the teacher's. Training …"
        return starter
    return not word[0].isdigit() or before.isalpha() or starter or len(before) > 3


def _possessive(text: str, end: int) -> bool:
    """Whether the one letter before `end` closes a word ("teacher's", "don't")."""
    return end > 2 and text[end - 2] in "'’" and text[end - 3].isalnum()


def _is_capital(char: str) -> bool:
    """Whether a sentence may begin with it: Greek letters keep their case ("α-Synuclein")."""
    return char.isupper() or ("α" <= char <= "ω" and char != "μ")


def _glued(text: str, cut: int) -> bool:
    """A missing space after a full stop: only before a word that commonly begins a sentence."""
    if re.search(r"\S*(?:/|www\.)\S*\Z", text[max(0, cut - 80) : cut]):
        return False
    word = re.match(r"[A-Za-z]+", text[cut:])
    return word is not None and len(word.group()) > 1 and word.group().lower() in _STARTERS


def _depth(text: str, position: int) -> int:
    """Open parentheses at `position`, looking back 200 characters, unbalanced ones forgiven."""
    window = text[max(0, position - 200) : position]
    depth = 0
    for c in window:
        if c in "([":
            depth += 1
        elif c in ")]" and depth:
            depth -= 1
    # An opening that is never closed is a slip of the author's, not a parenthesis.
    return depth if re.search(r"[)\]]", text[position : position + 200]) else 0
