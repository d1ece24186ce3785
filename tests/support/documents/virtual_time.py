"""An event loop whose clock jumps to the next timer: hours of back-off in milliseconds, in the same order."""

from __future__ import annotations

import asyncio
import selectors
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Coroutine

T = TypeVar("T")


class _NoWaiting(selectors.BaseSelector):
    """A selector without events from outside. Time jumps instead of waiting."""

    def __init__(self, loop: VirtualLoop) -> None:
        self._loop = loop
        self._keys: dict[Any, selectors.SelectorKey] = {}

    def register(self, fileobj, events, data=None):
        key = selectors.SelectorKey(fileobj, fileobj if isinstance(fileobj, int) else fileobj.fileno(), events, data)
        self._keys[fileobj] = key
        return key

    def unregister(self, fileobj):
        return self._keys.pop(fileobj)

    def select(self, timeout=None):
        if timeout is None:
            raise RuntimeError("the virtual loop would wait for ever: every task waits for another one")
        self._loop.jump(timeout)
        return []

    def get_map(self):
        return self._keys


class VirtualLoop(asyncio.SelectorEventLoop):
    """A single-threaded, deterministic loop without input or output. It runs calls meant for a thread at once."""

    def __init__(self) -> None:
        self._virtual_now = 0.0
        super().__init__(_NoWaiting(self))

    def time(self) -> float:
        return self._virtual_now

    def run_in_executor(self, executor, func, *args):
        done = self.create_future()
        try:
            done.set_result(func(*args))
        except BaseException as error:  # noqa: BLE001  as a thread's
            done.set_exception(error)
        return done

    def jump(self, seconds: float) -> None:
        self._virtual_now += max(0.0, seconds)


def run_virtually(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine to its end in virtual time."""
    loop = VirtualLoop()
    try:
        return loop.run_until_complete(coroutine)
    finally:
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.close()
