"""The application: its routes, and what it says when something fails."""

from __future__ import annotations

from contextlib import asynccontextmanager
from importlib.resources import files
from typing import TYPE_CHECKING, Final

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ptb_bucket.errors import NotFoundError, PTBBucketError, RefusedError
from ptb_bucket.web.routes import ROUTES
from ptb_bucket.web.security import Guard
from ptb_bucket.web.site import Site

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from starlette.types import Receive, Scope, Send

    from ptb_bucket.tools import State
    from ptb_bucket.web.security import Doorkeeper
    from ptb_bucket.web.site import Settings

__all__ = ["create_app"]

_STATIC: Final = {
    # the only files that the server sends, with their types
    "style.css": "text/css", "page.js": "text/javascript", "htmx.min.js": "text/javascript",
    "icon.svg": "image/svg+xml", "htmx.LICENSE.txt": "text/plain",
}  # fmt: skip


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

    async def failed(request: Request, error: Exception) -> Response:
        return _failed(site, request, error)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        yield
        await site.catalog.close()

    app = Starlette(
        routes=[Route("/static/{name}", _static), *ROUTES],
        middleware=[Middleware(Guard, door=door, refused=refused)],
        exception_handlers={PTBBucketError: failed, HTTPException: failed},
        lifespan=lifespan,
    )
    app.state.site = site
    return app


def _failed(site: Site, request: Request, error: Exception) -> Response:
    if isinstance(error, HTTPException):
        status, text = error.status_code, error.detail
    else:
        status = 404 if isinstance(error, NotFoundError) else 409 if isinstance(error, RefusedError) else 502
        text = str(error)
    if request.headers.get("hx-request"):
        return site.page(request, "problem.html", text=text)  # htmx shows only answers that succeeded
    return site.page(request, "error.html", status=status, text=text)


async def _static(request: Request) -> Response:
    name = request.path_params["name"]
    if name not in _STATIC:
        raise HTTPException(404, "There is no such page.")
    data = files("ptb_bucket.web").joinpath("static").joinpath(name).read_bytes()
    return Response(data, media_type=_STATIC[name])
