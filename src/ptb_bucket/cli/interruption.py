"""Signals that end a verb: it cleans up first."""

from __future__ import annotations

import asyncio
import signal
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Coroutine, Iterator
    from types import FrameType

__all__ = ["run_to_the_end", "signals_for_the_editor", "sigterm_as_interruption"]

_T = TypeVar("_T")


@contextmanager
def sigterm_as_interruption() -> Iterator[None]:
    """Let SIGTERM end a verb as Ctrl-C does, so that it removes its temporary files.

    A program that calls the command line in another thread, or that handles SIGTERM itself, keeps its own handler.
    """
    ours = threading.current_thread() is threading.main_thread() and signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
    if ours:
        signal.signal(signal.SIGTERM, _interrupt)
    try:
        yield
    finally:
        if ours:
            signal.signal(signal.SIGTERM, signal.SIG_DFL)


@contextmanager
def signals_for_the_editor() -> Iterator[None]:
    """Let no signal end a verb while an editor is open: the file under it must stay, as with ``git commit``.

    A terminal sends Ctrl-C to both, and in vim it only ends a command. The editor itself gets every signal as usual.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    # Not SIG_IGN, which the editor would inherit.
    before = {number: signal.signal(number, lambda *_: None) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _interrupt(number: int, frame: FrameType | None) -> None:
    """Do what Ctrl-C does at this moment: asyncio.run cancels its task since Python 3.11."""
    handler = signal.getsignal(signal.SIGINT)
    if not callable(handler):  # it is ignored, as in a shell's background jobs
        raise KeyboardInterrupt
    handler(number, frame)


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
        return
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:  # Python 3.10; later ones cancel it themselves
        loop.add_signal_handler(signal.SIGINT, task.cancel)
