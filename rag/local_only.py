"""What keeps the page on this machine: it answers only to this machine's own names, and tells the
browser to load nothing, and send nothing, anywhere else."""

from __future__ import annotations

import socket
from collections.abc import Awaitable, Callable, MutableMapping
from typing import TYPE_CHECKING, Any

from rag.errors import UsageError

if TYPE_CHECKING:
    from starlette.middleware import Middleware

HOST = "127.0.0.1"
# The page's own scripts are inline and compile templates, hence the two "unsafe" words; they
# open no way out: scripts, pictures, fonts and connections all come from this server.
POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; "
    "style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; font-src 'self' data:; "
    "connect-src 'self'; object-src 'none'; base-uri 'self'; form-action 'self'; "
    "frame-ancestors 'none'"
)

_Message = MutableMapping[str, Any]
_App = Callable[[_Message, Callable[[], Awaitable[_Message]], "_Send"], Awaitable[None]]
_Send = Callable[[_Message], Awaitable[None]]


def free_port(port: int) -> int:
    """The port, or any free one for 0.

    Raises:
        UsageError: it is taken, or not this user's to take.
    """
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as e:
            raise UsageError(f"cannot use port {port}: {e.strerror}", "try: rag ui --port 0") from e
        return int(probe.getsockname()[1])


def guards() -> list[Middleware]:
    """Middleware for an ASGI server on `HOST`.

    Requests under another name are refused, so that no site can point its own name here and
    read the page (DNS rebinding).
    """
    from starlette.middleware import Middleware
    from starlette.middleware.trustedhost import TrustedHostMiddleware

    return [Middleware(TrustedHostMiddleware, [HOST, "localhost"]), Middleware(WithPolicy)]


class WithPolicy:
    """Adds the policy to every response."""

    def __init__(self, app: _App) -> None:
        self.app = app

    async def __call__(
        self, scope: _Message, receive: Callable[[], Awaitable[_Message]], send: _Send
    ) -> None:
        """One ASGI call."""

        async def sending(message: _Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [
                    *message.get("headers", []),
                    (b"content-security-policy", POLICY.encode()),
                    (b"referrer-policy", b"no-referrer"),
                ]
            await send(message)

        await self.app(scope, receive, sending)
