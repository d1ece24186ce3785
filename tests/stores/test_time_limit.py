"""Tests of a time limit on a whole operation: late requests are stopped, and finished work is kept."""

from __future__ import annotations

import asyncio

import pytest

from ptb_bucket.stores import within


async def test_a_limit_stops_what_it_limits_and_keeps_what_is_done():
    ended = []

    async def work(seconds):
        try:
            await asyncio.sleep(seconds)
        finally:
            ended.append(seconds)
        return seconds

    assert await within(1, work(0)) == 0
    with pytest.raises(TimeoutError):
        await within(0.01, work(5))
    task = asyncio.ensure_future(within(5, work(6)))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert ended == [0, 5, 6]

    async def finishes_when_told_to_stop():
        try:
            await asyncio.sleep(5)
        except asyncio.CancelledError:
            return "applied"

    assert await within(0.01, finishes_when_told_to_stop()) == "applied"
