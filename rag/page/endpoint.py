"""The page's functions for other programs: asking (as a stream), searching, listing collections.

They answer under /gradio_api/call/ask, /search and /collections on the page's own address; the
objects are those of `rag ask --json` and `rag search --json`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from rag.errors import UsageError
from rag.page.desk import Choices, Desk
from rag.page.library import Library
from rag.page.turns import Turn, explained
from rag.render import answer_object, search_object


class Endpoint:
    """What `gradio_client` or any HTTP client can call."""

    def __init__(self, desk: Desk, library: Library) -> None:
        self._desk, self._library = desk, library

    def ask(
        self,
        question: str,
        history: list[str] | None = None,
        collection: str = "",
        papers: int = 5,
        evidence_only: bool = False,
    ) -> Iterator[dict[str, Any]]:
        """Answer a question with citations, as a stream of objects.

        Args:
            question: 1 to 2,000 characters.
            history: earlier questions of the same conversation, oldest first.
            collection: its key (see /collections); "" for the first.
            papers: to read, 1 to 20.
            evidence_only: no language model takes part.

        Yields:
            {"stage": "waiting" | "searching" | "reading" | "answering", "papers": titles,
            "claims": so far}, then {"stage": "done", "answer": as `rag ask --json`} or
            {"stage": "failed", "error", "remedy"}.
        """
        try:
            key = self._key(collection)
            if not 1 <= papers <= 20:
                raise UsageError(f"papers = {papers} is out of range", "give 1 to 20")
        except UsageError as e:
            yield {"stage": "failed", "error": e.message, "remedy": e.remedy}
            return
        asked = replace(Turn(1, question), earlier=tuple(history or ()))
        for turn in self._desk.answered(key, (asked,), Choices(papers, evidence_only)):
            if turn.stage == "failed":
                yield {"stage": "failed", "error": turn.note, "remedy": turn.remedy}
            elif turn.answer is not None:
                yield {"stage": "done", "answer": answer_object(turn.answer, "")}
            else:
                claims = [c.text for c in turn.claims]
                titles = [h.paper.title for h in turn.hits]
                yield {"stage": turn.stage, "papers": titles, "claims": claims}

    def search(self, query: str, k: int = 10, collection: str = "") -> dict[str, Any]:
        """The papers nearest to a query, each with its best sentence: as `rag search --json`.

        Args:
            k: papers to show, 1 to 1,000.
        """
        from rag.searching import cleaned, search

        try:
            index = self._desk.assistant(self._key(collection), Choices()).index
            text = cleaned(query)
            return search_object(text, search(index, text, max(1, min(k, 1_000))))
        except Exception as e:
            message, remedy = explained(e)
            return {"query": query, "hits": [], "error": message, "remedy": remedy}

    def collections(self) -> list[dict[str, str]]:
        """The collections' keys and names."""
        return [{"key": c.key, "name": c.name} for c in self._library.collections()]

    def _key(self, collection: str) -> str:
        if collection and not self._library.known(collection):
            raise UsageError(f"no collection has the key “{collection}”", "see /collections")
        return collection or self._library.first
