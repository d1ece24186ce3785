"""Tests of outages that last minutes: the bot goes on, and saves everything when the bucket is back."""

from __future__ import annotations

import asyncio
import logging

import pytest

from ptb_bucket.errors import PTBBucketError
from ptb_bucket.stores import MemoryStore
from ptb_bucket.testing.faults import Fault, FaultyStore
from support.applications.restarting_bot import World, asked, opened
from support.documents.virtual_time import run_virtually

MINUTES = 10
INTERVAL = 60


@pytest.mark.parametrize("fault", [Fault.UNAVAILABLE, Fault.ANSWER_LOST, Fault.DENIED, Fault.LATE, Fault.HANG], ids=str)
def test_an_outage_of_minutes_costs_one_report_each_interval_and_no_change(fault, caplog):
    async def scenario():
        store, out = MemoryStore(), [None]
        faulty = FaultyStore(store, lambda *_: out[0])
        persistence = opened(faulty, update_interval=INTERVAL, commit_timeout=30)
        data = await persistence.get_bot_data()
        await persistence.update_bot_data({"log": []})
        data["log"] = []
        caplog.clear()
        out[0] = fault
        told = 0
        for minute in range(MINUTES):  # like PTB, save the whole record in each interval
            data["log"].append(minute)
            try:
                await persistence.update_bot_data(data)
            except PTBBucketError:
                told += 1
            await asyncio.sleep(INTERVAL)
        reports = [entry for entry in caplog.records if entry.levelno >= logging.ERROR]
        ledger = persistence._session.replica.documents.tracked.all()[0].ledger
        assert MINUTES <= told + len(reports) <= 2 * MINUTES + 1  # callers get errors, retries between calls log them
        assert len(ledger.pending) == 1
        assert len(ledger.staged.values) <= 1
        out[0] = None
        await faulty.land()
        await asyncio.sleep(2 * INTERVAL)  # nobody calls: the retry saves it
        assert persistence.stats.pending == ()
        await persistence.flush()
        return (await opened(store).get_bot_data())["log"]

    assert run_virtually(scenario()) == list(range(MINUTES))


def test_a_bot_answers_through_an_outage_and_all_of_it_is_saved_after():
    async def scenario():
        store, out = MemoryStore(), [None]
        world = World(FaultyStore(store, lambda *_: out[0]), {"commit_timeout": 1})
        ada = world.telegram.user(42, "Ada")
        async with world.running() as app:
            out[0] = Fault.UNAVAILABLE
            for number in range(1, 61):
                assert await asked(ada, app, "/count") == [f"{number} {number}"]
                await app.update_persistence()
                await asyncio.sleep(10)
            out[0] = None
        return (await World(store).state())[1]

    assert run_virtually(scenario()) == {42: {42: 60}}
