"""Tests of two instances with different code: neither loses data that the other cannot read, decide or store."""

from __future__ import annotations

import asyncio
import enum

import pytest
from telegram.ext import ContextTypes

from ptb_bucket.errors import CannotLoadError, PTBBucketError, UnsavedError
from ptb_bucket.stores import MemoryStore
from support.applications.restarting_bot import opened


class Mood(enum.Enum):
    """A type that only the newer deployment knows."""

    GOOD = 1


async def attempt(coroutine) -> Exception | None:
    """Await one call and return its error, as PTB passes errors to error handlers and goes on."""
    try:
        await coroutine
    except Exception as error:  # noqa: BLE001  as PTB does
        return error
    return None


@pytest.fixture
async def deployments():
    """Start a rolling deployment: the older instance has Ada's data, and the newer adds a type unknown to it."""
    store = MemoryStore()
    old, new = opened(store, refresh_interval=0), opened(store, types=[Mood])
    await old.update_user_data(42, {"a": 1})
    live = (await old.get_user_data())[42]
    await new.get_user_data()
    await new.update_user_data(42, {"a": 1, "mood": Mood.GOOD})
    return store, old, live


async def test_an_older_deployment_does_not_overwrite_what_it_cannot_read(deployments):
    store, old, live = deployments
    for number in range(3):
        error = await asyncio.create_task(attempt(old.refresh_user_data(42, live)))
        if error is None:
            live["n"] = number
        await attempt(old.update_user_data(42, dict(live)))
        await attempt(old.update_bot_data({"n": number}))
    assert (await opened(store, types=[Mood]).get_user_data())[42]["mood"] is Mood.GOOD


async def test_an_older_deployment_reports_each_access_to_an_unreadable_record(deployments):
    _store, old, live = deployments
    for _ in range(3):
        with pytest.raises(CannotLoadError, match="Mood"):
            await asyncio.create_task(old.refresh_user_data(42, live))
    assert live == {"a": 1}


async def test_a_record_that_cannot_be_merged_does_not_keep_others_from_being_saved(deployments):
    store, old, _live = deployments
    saves = [old.update_user_data(42, {"a": 2}), old.update_user_data(43, {"b": 1}), old.update_bot_data({"c": 1})]
    results = await asyncio.gather(*saves, return_exceptions=True)
    assert [type(result) for result in results if result] == [UnsavedError]
    new = opened(store, types=[Mood])
    assert await new.get_user_data() == {42: {"a": 1, "mood": Mood.GOOD}, 43: {"b": 1}}
    assert await new.get_bot_data() == {"c": 1}
    with pytest.raises(PTBBucketError):
        await old.flush()


def helpless(conflict):
    raise ZeroDivisionError("a resolver with a bug")


async def test_a_resolver_that_fails_loses_nothing():
    store = MemoryStore()
    one, two = opened(store, refresh_interval=0, resolver=helpless), opened(store)
    await one.update_user_data(42, {"n": 1})
    live = (await one.get_user_data())[42]
    await two.get_user_data()
    await two.update_user_data(42, {"n": 2, "theirs": 1})
    live["n"] = 3
    errors = []
    for _ in range(2):
        errors.append(await asyncio.create_task(attempt(one.refresh_user_data(42, live))))
        await attempt(one.update_user_data(42, dict(live)))
    assert errors[0] is not None
    assert (await opened(store).get_user_data())[42]["theirs"] == 1


@pytest.mark.parametrize("answer", [lambda conflict: print, helpless])
async def test_a_resolver_without_a_good_answer_costs_only_its_own_record(answer):
    store = MemoryStore()
    one, two = opened(store, resolver=answer), opened(store)
    await one.update_user_data(42, {"n": 1})
    await two.get_user_data()
    await two.update_user_data(42, {"n": 2})
    saves = [one.update_user_data(42, {"n": 3}), one.update_user_data(43, {"b": 1})]
    results = await asyncio.gather(*saves, return_exceptions=True)
    assert sum(result is not None for result in results) == 1
    assert (await opened(store).get_user_data()).get(43) == {"b": 1}


class Slotted:
    """User data that cannot be changed attribute by attribute: it merges as a whole."""

    __slots__ = ("mine", "theirs")

    def __init__(self, mine=0, theirs=0):
        self.mine, self.theirs = mine, theirs


@pytest.mark.parametrize("codec", ["json", "pickle"])
async def test_a_live_object_that_cannot_be_refreshed_does_not_undo_what_the_other_one_did_unseen(codec):
    """Either the handler saw the other's change, or saving over it was counted as a conflict."""
    store, types = MemoryStore(), ContextTypes(user_data=Slotted)
    one, two = (opened(store, refresh_interval=0, context_types=types, codec=codec) for _ in range(2))
    await one.update_user_data(42, Slotted(mine=1))
    live = (await one.get_user_data())[42]
    other = (await two.get_user_data())[42]
    other.theirs = 7
    await two.update_user_data(42, other)
    await one.refresh_user_data(42, live)
    live.mine = 2
    await one.update_user_data(42, live)
    assert live.theirs == 7 or one.stats.conflicts_decided == 1


async def test_loading_one_handlers_conversations_does_not_take_the_others_for_known():
    """PTB asks once for each handler, and again when one is added later. The others keep their states in PTB."""
    store = MemoryStore()
    one, two = opened(store, refresh_interval=0), opened(store)
    await one.update_conversation("order", (1, 1), "first")
    await one.get_conversations("order")
    await two.get_conversations("order")
    await two.update_conversation("order", (1, 1), "theirs")
    await one.refresh_bot_data({})
    await one.get_conversations("added later")
    await one.update_conversation("order", (1, 1), "ours")
    assert await opened(store).get_conversations("order") == {(1, 1): "theirs"}
    assert one.stats.conversations_kept == 1
