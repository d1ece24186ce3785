"""Bots with effects, on an offline Telegram."""

from __future__ import annotations

import pytest
from telegram import Update
from telegram.ext import CommandHandler

from ptb_bucket import bucket_application
from ptb_bucket.application.effects import Once, once
from ptb_bucket.offline_telegram import OfflineTelegram
from ptb_bucket.stores import MemoryStore
from ptb_bucket.testing.faults import FaultyStore
from support.effects.buying import charged


class Bots:
    """Instances of one bot on one bucket, whose requests are noted.

    Args:
        layout: The layout.
    """

    def __init__(self, layout):
        self.layout, self.bucket = layout, MemoryStore()
        self.telegram = OfflineTelegram()
        self.ada = self.telegram.user(42, "Ada")
        self.errors, self.requests = [], []
        self.fault = lambda _operation, _key: None

    def _fault(self, operation, key):
        self.requests.append((operation, key))
        return self.fault(operation, key)

    def build(self, handle, *, runs=False, **options):
        store = FaultyStore(self.bucket, self._fault)
        options = {"save": "update", "layout": self.layout, "commit_timeout": 0.2, "dedupe": True, **options}
        application = self.telegram.connect(bucket_application(store, **options)).build()
        application.runs = runs
        application.add_error_handler(self._hear)

        async def handler(_update, context):
            await handle(context)

        application.add_handler(CommandHandler("do", handler))
        return application

    async def _hear(self, _update, context):
        self.errors.append(context.error)

    def update(self):
        return self.ada.message_update("/do")

    async def deliver(self, application, update=None):
        """Deliver an update, a new one unless it is given, and return it."""
        update = update or self.update()
        await application.process_update(Update.de_json(update, application.bot))
        return update

    async def user_data(self, **options):
        async def nothing(context):
            pass

        async with self.build(nothing, **options) as reader:
            await reader.load_data(user_ids=42)
            return dict(reader.user_data[42])


@pytest.fixture(autouse=True)
def _nothing_charged():
    charged.clear()
    once._UNSAVED.clear()


@pytest.fixture(params=["single", "per-type", "per-record"])
def bots(request):
    return Bots(request.param)


@pytest.fixture
def each_instance_is_a_process(monkeypatch):
    """Let each instance remember only its own outcomes, as if it were the only one in its process."""
    monkeypatch.setattr(Once, "_key", lambda self, record: (str(id(self)), record))
