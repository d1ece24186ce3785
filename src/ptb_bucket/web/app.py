"""The application and its server: the routes, what is said when something fails, and uvicorn without an access log."""

from __future__ import annotations

import logging
import socket
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import uvicorn
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles

from ptb_bucket.errors import ConfigurationError, NotFoundError, PTBBucketError, RefusedError
from ptb_bucket.web.routes import ROUTES
from ptb_bucket.web.security import Doorkeeper, Guard
from ptb_bucket.web.site import Site, site_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from starlette.responses import Response
    from starlette.types import Receive, Scope, Send

    from ptb_bucket.tools import State
    from ptb_bucket.web.site import Settings

__all__ = ["create_app", "listening_on", "serve"]


def create_app(state: State, settings: Settings, door: Doorkeeper) -> Starlette:
    """Return the ASGI application.

    Args:
        state: The bot's state, opened with ``keep_unknown``. It must stay open.
        settings: The options of the verb.
        door: The keeper of sessions.
    """
    site = Site(state, settings, door)

    async def refused(scope: Scope, receive: Receive, send: Send) -> None:
        response = site.page(Request(scope), "enter.html", status=401, password=door.has_password, problem="")
        await response(scope, receive, send)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        yield
        await site.close()

    app = Starlette(
        routes=[Mount("/static", StaticFiles(packages=[("ptb_bucket.web", "static")])), *ROUTES],
        middleware=[Middleware(Guard, door=door, refused=refused)],
        exception_handlers={PTBBucketError: _failed, HTTPException: _failed},
        lifespan=lifespan,
    )
    app.router.redirect_slashes = False
    app.state.site = site
    return app


async def _failed(request: Request, error: Exception) -> Response:
    if isinstance(error, HTTPException):
        status, text = error.status_code, error.detail
    else:
        status = 404 if isinstance(error, NotFoundError) else 409 if isinstance(error, RefusedError) else 502
        text = str(error)
    is_part = "hx-request" in request.headers  # htmx shows only answers that succeeded
    template = "parts/problem.html" if is_part and request.headers.get("hx-target") != "main" else "error.html"
    return site_of(request).page(request, template, status=200 if is_part else status, text=text)


async def serve(  # noqa: PLR0913  settings, by keyword
    state: State, settings: Settings, *, host: str, port: int, password: str, announce: Callable[[str], None]
) -> None:
    """Serve the pages until the process is interrupted.

    Args:
        state: The bot's state, opened with ``keep_unknown``.
        settings: The options of the verb.
        host: The host to listen on.
        port: The port; 0 for a free one.
        password: The password; empty for a one-time token.
        announce: Shows the terminal the address to open.

    Raises:
        ConfigurationError: The server cannot listen there.
    """
    listening = listening_on(host, port)
    door = Doorkeeper(host, listening.getsockname()[1], password, announce)
    config = uvicorn.Config(
        create_app(state, settings, door), access_log=False, log_level=logging.ERROR, server_header=False,
        proxy_headers=False, timeout_graceful_shutdown=2, use_colors=False,
    )  # fmt: skip
    with listening:
        await _Server(config, door).serve([listening])


class _Server(uvicorn.Server):
    """A server that announces its address when Ctrl-C stops it in order, and not before."""

    def __init__(self, config: uvicorn.Config, door: Doorkeeper) -> None:
        super().__init__(config)
        self._door = door

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, then announce the address."""
        await super().startup(sockets)
        try:
            self._door.invite()
        except OSError:  # stdout is closed
            await self.shutdown(sockets)
            raise

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop, and end the application also after a second Ctrl-C, which would cancel it and print a traceback."""
        await super().shutdown(sockets)
        if self.force_exit:
            await self.lifespan.shutdown()


def listening_on(host: str, port: int) -> socket.socket:
    """Return a socket that is bound to an address. Raises ConfigurationError if it cannot be."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listening = socket.socket(family, kind, protocol)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(address)
        listening.listen(128)  # so that the address works as soon as it is printed
    except OSError as error:
        raise ConfigurationError(
            f"The server can't listen on {host}, port {port}: {error.strerror}. Choose another --host or --port."
        ) from error
    return listening
