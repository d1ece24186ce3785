"""An offline Telegram, and a person on it."""

from __future__ import annotations

import pytest

from ptb_bucket.offline_telegram import OfflineTelegram


@pytest.fixture
def telegram():
    return OfflineTelegram(bot_name="Pip")


@pytest.fixture
def ada(telegram):
    return telegram.user(42, "Ada")
