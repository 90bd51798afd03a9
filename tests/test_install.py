"""The built wheel works by itself, in another environment and another directory."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parent.parent


def run(*command: object, cwd: Path, **env: str) -> subprocess.CompletedProcess[str]:
    kept = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "VIRTUAL_ENV")}
    return subprocess.run(
        [str(part) for part in command], cwd=cwd, capture_output=True, text=True, env=kept | env
    )


@pytest.fixture(scope="module")
def rag() -> Iterator[tuple[Path, Path]]:
    """The console script of a clean environment, outside the repository, and a home folder.

    The heavy packages are those of this environment, by a path file; the project itself, which
    stands there as a link to the sources, is left out since such links aren't followed twice.
    """
    with tempfile.TemporaryDirectory(prefix="rag-install-") as name:
        place = Path(name)
        pip = [sys.executable, "-m", "pip", "--disable-pip-version-check"]
        built = run(*pip, "wheel", "--quiet", "--no-deps", "-w", place, REPOSITORY, cwd=place)
        if built.returncode:
            built = run(
                *pip, "wheel", "--quiet", "--no-deps", "--no-build-isolation", "-w", place,
                REPOSITORY, cwd=place,
            )  # fmt: skip
        if built.returncode and "hatchling" in built.stderr:
            pytest.skip("hatchling is neither installed nor to be had here")
        assert built.returncode == 0, built.stderr
        (wheel,) = place.glob("*.whl")
        venv = place / "venv"
        made = run(sys.executable, "-m", "venv", venv, cwd=place)
        assert made.returncode == 0, made.stderr
        version = f"python{sys.version_info.major}.{sys.version_info.minor}"
        site = venv / "lib" / version / "site-packages"
        (site / "heavy.pth").write_text(sysconfig.get_paths()["purelib"] + "\n")
        pip_there = (venv / "bin" / "python", "-m", "pip")
        done = run(*pip_there, "install", "--quiet", "--no-deps", "--no-index",
                   "--force-reinstall", "--ignore-installed", wheel, cwd=place)  # fmt: skip
        assert done.returncode == 0, done.stderr
        home = place / "home"
        home.mkdir()
        yield venv / "bin" / "rag", home


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_the_wheel_is_whole(rag: tuple[Path, Path]) -> None:
    program, home = rag
    env = {"HOME": str(home)}
    where = run(
        program.parent / "python", "-c", "import rag, rag.models as m; print(rag.__file__); "
        "print(m.data_file('models', 'manifest.toml'))", cwd=home,
    )  # fmt: skip
    assert where.returncode == 0, where.stderr
    for line in where.stdout.splitlines():
        assert Path(line).is_relative_to(program.parent.parent), "the source tree is in use"
    shown = run(program, "--help", cwd=home, **env)
    assert shown.returncode == 0
    assert "Examples:" in shown.stdout
    verified = run(program, "models", "verify", cwd=home, **env)
    assert verified.returncode == 0, verified.stderr
    found = run(program, "search", "task-based dialogs", "--json", cwd=home, **env)
    assert found.returncode == 0, found.stderr
    assert json.loads(found.stdout)["hits"][0]["title"].startswith("Taskmaster-1")
    asked = run(program, "ask", "--json", "How many dialogs are in Taskmaster-1?", cwd=home, **env)
    assert asked.returncode == 0, asked.stderr
    assert "13,215" in json.loads(asked.stdout)["answer"]
    measured = run(program, "eval", "--evidence-only", "--limit", "6", cwd=home, **env)
    assert measured.returncode == 0, measured.stderr
