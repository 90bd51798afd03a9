"""How the page is served: to whom, and what Gradio must leave off."""

from __future__ import annotations

import signal
import sys
import threading
from typing import Any

from rag.local_only import Access, guards

_LARGEST_MB = 50  # of an uploaded file


def serve(demo: Any, port: int, access: Access, **looks: Any) -> None:
    """Serve Gradio's blocks until Ctrl-C or a request to end; the address goes to standard error.

    Args:
        demo: a `gradio.Blocks`.
        port: a free one.
        access: who may reach it.
        looks: theme and styles, as `launch` takes them.
    """
    _, _, shared = demo.launch(
        server_name=access.host, server_port=port, share=access.share, quiet=True, root_path="",
        auth=access.credentials, prevent_thread_lock=True, ssr_mode=False, mcp_server=False,
        pwa=False, footer_links=[], run_history=False, enable_monitoring=False,
        max_file_size=f"{_LARGEST_MB}mb", app_kwargs={"middleware": guards(access)}, **looks,
    )  # fmt: skip
    print(f"open http://{access.shown_host}:{port}", file=sys.stderr, flush=True)
    if shared:
        print(f"shared until you stop it: {shared}", file=sys.stderr, flush=True)
    ended = threading.Event()
    # Set outright, since a process started in the background may have Ctrl-C switched off.
    for request in (signal.SIGINT, signal.SIGTERM):
        signal.signal(request, lambda *_: ended.set())
    ended.wait()
    demo.close(verbose=False)
