"""Check the question set against the abstracts it was written from.

    python eval/check.py [--set FILE] [--corpus LISTING-OR-BEIR-FOLDER]

Errors (exit code 1): a paper that the corpus lacks; a span outside its abstract or not on words'
edges; a fact that its gold spans don't state; gold on an unanswerable question, or none on an
answerable one; an unanswerable question without search terms ("missing"), or whose terms are found
in its papers (without papers: in the corpus) or in their digests; two questions alike; one paper's
questions in both splits. Warnings: a question that gives away its own answer; a fact that the
starter corpus's own digests don't hold.

The answer to a "list" or "count" is papers: it needs no spans or facts, and its papers may be in
both splits. Where papers share a title, any of them may hold the spans.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from rag.dedupe import normalised_title
from rag.errors import RagError
from rag.evaluation.corpora import read_corpus
from rag.evaluation.gold import choices, on_edges
from rag.evaluation.questions import SEVERAL, Asked, read_questions
from rag.records import Paper
from rag.starter import starter_papers

ROOT = Path(__file__).parent.parent


def errors_of(asked: Asked, papers: Mapping[str, Sequence[Paper]]) -> list[str]:
    """What is wrong with one question, given papers by normalised title."""
    missing = [t for t in asked.papers if normalised_title(t) not in papers]
    if missing:
        return [f"the corpus has no paper “{title}”" for title in missing]
    if not asked.answerable:
        gold = ["unanswerable, but with spans or facts"] if asked.spans or asked.facts else []
        return gold + _found_terms(asked, papers)
    if asked.missing:
        return ["answerable, but with terms said to be missing"]
    if asked.style not in SEVERAL and not (asked.spans and asked.facts):
        return ["answerable, but without spans or without facts"]
    if not asked.spans:
        return []
    return min((_wrong_gold(asked, of) for of in choices(asked, papers)), key=len)


def _found_terms(asked: Asked, papers: Mapping[str, Sequence[Paper]]) -> list[str]:
    """Terms of an answer that the abstracts hold after all."""
    if not asked.missing:
        return ["unanswerable, but without terms to search for"]
    about = [normalised_title(t) for t in asked.papers] or list(papers)
    texts = [p.abstract for title in about for p in papers[title]]
    return [
        f"“{found.group()}” is in an abstract that is said not to answer"
        for pattern in asked.missing
        for text in texts
        if (found := pattern.search(text))
    ]


def _wrong_gold(asked: Asked, of: Mapping[int, Paper]) -> list[str]:
    """What is wrong with spans and facts, given the papers by their number in the question."""
    found = []
    for span in asked.spans:
        abstract = of[span.paper].abstract
        if span.end > len(abstract):
            found.append(
                f"the span {span.start}-{span.end} is outside the abstract ({len(abstract)})"
            )
        elif not on_edges(abstract, span.start, span.end):
            found.append(f"the span {span.start}-{span.end} cuts a word or begins or ends blank")
    if asked.style in SEVERAL:
        return found  # Its facts, how many there are, stand at no span.
    gold = "\n".join(of[s.paper].abstract[s.start : s.end] for s in asked.spans)
    for fact in asked.facts:
        # Spellings that the abstract doesn't use are allowed, if one of them it does.
        if not any(pattern.search(gold) for pattern in fact):
            found.append(f"the gold spans don't state {[p.pattern for p in fact]}")
    return found


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
        if asked.style in SEVERAL:
            continue
        for title in asked.papers:
            split = splits.setdefault(normalised_title(title), asked.split)
            if split != asked.split:
                found.append(f"{asked.id}: “{title}” is in both splits")
    return found


def warnings_of(asked: Asked, starter: Mapping[str, Sequence[Paper]]) -> list[str]:
    """What may be meant but is worth a look."""
    found = [
        f"the question itself states {[p.pattern for p in fact]}"
        for fact in asked.facts
        if any(p.search(asked.question) for p in fact)
    ]
    texts = [p.abstract for t in asked.papers for p in starter.get(normalised_title(t), ())]
    if asked.answerable and texts:
        found += [
            f"the starter corpus's digest doesn't state {[p.pattern for p in fact]}"
            for fact in asked.facts
            if not any(p.search(text) for p in fact for text in texts)
        ]
    return found


def by_title(papers: Iterable[Paper]) -> dict[str, list[Paper]]:
    found: dict[str, list[Paper]] = {}
    for paper in papers:
        found.setdefault(normalised_title(paper.title), []).append(paper)
    return found


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--set", type=Path, default=ROOT / "eval" / "questions.jsonl")
    default = ROOT.parent / "shared" / "corpus" / "trending-papers.txt"
    parser.add_argument("--corpus", type=Path, default=default)
    options = parser.parse_args(arguments)
    try:
        questions = read_questions(options.set)
        papers = by_title(read_corpus(options.corpus, lambda _: None).papers or ())
    except RagError as e:
        print(e, file=sys.stderr)
        return e.exit_code
    starter = by_title(starter_papers())
    errors = [f"{q.id}: {text}" for q in questions for text in errors_of(q, papers)]
    digests = {title: found for title, found in starter.items() if title in papers}
    errors += [
        f"{q.id}: {text} (in a digest)"
        for q in questions
        if q.missing and all(normalised_title(t) in digests for t in q.papers)
        for text in _found_terms(q, digests)
    ]
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
