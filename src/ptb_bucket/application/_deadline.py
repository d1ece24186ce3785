"""The time that is left once a signal said that this process ends."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
import time
from typing import TYPE_CHECKING, Any, NoReturn

from telegram import Update

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["Deadline", "Work", "name_of", "signals_of"]

_LOGGER = logging.getLogger("ptb_bucket.application")

STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGABRT)
"""Those that PTB takes by default."""


def signals_of(options: dict[str, Any]) -> tuple[int, ...]:
    """The signals that ``run_polling`` or ``run_webhook`` was told to stop at."""
    chosen = options.get("stop_signals", STOP_SIGNALS)
    return tuple(chosen or ()) if isinstance(chosen, (list, tuple, set, type(None))) else STOP_SIGNALS


class Deadline:
    """Counts from the signal, not from where PTB has got to.

    Args:
        seconds: From the signal to the end; half of it is for what still runs.
    """

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._began: float | None = None

    def watch(self, signals: Iterable[int]) -> None:
        """Take these signals in PTB's place: they end the loop as before, and begin the deadline."""
        loop = asyncio.get_running_loop()
        with contextlib.suppress(NotImplementedError):  # Windows: PTB has warned already
            for number in signals:
                loop.add_signal_handler(number, self._signalled)

    def begin(self) -> None:
        """Begin now, if nothing has begun it yet."""
        self._began = self._began or time.monotonic()

    def _signalled(self) -> NoReturn:
        self.begin()
        raise SystemExit

    def left(self, share: float = 1.0) -> float | None:
        """Seconds left of this share of it, at least 0; None if no signal came."""
        return None if self._began is None else max(0.0, self._began + share * self.seconds - time.monotonic())


def name_of(update: object) -> str:
    """What a message calls an update: by its id, never by what is in it."""
    return f"update {update.update_id}" if isinstance(update, Update) else type(update).__name__


class Work:
    """Handlers and tasks that are under way, by name, so that they can be told to end."""

    def __init__(self) -> None:
        self._running: dict[asyncio.Task[Any], str] = {}
        self._cut: set[asyncio.Task[Any]] = set()
        self.over = False

    def note(self, task: asyncio.Task[Any], name: str) -> None:
        """A task was started."""
        self._running[task] = name
        task.add_done_callback(lambda done: self._running.pop(done, None))

    @contextlib.contextmanager
    def of(self, update: object) -> Iterator[None]:
        """The current task handles an update; if it is told to end, that ends here."""
        task = asyncio.current_task()
        before = self._running.get(task) if task else None
        if task:
            self._running[task] = name_of(update)
        try:
            yield
        except asyncio.CancelledError:
            if task not in self._cut:
                raise
            if hasattr(task, "uncancel"):
                task.uncancel()
        finally:
            self._leave(task, before)

    def _leave(self, task: asyncio.Task[Any] | None, before: str | None) -> None:
        if task and before is None:
            self._running.pop(task, None)
        elif task:
            self._running[task] = str(before)
        self._cut -= {task}

    def end(self) -> None:
        """Cancel what still runs, say what it was, and take nothing more."""
        self.over = True
        for task, name in [(task, name) for task, name in self._running.items() if not task.done()]:
            _LOGGER.error("%s was still being handled when the shutdown deadline came: it was cancelled", name)
            self._cut.add(task)
            task.cancel()
