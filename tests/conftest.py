"""What all tests share: how many examples hypothesis draws, that sources are compiled once, what the oracle counted."""

from __future__ import annotations

import os
import sys

from hypothesis import settings
from oracle.figures import added_up, line


def pytest_configure(config):
    """Short runs draw a few examples, ``--long`` draws many; no example has a deadline, machines are busy."""
    settings.register_profile("short", deadline=None, max_examples=40, database=None)
    settings.register_profile("long", deadline=None, max_examples=2000, database=None)
    settings.load_profile("long" if config.getoption("--long") else "short")
    # Containers often set it. Tests start hundreds of processes, and each would compile all our sources anew.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    sys.dont_write_bytecode = False


def pytest_terminal_summary(terminalreporter):
    """Say what the runs of the oracle consisted of."""
    total = added_up(report for reports in terminalreporter.stats.values() for report in reports)
    if total.counts:
        terminalreporter.write_line(line(total))
