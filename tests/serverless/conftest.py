"""The secret that every entry point needs."""

from __future__ import annotations

import pytest
from lambda_events import SECRET


@pytest.fixture(autouse=True)
def _secret(monkeypatch):
    monkeypatch.setenv("TELEGRAM_WEBHOOK_SECRET", SECRET)
