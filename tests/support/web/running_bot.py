"""A bot that handles updates all the time, in a thread of its own: another instance of the state that a page shows."""

from __future__ import annotations

import asyncio
import threading
from contextlib import contextmanager

from telegram.ext import ConversationHandler, MessageHandler, filters

from ptb_bucket import bucket_application
from ptb_bucket.offline_telegram import OfflineTelegram
from support.web.population import ADA


class RunningBot:
    """A bot to which Ada writes without a pause. It counts her visits, and remembers the name that she gives.

    Attributes:
        handled: The number of updates that it has handled.
    """

    def __init__(self, uri):
        self._uri, self.handled, self._stop, self._error = uri, 0, threading.Event(), None
        self._asked, self._loop = None, None
        self._moved = threading.Condition()
        self.thread = threading.Thread(target=self._whole, daemon=True)

    def _whole(self):
        try:
            asyncio.run(self._run())
        except BaseException as error:  # raised in the test
            self._error = error
            raise
        finally:
            with self._moved:
                self._moved.notify_all()

    async def _run(self):
        telegram = OfflineTelegram()
        ada = telegram.user(ADA, "Ada")
        application = telegram.connect(bucket_application(self._uri, save="update")).build()
        booking = {"people": [MessageHandler(filters.TEXT, self._in_booking)]}
        application.add_handler(
            ConversationHandler([], booking, [], name="booking", persistent=True)  # others begin it
        )
        application.add_handler(MessageHandler(filters.TEXT, self._outside))
        async with application:
            while not self._stop.is_set():
                with self._moved:
                    text, self._asked = self._asked or "Hello?", None
                await ada.send(application, text)
                with self._moved:
                    self.handled += 1
                    self._moved.notify_all()

    async def _in_booking(self, update, context):
        await self._outside(update, context)
        context.user_data["in_booking"] = True

    async def _outside(self, update, context):
        context.user_data["visits"] += 1
        context.user_data["in_booking"] = False
        if update.message.text.startswith("I am "):
            context.user_data["name"] = update.message.text.removeprefix("I am ")

    def say(self, text):
        """Let Ada say something, and wait until it has been handled and saved."""
        with self._moved:
            self._asked = text
        self.go_on(3)

    def go_on(self, updates):
        """Wait until some more updates have been handled and saved."""
        with self._moved:
            until = self.handled + updates
            assert self._moved.wait_for(lambda: self._error or self.handled >= until, timeout=60)
        if self._error:
            raise self._error


@contextmanager
def running_bot(uri):
    """Run a bot. It has stopped at the end, so that ``handled`` is final."""
    bot = RunningBot(uri)
    bot.thread.start()
    try:
        bot.go_on(1)
        yield bot
    finally:
        bot._stop.set()
        bot.thread.join(60)
    assert not bot.thread.is_alive()
