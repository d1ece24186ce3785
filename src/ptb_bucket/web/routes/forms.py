"""Forms: read in one place, and accepted only if they come from a page of this session."""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qsl

from starlette.exceptions import HTTPException

if TYPE_CHECKING:
    from starlette.requests import Request

    from ptb_bucket.web.security import Session

__all__ = ["checked_form", "form_of", "session_of"]

_LARGEST: Final = 64 * 1024 * 1024
"""The most bytes of a form. A record to edit may be large."""


def session_of(request: Request) -> Session:
    """Return the session of a request that the guard let through."""
    session: Session = request.scope["state"]["session"]
    return session


async def form_of(request: Request) -> dict[str, str]:
    """Return the fields of a form. Raises HTTPException if it is too large, or not UTF-8."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > _LARGEST:
            raise HTTPException(413, "The form is too large. Nothing was changed.")
    try:
        return dict(parse_qsl(body.decode(), keep_blank_values=True, errors="strict", max_num_fields=50))
    except ValueError:
        raise HTTPException(400, "The form cannot be read. Nothing was changed.") from None


async def checked_form(request: Request) -> dict[str, str]:
    """Return the fields of a form.

    Raises:
        HTTPException: The form lacks the text that all forms of this session have. Another page may have sent it.
    """
    fields = await form_of(request)
    if not hmac.compare_digest(fields.get("csrf", "").encode(), session_of(request).csrf.encode()):
        raise HTTPException(403, "The form is not from a page of this session. Nothing was changed. Reload the page.")
    return fields
