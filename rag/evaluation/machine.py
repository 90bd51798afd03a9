"""The machine that something was measured on, in words."""

from __future__ import annotations

import os
import platform
import re
from pathlib import Path


def machine(threads: int) -> str:
    """CPU, threads used and memory, as far as the system tells."""
    name = platform.processor() or platform.machine()
    try:
        info = Path("/proc/cpuinfo").read_text(encoding="utf-8")
        name = re.findall(r"^model name\s*:\s*(.+)$", info, re.MULTILINE)[0]
    except (OSError, IndexError):
        pass
    memory = ""
    if hasattr(os, "sysconf") and "SC_PHYS_PAGES" in os.sysconf_names:
        pages = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
        memory = f", {pages / 2**30:.0f} GiB"
    return (
        f"{name}, {threads} threads{memory}, {platform.system()}, "
        f"Python {platform.python_version()}"
    )
