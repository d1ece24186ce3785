"""Signals that end a verb: it cleans up first."""

from __future__ import annotations

import asyncio
import signal
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final, TypeVar

if TYPE_CHECKING:
    from collections.abc import Coroutine, Iterator
    from types import FrameType

__all__ = ["run_to_the_end", "signals_as_interruption", "signals_for_the_editor"]

_T = TypeVar("_T")

_ENDING: Final = [getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]
"""The signals of supervisors, and of terminals and connections that are closed. Windows has no SIGHUP."""


@contextmanager
def signals_as_interruption() -> Iterator[None]:
    """Let SIGTERM and SIGHUP end a verb as Ctrl-C does, so that it removes its temporary files.

    A program that calls the command line in another thread, or that handles a signal itself, keeps its own handler, and
    ``nohup`` keeps its meaning.
    """
    is_main = threading.current_thread() is threading.main_thread()
    ours = [number for number in _ENDING if is_main and signal.getsignal(number) is signal.SIG_DFL]
    for number in ours:
        signal.signal(number, _interrupt)
    try:
        yield
    finally:
        for number in ours:
            signal.signal(number, signal.SIG_DFL)


@contextmanager
def signals_for_the_editor() -> Iterator[None]:
    """Let no signal end a verb while an editor is open: the file under it must stay, as with ``git commit``.

    A terminal sends Ctrl-C to both, and in vim it only ends a command. The editor itself gets every signal as usual.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    caught = [number for number in (signal.SIGINT, *_ENDING) if signal.getsignal(number) is not signal.SIG_IGN]
    # Not SIG_IGN, which the editor would inherit.
    before = {number: signal.signal(number, lambda *_: None) for number in caught}
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
        for number in _ENDING:
            if signal.getsignal(number) is not signal.SIG_IGN:  # nohup
                loop.add_signal_handler(number, task.cancel)
    except NotImplementedError:  # Windows
        return
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:  # Python 3.10; later ones cancel it themselves
        loop.add_signal_handler(signal.SIGINT, task.cancel)
