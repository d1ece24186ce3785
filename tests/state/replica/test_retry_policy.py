"""The deadline of a request, and a request whose caller was cancelled."""

from __future__ import annotations

import asyncio

import pytest

from ptb_bucket._aio import Deadline
from ptb_bucket.errors import UnavailableError


async def test_a_request_that_fails_after_its_caller_was_cancelled_is_not_reported_by_the_loop():
    """Else asyncio would log a traceback, as if somebody had forgotten a task."""
    reported, asked = [], asyncio.Event()
    asyncio.get_running_loop().set_exception_handler(lambda _loop, context: reported.append(context["message"]))

    async def request():
        asked.set()
        try:
            await asyncio.sleep(3600)
        except asyncio.CancelledError:
            raise UnavailableError("the connection was cut") from None

    waiting = asyncio.ensure_future(Deadline.after(5).within(request()))
    await asked.wait()
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    await asyncio.sleep(0.01)
    del waiting
    assert reported == []
