"""`rag eval`: what the program answers and retrieves, held against files of right answers.

Nothing here changes what is measured: questions go through the same pipeline as everyone's, and
what comes out is checked again from the stored abstracts.
"""

from __future__ import annotations

from pathlib import Path


def evaluate_answers(
    *,
    questions: Path | None,
    corpus: Path | None,
    split: str,
    out: Path | None,
    evidence_only: bool,
    limit: int | None,
    model: str | None,
) -> None:
    """`rag eval`: see the command's help for the options; None stands for the bundled file.

    Raises:
        InputError: the questions or the corpus cannot be used (naming the line).
        DiskError: `out` cannot be written. ModelError: no usable model.
    """
    from rag.evaluation.answering import run

    run(questions, corpus, split, out, evidence_only, limit, model)


def evaluate_retrieval(beir: Path, split: str, as_json: bool) -> None:
    """`rag eval retrieval`: a folder in BEIR layout through the program's own index and ranking.

    Raises:
        InputError: a file is missing or a line of it is wrong.
    """
    from rag.evaluation.retrieving import run

    run(beir, split, as_json)


__all__ = ["evaluate_answers", "evaluate_retrieval"]
