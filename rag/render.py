"""Answers and hits as JSON objects (the command line's contract) and as plain text.

Pure: the same value always gives the same output. Field names and their order are fixed.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from rag.records import Answer, Claim, Hit


def whole(text: str) -> str:
    """The text with U+FFFD for each half of a surrogate pair: no UTF-8 can hold it, but a
    question in JSON can."""
    return re.sub("[\ud800-\udfff]", "\ufffd", text)


def counted(n: int, thing: str) -> str:
    """ "1 paper", "2,000 papers"."""
    return f"{n:,} {thing}{'' if n == 1 else 's'}"


def json_line(value: object) -> str:
    """A value as one line of JSON that any output can hold."""
    return whole(json.dumps(value, ensure_ascii=False))


def answer_object(answer: Answer, question_id: str | int) -> dict[str, Any]:
    """One answer as in `ask --json` and in batch output."""
    return {
        "id": question_id,
        "question": answer.question,
        "status": answer.status,
        "answer": answer.text,
        "claims": [
            {
                "text": claim.text,
                "kind": claim.kind,
                "citations": [
                    {"source": c.source, "start": c.start, "end": c.end, "quote": c.quote}
                    for c in claim.citations
                ],
            }
            for claim in answer.claims
        ],
        "sources": [
            {
                "n": s.n,
                "paper_id": s.paper.id,
                "title": s.paper.title,
                "url": s.paper.url,
                "abstract": s.paper.abstract,
            }
            for s in answer.sources
        ],
        "nearest": [asdict(n) for n in answer.nearest],
        "timings_ms": asdict(answer.timings),
        "model": asdict(answer.model),
        "fingerprint": answer.fingerprint,
        "understood": answer.understood,
        "reason": answer.reason,
    }


def in_parts(claim: Claim) -> tuple[str, str, str]:
    """A claim's text before the words that answer, these words, and what follows them; the whole
    text first where none are told."""
    words = claim.citations[0].words if claim.kind == "quote" else None
    if words is None:
        return claim.text, "", ""
    return claim.text[: words.start], claim.text[words.start : words.end], claim.text[words.end :]


def failed_object(question_id: str | int, question: str, reason: str) -> dict[str, Any]:
    """A batch line whose question could not be asked: the contract's fields, all of them."""
    return {
        "id": question_id, "question": question, "status": "abstained", "answer": reason,
        "claims": [], "sources": [], "nearest": [],
        "timings_ms": {"retrieve": 0.0, "evidence": 0.0, "generate": 0.0, "verify": 0.0,
                       "total": 0.0},
        "model": {"name": "none", "sha256": "", "quantization": ""}, "fingerprint": "",
        "understood": question, "reason": reason,
    }  # fmt: skip


def search_object(query: str, hits: Sequence[Hit]) -> dict[str, Any]:
    """Hits as in `search --json`; scores rounded to six places."""
    return {
        "query": query,
        "hits": [
            {
                "rank": rank,
                "paper_id": hit.paper.id,
                "title": hit.paper.title,
                "score": round(hit.fused, 6),
                "dense": round(hit.dense, 6),
                "lexical": round(hit.lexical, 6),
                "best_sentence": {
                    "start": hit.best_sentence.start,
                    "end": hit.best_sentence.end,
                    "text": hit.paper.abstract[hit.best_sentence.start : hit.best_sentence.end],
                },
            }
            for rank, hit in enumerate(hits, 1)
        ],
    }


def answer_lines(answer: Answer) -> list[str]:
    """An answer for reading: the text, then the sources it cites or the nearest papers."""
    lines = [answer.text, ""]
    if answer.understood != answer.question.strip():
        lines.insert(0, f"(understood as: {answer.understood})")
    if answer.status == "answered":
        lines.append("Sources")
        for s in answer.sources:
            by = f" ({', '.join(s.paper.authors[:3])})" if s.paper.authors else ""
            year = f", {s.paper.year}" if s.paper.year else ""
            lines.append(f"  [{s.n}] {s.paper.title}{by}{year}")
            if s.paper.url:
                lines.append(f"      {s.paper.url}")
    elif answer.nearest:
        lines.append("Nearest papers")
        lines += [f"  - {n.title}" for n in answer.nearest]
    return lines


def hit_lines(hits: Sequence[Hit]) -> list[str]:
    """Hits for reading: rank, title, score, and the sentence that matched best."""
    lines = []
    for rank, hit in enumerate(hits, 1):
        span = hit.best_sentence
        lines.append(f"{rank:>2}. {hit.paper.title}  ({hit.fused:.2f})")
        lines.append(f"    {hit.paper.abstract[span.start : span.end]}")
    return lines
