"""Runs the program as people do: a process of its own, with a home folder of its own.

Models prepared for the test run are shared through $RAG_CACHE; nothing else is.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

RAG = (sys.executable, "-m", "rag.cli")
REPOSITORY = Path(__file__).parent.parent


@dataclass(frozen=True, slots=True)
class Done:
    """A finished run."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@dataclass(frozen=True, slots=True)
class Program:
    """The program with a home.

    Attributes:
        home: stands for the user's home folder.
        env: what the environment holds besides; "" removes a name.
        wrapper: a command that the program is run under, such as setpriv.
    """

    home: Path
    env: Mapping[str, str] = field(default_factory=dict)
    wrapper: Sequence[str] = ()

    def environment(self) -> dict[str, str]:
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("XDG_", "RAG_", "PYTEST"))}
        kept |= {"HOME": str(self.home), "RAG_CACHE": os.environ["RAG_CACHE"], "NO_COLOR": "1"}
        kept |= {"PYTHONPATH": str(REPOSITORY), **self.env}
        return {k: v for k, v in kept.items() if v}

    def start(self, *arguments: object, **options: Any) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [*self.wrapper, *RAG, *map(str, arguments)],
            env=self.environment(), cwd=self.home,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, **options,
        )  # fmt: skip

    def __call__(
        self, *arguments: object, stdin: str | bytes = b"", timeout: float = 200, **options: Any
    ) -> Done:
        process = self.start(*arguments, stdin=subprocess.PIPE, **options)
        data = stdin.encode() if isinstance(stdin, str) else stdin
        out, err = process.communicate(data, timeout)
        return Done(process.returncode, out.decode(), err.decode())


def write_papers(path: Path, papers: Sequence[tuple[str, str]]) -> Path:
    """Titles and abstracts as JSON lines."""
    lines = [json.dumps({"title": t, "abstract": a}) for t, a in papers]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


PAPERS = (
    (
        "Tidal: A Corpus of Harbour Sounds",
        "We collected 1,204 field recordings from nine harbours over two winters. Each recording "
        "was labelled by hand, e.g. as ship, gull or surf. A small network trained on the corpus "
        "separates ships from surf with an accuracy of 91.3%. All recordings are released.",
    ),
    (
        "Sparse Kites for Wind Maps",
        "Wind maps need many masts. We fly 12 tethered kites that measure wind at 300 metres. "
        "A Gaussian process turns their tracks into hourly maps. Errors fall by half against "
        "masts alone.",
    ),
    (
        "Moss as a Thermometer",
        "Moss dries at a rate that depends on temperature. We photograph 40 patches every hour "
        "and regress temperature on their colour. The mean error is 0.8 degrees.",
    ),
    (
        "Reading Ledgers of Bakers",
        "Handwritten ledgers of bakers from 1790 hold prices of bread. Our recogniser transcribes "
        "them with a character error rate of 2.1%. Prices rose before every riot.",
    ),
    (
        "Bees Count to Four",
        "Honeybees were trained to tell patterns of one to six dots. They succeed up to four. "
        "The result holds when area and spacing are controlled.",
    ),
)
