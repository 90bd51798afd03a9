"""Imports point downward only, heavy libraries have one owner each, and light paths stay light."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parent.parent
PACKAGE = REPOSITORY / "rag"

# Lower number = lower layer; a module imports from its own layer or below. Longest prefix wins.
LAYERS = {
    "rag.errors": 1,
    "rag.records": 1,
    "rag": 1,
    "rag.config": 2,
    "rag.caching": 2,
    "rag.models": 2,
    "rag.words": 2,
    "rag.sentences": 2,
    "rag.chunking": 2,
    "rag.fusion": 2,
    "rag.readers": 2,
    "rag.dedupe": 2,
    "rag.claims": 2,
    "rag.prompts": 2,
    "rag.followup": 2,
    "rag.intent": 2,
    "rag.linear": 2,
    "rag.asked": 2,
    "rag.abbreviations": 2,
    "rag.trimming": 2,
    "rag.render": 2,
    "rag.metrics": 2,
    "rag.tokens": 3,
    "rag.embedding": 3,
    "rag.reader": 3,
    "rag.dense": 3,
    "rag.store": 3,
    "rag.llm": 3,
    "rag.index": 4,
    "rag.retrieval": 4,
    "rag.evidence": 4,
    "rag.matching": 4,
    "rag.members": 4,
    "rag.reranking": 4,
    "rag.spelling": 4,
    "rag.understanding": 4,
    "rag.comparing": 4,
    "rag.thread": 4,
    "rag.listings": 4,
    "rag.abstaining": 4,
    "rag.composing": 4,
    "rag.drafting": 5,
    "rag.pipeline": 5,
    "rag.searching": 4,
    "rag.starter": 5,
    "rag.session": 5,
    "rag.progress": 5,
    "rag.evaluation": 6,
    "rag.evaluation.citing": 2,
    "rag.evaluation.plots": 2,
    "rag.commands": 6,
    "rag.local_only": 2,
    "rag.turnstile": 1,
    "rag.exporting": 2,
    "rag.catalogue": 4,
    "rag.mapping": 4,
    "rag.collections": 5,
    "rag.page": 6,
    "rag.options": 6,
    "rag.terminal": 6,
    "rag.cli": 7,
    "ui": 7,
}
OWNERS = {
    "faiss": "rag/dense.py",
    "sqlite3": "rag/store/",
    "llama_cpp": "rag/llm/",
    "tiktoken": "rag/tokens.py",
    "onnxruntime": "rag/embedding/",
    "sentence_transformers": "rag/embedding/",
    "torch": "rag/embedding/",
    "transformers": "rag/embedding/",
    "gradio": "ui.py",
    "sklearn": "rag/mapping/",
}


def modules() -> dict[str, Path]:
    found = {
        ".".join(p.relative_to(REPOSITORY).with_suffix("").parts).removesuffix(".__init__"): p
        for p in PACKAGE.rglob("*.py")
    }
    page = REPOSITORY / "ui.py"
    return found | ({"ui": page} if page.exists() else {})


def layer(module: str) -> int:
    known = [name for name in LAYERS if module == name or module.startswith(name + ".")]
    best = max(known, key=len, default="")
    assert best != "rag" or module == "rag", f"{module} has no layer in {__file__}"
    return LAYERS[best]


def imports(path: Path) -> set[str]:
    found: set[str] = set()
    tree = ast.parse(path.read_text(encoding="utf-8"))
    typing_only = {
        id(node)
        for block in ast.walk(tree)
        if isinstance(block, ast.If) and "TYPE_CHECKING" in ast.dump(block.test)
        for node in ast.walk(block)
    }
    known = modules()
    for node in ast.walk(tree):
        if id(node) in typing_only:
            continue
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {
                f"{node.module}.{a.name}" if f"{node.module}.{a.name}" in known else node.module
                for a in node.names
            }
    return found


@pytest.mark.parametrize("module", sorted(modules()))
def test_imports_point_downward(module: str) -> None:
    mine = layer(module)
    for name in imports(modules()[module]):
        if name == "ui" and module == "rag.cli":
            continue  # The command that opens the page.
        if name == "rag" or name.startswith("rag."):
            assert layer(name) <= mine, f"{module} imports {name}, which is above it"


@pytest.mark.parametrize("library", sorted(OWNERS))
def test_each_heavy_library_has_one_owner(library: str) -> None:
    for path in modules().values():
        place = path.relative_to(REPOSITORY).as_posix()
        if not place.startswith(OWNERS[library]):
            roots = {name.split(".")[0] for name in imports(path)}
            assert library not in roots, f"{place} imports {library}"


@pytest.mark.parametrize("statement", ["import rag", "import rag.cli", "import rag.readers"])
def test_light_paths_import_nothing_heavy(statement: str) -> None:
    heavy = [*OWNERS, "numpy", "lxml", "rich", "sklearn"]
    heavy.remove("sqlite3")
    code = f"{statement}\nimport sys\nprint([m for m in {heavy!r} if m in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=REPOSITORY
    )
    assert done.stdout.strip() == "[]"


def test_asking_imports_no_torch() -> None:
    code = (
        "import rag.pipeline, rag.session, rag.embedding.onnx, rag.llm.engine, rag.starter, sys\n"
        "print([m for m in ('torch', 'transformers', 'sentence_transformers') if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=REPOSITORY
    )
    assert done.stdout.strip() == "[]"


def test_modules_stay_small() -> None:
    lengths = {name: len(p.read_text().splitlines()) for name, p in modules().items()}
    assert max(lengths.values()) <= 400, max(lengths, key=lambda name: lengths[name])
