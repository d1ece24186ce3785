"""Fixtures for the secret that every entry point needs, and for an environment that fails on request."""

from __future__ import annotations

import contextlib

import pytest

from support.processes.preloaded import preloaded
from support.serverless.lambda_events import SECRET, Failing


@pytest.fixture(autouse=True)
def _secret(monkeypatch):
    monkeypatch.setenv("TELEGRAM_WEBHOOK_SECRET", SECRET)


@pytest.fixture
def environment(tmp_path):
    """Make an environment with a bot in ``tmp_path / "bot"``."""
    return Failing(tmp_path / "bot")


@pytest.fixture
def bucket(tmp_path):
    """Return the bucket of an ASGI server's bot."""
    return f"file:{tmp_path}/bucket"


@pytest.fixture
def faults(tmp_path):
    """Return a file that names the faults of this bucket."""
    return tmp_path / "faults"


@pytest.fixture(scope="module", autouse=True)
def programs_are_preloaded(long):
    """Start our programs as forks of one process, except in long runs."""
    with contextlib.nullcontext() if long else preloaded("uvicorn", "starlette.applications"):
        yield
