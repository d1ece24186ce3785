"""From requests to bodies, and from errors to answers."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from starlette.requests import ClientDisconnect
from starlette.responses import PlainTextResponse, Response
from telegram.error import TelegramError

from ptb_bucket.errors import PTBBucketError, UnsavedError
from ptb_bucket.serverless.asgi.updates import BusyError, LateError
from ptb_bucket.serverless.webhook import NoUpdateError, said_of

if TYPE_CHECKING:
    from starlette.requests import Request

__all__ = ["answer_to", "receive"]

_LOGGER = logging.getLogger("ptb_bucket.serverless")

MAX_BODY = 1024 * 1024  # bytes; Telegram's updates have a few thousand


class TooLargeError(Exception):
    """A body of more than MAX_BODY bytes."""


# The first that fits. Texts are for whoever tests with curl: Telegram shows only the status.
ANSWERS: tuple[tuple[type[BaseException], int, str], ...] = (
    (PermissionError, 403, "The secret token is wrong."),
    (NoUpdateError, 400, "The body is no Update."),
    (ClientDisconnect, 400, "The body is not complete."),
    (TooLargeError, 413, "The body is too large."),
    (BusyError, 503, "Too many updates wait, or the server stops."),
    (LateError, 503, "Time ran out."),
    (UnsavedError, 503, "Not saved."),
    (PTBBucketError, 503, "The state could not be loaded."),
    (TelegramError, 503, "Telegram could not be reached."),
    (Exception, 500, "Failed; see the log."),
)
SERVER_ERRORS = 500


async def receive(request: Request) -> bytes:
    """Read a request's body.

    Raises:
        TooLargeError: It has more than MAX_BODY bytes; the rest stays unread.
        ClientDisconnect: It ended too soon.
    """
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_BODY:
            raise TooLargeError
    return bytes(body)


def answer_to(error: Exception) -> Response:
    """What the caller is told of an error: a status and a line; the log is told which error it was."""
    status, text = next((status, text) for kind, status, text in ANSWERS if isinstance(error, kind))
    if status >= SERVER_ERRORS:
        _LOGGER.error("An update was answered %d (%s) %s", status, text, said_of(error))
    return PlainTextResponse(text, status)
