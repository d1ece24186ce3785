"""Tests of the shop on an offline Telegram, without network and token."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ptb_bucket.offline_telegram import OfflineTelegram

from bot import Shop, build_application, new_builder

if TYPE_CHECKING:
    from pathlib import Path


async def test_a_person_buys_a_book(tmp_path: Path) -> None:
    """The payment is booked, the goods are handed out, and the person gets the code."""
    telegram, shop = OfflineTelegram(), Shop()
    ada = telegram.user(42, "Ada")
    application = build_application(telegram.connect(new_builder(shop, f"file:{tmp_path}")), shop)
    application.runs = False
    async with application:
        await ada.send(application, "/buy")
        answers = await ada.pay(application)
        assert [line.text for line in answers] == ["Thank you! Your code is CODE-1."]
        [order] = application.user_data[42]["orders"].values()
        assert order == {"amount": 50, "booking": 1, "code": "CODE-1"}
    assert list(shop.books.bookings.values()) == [50]
