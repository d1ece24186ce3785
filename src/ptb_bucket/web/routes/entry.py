"""Enter and leave: the one-time token, the password, and the cookie."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse
from starlette.routing import Route

from ptb_bucket.web.routes.forms import checked_form, form_of

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from ptb_bucket.web.site import Site

__all__ = ["routes"]


def routes() -> list[Route]:
    """Return the routes."""
    return [
        Route("/enter", _with_token),
        Route("/enter", _with_password, methods=["POST"]),
        Route("/enter/again", _again, methods=["POST"]),
        Route("/leave", _leave, methods=["POST"]),
    ]


async def _with_token(request: Request) -> Response:
    """Exchange the token for a cookie, and leave the address that contains it."""
    site: Site = request.app.state.site
    cookie = site.door.enter(request.query_params.get("token", ""))
    if cookie is None:
        return site.page(request, "enter.html", status=401, password=site.door.has_password, problem="used")
    return _entered(site, cookie)


async def _with_password(request: Request) -> Response:
    site: Site = request.app.state.site
    cookie = await site.door.enter_with_password((await form_of(request)).get("password", ""))
    if cookie is None:
        return site.page(request, "enter.html", status=401, password=True, problem="wrong")
    return _entered(site, cookie)


async def _again(request: Request) -> Response:
    """Print a new address to the terminal, for another browser or after a restart of this one."""
    site: Site = request.app.state.site
    if site.door.has_password:
        raise HTTPException(404, "There is no such page.")
    site.door.invite()
    return site.page(request, "enter.html", status=401, password=False, problem="printed")


async def _leave(request: Request) -> Response:
    site: Site = request.app.state.site
    await checked_form(request)
    site.door.leave(request.cookies.get(site.door.cookie))
    return RedirectResponse("/", 303)


def _entered(site: Site, cookie: str) -> Response:
    answer = RedirectResponse("/", 303)
    answer.set_cookie(site.door.cookie, cookie, httponly=True, samesite="strict", path="/")
    return answer
