r"""Text as LaTeX source that prints as that text, whatever commands it seems to hold.

Braces come out balanced by both counts in use, BibTeX's (which counts `\{`) and that of programs
that skip escaped ones. Formulas stay formulas when they consist of harmless commands only.
"""

from __future__ import annotations

import re
from collections.abc import Container

_ESCAPED = {
    "\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}",
    "&": r"\&", "%": r"\%", "$": r"\$", "#": r"\#", "_": r"\_",
}  # fmt: skip
_BRACES = {"{": r"\textbraceleft{}", "}": r"\textbraceright{}"}  # without a partner
_SPECIAL = re.compile(r"[\\~^&%$#_{}]")
# Pairs that fonts print as one character: dashes, quotation marks, inverted marks.
_LIGATURE = re.compile("|".join(f"(?<={c})(?={c})" for c in "-`',<>") + "|(?<=[?!])(?=`)")
_FORMULA = re.compile(r"(?<![\\$])\$(?! )([^$]{1,300})(?<! )\$(?![\d$])")
_NAMES = """
alpha beta gamma delta epsilon varepsilon zeta eta theta vartheta iota kappa lambda mu nu xi pi rho
sigma tau upsilon phi varphi chi psi omega Gamma Delta Theta Lambda Xi Pi Sigma Upsilon Phi Psi
Omega times cdot pm mp div ast star circ bullet oplus otimes odot leq geq le ge neq ne ll gg
lesssim gtrsim approx sim simeq equiv propto infty partial nabla sum prod int log ln exp sin cos
tan max min arg inf sup lim det dim gcd Pr to rightarrow leftarrow Rightarrow leftrightarrow mapsto
in notin subset subseteq supset supseteq cup cap setminus emptyset forall exists neg land lor wedge
vee langle rangle mid perp ldots dots cdots ell hbar prime quad qquad dagger top bot
"""
_TAKING = """
frac sqrt left right mathcal mathbb mathbf mathrm mathit mathsf mathtt mathfrak boldsymbol text
textbf textit textrm operatorname hat tilde bar vec dot ddot overline underline widehat widetilde
"""
_COMMANDS = frozenset((_NAMES + _TAKING).split())
_BODY = re.compile(r"(?:[A-Za-z0-9 +\-*/=<>()\[\],.:;!|'^_{}]|\\[A-Za-z,;:!{}])+")
# Two scripts of one kind on one letter; a prime is a superscript.
_ARGUMENT = r"(?:\{[^{}]*\}|\\[A-Za-z]+|[A-Za-z0-9+\-*])"
_DOUBLED = re.compile(
    rf"([\^_])\s*{_ARGUMENT}\s*\1|\^\s*{_ARGUMENT}\s*'"
    rf"|_\s*{_ARGUMENT}\s*\^\s*{_ARGUMENT}\s*_|\^\s*{_ARGUMENT}\s*_\s*{_ARGUMENT}\s*[\^']"
)
# What takes an argument and has none would take the closing dollar sign.
_DANGLING = re.compile(
    rf"(?:[\^_]|\\(?:{'|'.join(_TAKING.split())})(?![A-Za-z]))\s*(?:[\^_}}]|$)"
    r"|\\frac(?!\s*\{(?:[^{}]|\{[^{}]*\})*\}\s*\{)"
)
_COMMAND = re.compile(r"\\([A-Za-z]+)")
# One or two letters or digits, or something that prose has not between dollar signs.
_MATHS = re.compile(r"[A-Za-z0-9]{1,2}|.*(?:[\\^_={}<>]|[A-Za-z]\(|[A-Za-z0-9][+*/-][A-Za-z0-9]).*")


def escaped(text: str) -> str:
    """LaTeX for a text.

    Args:
        text: on one line.
    """
    formulas = [m for m in _FORMULA.finditer(text) if _is_formula(m[1])]
    prose = list(text)
    for match in formulas:
        prose[match.start() : match.end()] = " " * len(match.group())
    paired = _paired("".join(prose))
    parts: list[str] = []
    at = 0
    for match in formulas:
        parts += [_plain(text, at, match.start(), paired), match.group()]
        at = match.end()
    return "".join([*parts, _plain(text, at, len(text), paired)])


def braced(text: str) -> str:
    """LaTeX for a text, in braces that keep its letters' case and its commas."""
    source = escaped(text)
    # BibTeX would take "{\" for an accented character, inside of which case does change.
    return f"{{{{}}{source}}}" if source.startswith("\\") else f"{{{source}}}"


def _plain(text: str, start: int, end: int, paired: Container[int]) -> str:
    """LaTeX for a part of a text without formulas; braces at `paired` have their partner."""

    def replaced(match: re.Match[str]) -> str:
        char = match.group()
        if char in _BRACES:
            lone = start + match.start() not in paired
            return _BRACES[char] if lone else f"\\{char}"
        return _ESCAPED[char]

    return _LIGATURE.sub("{}", _SPECIAL.sub(replaced, text[start:end]))


def _paired(text: str) -> set[int]:
    """Where the braces stand that have a partner."""
    opened: list[int] = []
    found: set[int] = set()
    for match in re.finditer(r"[{}]", text):
        if match.group() == "{":
            opened.append(match.start())
        elif opened:
            found |= {opened.pop(), match.start()}
    return found


def _unmatched(body: str) -> bool:
    """Whether a growing bracket lacks its partner."""
    sizes = re.findall(r"\\(left|right)(?![A-Za-z])", body)
    depth = 0
    for size in sizes:
        depth += 1 if size == "left" else -1
        if depth < 0:
            return True
    return depth != 0


def _is_formula(body: str) -> bool:
    if not _MATHS.fullmatch(body) or not _BODY.fullmatch(body) or _DANGLING.search(body):
        return False
    if _DOUBLED.search(body) or _unmatched(body):
        return False
    if any(name not in _COMMANDS for name in _COMMAND.findall(body)):
        return False
    unescaped = re.sub(r"\\[{}]", "", body)
    return all(len(_paired(part)) == len(re.findall(r"[{}]", part)) for part in (body, unescaped))
