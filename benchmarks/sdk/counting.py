"""The requests of a bot, counted by a proxy between our persistence and the server."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING, Any

from telegram.ext import CommandHandler

from ptb_bucket import BucketPersistence
from ptb_bucket.offline_telegram import OfflineTelegram
from ptb_bucket.testing.proxy import FaultProxy
from sdk.bare import bare, new_bucket

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from ptb_bucket.testing.proxy import SeenRequest
    from sdk.servers import Server

__all__ = ["LAYOUTS", "Counts", "count"]

LAYOUTS = ("single", "per-type", "per-record")
LIST = re.compile(r"list-type=2|/b/[^/]+/o\?")
Counts = dict[str, dict[str, int]]
"""Step → the number of requests of each sort."""


def sort_of(request: SeenRequest) -> str:
    """Return GET, PUT or LIST, the kinds by which both clouds bill."""
    if request.method == "GET" and LIST.search(request.path):
        return "LIST"
    return "PUT" if request.method == "POST" and request.path.startswith("/upload/") else request.method


async def visit(_: Any, context: Any) -> None:
    """Change three kinds of data."""
    for data in (context.bot_data, context.chat_data, context.user_data):
        data["visits"] = data.get("visits", 0) + 1


async def look(_: Any, context: Any) -> None:
    """Change nothing; PTB passes all data on nevertheless."""
    assert context.bot_data


class Life:
    """A series of applications on one place, with requests counted step by step."""

    def __init__(self, proxy: FaultProxy, uri: str) -> None:
        self.counts: Counts = {}
        self._proxy = proxy
        self._uri = uri
        self._telegram = OfflineTelegram()
        self._ada = self._telegram.user(42, "Ada")

    def application(self) -> Any:
        """Start a bot that refreshes before each update."""
        persistence = BucketPersistence(self._uri, refresh_interval=0)
        application = self._telegram.builder().persistence(persistence).build()
        application.add_handlers([CommandHandler("visit", visit), CommandHandler("look", look)])
        return application

    async def send(self, application: Any, text: str) -> None:
        """Process an update as PTB does."""
        await self._ada.send(application, text)

    async def step(self, name: str, action: Awaitable[Any]) -> None:
        """Run a step, and count the requests that arrive meanwhile."""
        self._proxy.clear()
        await action
        self.counts[name] = dict(sorted(Counter(map(sort_of, self._proxy.requests)).items()))

    async def new_bot(self) -> None:
        """Run the very first start."""
        bot = self.application()
        await self.step("start, nothing there yet", bot.initialize())
        await self.send(bot, "/visit")
        await self.step("first commit ever, three kinds changed", bot.update_persistence())
        await bot.shutdown()

    async def next_start(self) -> None:
        """Run the recurring steps."""
        bot, other = self.application(), self.application()
        await self.step("start", bot.initialize())
        await self.send(bot, "/visit")
        await self.step("first commit of a process, three kinds changed", bot.update_persistence())
        await self.step("update that is refreshed, nothing new there", self.send(bot, "/visit"))
        await self.step("commit, three kinds changed", bot.update_persistence())
        await self.step("commit, nothing changed", bot.update_persistence())
        async with other:
            await self.send(other, "/visit")
        await self.step("update that is refreshed, another instance was there", self.send(bot, "/look"))
        await self.shut_down(bot)

    async def shut_down(self, bot: Any) -> None:
        """Stop once with a pending change and once without."""
        await self.one_changed(bot)
        await self.lost_race(bot)
        await self.send(bot, "/visit")
        await self.step("shutdown, three kinds unsaved", bot.shutdown())
        await bot.initialize()
        await self.send(bot, "/look")
        await self.step("shutdown, nothing unsaved", bot.shutdown())

    async def one_changed(self, bot: Any) -> None:
        """Load the data of a user."""
        bot.user_data[42]["visits"] += 1
        bot.mark_data_for_update_persistence(user_ids=42)
        await self.step("commit, one user changed", bot.update_persistence())

    async def lost_race(self, bot: Any) -> None:
        """Let another instance commit in between."""
        await self.send(bot, "/look")
        async with (other := self.application()):
            await self.send(other, "/visit")
        bot.user_data[42]["more"] = True
        await self.step("commit, one user changed, after another instance's", bot.update_persistence())


async def count(server: Server, layout: str) -> Counts:
    """Run two starts on a server."""
    async with bare(server) as sdk:
        bucket = await new_bucket(sdk)
    with FaultProxy(server.url) as proxy:
        life = Life(proxy, server.uri(bucket, "bot/", through=proxy.url, layout=layout))
        await life.new_bot()
        await life.next_start()
    return life.counts
