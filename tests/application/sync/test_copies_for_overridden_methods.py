"""Tests of the copies that a subclass's methods get: all are of one moment, and a failure costs only its record."""

from __future__ import annotations

import copy

import pytest
from telegram.ext import MessageHandler, filters

from ptb_bucket import BucketPersistence
from support.applications.overriding import Scrubbed, build


class CannotBeCopied:
    def __deepcopy__(self, _memo):
        raise RuntimeError("not me")


@pytest.mark.parametrize("save", ["update", "interval"])
async def test_a_value_that_cannot_be_copied_costs_only_itself(world, save):
    async def handle(update, context):
        context.user_data["name"] = update.effective_user.first_name
        if update.effective_user.id == 43:
            context.user_data["lock"] = CannotBeCopied()

    async with build(world, Scrubbed(world.store()), MessageHandler(filters.ALL, handle), save=save) as app:
        for who in (world.bob, world.ada):
            await who.send(app, "hi")
        await app.update_persistence()
        assert {str(error) for error in world.errors} == {"not me"}
        assert (await world.stored()).user_data == {42: {"name": "Ada"}}


@pytest.mark.parametrize("save", ["update", "interval"])
async def test_a_method_that_raises_costs_only_its_record(world, save):
    class Picky(BucketPersistence):
        async def update_user_data(self, user_id, data):
            if user_id == 43:
                raise ValueError("no Bob")
            await super().update_user_data(user_id, data)

    async def handle(update, context):
        context.user_data["name"] = update.effective_user.first_name
        context.bot_data[update.effective_user.id] = True

    async with build(world, Picky(world.store()), MessageHandler(filters.ALL, handle), save=save) as app:
        for who in (world.bob, world.ada):
            await who.send(app, "hi")
        await app.update_persistence()
        assert {str(error) for error in world.errors} == {"no Bob"}
    stored = await world.stored()
    assert (stored.user_data, stored.bot_data) == ({42: {"name": "Ada"}}, {43: True, 42: True})


async def test_copies_are_of_one_moment(world):
    """A change that a handler makes while a method waits is saved as a whole next time."""

    class Slow(BucketPersistence):
        async def update_user_data(self, user_id, data):
            for live in app.user_data.values():
                live["later"] = True
            await super().update_user_data(user_id, data)

    async with build(world, Slow(world.store()), save="interval") as app:
        for number in (1, 2, 3):
            app.user_data[number]["n"] = number
        app.mark_data_for_update_persistence(user_ids=[1, 2, 3])
        await app.update_persistence()
        assert (await world.stored()).user_data == {number: {"n": number} for number in (1, 2, 3)}


async def test_nothing_is_copied_where_nothing_is_overridden(world, monkeypatch):
    async def handle(_update, context):
        context.user_data["n"] = 1

    def refuse(_value):
        raise AssertionError("copied")

    async with build(world, BucketPersistence(world.store()), MessageHandler(filters.ALL, handle)) as app:
        monkeypatch.setattr("ptb_bucket.application.sync.stager.deepcopy", refuse)
        await world.ada.send(app, "hi")
    assert (await world.stored()).user_data == {42: {"n": 1}}
    assert copy.deepcopy({}) == {}
