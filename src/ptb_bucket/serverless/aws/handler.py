"""The AWS Lambda entry point: one event at a time, each loaded, handled and saved before it is answered."""

from __future__ import annotations

import logging
import time
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

from ptb_bucket.errors import ConfigurationError, PTBBucketError, UnsavedError
from ptb_bucket.serverless.aws.environment import Environment
from ptb_bucket.serverless.aws.events import Request, answer, request_of
from ptb_bucket.serverless.aws.environment import GRACE, OutOfTimeError
from ptb_bucket.serverless.settings import webhook_secret
from ptb_bucket.serverless.webhook import SECRET_HEADER, NoUpdateError, is_secret, read_update, said_of

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from ptb_bucket.serverless.aws.environment import AnyApplication

__all__ = ["lambda_webhook"]

_LOGGER = logging.getLogger("ptb_bucket.serverless")

MARGIN: Final = 4 * GRACE
"""Seconds before Lambda's end for what follows the work: cancelling it, closing connections, and the answer."""

TELEGRAM_WAITS: Final = 55.0
"""Seconds for one update at most: after 60, Telegram sends it again while it is still being handled."""


def lambda_webhook(
    build_application: Callable[[], Any], on_timer: Callable[[AnyApplication], Awaitable[Any]] | None = None
) -> Callable[[Any, Any], dict[str, Any]]:
    """The function that AWS calls, ``handler = ...`` in your module.

    It takes the events of function URLs and of API Gateway (REST and HTTP APIs), compares the secret token, and answers
    when the update is handled **and** its changes are in the bucket:

    ===  ==============================================================================================================
    200  The handlers ran and the state is saved. (What handlers raise goes to PTB's error handlers, as always.)
    400  The body is no Update.
    403  The secret token is wrong.
    405  The method is not POST.
    503  The state could not be loaded or saved, or time ran out. Telegram sends the update again.
    ===  ==============================================================================================================

    After a 503 the update did not happen: what its handlers changed in memory is discarded, and the next event builds
    and loads a new Application. Otherwise the Application stays, and is brought up to date before each update. If a
    save timed out or was not answered, the bucket may hold its changes nevertheless; with ``dedupe=True`` the update
    that is sent again is recognised. What went wrong is logged (``ptb_bucket.serverless``), with the update's id.

    Time ends 0.8 seconds before the function's own timeout, for an update at the latest after 55 seconds. AWS freezes
    the process after the answer: what a handler leaves running in the background stands still and may never go on.

    Args:
        build_application: Called without arguments at the first event, and again after a 503. Returns a new
            ``BucketApplication`` with its handlers, or its builder. ``save`` is set to ``"update"``.
        on_timer: Awaited with the loaded Application for every event that is no HTTP request: an EventBridge rule, a
            schedule, a test event. What it changes is saved. If it raises, takes too long or cannot be saved, nothing
            of it is kept and the handler raises, so that AWS shows the failure and repeats the event.

    Returns:
        The handler. It keeps one event loop for the life of the process, and handles one event at a time.

    Raises:
        ConfigurationError: ``TELEGRAM_WEBHOOK_SECRET`` is missing or Telegram would not take it as a secret token.
        StoreError: The secret is a parameter (``TELEGRAM_WEBHOOK_SECRET_PARAMETER``) and could not be read.
    """
    for name, function in {"build_application": build_application, "on_timer": on_timer or bool}.items():
        if not callable(function):
            raise ConfigurationError(
                f"{name} is {type(function).__name__}, not a function. Write: lambda_webhook(build_application), "
                f"without calling it."
            )
    return _Webhook(build_application, on_timer, webhook_secret()).handle


class _Webhook:
    def __init__(
        self,
        build_application: Callable[[], Any],
        on_timer: Callable[[AnyApplication], Awaitable[Any]] | None,
        secret: str,
    ) -> None:
        self._environment = Environment(build_application)
        self._on_timer = on_timer
        self._secret = secret
        self._subject = ""

    def handle(self, event: Any, context: Any) -> dict[str, Any]:
        """Handle an event of AWS Lambda.

        Args:
            event: From AWS.
            context: From AWS; without one, there are 55 seconds.

        Returns:
            What AWS makes an HTTP response of.
        """
        until = time.monotonic() + _seconds(context)
        request = request_of(event)
        if request is None:
            self._tick(until)
            return answer(HTTPStatus.OK)
        return answer(self._respond(request, min(until, time.monotonic() + TELEGRAM_WAITS)))

    def _respond(self, request: Request, until: float) -> HTTPStatus:
        if request.method not in {"", "POST"}:
            return HTTPStatus.METHOD_NOT_ALLOWED
        if not is_secret(request.header(SECRET_HEADER), self._secret):
            _LOGGER.warning("A request without the right secret token is answered 403.")
            return HTTPStatus.FORBIDDEN
        try:
            body = request.body()
        except ValueError:
            return HTTPStatus.BAD_REQUEST
        return self._process(body, until)

    def _process(self, body: bytes, until: float) -> HTTPStatus:
        self._subject = "An update that was not read yet"
        try:
            self._environment.run(lambda application: self._update(application, body), until, _before_handlers)
        except NoUpdateError:
            return HTTPStatus.BAD_REQUEST
        except Exception as error:  # noqa: BLE001  whatever it is: not handled and saved, so it has to come again
            said = said_of(error)
            _LOGGER.error("%s is answered 503, for Telegram to send it again: %s", self._subject, said)  # noqa: TRY400
            return HTTPStatus.SERVICE_UNAVAILABLE
        return HTTPStatus.OK

    async def _update(self, application: AnyApplication, body: bytes) -> None:
        update = read_update(body, application.bot)
        self._subject = f"Update {update.update_id}"
        await application.process_update(update)

    def _tick(self, until: float) -> None:
        """Run ``on_timer``; its failures are AWS's to show and repeat."""
        on_timer = self._on_timer
        if on_timer is None:
            raise ConfigurationError(
                "An event came that is no HTTP request. If a timer sent it, pass what to do: "
                "lambda_webhook(build_application, on_timer=...); if not, remove its trigger."
            )
        self._environment.run(lambda application: application.run_and_save(on_timer), until, lambda _: False)


def _before_handlers(error: Exception) -> bool:
    """Whether ``process_update`` promises that no handler ran."""
    return isinstance(error, (PTBBucketError, NoUpdateError)) and not isinstance(error, (UnsavedError, OutOfTimeError))


def _seconds(context: Any) -> float:
    remaining = getattr(context, "get_remaining_time_in_millis", None)
    return TELEGRAM_WAITS if remaining is None else remaining() / 1000 - MARGIN
