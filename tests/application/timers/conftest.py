"""Bots with jobs in the bucket, on an offline Telegram."""

from __future__ import annotations

import pytest
from telegram.ext import CommandHandler

from ptb_bucket import bucket_application
from ptb_bucket.offline_telegram import OfflineTelegram
from ptb_bucket.stores import open_store
from ptb_bucket.testing.faults import FaultyStore
from support.applications.reminders import ran
from support.parameters import MOST_DIFFERENT


class Bots:
    """Instances of one bot on one bucket.

    Args:
        where: The bucket.
        layout: Its layout.
    """

    def __init__(self, where: str, layout: str) -> None:
        self.where, self.layout = where, layout
        self.telegram = OfflineTelegram()
        self.ada = self.telegram.user(42, "Ada")
        self.errors: list[Exception] = []
        self.fault = lambda _operation, _key: None

    def build(self, callbacks, *, commands=None, runs=False, defaults=None, **options):
        """Build an instance; each command is a function of a context."""
        store = FaultyStore(open_store(self.where), lambda *what: self.fault(*what))  # noqa: PLW0108  of that moment
        options = {"save": "update", "layout": self.layout, "jobs": "bucket", "refresh_interval": 0.0, **options}
        builder = bucket_application(store, callbacks=callbacks, **options)
        builder = self.telegram.connect(builder)
        application = (builder.defaults(defaults) if defaults else builder).build()
        application.runs = runs
        application.add_error_handler(self._hear)
        for name, function in (commands or {}).items():
            application.add_handler(CommandHandler(name, _handler(function)))
        return application

    async def _hear(self, _update, context):
        self.errors.append(context.error)


def _handler(function):
    async def handle(update, context):
        result = function(context)
        if hasattr(result, "__await__"):
            await result

    return handle


@pytest.fixture(autouse=True)
def _no_earlier_runs():
    ran.clear()


@pytest.fixture(params=MOST_DIFFERENT)
def layout_of_bots(request):
    return request.param


@pytest.fixture
def bots(layout_of_bots, tmp_path):
    return Bots(f"file:{tmp_path}", layout_of_bots)


@pytest.fixture
def bots_anywhere(tmp_path):
    """Return instances whose bucket and layout the test chooses."""
    return Bots(f"file:{tmp_path}", "single")
