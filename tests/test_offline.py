"""Everything works with the network cable out: blocked sockets, and a machine without network."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.command_line import PAPERS, REPOSITORY, Program, write_papers

# Imported by Python itself at start, before any of our code.
SITECUSTOMIZE = """
import socket

def refuse(*args, **kwargs):
    with open({log!r}, "a") as log:
        log.write(repr(args[1:]) + "\\n")
    raise OSError("the network was used")

socket.socket.connect = refuse
socket.socket.connect_ex = refuse
socket.getaddrinfo = refuse
socket.create_connection = refuse
"""


@pytest.fixture(params=["blocked sockets", "empty network namespace"])
def offline(request: pytest.FixtureRequest, tmp_path: Path) -> Program:
    home = tmp_path / "home"
    home.mkdir()
    place = {"RAG_INDEX": str(home / "index")}
    if request.param == "blocked sockets":
        site = tmp_path / "site"
        site.mkdir()
        (site / "sitecustomize.py").write_text(SITECUSTOMIZE.format(log=str(home / "attempts")))
        return Program(home, env=place | {"PYTHONPATH": f"{site}:{REPOSITORY}"})
    wrapper = ("unshare", "--net")
    if shutil.which("unshare") is None or subprocess.run([*wrapper, "true"]).returncode:
        pytest.skip("no network namespace can be made here (unshare --net)")
    return Program(home, env=place, wrapper=wrapper)


def test_everything_works_offline(offline: Program) -> None:
    papers = write_papers(offline.home / "papers.jsonl", PAPERS)
    assert offline("index", papers).code == 0
    found = offline("search", "moss temperature", "--json")
    assert found.json["hits"][0]["title"] == "Moss as a Thermometer"
    answered = offline("ask", "At what height do the tethered kites measure wind?", "--json")
    assert answered.code == 0, answered.err
    assert answered.json["status"] == "answered"
    assert answered.json["model"]["name"] == "SmolLM2-135M-Instruct"
    assert offline("verify").code == 0
    assert offline("models", "verify").code == 0
    assert not (offline.home / "attempts").exists()  # it was not even tried


def test_the_block_blocks(tmp_path: Path) -> None:
    """The test above would fail if something did reach out."""
    import sys

    (tmp_path / "sitecustomize.py").write_text(SITECUSTOMIZE.format(log=str(tmp_path / "log")))
    code = "import urllib.request as u; u.urlopen('http://127.0.0.1:9')"
    done = subprocess.run(
        [sys.executable, "-c", code], env={"PYTHONPATH": str(tmp_path)}, capture_output=True
    )
    assert done.returncode == 1
    assert b"the network was used" in done.stderr
    assert (tmp_path / "log").exists()
