"""The pipeline that most tutorials build, over the same papers: the five abstracts nearest by
vector alone, whole, in a prompt; free text out, unchecked.

What searches and what writes is given, so that the same prompt and the same judgement serve this
program's engines (`rag eval --baseline`) and the stock libraries (`eval/bench.py`).
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rag.config import thread_count
from rag.dedupe import normalised_title
from rag.errors import ModelError, UsageError
from rag.evaluation.citing import Statement, citation_scores
from rag.evaluation.questions import Asked
from rag.models import find_card, require_file
from rag.records import Paper
from rag.render import whole
from rag.sentences import split_sentences
from rag.store.reading import CHUNK

if TYPE_CHECKING:
    from rag.config import Settings
    from rag.index import OpenIndex
    from rag.llm.engine import LocalModel

PAPERS = 5
TOKENS = 120  # of an answer at most
SYSTEM = "Answer the question from the abstracts. Cite them as [n]."
_CONTEXT = 8192  # tokens; the model's own limit counts where that is lower
_PASSAGES = 50  # the nearest; they hold five papers unless abstracts are very long
_ONE = r"\[\d+(?:\s*[,;]\s*\d+)*\]"  # "[1]", "[1, 2]"
_CITED = re.compile(_ONE)
_LEADING = re.compile(rf"(?:\s*{_ONE})+")
_MARK = re.compile(rf"\s*{_ONE}")

Search = Callable[[str], Sequence[Paper]]
Write = Callable[[str, str], str]  # of a system and a user message; UsageError: too long


@dataclass(frozen=True, slots=True)
class Plain:
    """One question's free text and what it was worth.

    Attributes:
        facts: share of the facts stated, 0 to 1; NaN when none is asked for.
        cited: whether it has the number or the title of a gold paper.
        citation_recall, citation_precision: of its sentences (see rag.evaluation.citing), each
            number standing for the whole abstract.
    """

    id: str
    text: str
    facts: float
    cited: bool
    citation_recall: float
    citation_precision: float
    words: int
    seconds: float


def prompt_of(question: str, papers: Sequence[Paper]) -> str:
    """The user message: abstracts, numbered from 1, then the question."""
    abstracts = [f"[{n}] {p.title}\n{p.abstract}" for n, p in enumerate(papers, 1)]
    return "\n\n".join([*abstracts, f"Question: {question}"])


def ask_plainly(asked: Asked, search: Search, write: Write) -> Plain:
    """One question the plain way; earlier questions of its conversation are put before it.

    Raises:
        UsageError: the question alone is too long for the model.
    """
    start = time.perf_counter()
    question = whole(" ".join((*asked.history, asked.question)))
    text, papers = _written(question, list(search(question))[:PAPERS], write)
    seconds = time.perf_counter() - start
    recalled, precise = citation_scores(_statements(text, papers))
    return Plain(
        asked.id, text, asked.found_in(text), cites(text, papers, asked.papers), recalled,
        precise, len(text.split()), seconds,
    )  # fmt: skip


def _written(question: str, papers: Sequence[Paper], write: Write) -> tuple[str, Sequence[Paper]]:
    """The text and the papers it was written from: a prompt too long loses its last abstracts."""
    while True:
        try:
            return write(SYSTEM, prompt_of(question, papers)), papers
        except UsageError:
            if not papers:
                raise
            papers = papers[:-1]


def cites(text: str, sources: Sequence[Paper], gold: Sequence[str]) -> bool:
    """Whether free text names a gold paper, by its number among the sources or by its title."""
    wanted = {normalised_title(title) for title in gold}
    numbers = set(_numbers(text))
    by_number = any(
        normalised_title(s.title) in wanted for n, s in enumerate(sources, 1) if n in numbers
    )
    return by_number or any(title.casefold() in text.casefold() for title in gold)


def _numbers(text: str) -> list[int]:
    """The numbers that are cited, in order."""
    return [int(n) for marks in _CITED.findall(text) for n in re.findall(r"\d+", marks)]


def _statements(text: str, papers: Sequence[Paper]) -> list[Statement]:
    """Sentences with what they cite; numbers behind a full stop belong to what is before it."""
    found: list[tuple[str, list[int]]] = []
    for span in split_sentences(text):
        sentence = text[span.start : span.end]
        led = _LEADING.match(sentence)
        if led and found:
            found[-1][1].extend(_numbers(led[0]))
            sentence = sentence[led.end() :]
        claim = " ".join(_MARK.sub("", sentence).split())
        if any(c.isalnum() for c in claim):
            found.append((claim, _numbers(sentence)))
    return [
        Statement(
            claim,
            tuple(_evidence(papers[n - 1]) for n in dict.fromkeys(ns) if 1 <= n <= len(papers)),
        )
        for claim, ns in found
    ]


def _evidence(paper: Paper) -> tuple[str, ...]:
    sentences = (paper.abstract[s.start : s.end] for s in split_sentences(paper.abstract))
    return (f"{paper.title}.", *sentences)


# ── with this program's engines ─────────────────────────────────────────────────────────────────


def nearest(index: OpenIndex) -> Search:
    """The papers nearest by vector alone."""

    def search(question: str) -> list[Paper]:
        vector = index.embedder.encode([question])[0]
        _, owners, _ = index.nearest(CHUNK, vector, _PASSAGES)
        rows = list(dict.fromkeys(int(row) for row in owners))[:PAPERS]
        papers = index.snapshot.by_rowid(set(rows))
        return [papers[row] for row in rows]

    return search


def shipped_model(settings: Settings) -> LocalModel:
    """The settings' language model from its file as distributed, not the local form.

    Raises:
        ModelError: the file is missing or damaged.
    """
    from rag.llm.engine import LocalModel

    return LocalModel(shipped_file(settings), thread_count(settings), _CONTEXT)


def shipped_file(settings: Settings) -> Path:
    """Where the settings' language model stands as distributed.

    Raises:
        ModelError: the file is missing or damaged.
    """
    card = find_card("llm", settings.model)
    if card is not None:
        return require_file(card)
    path = Path(settings.model).expanduser()
    if not path.is_file():
        raise ModelError(f"there is no model file {path}", "rag models list shows what there is")
    return path


def writing(model: LocalModel) -> Write:
    """Greedy text in the model's own chat template."""

    def write(system: str, user: str) -> str:
        return "".join(model.generate(model.chat_prompt(system, user), "", TOKENS)).strip()

    return write
