"""Shared parts of the benchmarks: typical users, and a persistence that has saved them."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
from typing import Any

from telegram.ext import ExtBot

from ptb_bucket import BucketPersistence

__all__ = ["filled", "ours", "people", "people_of", "shoppers"]

TOKEN = "123456:offline"  # noqa: S105  of a bot that never goes online
HEADER = 200
LEAD = 12


def people(count: int) -> dict[int, dict[str, Any]]:
    """Return typical users: a name, a few settings, a short history."""
    return {
        100_000 + n: {"name": f"User {n}", "lang": "en", "visits": n % 50, "tags": ["new", "gold"], "seen": {"at": n}}
        for n in range(count)
    }


def shoppers(count: int) -> dict[int, dict[str, Any]]:
    """Return users of a shop: 1 to 4 kB each as JSON, nested, with dates, sets and tuples."""
    return {200_000 + n: _shopper(n) for n in range(count)}


def _shopper(n: int) -> dict[str, Any]:
    begin = dt.datetime(2026, 1, 1, tzinfo=dt.timezone.utc) + dt.timedelta(minutes=n)
    return {
        "profile": {"name": f"User {n}", "lang": "en", "born": dt.date(1980 + n % 30, 1 + n % 12, 1), "joined": begin},
        "settings": {"digest": True, "quiet": (22, 7), "topics": {"news", "sport", f"club {n % 9}"}, "limit": 12.5},
        "orders": [_order(n, number, begin) for number in range(2 + n % 9)],
        "last seen": begin + dt.timedelta(days=n % 90),
    }


def _order(n: int, number: int, begin: dt.datetime) -> dict[str, Any]:
    lines = [
        {
            "article": f"article {n % 500 + at}",
            "count": at + 1,
            "price": 9.95 + at,
            "notes": "gift wrapped, leave at the door",
        }
        for at in range(3)
    ]
    return {"id": n * 10 + number, "at": begin + dt.timedelta(days=number), "lines": lines, "state": "delivered"}


def people_of(size: int) -> dict[int, dict[str, Any]]:
    """Return as many users as make a JSON document of about this size in bytes."""
    sample = people(max(1, size // 100))
    each = len(json.dumps(list(sample.values()), separators=(",", ":"))) / len(sample) + LEAD
    return people(max(1, round((size - HEADER) / each)))


def ours(where: Any, **options: Any) -> BucketPersistence:
    """Return a persistence with a bot."""
    persistence = BucketPersistence(where, **options)
    persistence.set_bot(ExtBot(TOKEN))
    return persistence


async def filled(where: Any, users: dict[int, Any], **options: Any) -> BucketPersistence:
    """Return a persistence that has saved these users."""
    persistence = ours(where, **options)
    await persistence.get_user_data()
    await asyncio.gather(*(persistence.update_user_data(user_id, data) for user_id, data in users.items()))
    return persistence
