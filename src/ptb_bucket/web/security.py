"""Access to the pages: a one-time token or a password, sessions, and checks and headers of every request."""

from __future__ import annotations

import asyncio
import hmac
import ipaddress
import secrets
import time
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.responses import PlainTextResponse

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

__all__ = ["Doorkeeper", "Guard", "Session", "is_loopback"]

_LASTS: Final = 12 * 3600
"""Seconds after which a session ends."""
_PENDING: Final = 20
_AFTER_A_WRONG_PASSWORD: Final = 1.0
"""Seconds that a wrong password costs, one after another."""
OPEN: Final = ("/enter/", "/static/")
"""The beginnings of paths that need no session, like ``/enter`` itself. They show nothing of a bot."""
HEADERS: Final = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "X-Frame-Options": "DENY",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}


@dataclass
class Session:
    """The memory of the server of one browser.

    Attributes:
        csrf: The text that each of its forms must contain.
        ends: When the session ends, by the monotonic clock.
        pending: The changes that were shown and not confirmed yet, by their random IDs.
    """

    csrf: str
    ends: float
    pending: OrderedDict[str, Any] = field(default_factory=OrderedDict)

    def keep(self, change: Any) -> str:
        """Keep a change until it is confirmed, and return its ID. Only the newest ones are kept."""
        name = secrets.token_urlsafe(16)
        self.pending[name] = change
        while len(self.pending) > _PENDING:
            self.pending.popitem(last=False)
        return name


def is_loopback(host: str) -> bool:
    """Tell whether only this computer can connect to a host."""
    address = _address(host)
    return host == "localhost" or (address is not None and address.is_loopback)


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


class Doorkeeper:
    """The keeper of sessions. One is opened by a token, which works once, or by the password.

    Args:
        host: The host that the server listens on.
        port: Its port.
        password: The password; empty if there is none.
        announce: Shows the terminal an address to open.
    """

    def __init__(self, host: str, port: int, password: str, announce: Callable[[str], None]) -> None:
        self.host, self.port, self._password, self._announce = host, port, password, announce
        self.has_password = bool(password)
        self._token = ""
        self._sessions: dict[str, Session] = {}
        self._trying = asyncio.Lock()

    @property
    def cookie(self) -> str:
        """Return the name of the cookie. Browsers send cookies to every port of a host, so it has the port."""
        return f"ptb-bucket-web-{self.port}"

    def invite(self) -> None:
        """Show the terminal an address with a new token, which replaces the one before."""
        shown = f"[{self.host}]" if ":" in self.host else self.host
        if self._password:
            self._announce(f"http://{shown}:{self.port}/")
            return
        self._token = secrets.token_urlsafe(32)
        self._announce(f"http://{shown}:{self.port}/enter?token={self._token}")

    def enter(self, token: str) -> str | None:
        """Return the cookie of a new session, or None if this is not the token. A token works once."""
        if not self._token or not _same(token, self._token):
            return None
        self._token = ""
        return self._opened()

    async def enter_with_password(self, password: str) -> str | None:
        """Return the cookie of a new session, or None after a while if this is not the password."""
        async with self._trying:
            if self._password and _same(password, self._password):
                return self._opened()
            await asyncio.sleep(_AFTER_A_WRONG_PASSWORD)
            return None

    def _opened(self) -> str:
        now = time.monotonic()
        self._sessions = {name: one for name, one in self._sessions.items() if one.ends > now}
        name = secrets.token_urlsafe(32)
        self._sessions[name] = Session(secrets.token_urlsafe(32), now + _LASTS)
        return name

    def session(self, cookie: str | None) -> Session | None:
        """Return the session of a cookie; None for a forged or an old one. The search tells nothing by its duration."""
        found = None
        for name, session in self._sessions.items():
            if _same(name, cookie or "") and session.ends > time.monotonic():
                found = session
        return found

    def leave(self, cookie: str | None) -> None:
        """End a session."""
        self._sessions.pop(cookie or "", None)

    def knows(self, host: str) -> bool:
        """Tell whether a Host header may name this server. A foreign name is a sign of DNS rebinding."""
        try:
            parts = urlsplit(f"//{host}")
            name, port = parts.hostname or "", parts.port or 80
        except ValueError:
            return False
        if port != self.port or parts.username is not None:
            return False
        if is_loopback(self.host):
            return is_loopback(name)
        return name == self.host or _address(name) is not None  # an address cannot be rebound, because no DNS is asked


def _same(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode(), other.encode())


class Guard:
    """An ASGI middleware that lets only requests of a session through, and puts the headers on every answer.

    Args:
        app: The pages.
        door: The keeper of sessions.
        refused: Answers a request without a session.
    """

    def __init__(self, app: ASGIApp, door: Doorkeeper, refused: ASGIApp) -> None:
        self._app, self._door, self._refused = app, door, refused

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers[name] = value
            await send(message)

        await self._chosen(scope)(scope, receive, with_headers)

    def _chosen(self, scope: Scope) -> ASGIApp:
        request = Request(scope)
        hosts = request.headers.getlist("host")
        if len(hosts) != 1 or not self._door.knows(hosts[0]):
            return PlainTextResponse("This server does not have that name. Open the address that it printed.", 421)
        if request.method not in ("GET", "HEAD") and not _is_own(request.headers, hosts[0]):
            return PlainTextResponse("The request came from another page. Nothing was changed.", 403)
        session = self._door.session(request.cookies.get(self._door.cookie))
        scope.setdefault("state", {})["session"] = session
        path = scope["path"]
        is_open = path == "/enter" or path.startswith(OPEN)
        return self._app if session or is_open else self._refused


def _is_own(headers: Headers, host: str) -> bool:
    """Tell whether a browser sent a form from one of our pages. Each browser of today sends one of these headers."""
    site, origin = headers.get("sec-fetch-site"), headers.get("origin")
    if site is not None and site != "same-origin":
        return False
    return origin is None or origin == f"http://{host}"
