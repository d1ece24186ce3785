"""Tests that an update changes each record once, on every layout, even if it is handled twice or by two instances."""

from __future__ import annotations

import pytest
from telegram import Update
from telegram.ext import MessageHandler, filters

from ptb_bucket import BucketApplication, BucketPersistence, add_differences
from ptb_bucket.errors import UnsavedError
from ptb_bucket.state import LAYOUTS
from ptb_bucket.stores import open_store
from ptb_bucket.testing.faults import Fault, FaultyStore
from support.applications.builder import build_application
from support.parameters import crossed


class Bots:
    """Two bots on one bucket, where saves of the first one can be late, or get stuck halfway."""

    def __init__(self, world, layout: str, codec: str) -> None:
        self.world, self.options = world, {"layout": layout, "codec": codec, "resolver": add_differences}
        self.plan = lambda _operation, _key: None
        self.store = FaultyStore(open_store(world.where), lambda *what: self.plan(*what))  # noqa: PLW0108  as it is then
        self.meanwhile = None
        self.first, self.second = self.bot(self.store), self.bot(open_store(world.where))

    def bot(self, store) -> BucketApplication:
        persistence = BucketPersistence(store, commit_timeout=0.3, **self.options)
        options = {"save": "update", "dedupe": True}
        handler = MessageHandler(filters.ALL, self.pay)
        return build_application(self.world.telegram, persistence, handler, bucket_options=options)

    async def pay(self, update, context) -> None:
        """Make changes that show if they are made twice."""
        context.user_data.setdefault("paid", []).append(update.update_id)
        context.bot_data["total"] = context.bot_data.get("total", 0) + 1
        if self.meanwhile:
            meanwhile, self.meanwhile = self.meanwhile, None
            await meanwhile()

    async def fail(self, plan, update) -> None:
        """Let the first bot handle an update, fail to save it, and end."""
        self.plan = plan
        with pytest.raises(UnsavedError):
            await self.deliver(self.first, update)
        await self.first.discard()

    async def deliver(self, bot, update) -> None:
        await bot.process_update(Update.de_json(update, bot.bot))

    async def data(self):
        async with self.bot(open_store(self.world.where)) as reader:
            await reader.load_data(user_ids=[42])
            return reader.user_data[42]["paid"], reader.bot_data["total"]


@pytest.fixture(params=crossed(list(LAYOUTS), ["json", "pickle"], strength=1))
async def bots(request, world):
    made = Bots(world, *request.param)
    for bot in (made.first, made.second):
        await bot.initialize()
    await made.deliver(made.first, world.ada.message_update("the first one"))
    yield made
    await made.second.shutdown()


async def test_a_save_that_lands_while_its_update_is_handled_again_counts_once(bots):
    update = bots.world.ada.message_update("pay")
    await bots.fail(lambda operation, _key: Fault.LATE if operation == "put" else None, update)
    bots.meanwhile = bots.store.land
    await bots.deliver(bots.second, update)
    assert await bots.data() == ([1, 2], 2)
    await bots.deliver(bots.second, bots.world.ada.message_update("the next one"))
    assert await bots.data() == ([1, 2, 3], 3)


@pytest.mark.parametrize("stuck", ["updates", "bot_data", "user_data"])
async def test_what_is_saved_of_an_update_stays_and_the_rest_is_done_when_it_comes_again(bots, stuck):
    update = bots.world.ada.message_update("pay")
    denied = (stuck, f"records/{stuck}/") if bots.options["layout"] != "single" else ("state",)

    def plan(operation, key):
        return Fault.DENIED if operation == "put" and key.startswith(denied) else None

    await bots.fail(plan, update)
    for _ in range(2):
        await bots.deliver(bots.second, update)
    assert await bots.data() == ([1, 2], 2)
    await bots.deliver(bots.second, bots.world.ada.message_update("the next one"))
    assert await bots.data() == ([1, 2, 3], 3)
