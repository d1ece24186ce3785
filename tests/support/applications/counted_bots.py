"""Bots with jobs in the bucket whose requests are counted where they arrive."""

from __future__ import annotations

from telegram.ext import CommandHandler

from ptb_bucket import bucket_application
from ptb_bucket.errors import UnavailableError
from ptb_bucket.offline_telegram import OfflineTelegram
from support.documents.timers import Requests


class CountedBots:
    """Instances of one bot on one bucket.

    Args:
        bucket: The bucket.
        layout: Its layout.
    """

    def __init__(self, bucket, layout: str) -> None:
        self.bucket, self.layout = bucket, layout
        self.store = Requests(bucket, self._before)
        self.loses_deletes = False
        self.telegram = OfflineTelegram()
        self.ada = self.telegram.user(42, "Ada")

    async def _before(self, operation, key) -> None:
        if self.loses_deletes and operation == "delete":
            raise UnavailableError("lost", key=key)

    def build(self, callbacks=(), *, commands=None, **options):
        """Build an instance; each command is a function of a context."""
        options = {"save": "update", "jobs": "bucket", "layout": self.layout, "refresh_interval": 0.0, **options}
        builder = bucket_application(self.store, callbacks=callbacks, **options)
        application = self.telegram.connect(builder).build()
        application.runs = False
        for name, function in (commands or {}).items():
            application.add_handler(CommandHandler(name, _handler(function)))
        return application

    def taken(self) -> list[str]:
        """Return the operations since the last call."""
        return [operation for operation, _ in self.store.taken()]


def _handler(function):
    async def handle(_update, context):
        result = function(context)
        if hasattr(result, "__await__"):
            await result

    return handle
