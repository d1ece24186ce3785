"""Tests that flush() hides no error."""

from __future__ import annotations

import pytest
from telegram.ext import ExtBot

from ptb_bucket import BucketPersistence


async def test_an_error_of_the_last_commit_is_raised_even_if_nothing_is_pending_after_it(monkeypatch):
    persistence = BucketPersistence("memory:")
    persistence.set_bot(ExtBot("123456:offline"))
    await persistence.update_bot_data({"n": 1})

    async def fails():
        raise RuntimeError("a bug of ours")

    monkeypatch.setattr(persistence._session.group, "finish", fails)
    with pytest.raises(RuntimeError, match="a bug of ours"):
        await persistence.flush()
