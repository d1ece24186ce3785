"""What all benchmarks measure with: users as bots keep them, and a persistence that has saved them."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from telegram.ext import ExtBot

from ptb_bucket import BucketPersistence

__all__ = ["filled", "ours", "people", "people_of"]

TOKEN = "123456:offline"  # noqa: S105  of a bot that never goes online
HEADER = 200
LEAD = 12


def people(count: int) -> dict[int, dict[str, Any]]:
    """Users as bots keep them: a name, a few settings, a short history."""
    return {
        100_000 + n: {"name": f"User {n}", "lang": "en", "visits": n % 50, "tags": ["new", "gold"], "seen": {"at": n}}
        for n in range(count)
    }


def people_of(size: int) -> dict[int, dict[str, Any]]:
    """So many users that a JSON document of them has about this size in bytes."""
    sample = people(max(1, size // 100))
    each = len(json.dumps(list(sample.values()), separators=(",", ":"))) / len(sample) + LEAD
    return people(max(1, round((size - HEADER) / each)))


def ours(where: Any, **options: Any) -> BucketPersistence:
    """A persistence with a bot."""
    persistence = BucketPersistence(where, **options)
    persistence.set_bot(ExtBot(TOKEN))
    return persistence


async def filled(where: Any, users: dict[int, Any], **options: Any) -> BucketPersistence:
    """A persistence that has saved these users."""
    persistence = ours(where, **options)
    await persistence.get_user_data()
    await asyncio.gather(*(persistence.update_user_data(user_id, data) for user_id, data in users.items()))
    return persistence
