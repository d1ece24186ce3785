"""Instances of one bot on one bucket, with BucketApplication."""

from __future__ import annotations

import contextlib
from typing import Any

from telegram.ext import Application, ConversationHandler, MessageHandler, filters

from ptb_bucket import BucketApplication, BucketPersistence
from ptb_bucket.offline_telegram import OfflineTelegram
from ptb_bucket.stores import open_store
from ptb_bucket.testing.faults import FaultyStore
from support.applications.builder import build_application

WORDS = filters.TEXT & ~filters.COMMAND
END = ConversationHandler.END


def say(text: str, state: object = None):
    """Make a handler that says something and goes to a state."""

    async def handle(update, _context):
        await update.effective_message.reply_text(text)
        return state

    return handle


class World:
    """A bucket, a Telegram, and the instances that a test starts."""

    def __init__(self, where: str) -> None:
        self.where = where
        self.telegram = OfflineTelegram()
        self.ada, self.bob = self.telegram.user(42, "Ada"), self.telegram.user(43, "Bob")
        self.plan = lambda _operation, _key: None
        self.errors: list[Exception] = []
        self._stack = contextlib.AsyncExitStack()

    def store(self):
        return FaultyStore(open_store(self.where), lambda *what: self.plan(*what))  # noqa: PLW0108  the plan of that moment

    def build(self, *handlers: Any, save: Any = "update", layout: str = "single", **options: Any) -> BucketApplication:
        own = (
            "on_flush", "resolver", "context_types", "spool_dir", "types", "codec", "refresh_interval", "store_data",
        )  # fmt: skip
        persistence = {key: options.pop(key) for key in own if key in options}
        types = {key: persistence[key] for key in ("context_types",) if key in persistence}
        return build_application(
            self.telegram, BucketPersistence(self.store(), layout=layout, **persistence), *handlers,
            bucket_options={"save": save, **options}, on_error=self._hear, arbitrary_callback_data=True, **types,
        )  # fmt: skip

    async def _hear(self, _update, context):
        self.errors.append(context.error)

    async def start(self, *handlers: Any, **options: Any) -> BucketApplication:
        """Start one more instance."""
        application = self.build(*handlers, **options)
        await self._stack.enter_async_context(application)
        return application

    async def said(self, who, application, text, **options):
        """Return the answers of the bot."""
        return [message.text for message in await who.send(application, text, **options)]

    async def stored(self, layout: str = "single", codec: str = "json") -> Application:
        """Read the content of the bucket with another instance."""
        persistence = BucketPersistence(self.store(), layout=layout, codec=codec)
        async with build_application(self.telegram, persistence, arbitrary_callback_data=True) as reader:
            return reader

    async def close(self):
        self.plan = lambda _operation, _key: None
        await self._stack.aclose()


def keep(what: str, value: Any):
    """Make a handler that puts something into user_data."""

    async def handle(_update, context):
        context.user_data[what] = value

    return MessageHandler(filters.ALL, handle)
