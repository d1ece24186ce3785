"""The Starlette application: its routes, its life, and what it answers."""

from __future__ import annotations

import contextlib
import functools
from typing import TYPE_CHECKING, Any

from starlette.applications import Starlette
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from ptb_bucket.location import checked_seconds
from ptb_bucket.errors import ConfigurationError
from ptb_bucket.serverless.asgi.answers import answer_to, receive
from ptb_bucket.serverless.asgi.lifespan import start, stop
from ptb_bucket.serverless.asgi.loading import Loader
from ptb_bucket.serverless.asgi.saving import Saver
from ptb_bucket.serverless.asgi.updates import Updates
from ptb_bucket.serverless.settings import setting
from ptb_bucket.serverless.webhook import SECRET_HEADER, is_secret

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from starlette.requests import Request

__all__ = ["asgi_webhook"]

TELEGRAM_WAITS = 60  # seconds; then it sends the update again, while its first handling may still run
OWN_PATHS = ("/healthz", "/readyz")


def asgi_webhook(
    build_application: Callable[[], Any],
    *,
    path: str = "/telegram",
    deadline: float = 25.0,
    max_waiting: int = 100,
) -> Starlette:
    """Make an ASGI application that answers Telegram's webhook when the update is handled *and saved*.

    For Cloud Run, Fly and any server that speaks ASGI, with one process for each instance::

        def build_application():
            token = setting("TELEGRAM_BOT_TOKEN")
            return bucket_application("gs://my-bucket/my-bot", dedupe=True).token(token).build()

        app = asgi_webhook(build_application)  # uvicorn main:app --workers 1

    The secret that was passed to ``set_webhook(secret_token=...)`` is read from ``TELEGRAM_WEBHOOK_SECRET``, or from
    the parameter that ``TELEGRAM_WEBHOOK_SECRET_PARAMETER`` names.

    ``POST path`` answers 200 when the handlers ran and what they changed is in the bucket. 503: the state could not be
    loaded (no handler ran), could not be saved, or time ran out; Telegram sends the update again. 403: wrong secret.
    400: no Update. 413: a body of more than 1 MiB. 405: not a POST. The body is a short line, never a traceback.

    ``GET /healthz`` answers 200 while the process lives. ``GET /readyz`` answers 200 if the state is loaded and nothing
    has been unsaved for longer than one deadline, otherwise 503 and a JSON object that says what is wrong.

    **Order.** The updates of one chat are handled in the order in which their bodies have arrived. HTTP promises no
    more: Telegram opens several connections, and what it sends over two of them may arrive in either order. A bot to
    which that matters calls ``set_webhook(max_connections=1)``.

    **Twice.** One commit carries the changes of several updates. If it fails it is tried again until the deadline, then
    all of them are answered 503; their changes stay in memory and are saved with a later commit. So an update that was
    answered 503 may have been handled, and is applied twice when Telegram sends it again. ``dedupe=True`` prevents that
    for what has become durable before it comes again; what is sent again earlier, or while its first handling runs, is
    not recognised. While something has been unsaved for longer than one deadline, no handler runs.

    **Failures.** If the bucket or Telegram cannot be reached, the server starts nevertheless, and each request begins
    another try; there is one at a time. A client that goes away cancels nothing; the deadline
    cancels handlers.

    **The end.** On SIGTERM the server stops listening and ends its lifespan: no more updates are taken, those under way
    and tasks of their handlers get half of the application's ``shutdown_deadline``, the rest is for saving. Before that
    uvicorn waits for open requests by itself, up to ``--timeout-graceful-shutdown``: both together must be less than
    the platform's patience.

    JobQueue, ``post_init``, ``post_stop`` and ``post_shutdown`` belong to PTB's ``run_*`` methods and are not run.

    Args:
        build_application: Takes nothing; returns a new :class:`~ptb_bucket.BucketApplication`, or its builder. It is
            called when the server starts, and again after a start that failed. ``save`` is set to ``"update"``.
        path: Where Telegram posts to.
        deadline: Seconds that one update may take, from its request to its answer; less than Telegram's 60.
        max_waiting: How many updates may be under way before more are answered 503 at once, unread. It bounds the
            memory while the bucket is down. 100 is the most connections that Telegram opens for a webhook
            (``max_connections``), so that Telegram alone never meets the bound.

    Returns:
        A Starlette application, to be served as it is or mounted in another one (which must run its lifespan).

    Raises:
        ConfigurationError: An argument is wrong. At the server's start: the secret or the token is missing, or
            ``build_application`` returned something else.
    """
    webhook = _Webhook(build_application, _checked_deadline(deadline), _checked_max_waiting(max_waiting))
    return Starlette(
        routes=[
            Route(_checked_path(path), webhook.telegram, methods=["POST"]),
            Route("/healthz", _healthz),
            Route("/readyz", webhook.readyz),
        ],
        lifespan=webhook.lifespan,
    )


