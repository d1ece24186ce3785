"""Tests of a bot that runs for long: its memory stays flat, and no task, descriptor or warning is left."""

from __future__ import annotations

import asyncio
import gc
import itertools
import tracemalloc
from pathlib import Path

import pytest
from telegram import Update
from telegram.ext import CommandHandler

from ptb_bucket import BucketPersistence
from ptb_bucket.offline_telegram import OfflineTelegram
from support.applications.builder import build_application

PEOPLE = 20
WARM, ROUNDS = 5, 6


def descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


class Soak:
    """Two instances on one bucket, with users who come again and again."""

    def __init__(self, uri: str, layout: str) -> None:
        self.telegram = OfflineTelegram()
        # The same ones again: this Telegram remembers every message.
        self.updates = [self.telegram.user(1 + n, "P").message_update("/go") for n in range(PEOPLE)]
        self.applications = [self._build(uri, layout) for _ in range(2)]

    def _build(self, uri, layout):
        persistence = BucketPersistence(uri, layout=layout, refresh_interval=0)
        handler = CommandHandler("go", self._go)
        return build_application(self.telegram, persistence, handler, bucket_options={"save": "update"})

    @staticmethod
    async def _go(_update, context):
        """Change everything, with data that grows only up to a limit."""
        context.user_data["n"] = context.user_data.get("n", 0) + 1
        context.chat_data["last"] = [*context.chat_data.get("last", []), context.user_data["n"]][-5:]
        context.bot_data["n"] = context.user_data["n"]

    async def round(self, updates: int) -> None:
        for number in range(updates):
            application = self.applications[number % 2]
            await application.process_update(Update.de_json(self.updates[number % PEOPLE], application.bot))


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="descriptors are counted in /proc")
@pytest.mark.parametrize("layout", ["single", pytest.param("per-record", marks=pytest.mark.long)])
async def test_memory_tasks_and_descriptors_stay_where_they_are(tmp_path, count, layout, caplog, record_property):
    caplog.set_level("ERROR")  # the records that pytest keeps would be what grows
    soak = Soak(f"file:{tmp_path}/state", layout)
    updates = count(40, 3000)
    async with soak.applications[0], soak.applications[1]:
        for _ in range(WARM):
            await soak.round(updates)
        tasks, opened_files = len(asyncio.all_tasks()), descriptors()
        tracemalloc.start()
        sizes = []
        for _ in range(ROUNDS):
            await soak.round(updates)
            gc.collect()
            sizes.append(tracemalloc.get_traced_memory()[0])
        tracemalloc.stop()
        assert sum(each.persistence.stats.commits for each in soak.applications) >= (WARM + ROUNDS) * updates
        assert len(asyncio.all_tasks()) <= tasks
        assert descriptors() <= opened_files + 1
    # A leak shows in every round; something that is loaded once does not. Take the second least growth, because memory
    # may shrink in one round.
    slope = sorted(after - before for before, after in itertools.pairwise(sizes))[1] / updates
    record_property("bytes that stay of an update", round(slope, 1))
    assert slope < count(600, 200), sizes  # in a short run, what is bounded is still filling
