"""The AWS Lambda entry point, which loads, handles and saves each event before it answers."""

from __future__ import annotations

import logging
import time
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

from ptb_bucket.errors import ConfigurationError, PTBBucketError, UnsavedError
from ptb_bucket.serverless.aws.environment import GRACE, Environment, OutOfTimeError
from ptb_bucket.serverless.aws.events import Request, answer, request_of
from ptb_bucket.serverless.aws.init_phase import InitPhase
from ptb_bucket.serverless.webhook import SECRET_HEADER, NoUpdateError, describe_error, read_update, secret_matches

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from ptb_bucket.serverless.aws.environment import AnyApplication

__all__ = ["lambda_webhook"]

_LOGGER = logging.getLogger("ptb_bucket.serverless")

MARGIN: Final = 4 * GRACE
"""The seconds before Lambda's timeout that are kept for cancelling work, closing connections and answering."""

TELEGRAM_WAITS: Final = 55.0
"""The most seconds for an update. After 60, Telegram sends it again while it is still being handled."""


def lambda_webhook(
    build_application: Callable[[], Any], on_timer: Callable[[AnyApplication], Awaitable[Any]] | None = None
) -> Callable[[Any, Any], dict[str, Any]]:
    """Build and load the bot, and return the function that AWS calls; assign it as ``handler = ...`` in your module.

    AWS runs this in the init phase, on a whole core. The function that it returns accepts the events of function URLs
    and of API Gateway (REST and HTTP APIs), checks the secret token, and answers when the update is handled **and** its
    changes are in the bucket:

    - 200: The handlers ran and the state is saved. (Errors of handlers go to PTB's error handlers, as always.)
    - 400: The body is not a valid update.
    - 403: Wrong secret token.
    - 405: The method is not POST.
    - 503: The bot could not be built, its state not be loaded or saved, Telegram not be reached, or time ran out.
      Telegram sends the update again.

    After a 503, the changes that the update's handlers made in memory are discarded, and the next event builds and
    loads a new Application. Otherwise the Application stays, and is refreshed before each update. If a save timed out
    or was not answered, the bucket may contain its changes nevertheless; with ``dedupe=True``, the update is recognised
    when Telegram sends it again. Errors are logged (``ptb_bucket.serverless``) with the update's ID.

    **Init phase.** Building and loading have 5 seconds (``PTB_BUCKET_INIT_SECONDS``; 0 leaves all to the first event).
    Then the first event begins anew. An error is logged and not raised, because AWS would start the process again for
    each event: the first update is answered with 503, and the next one tries again. So is a missing webhook secret,
    ``TELEGRAM_WEBHOOK_SECRET``. The first event refreshes what was loaded, like any other.

    **SnapStart.** Before the snapshot, everything that was opened is closed. After the restore, the bot is built and
    loaded again, with new connections, credentials, writer ID and random numbers. What your module opens outside of
    ``build_application`` stays in the snapshot.

    **Jobs.** An application that was built with ``jobs="bucket"`` runs its due jobs at the event
    ``{"ptb-bucket": "tick"}``, which a schedule sends every minute, for example. Without ``on_timer``, it runs them at
    every event that is not an HTTP request. Jobs begin in the first 60 % of the time; the next tick runs the rest.

    The time limit is 0.8 seconds before the function's own timeout, and at most 55 seconds for an update. AWS freezes
    the process after the answer, so a handler's background tasks stop and may never continue.

    Args:
        build_application: Called without arguments in the init phase, after a restore and after each 503. Returns a new
            ``BucketApplication`` with its handlers, or its builder. ``save`` is set to ``"update"``.
        on_timer: Awaited with the loaded Application for every event that is neither an HTTP request nor a tick: an
            EventBridge rule, a schedule, a test event. Its changes are saved. If it raises, takes too long or cannot be
            saved, its changes are discarded and the handler raises, so that AWS shows the failure and repeats the
            event.

    Returns:
        The handler. It keeps one event loop for the life of the process, and handles one event at a time.

    Raises:
        ConfigurationError: One of the arguments is not a function.
    """
    for name, function in {"build_application": build_application, "on_timer": on_timer or bool}.items():
        if not callable(function):
            raise ConfigurationError(
                f"{name} must be a function, not {type(function).__name__}. Pass the function without calling it: "
                "lambda_webhook(build_application)."
            )
    webhook = _LambdaWebhook(build_application, on_timer)
    webhook.init_phase.run()
    return webhook.handle


