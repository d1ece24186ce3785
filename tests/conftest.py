"""What all tests share: how many examples hypothesis draws."""

from __future__ import annotations

from hypothesis import settings


def pytest_configure(config):
    """Short runs draw a few examples, ``--long`` draws many; no example has a deadline, machines are busy."""
    settings.register_profile("short", deadline=None, max_examples=60, database=None)
    settings.register_profile("long", deadline=None, max_examples=2000, database=None)
    settings.load_profile("long" if config.getoption("--long") else "short")
