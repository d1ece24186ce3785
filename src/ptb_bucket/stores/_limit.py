"""A limit on a whole operation, on every supported Python."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Coroutine

__all__ = ["within"]

_T = TypeVar("_T")


async def within(seconds: float, work: Coroutine[Any, Any, _T]) -> _T:
    """Do something, or stop it and raise ``TimeoutError``.

    What has finished at the last moment counts: ``asyncio.wait_for`` loses it on Python before 3.12, and an answer to
    a put must not be lost.
    """
    task = asyncio.ensure_future(work)
    try:
        await asyncio.wait({task}, timeout=seconds)
    finally:
        # In time, too late, or cancelled ourselves: nothing goes on behind our back.
        if not task.done():
            task.cancel()
            await asyncio.wait({task})
        if not task.cancelled():
            task.exception()  # seen, also when our own cancellation is what is raised
    if task.cancelled():
        raise TimeoutError(f"no end after {seconds:g} seconds")
    return task.result()
