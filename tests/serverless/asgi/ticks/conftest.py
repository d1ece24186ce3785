"""A bot with jobs, and the secret of its ticks."""

from __future__ import annotations

import pytest

from support.serverless.asgi_server import TICK, load_bot


@pytest.fixture
def bot(monkeypatch, bucket, faults):
    return load_bot(monkeypatch, bucket, faults, PATIENCE="0.5", JOBS="1", PTB_BUCKET_TICK_SECRET=TICK)
