"""`rag eval`: what the program answers and retrieves, held against files of right answers.

Nothing here changes what is measured: questions go through the same pipeline as everyone's, and
what comes out is checked again from the stored abstracts.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any


def evaluate_answers(**wanted: Any) -> None:
    """`rag eval`: the fields of rag.evaluation.answering.Wanted.

    Raises:
        InputError: the questions, the corpus or an earlier run cannot be used (naming the line).
        DiskError: a file to write cannot be written. ModelError: no usable model.
    """
    from rag.evaluation.answering import Wanted, run

    run(Wanted(**wanted))


def evaluate_retrieval(beir: Path, split: str, as_json: bool) -> None:
    """`rag eval retrieval`: a folder in BEIR layout through the program's own index and ranking.

    Raises:
        InputError: a file is missing or a line of it is wrong.
    """
    from rag.evaluation.retrieving import run

    run(beir, split, as_json)


__all__ = ["evaluate_answers", "evaluate_retrieval"]
