"""Tests of the newsletter on an offline Telegram, without network and token."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from ptb_bucket.offline_telegram import OfflineTelegram

from bot import build_application, new_builder

if TYPE_CHECKING:
    from pathlib import Path

    from ptb_bucket import BucketApplication


async def finished(application: BucketApplication, name: str) -> None:
    """Wait until a broadcast is over."""
    while True:
        found = await application.find_broadcast(name)
        if found and found.is_over:
            return
        await asyncio.sleep(0.01)


async def test_subscribers_get_the_news(tmp_path: Path) -> None:
    """Subscribers get the news once, and people who ended their subscription do not."""
    telegram = OfflineTelegram()
    ada, ben, eve = telegram.user(42, "Ada"), telegram.user(43, "Ben"), telegram.user(1, "Eve")
    builder = telegram.connect(new_builder(f"file:{tmp_path}", layout="per-record"))
    application = build_application(builder, editor=1)
    async with application:
        await application.start()
        await ada.send(application, "/start")
        await ben.send(application, "/start")
        await ben.send(application, "/stop")
        [answer] = await eve.send(application, "/news")
        assert answer.text == "Write the news after the command: /news TEXT"
        [answer] = await eve.send(application, "/news\nIt rains.")
        assert answer.text.startswith("Issue 1 goes to 1 people.")
        await asyncio.wait_for(finished(application, "news-1"), 60)
        [answer] = await eve.send(application, "/status")
        assert answer.text == "Issue 1 is finished: 1 of 1, 0 have blocked the bot."
        await application.stop()
    assert [line.chat for line in telegram.transcript if line.text == "It rains."] == [42]