class _LambdaWebhook:
    def __init__(
        self, build_application: Callable[[], Any], on_timer: Callable[[AnyApplication], Awaitable[Any]] | None
    ) -> None:
        self._environment = Environment(build_application)
        self.init_phase = InitPhase(self._environment)
        self._on_timer = on_timer
        self._subject = ""

    def handle(self, event: Any, context: Any) -> dict[str, Any]:
        """Handle an event of AWS Lambda.

        Args:
            event: From AWS.
            context: From AWS; if it is missing, the limit is 55 seconds.

        Returns:
            The dictionary from which AWS makes an HTTP response.
        """
        until = time.monotonic() + _seconds(context)
        self.init_phase.renew()
        request = request_of(event)
        if request is None:
            self._handle_timer(event, until)
            return answer(HTTPStatus.OK)
        return answer(self._respond(request, min(until, time.monotonic() + TELEGRAM_WAITS)))

    def _respond(self, request: Request, until: float) -> HTTPStatus:
        if request.method not in {"", "POST"}:
            return HTTPStatus.METHOD_NOT_ALLOWED
        try:
            secret = self.init_phase.secret
        except Exception as error:  # noqa: BLE001  without it, no caller is Telegram for sure
            _LOGGER.error("Returned 503: could not get the webhook secret. %s", describe_error(error))  # noqa: TRY400
            return HTTPStatus.SERVICE_UNAVAILABLE
        if not secret_matches(request.header(SECRET_HEADER), secret):
            _LOGGER.warning("Rejected a request without the correct secret token (403).")
            return HTTPStatus.FORBIDDEN
        try:
            body = request.body()
        except ValueError:
            return HTTPStatus.BAD_REQUEST
        return self._process(body, until)

    def _process(self, body: bytes, until: float) -> HTTPStatus:
        self._subject = "an update that was not yet read"
        try:
            self.init_phase.event_begins()
            self._environment.run(lambda application: self._update(application, body, until), until, _before_handlers)
        except NoUpdateError:
            return HTTPStatus.BAD_REQUEST
        except (Exception, SystemExit) as error:  # noqa: BLE001  in any case it was not handled and saved, so it has to come again
            said = describe_error(error)
            _LOGGER.error("Returned 503 for %s so that Telegram resends it. %s", self._subject, said)  # noqa: TRY400
            return HTTPStatus.SERVICE_UNAVAILABLE
        return HTTPStatus.OK

    async def _update(self, application: AnyApplication, body: bytes, until: float) -> None:
        application.answer_by = until
        update = read_update(body, application.bot)
        self._subject = f"update {update.update_id}"
        await application.process_update(update)

    def _handle_timer(self, event: Any, until: float) -> None:
        """Run the jobs that are due, or ``on_timer``. AWS shows failures and repeats the event."""
        from ptb_bucket.serverless.aws.ticks import is_tick, tick  # noqa: PLC0415  updates do not need it

        on_timer = None if is_tick(event) else self._on_timer

        async def work(application: AnyApplication) -> None:
            if on_timer is None:
                await tick(application, until)
            else:
                await application.run_and_save(on_timer)

        self.init_phase.event_begins()
        self._environment.run(work, until, lambda _: False)


def _before_handlers(error: Exception) -> bool:
    """Return True if the error proves that no handler ran."""
    return isinstance(error, (PTBBucketError, NoUpdateError)) and not isinstance(error, (UnsavedError, OutOfTimeError))


def _seconds(context: Any) -> float:
    remaining = getattr(context, "get_remaining_time_in_millis", None)
    return TELEGRAM_WAITS if remaining is None else remaining() / 1000 - MARGIN
