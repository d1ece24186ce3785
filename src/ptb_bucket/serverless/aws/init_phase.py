"""The init phase: build and load the bot before the first event, and again after a restore from a snapshot.

AWS gives a starting process a whole core for up to ten seconds, an event at 512 MB only a third of one
(https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html).
"""

from __future__ import annotations

import contextlib
import importlib
import logging
import math
import os
import random
import signal
import ssl
import threading
import time
from typing import TYPE_CHECKING, Any, Final

from ptb_bucket.errors import ConfigurationError
from ptb_bucket.serverless.aws.environment import GRACE, OutOfTimeError
from ptb_bucket.serverless.settings import forget_parameters, webhook_secret
from ptb_bucket.serverless.webhook import describe_error

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ptb_bucket.serverless.aws.environment import AnyApplication, Environment

__all__ = ["InitPhase", "interrupted_after"]

_LOGGER = logging.getLogger("ptb_bucket.serverless")

SETTING: Final = "PTB_BUCKET_INIT_SECONDS"

_FAILED: Final = (
    "Could not load the bot in the init phase. The first event will get a 503, and the next one will retry: %s"
)

SECONDS: Final = 5.0
"""The seconds for building and loading. AWS allows ten, which include the start of Python and your own imports."""


class InitPhase:
    """The work that is done with an environment before its first event.

    Errors are logged and kept for the first event. They are not raised: AWS would end the process and start it again
    for each event. After a restore from a snapshot, the bot is built and loaded again, so that nothing that was opened
    before the snapshot is used: connections, credentials, writer IDs, random numbers.

    Args:
        environment: The environment to prepare.
    """

    def __init__(self, environment: Environment) -> None:
        self._environment = environment
        self._failure: BaseException | None = None
        self._secret: str | None = None
        self._awaits_restore = False

    @property
    def secret(self) -> str:
        """The webhook secret, read again until that succeeds.

        Raises:
            ConfigurationError, StoreError: See :func:`webhook_secret`.
        """
        if self._secret is None:
            self._secret = webhook_secret()
        return self._secret

    def run(self) -> None:
        """Build and load the bot. Before a snapshot, close everything again."""
        self._prepare()
        if _is_before_snapshot():
            self._environment.close()
            self._awaits_restore = True
            _call_after_restore(self._restored)

    def event_begins(self) -> None:
        """Report the failure of the init phase, once: the event after this one builds and loads the bot again.

        Raises:
            Exception: It was raised in the init phase.
        """
        failure, self._failure = self._failure, None
        if failure is not None:
            raise failure

    def renew(self) -> None:
        """After a restore, drop what the snapshot contains. The first event calls it too, in case no hook did."""
        if not self._awaits_restore:
            return
        self._awaits_restore, self._secret, self._failure = False, None, None
        forget_parameters()
        random.seed()
        ssl.RAND_add(os.urandom(32), 32.0)

    def _restored(self) -> None:
        self.renew()
        self._prepare()

    def _prepare(self) -> None:
        try:
            if seconds := _seconds():
                self._load(seconds)
        except OutOfTimeError as error:
            _LOGGER.warning("The bot was not loaded in the init phase. It will be loaded on the first event: %s", error)
        except (Exception, SystemExit) as error:  # noqa: BLE001  raised here, it would end the process again and again
            self._failure = error
            _LOGGER.error(_FAILED, describe_error(error))  # noqa: TRY400  the traceback may show secrets

    def _load(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        with interrupted_after(seconds + 2 * GRACE):
            _ = self.secret
            self._environment.run(_nothing_more, until, lambda _: False)


async def _nothing_more(_application: AnyApplication) -> None:
    """Do nothing with an application that is loaded."""


def _seconds() -> float:
    """Return the seconds for the init phase; 0 leaves everything to the first event."""
    text = os.environ.get(SETTING, "").strip()
    try:
        seconds = float(text) if text else SECONDS
    except ValueError:
        seconds = math.nan
    if not 0 <= seconds < math.inf:
        raise ConfigurationError(
            f"{SETTING}={text!r} is not a number of seconds. Set it to less than 10, or to 0 to build and load the bot "
            "on the first event."
        )
    return seconds


def _is_before_snapshot() -> bool:
    """Return True if AWS takes a snapshot of this process and starts copies of it.

    https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html
    """
    return os.environ.get("AWS_LAMBDA_INITIALIZATION_TYPE") == "snap-start"


def _call_after_restore(hook: Callable[[], Any]) -> None:
    """Register a runtime hook. Lambda's own Python has the module, a container image may lack it.

    https://docs.aws.amazon.com/lambda/latest/dg/snapstart-runtime-hooks-python.html
    """
    with contextlib.suppress(ImportError):  # without the module, the first event does the same
        importlib.import_module("snapshot_restore_py").register_after_restore(hook)


class _Interruption(BaseException):
    """The time is up. It is not an Exception, because SDKs catch those and try again."""


def _interrupt(_signal: int, _frame: Any) -> None:
    raise _Interruption


@contextlib.contextmanager
def interrupted_after(seconds: float) -> Iterator[None]:
    """Interrupt the work inside, even if it blocks without an event loop.

    This works in the main thread on Unix, where AWS imports your module. In other threads, and if the process already
    uses the alarm clock, nothing is interrupted.

    Args:
        seconds: The time limit, greater than 0.

    Raises:
        OutOfTimeError: The work took too long. It was interrupted wherever it was.
    """
    if not _has_free_alarm():
        yield
        return
    before = signal.signal(signal.SIGALRM, _interrupt)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    except _Interruption:
        raise OutOfTimeError(f"The work was interrupted after {seconds:.1f} seconds.") from None
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, signal.SIG_DFL if before is None else before)


def _has_free_alarm() -> bool:
    is_main = threading.current_thread() is threading.main_thread()
    return is_main and hasattr(signal, "setitimer") and not signal.getitimer(signal.ITIMER_REAL)[0]
