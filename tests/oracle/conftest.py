"""Fixtures of the oracle's tests: quiet logs, a fast folder, and counting."""

from __future__ import annotations

import logging

import pytest

from support.oracle.statistics import EACH_FAMILY, MINIMUMS, PROPERTY, Figures


@pytest.fixture(autouse=True)
def _quiet(caplog):
    """Silence the log, because thousands of runs would log all that they do, and pytest would keep each line."""
    caplog.set_level(logging.CRITICAL)
    for name in ("ptb_bucket", "telegram", "asyncio"):
        caplog.set_level(logging.CRITICAL, name)


@pytest.fixture
def figures(record_property, long):
    """Count the runs of a test, and report the counts at the end of the session."""
    found = Figures()
    yield found
    record_property(PROPERTY, found.plain())


@pytest.fixture
def share(long):
    """Check, in a long run, that a test contributes its share of what all tests together have to reach."""

    def check(figures: Figures, part: float, *names: str, families: float = 0) -> None:
        for name in names if long else ():
            assert figures.counts[name] >= MINIMUMS[name] * part
        for name in figures.families if long and families else ():
            assert figures.families[name] >= EACH_FAMILY * families, name

    return check
