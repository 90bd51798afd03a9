"""What keeps the page on this machine: it answers only to this machine's own names, and tells the
browser to load nothing, and send nothing, anywhere else. Who opens it to others has to ask for it
and to set a password."""

from __future__ import annotations

import socket
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass
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


@dataclass(frozen=True, slots=True)
class Access:
    """Who may reach the page.

    Attributes:
        host: the address it listens on.
        share: whether Gradio's relay on the internet passes visitors on to it.
        auth: "user:password" that visitors have to give; "" for none.
    """

    host: str = HOST
    share: bool = False
    auth: str = ""

    @property
    def local(self) -> bool:
        """Whether only this machine can reach it."""
        return not self.share and self.host in (HOST, "localhost")

    @property
    def said(self) -> str:
        """Where what is asked and answered goes, for people."""
        if self.local:
            return "Nothing leaves this machine."
        if self.share:
            return (
                "What you ask and read passes through Gradio's relay on the internet; it is "
                "answered on the machine that serves this page, and nowhere else."
            )
        return (
            "What you ask and read goes over the network, unencrypted, to and from the machine "
            "that serves this page; it is answered there, and nowhere else."
        )

    @property
    def credentials(self) -> tuple[str, str] | None:
        """User and password."""
        user, _, password = self.auth.partition(":")
        return (user, password) if user and password else None

    @property
    def shown_host(self) -> str:
        """A name under which this machine's own browser finds it."""
        return HOST if self.host == "0.0.0.0" else self.host

    def require_password(self) -> None:
        """Refuse to be open to others without one.

        Raises:
            UsageError: it would be, `auth` isn't of the form that it has to have, or the page
                can't listen on such an address.
        """
        if ":" in self.host:  # Gradio and its guard of names can't tell such hosts from ports.
            raise UsageError(
                f"the page can't listen on the IPv6 address {self.host}",
                "try: rag ui --host 127.0.0.1 (this machine alone) or --host 0.0.0.0",
            )
        if self.auth and self.credentials is None:
            raise UsageError("--auth needs a user and a password", "such as: --auth ada:secret")
        if not self.local and self.credentials is None:
            what = "--share" if self.share else f"--host {self.host}"
            raise UsageError(
                f"{what} opens the page to others, and needs a password",
                "add: --auth USER:PASSWORD",
            )


def free_port(port: int, host: str = HOST) -> int:
    """The port, or any free one for 0.

    Raises:
        UsageError: it is taken, or not this user's to take.
    """
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except socket.gaierror as e:
            raise UsageError(
                f"this machine has no address {host}", "try: rag ui --host 0.0.0.0"
            ) from e
        except OSError as e:
            raise UsageError(f"cannot use port {port}: {e.strerror}", "try: rag ui --port 0") from e
        return int(probe.getsockname()[1])


LOCAL = Access()


def guards(access: Access = LOCAL) -> list[Middleware]:
    """Middleware for the page's ASGI server.

    A local page refuses requests under another name, so that no site can point its own name here
    and read it (DNS rebinding); one that is open to others has a password for that.
    """
    from starlette.middleware import Middleware
    from starlette.middleware.trustedhost import TrustedHostMiddleware

    names = [HOST, "localhost"] if access.local else ["*"]
    return [Middleware(TrustedHostMiddleware, names), Middleware(WithPolicy)]


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
