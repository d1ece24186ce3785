"""Tests of the time from a stop signal to the end: it begins once, and all steps share it."""

from __future__ import annotations

import asyncio

import pytest

from ptb_bucket.application.shutdown import ShutdownDeadline


def test_without_a_signal_there_is_no_deadline():
    assert ShutdownDeadline(8).left() is None
    assert ShutdownDeadline(8).left(0.5) is None


async def test_a_second_signal_gives_no_more_time():
    """The platform counts from the first signal until it kills the process."""
    deadline = ShutdownDeadline(100)
    deadline.begin()
    left = deadline.left()
    await asyncio.sleep(0.02)
    deadline.begin()
    assert deadline.left() < left - 0.01


def test_what_still_runs_has_a_share_of_it_and_saving_the_rest():
    deadline = ShutdownDeadline(100)
    deadline.begin()
    assert deadline.left(0.5) == pytest.approx(50, abs=10)
    assert deadline.left() == pytest.approx(100, abs=10)


async def test_what_is_left_is_never_less_than_nothing():
    deadline = ShutdownDeadline(0.001)
    deadline.begin()
    await asyncio.sleep(0.01)
    assert deadline.left() == 0
