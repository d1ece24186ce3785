"""Tests of the bot that tools decode with."""

from __future__ import annotations

import pytest
from telegram.error import NetworkError

from ptb_bucket.tools.state import detached_bot


def test_it_reads_no_certificates(monkeypatch):
    """Reading them takes most of the time of making a bot, and a command would have to wait."""
    monkeypatch.setenv("SSL_CERT_FILE", "/nowhere/certificates")
    assert detached_bot("42").token.startswith("42:")


async def test_it_sends_no_requests():
    with pytest.raises(NetworkError, match="must not connect to Telegram"):
        await detached_bot("42").get_me()
