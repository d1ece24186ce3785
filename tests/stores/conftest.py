"""A fixture that makes the start of our programs cheap."""

from __future__ import annotations

import contextlib

import pytest

from support.processes.preloaded import preloaded


@pytest.fixture(scope="module", autouse=True)
def programs_are_preloaded(long):
    """Start our programs as forks of one process, except in long runs."""
    with contextlib.nullcontext() if long else preloaded():
        yield
