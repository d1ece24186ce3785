"""Enter, leave, and forms: the token, the password, the cookie, and the text that each form of a session contains."""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qsl

from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse
from starlette.routing import Route

from ptb_bucket.web.site import Site, site_of

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from ptb_bucket.web.security import Session

__all__ = ["checked_form", "routes", "session_of"]

_LARGEST: Final = 64 * 1024 * 1024
"""The most bytes of a form. A record to edit may be large."""


def routes() -> list[Route]:
    """Return the routes."""
    return [
        Route("/enter", _with_token), Route("/enter", _with_password, methods=["POST"]),
        Route("/enter/again", _again, methods=["POST"]), Route("/leave", _leave, methods=["POST"]),
    ]  # fmt: skip


async def _with_token(request: Request) -> Response:
    """Exchange the token for a cookie, and leave the address that contains it."""
    site = site_of(request)
    return _entered(site, request, site.door.enter(request.query_params.get("token", "")), "used")


async def _with_password(request: Request) -> Response:
    site, fields = site_of(request), await _form(request)
    return _entered(site, request, await site.door.enter_with_password(fields.get("password", "")), "wrong")


def _entered(site: Site, request: Request, cookie: str | None, problem: str) -> Response:
    if cookie is None:
        return site.page(request, "enter.html", status=401, password=site.door.has_password, problem=problem)
    answer = RedirectResponse("/", 303)
    answer.set_cookie(site.door.cookie, cookie, httponly=True, samesite="strict", path="/")
    return answer


async def _again(request: Request) -> Response:
    """Print a new address to the terminal, for another browser or after a restart of this one."""
    site = site_of(request)
    if site.door.has_password:
        raise HTTPException(404, "There is no such page. Check the address.")
    site.door.invite()
    return site.page(request, "enter.html", status=401, password=False, problem="printed")


async def _leave(request: Request) -> Response:
    site = site_of(request)
    await checked_form(request)
    site.door.leave(request.cookies.get(site.door.cookie))
    return RedirectResponse("/", 303)


def session_of(request: Request) -> Session:
    """Return the session of a request that the guard let through."""
    session: Session = request.scope["state"]["session"]
    return session


async def _form(request: Request) -> dict[str, str]:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > _LARGEST:
            raise HTTPException(413, "The form is too large. Nothing was changed.")
    try:
        return dict(parse_qsl(body.decode(), keep_blank_values=True, errors="strict", max_num_fields=50))
    except ValueError:
        raise HTTPException(400, "The form could not be read. Nothing was changed.") from None


async def checked_form(request: Request) -> dict[str, str]:
    """Return the fields of a form.

    Raises:
        HTTPException: The form cannot be read, or lacks the text that all forms of this session have. Another page may
            have sent it.
    """
    fields = await _form(request)
    if not hmac.compare_digest(fields.get("csrf", "").encode(), session_of(request).csrf.encode()):
        raise HTTPException(403, "The form is not from a page of this session. Nothing was changed. Reload the page.")
    return fields
