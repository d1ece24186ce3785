"""Tests of an Application that is shut down and initialized again, with PTB's own memory, which may be stale."""

from __future__ import annotations

import asyncio

import pytest

from support.applications.restarting_bot import Step, asked


@pytest.fixture
async def elsewhere(everywhere):
    """Ada has state of all kinds, known to ``app``; while that is shut down, another instance may change it."""
    ada = everywhere.telegram.user(42, "Ada")
    app = everywhere.build()
    async with app:
        await asked(ada, app, "/count", "/offer", "/order")
    return everywhere, ada, app


async def test_what_was_dropped_and_ended_elsewhere_is_not_written_back(elsewhere):
    world, ada, app = elsewhere
    async with world.running() as other:
        await asked(ada, other, "/cancel", "/forget")
        other.bot_data.clear()
        other.bot.callback_data_cache.clear_callback_data()
    async with app:
        await app.update_persistence()
    assert await world.state() == [{}, {}, {}, None, {}]


async def test_a_conversation_ended_elsewhere_stays_ended_though_ptb_goes_on_with_it(elsewhere):
    world, ada, app = elsewhere
    async with world.running() as other:
        await asked(ada, other, "/cancel")
    async with app:
        assert await asked(ada, app, "small") == ["How do you pay?"]  # PTB's own memory keeps it
    assert (await world.state())[4] == {}
    assert app.persistence.stats.conversations_kept == 1


async def test_of_data_dropped_elsewhere_only_what_is_new_is_kept(elsewhere):
    world, ada, app = elsewhere
    async with world.running() as other:
        await asked(ada, other, "/forget")
    async with app:
        app.chat_data[42]["new"] = True
        app.mark_data_for_update_persistence(chat_ids=42, user_ids=42)
    assert (await world.state())[1:3] == [{42: {"new": True}}, {}]


async def test_what_was_changed_elsewhere_is_what_it_starts_with(elsewhere):
    world, ada, app = elsewhere
    async with world.running() as other:
        await asked(ada, other, "/count", "small")
    async with app:
        assert app.chat_data[42] == {42: 2}
        assert await asked(ada, app, "/count", "by card") == ["3 3", "Thanks."]
    state = await world.state()
    assert state[1] == {42: {42: 3}}
    assert state[4] == {}
    assert app.persistence.stats.conflicts_merged == 0


async def test_again_and_again_without_a_change_is_no_write(elsewhere):
    world, _ada, app = elsewhere
    writes = app.persistence.stats.writes
    for _ in range(3):
        async with app:
            await app.update_persistence()
    assert app.persistence.stats.writes == writes
    assert (await world.state())[4] == {(42, 42): Step.SIZE}


def test_two_event_loops_one_after_the_other(everywhere):
    async def first_life():
        await app.initialize()
        await app.start()
        answers = await asked(ada, app, "/count")
        await app.stop()
        await app.shutdown()
        return answers

    ada = everywhere.telegram.user(42, "Ada")
    persistence = everywhere.persistence()
    for number in (1, 2, 3):
        app = everywhere.build(persistence)
        assert asyncio.run(first_life()) == [f"{number} {number}"]
    assert asyncio.run(everywhere.state())[1] == {42: {42: 3}}
