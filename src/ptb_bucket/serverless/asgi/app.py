"""The Starlette application: its routes, its lifespan and its answers."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import logging
import time
from typing import TYPE_CHECKING, Any

from starlette.applications import Starlette
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from ptb_bucket.errors import ConfigurationError, PTBBucketError
from ptb_bucket.location import checked_seconds
from ptb_bucket.serverless.asgi.answers import answer_to, receive
from ptb_bucket.serverless.asgi.lifespan import may_pass, start, stop
from ptb_bucket.serverless.asgi.loading import Loader
from ptb_bucket.serverless.asgi.saving import Saver
from ptb_bucket.serverless.asgi.ticks import check_of
from ptb_bucket.serverless.asgi.updates import Updates
from ptb_bucket.serverless.settings import setting
from ptb_bucket.serverless.ticks import run_due_jobs
from ptb_bucket.serverless.webhook import SECRET_HEADER, describe_error, secret_matches

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator

    from starlette.requests import Request

    from ptb_bucket.application.timers import Ticked
    from ptb_bucket.serverless.asgi.ticks import GoogleOidc, SharedSecret, TickCheck

__all__ = ["asgi_webhook"]

_LOGGER = logging.getLogger("ptb_bucket.serverless")

TELEGRAM_WAITS = 60  # seconds; then Telegram sends the update again, while it may still be handled
OWN_PATHS = ("/healthz", "/readyz", "/tick")


def asgi_webhook(
    build_application: Callable[[], Any],
    *,
    path: str = "/telegram",
    deadline: float = 25.0,
    max_waiting: int = 100,
    tick: SharedSecret | GoogleOidc | None = None,
) -> Starlette:
    """Return an ASGI application that answers Telegram's webhook when the update is handled *and saved*.

    For Cloud Run, Fly and any server that speaks ASGI, with one process for each instance::

        def build_application():
            token = setting("TELEGRAM_BOT_TOKEN")
            return bucket_application("gs://my-bucket/my-bot", dedupe=True).token(token).build()

        app = asgi_webhook(build_application)  # uvicorn main:app --workers 1

    The secret that you passed to ``set_webhook(secret_token=...)`` is read from ``TELEGRAM_WEBHOOK_SECRET``, or from
    the parameter that ``TELEGRAM_WEBHOOK_SECRET_PARAMETER`` names.

    ``POST path`` answers 200 when the handlers ran and their changes are in the bucket. It answers 503 if the state
    could not be loaded (no handler ran) or saved, or time ran out; Telegram then sends the update again. It answers 403
    for a wrong secret, 400 for an invalid Update, 413 for a body of more than 1 MiB, and 405 for other methods. The
    answer is a short line, never a traceback.

    ``GET /healthz`` answers 200 while the process runs. ``GET /readyz`` answers 200 if the state is loaded and nothing
    has been unsaved for longer than one deadline, otherwise 503 and a JSON object that says what is wrong.

    **Order.** The updates of one chat are handled in the order in which their bodies arrive. HTTP promises no more:
    Telegram opens several connections, and updates on two of them may arrive in either order. If the order matters to
    your bot, call ``set_webhook(max_connections=1)``.

    **Repetition.** One commit carries the changes of several updates. If it fails, it is tried again until the
    deadline. Then all of these updates are answered with 503; their changes stay in memory and are saved with a later
    commit. An update that was answered with 503 may therefore have been handled, and is applied twice when Telegram
    sends it again. ``dedupe=True`` prevents this for updates that became durable before they come again. An update that
    comes again earlier, or while it is still handled, is not recognised. While something has been unsaved for longer
    than one deadline, no handler runs.

    **Start.** The state is loaded when the server starts, before the first request. The first update refreshes it, like
    any other. A wrong configuration, or an error of ``build_application``, ends the server: on Cloud Run, the
    deployment then fails, and the revision before it keeps its traffic.

    **Failures.** If the bucket or Telegram cannot be reached, the server starts nevertheless, and each request starts
    another attempt, one at a time. A client that disconnects cancels nothing; the deadline cancels handlers.

    **Shutdown.** On SIGTERM the server stops listening and ends its lifespan. It accepts no more updates. Running
    updates and their handlers' tasks get half of the application's ``shutdown_deadline``; the rest is for saving.
    Before that, uvicorn itself waits for open requests, up to ``--timeout-graceful-shutdown``. Both times together must
    be shorter than the time that the platform allows.

    **Jobs.** With ``tick``, ``POST /tick`` runs the jobs that are due in an application with ``jobs="bucket"``. A
    scheduler calls it, every minute for example. It answers 200 and a JSON object with the number of jobs that ran;
    403 if the caller may not tick; 503 if the bucket could not be read or written, time ran out, or the server is
    stopping. The scheduler may repeat it at any time. Jobs begin in the first 60 % of the deadline, and are cancelled
    at its end; what did not run stays due. Nothing runs between requests, because platforms freeze the process there.
    Without ``tick``, the path does not exist.

    ``post_init``, ``post_stop`` and ``post_shutdown`` belong to PTB's ``run_*`` methods and are not run, nor are jobs
    of PTB's own JobQueue.

    Args:
        build_application: Takes no arguments and returns a new :class:`~ptb_bucket.BucketApplication`, or its builder.
            It is called when the server starts, and again after a failed start. ``save`` is set to ``"update"``.
        path: The path to which Telegram posts.
        deadline: The seconds that an update may take, from request to answer; less than Telegram's 60.
        max_waiting: The most updates under way. Further ones are answered with 503 at once, unread. This bounds the
            memory while the bucket is down. Telegram opens at most 100 connections for a webhook
            (``max_connections``), so Telegram alone never reaches the default.
        tick: Who may call ``POST /tick``.

    Returns:
        A Starlette application, to be served directly or mounted in another one, which must run its lifespan.

    Raises:
        ConfigurationError: An argument is wrong. At the server's start: a secret or the token is missing, or
            ``build_application`` returned something else.
    """
    check = None if tick is None else check_of(tick)
    webhook = _AsgiWebhook(build_application, _checked_deadline(deadline), _checked_max_waiting(max_waiting), check)
    routes = [
        Route(_checked_path(path), webhook.telegram, methods=["POST"]),
        Route("/healthz", _healthz),
        Route("/readyz", webhook.readyz),
    ]
    if check is not None:
        routes.append(Route("/tick", webhook.tick, methods=["POST"]))
    return Starlette(routes=routes, lifespan=webhook.lifespan)


class _AsgiWebhook:
    def __init__(
        self, build_application: Callable[[], Any], deadline: float, max_waiting: int, check: TickCheck | None
    ) -> None:
        self._build, self._check = build_application, check
        self._deadline = deadline
        self._max_waiting = max_waiting
        self._live()

    def _live(self) -> None:
        """Start afresh: a lifespan may follow another one in another event loop, as in tests."""
        self._loader = Loader(self._build, ticks=self._check is not None)
        self._saver = Saver(self._deadline)
        self._updates = Updates(self._loader, self._saver, self._deadline, self._max_waiting)

    @functools.cached_property
    def _secret(self) -> str:
        return setting("TELEGRAM_WEBHOOK_SECRET")

    def _read_secrets(self) -> None:
        """Read the secrets. If only a parameter cannot be read now, each request tries again."""
        with _passing("the webhook secret"):
            assert self._secret  # noqa: S101  reading it raises if it is missing
        with _passing("the tick secret"):
            if self._check is not None:
                self._check.prepare()

    @contextlib.asynccontextmanager
    async def lifespan(self, _app: Starlette) -> AsyncIterator[None]:
        self._read_secrets()
        self._live()
        await start(self._loader, self._deadline)
        yield
        await stop(self._loader, self._updates)

    async def telegram(self, request: Request) -> Response:
        try:
            if not secret_matches(request.headers.get(SECRET_HEADER), self._secret):
                return answer_to(PermissionError())
            await self._updates.take(functools.partial(receive, request))
        except Exception as error:  # noqa: BLE001  the caller never gets a traceback
            return answer_to(error)
        return Response(status_code=200)

    async def tick(self, request: Request) -> Response:
        """Run the jobs that are due. The body is not read."""
        try:
            if self._check is not None:
                await self._check.check(request.headers.get("Authorization"))
            ticked = await self._updates.run(self._tick, "a tick")
        except Exception as error:  # noqa: BLE001  as above
            return answer_to(error, "tick")
        return JSONResponse({"ran": ticked.ran, "left": ticked.left})

    async def _tick(self) -> Ticked:
        until = time.monotonic() + self._deadline
        application = await asyncio.shield(self._loader.begin())
        await self._saver.catch_up(application)
        return await run_due_jobs(application, until)

    async def readyz(self, _request: Request) -> Response:
        wrong = self._what_is_wrong()
        return JSONResponse({"ready": not wrong} | wrong, 503 if wrong else 200)

    def _what_is_wrong(self) -> dict[str, Any]:
        application = self._loader.application
        if application is None:
            self._loader.begin()  # otherwise a load balancer that waits for readiness would wait forever
            failure = self._loader.failure
            return {"reason": "the state is not loaded", "failure": type(failure).__name__ if failure else None}
        if self._saver.is_behind(application):
            return {"reason": "changes are not saved", "unsaved_for": round(application.unsaved_for, 1)}
        return {}


@contextlib.contextmanager
def _passing(what: str) -> Iterator[None]:
    """Inside, an error that may pass is logged: the next request tries again."""
    try:
        yield
    except PTBBucketError as error:
        if not may_pass(error):
            raise
        _LOGGER.error("Could not get %s. Retrying on the next request: %s", what, describe_error(error))  # noqa: TRY400


async def _healthz(_request: Request) -> Response:
    return JSONResponse({"alive": True})


def _checked_deadline(deadline: float) -> float:
    seconds = checked_seconds("deadline", deadline, above_zero=True)
    if seconds >= TELEGRAM_WAITS:
        raise ConfigurationError(
            f"deadline must be less than {TELEGRAM_WAITS} seconds, not {deadline}. Telegram resends updates after "
            "that time."
        )
    return seconds


def _checked_max_waiting(number: int) -> int:
    if isinstance(number, bool) or not isinstance(number, int) or number < 1:
        raise ConfigurationError(f"max_waiting must be an integer of at least 1, not {number!r}.")
    return number


def _checked_path(path: str) -> str:
    if not isinstance(path, str) or not path.startswith("/") or path in OWN_PATHS:
        raise ConfigurationError(
            f"path must start with / and must not be {' or '.join(OWN_PATHS)}, but it is {path!r}. For example: "
            "'/telegram'."
        )
    return path
