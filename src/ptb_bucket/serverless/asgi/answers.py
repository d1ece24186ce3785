"""Reading of request bodies, and the answers to errors."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from starlette.requests import ClientDisconnect
from starlette.responses import PlainTextResponse, Response
from telegram.error import TelegramError

from ptb_bucket.errors import PTBBucketError, UnsavedError
from ptb_bucket.serverless.asgi.ticks import GoogleKeysError, TickRefusedError
from ptb_bucket.serverless.asgi.updates import BusyError, LateError
from ptb_bucket.serverless.webhook import NoUpdateError, describe_error

if TYPE_CHECKING:
    from starlette.requests import Request

__all__ = ["answer_to", "receive"]

_LOGGER = logging.getLogger("ptb_bucket.serverless")

MAX_BODY = 1024 * 1024  # bytes; Telegram's updates have a few thousand


class TooLargeError(Exception):
    """A body of more than MAX_BODY bytes."""


# The first match counts. The texts are for tests with curl: Telegram shows only the status.
ANSWERS: tuple[tuple[type[BaseException], int, str], ...] = (
    (TickRefusedError, 403, "This caller may not ask for jobs."),
    (PermissionError, 403, "The secret token is wrong."),
    (NoUpdateError, 400, "The body is not a valid Update."),
    (ClientDisconnect, 400, "The body is not complete."),
    (TooLargeError, 413, "The body is too large."),
    (BusyError, 503, "Too many updates are waiting, or the server is stopping."),
    (LateError, 503, "Time ran out."),
    (UnsavedError, 503, "The changes could not be saved."),
    (GoogleKeysError, 503, "Google's public keys could not be fetched."),
    (PTBBucketError, 503, "The state could not be loaded."),
    (TelegramError, 503, "Telegram could not be reached."),
    (Exception, 500, "{what} failed. See the log."),
)
SERVER_ERRORS = 500


async def receive(request: Request) -> bytes:
    """Read a request's body.

    Raises:
        TooLargeError: The body has more than MAX_BODY bytes; the rest stays unread.
        ClientDisconnect: The body ended too soon.
    """
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_BODY:
            raise TooLargeError
    return bytes(body)


def answer_to(error: Exception, what: str = "update") -> Response:
    """Return the answer to an error: a status and a line of text. The error itself goes to the log.

    Args:
        error: The error.
        what: What the request is.
    """
    status, text = next((status, text) for kind, status, text in ANSWERS if isinstance(error, kind))
    text = text.replace("{what}", f"The {what}")
    if isinstance(error, TickRefusedError):
        _LOGGER.warning("A tick was answered with %d. %s", status, error)
    elif status >= SERVER_ERRORS:
        article = "An" if what.startswith("u") else "A"
        _LOGGER.error("%s %s was answered with %d (%s). %s", article, what, status, text, describe_error(error))
    return PlainTextResponse(text, status)
