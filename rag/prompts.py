"""Prompts and grammars for drafting: only the evidence's own labels can be cited.

A template's placeholders are checked when this module is loaded; a wrong one fails there.
"""

from __future__ import annotations

import re
import string
from collections.abc import Sequence

from rag.records import Draft, Evidence

SYSTEM = (
    "You answer questions from sentences of research abstracts. Use only what the sentences say. "
    "Keep every number and name as written. Cite the sentence each statement comes from, as [S1]. "
    "Write at most three short statements."
)
TEMPLATE = "Sentences:\n$evidence\n\nQuestion: $question\n\nAnswer with citations:"
_ALLOWED = {"evidence", "question"}
_STATEMENTS = 3
_TITLE = 120  # characters of a title that are shown: it stands beside each of a paper's sentences


def _checked(template: str) -> string.Template:
    found = string.Template(template)
    unknown = set(found.get_identifiers()) - _ALLOWED
    if unknown or not found.is_valid():
        raise ValueError(f"prompt template has unknown placeholders: {sorted(unknown)}")
    return found


_TEMPLATE = _checked(TEMPLATE)


def draft_prompt(question: str, evidence: Sequence[Evidence]) -> str:
    """The user's turn of a drafting conversation."""
    lines = [f"[{e.label}] ({_short(e.paper.title)}) {e.text}" for e in evidence]
    return _TEMPLATE.substitute(evidence="\n".join(lines), question=question)


def _short(title: str) -> str:
    return title if len(title) <= _TITLE else title[: _TITLE - 1].rstrip() + "…"


def draft_grammar(labels: Sequence[str]) -> str:
    """GBNF for one to three statements, each ending in citations of the given labels only.

    Args:
        labels: at least one, letters and digits only.
    """
    if not labels or not all(re.fullmatch(r"[A-Za-z0-9]+", label) for label in labels):
        raise ValueError("labels must be letters and digits")
    choices = " | ".join(f'"{label}"' for label in labels)
    more = "".join(' (" " statement)?' for _ in range(_STATEMENTS - 1))
    return (
        f"root ::= statement{more}\n"
        'statement ::= start rest{8,280} " " cite cite? "."\n'
        "start ::= [A-Z0-9]\n"
        r"rest ::= [^\[\]\n\x00-\x1f]" + "\n"
        f'cite ::= "[" label "]"\nlabel ::= {choices}\n'
    )


_STATEMENT = re.compile(r"(?P<text>[^\[\]]+?)\s*(?P<cites>(?:\[[A-Za-z0-9]+\])+)\s*\.?\s*")


def parse_draft(text: str) -> Draft:
    """Statements and their labels; an unfinished last statement is left out."""
    found = []
    for match in _STATEMENT.finditer(text):
        labels = tuple(dict.fromkeys(re.findall(r"\[([A-Za-z0-9]+)\]", match.group("cites"))))
        statement = match.group("text").strip()
        found.append((statement if statement[-1] in ".!?" else statement + ".", labels))
    return Draft(tuple(found))
