"""Signals that end a verb which has to clean up first."""

from __future__ import annotations

import asyncio
import signal
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Coroutine

__all__ = ["run_to_the_end"]

_T = TypeVar("_T")


def run_to_the_end(work: Coroutine[Any, Any, _T]) -> _T:
    """Run some work. If a terminal or a supervisor ends it, its task cleans up first.

    Raises:
        KeyboardInterrupt: It was ended.
    """

    async def cancelled_by_signals() -> _T:
        task = asyncio.create_task(work)
        _cancel_at_signals(task)
        return await task

    try:
        return asyncio.run(cancelled_by_signals())
    except asyncio.CancelledError:
        raise KeyboardInterrupt from None


def _cancel_at_signals(task: asyncio.Task[Any]) -> None:
    """Cancel the task at a signal. An exception from a signal handler could end another task instead."""
    loop = asyncio.get_running_loop()
    try:
        loop.add_signal_handler(signal.SIGTERM, task.cancel)
    except NotImplementedError:  # Windows
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        return
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:  # Python 3.10; later ones cancel it themselves
        loop.add_signal_handler(signal.SIGINT, task.cancel)