class _Webhook:
    def __init__(self, build_application: Callable[[], Any], deadline: float, max_waiting: int) -> None:
        self._build = build_application
        self._deadline = deadline
        self._max_waiting = max_waiting
        self._live()

    def _live(self) -> None:
        """Begin anew: a lifespan may follow another one in another event loop, as in tests."""
        self._loader = Loader(self._build)
        self._saver = Saver(self._deadline)
        self._updates = Updates(self._loader, self._saver, self._deadline, self._max_waiting)

    @functools.cached_property
    def _secret(self) -> str:
        return setting("TELEGRAM_WEBHOOK_SECRET")

    @contextlib.asynccontextmanager
    async def lifespan(self, _app: Starlette) -> AsyncIterator[None]:
        assert self._secret  # noqa: S101  reading it raises if it is missing
        self._live()
        await start(self._loader, self._deadline)
        yield
        await stop(self._loader, self._updates)

    async def telegram(self, request: Request) -> Response:
        try:
            if not is_secret(request.headers.get(SECRET_HEADER), self._secret):
                return answer_to(PermissionError())
            await self._updates.take(functools.partial(receive, request))
        except Exception as error:  # noqa: BLE001  whatever it is, the caller gets no traceback
            return answer_to(error)
        return Response(status_code=200)

    async def readyz(self, _request: Request) -> Response:
        wrong = self._what_is_wrong()
        return JSONResponse({"ready": not wrong} | wrong, 503 if wrong else 200)

    def _what_is_wrong(self) -> dict[str, Any]:
        application = self._loader.application
        if application is None:
            self._loader.begin()  # or a balancer that waits for us to be ready would wait for ever
            failure = self._loader.failure
            return {"reason": "the state is not loaded", "failure": type(failure).__name__ if failure else None}
        if self._saver.is_behind(application):
            return {"reason": "changes are not saved", "unsaved_for": round(application.unsaved_for, 1)}
        return {}


async def _healthz(_request: Request) -> Response:
    return JSONResponse({"alive": True})


def _checked_deadline(deadline: float) -> float:
    seconds = checked_seconds("deadline", deadline, above_zero=True)
    if seconds >= TELEGRAM_WAITS:
        raise ConfigurationError(
            f"deadline={deadline}: after {TELEGRAM_WAITS} seconds Telegram sends the update again while it is still "
            "handled. Pass less."
        )
    return seconds


def _checked_max_waiting(number: int) -> int:
    if isinstance(number, bool) or not isinstance(number, int) or number < 1:
        raise ConfigurationError(f"max_waiting={number!r}: expected a number of updates, 1 or more.")
    return number


def _checked_path(path: str) -> str:
    if not isinstance(path, str) or not path.startswith("/") or path in OWN_PATHS:
        raise ConfigurationError(f"path={path!r}: expected one like '/telegram', other than {' and '.join(OWN_PATHS)}.")
    return path
