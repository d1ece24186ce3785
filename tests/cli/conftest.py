"""Verbs that run in the tests' own process say nothing of a slow disk, because tests compare their stderr."""

from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def slow_disks_are_not_mentioned(monkeypatch):
    """Wait longer before a wait is reported. Verbs in processes of their own report it as ever."""
    monkeypatch.setattr("ptb_bucket.tools.waiting._FIRST", 60.0)
