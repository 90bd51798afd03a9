"""Check the question set against the abstracts it was written from.

    python eval/check.py [--set FILE] [--corpus LISTING]

Errors (exit code 1): a paper that the corpus lacks; a span outside its abstract or not on words'
edges; a fact that its gold spans don't state; gold on an unanswerable question, or none on an
answerable one; two questions alike; one paper's questions in both splits. Warnings: a question
that gives away its own answer; a fact that the starter corpus's own digest doesn't hold.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from rag.dedupe import normalised_title
from rag.errors import RagError
from rag.evaluation.questions import Asked, read_questions
from rag.readers import read_paths
from rag.records import Paper
from rag.starter import starter_papers

ROOT = Path(__file__).parent.parent


def errors_of(asked: Asked, abstracts: Mapping[str, str]) -> list[str]:
    """What is wrong with one question."""
    missing = [t for t in asked.papers if normalised_title(t) not in abstracts]
    if missing:
        return [f"the corpus has no paper “{title}”" for title in missing]
    if not asked.answerable:
        return ["unanswerable, but with spans or facts"] if asked.spans or asked.facts else []
    if not asked.spans or not asked.facts:
        return ["answerable, but without spans or without facts"]
    abstract = abstracts[normalised_title(asked.papers[0])]
    found = []
    for start, end in asked.spans:
        if end > len(abstract):
            found.append(f"the span {start}-{end} is outside the abstract ({len(abstract)})")
        elif not _on_edges(abstract, start, end):
            found.append(f"the span {start}-{end} cuts a word or begins or ends blank")
    gold = "\n".join(abstract[start:end] for start, end in asked.spans)
    for fact in asked.facts:
        # Spellings that the abstract doesn't use are allowed, if one of them it does.
        if not any(pattern.search(gold) for pattern in fact):
            found.append(f"the gold spans don't state {[p.pattern for p in fact]}")
    return found


def _on_edges(text: str, start: int, end: int) -> bool:
    part = text[start:end]
    inside = start > 0 and text[start - 1].isalnum() and text[start].isalnum()
    cut = end < len(text) and text[end - 1].isalnum() and text[end].isalnum()
    return part == part.strip() and not inside and not cut


def errors_across(questions: Sequence[Asked]) -> list[str]:
    """What is wrong between questions."""
    found = []
    seen: dict[str, str] = {}
    splits: dict[str, str] = {}
    for asked in questions:
        text = " ".join(asked.question.casefold().split())
        if text in seen:
            found.append(f"{asked.id}: the same question as {seen[text]}")
        seen.setdefault(text, asked.id)
        for title in asked.papers:
            split = splits.setdefault(normalised_title(title), asked.split)
            if split != asked.split:
                found.append(f"{asked.id}: “{title}” is in both splits")
    return found


def warnings_of(asked: Asked, starter: Mapping[str, str]) -> list[str]:
    """What may be meant but is worth a look."""
    found = [
        f"the question itself states {[p.pattern for p in fact]}"
        for fact in asked.facts
        if any(p.search(asked.question) for p in fact)
    ]
    text = starter.get(normalised_title(asked.papers[0])) if asked.papers else None
    if text is not None:
        found += [
            f"the starter corpus's digest doesn't state {[p.pattern for p in fact]}"
            for fact in asked.facts
            if not any(p.search(text) for p in fact)
        ]
    return found


def by_title(papers: Iterable[object]) -> dict[str, str]:
    return {normalised_title(p.title): p.abstract for p in papers if isinstance(p, Paper)}


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--set", type=Path, default=ROOT / "eval" / "questions.jsonl")
    default = ROOT.parent / "shared" / "corpus" / "trending-papers.txt"
    parser.add_argument("--corpus", type=Path, default=default)
    options = parser.parse_args(arguments)
    try:
        questions = read_questions(options.set)
        abstracts = by_title(read_paths([str(options.corpus)]))
    except RagError as e:
        print(e, file=sys.stderr)
        return e.exit_code
    starter = by_title(starter_papers())
    errors = [f"{q.id}: {text}" for q in questions for text in errors_of(q, abstracts)]
    errors += errors_across(questions)
    warnings = [f"{q.id}: {text}" for q in questions for text in warnings_of(q, starter)]
    for text in errors:
        print(f"error    {text}")
    for text in warnings:
        print(f"warning  {text}")
    counts = Counter((q.split or "-", "answerable" if q.answerable else "unanswerable")
                     for q in questions)  # fmt: skip
    for (split, kind), count in sorted(counts.items()):
        print(f"{split:<5} {kind:<13} {count}")
    styles = Counter(q.style for q in questions)
    print("styles: " + ", ".join(f"{style} {count}" for style, count in sorted(styles.items())))
    print(f"{len(questions)} questions: {len(errors)} errors, {len(warnings)} warnings")
    return 1 if errors else 0


if __name__ == "__main__":
    raise SystemExit(main())
