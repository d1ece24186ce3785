"""A process that goes on looking for timers, whatever goes wrong at one look or with one timer."""

from __future__ import annotations

import asyncio

import pytest

from ptb_bucket.errors import UnreadableRecordError
from ptb_bucket.state import Record
from ptb_bucket.state.timers import Timer
from ptb_bucket.stores import MemoryStore
from support.applications.counted_bots import CountedBots

PATIENCE = 20
"""Seconds after which a test fails that waits for something."""
TICK = 0.1


class Faults:
    """What a store raises that breaks its own promises."""

    def __init__(self):
        self.operations = {"list", "get"}
        self.struck = asyncio.Event()

    async def __call__(self, operation, _key):
        if operation in self.operations:
            self.struck.set()
            raise RuntimeError("unexpected")


@pytest.fixture(params=["single", "per-type", "per-record"])
def bots(request):
    return CountedBots(MemoryStore(), request.param)


@pytest.fixture
def ran():
    return asyncio.Event()


@pytest.fixture
def build(bots, ran):
    """Build instances whose job says that it has run."""

    async def remind(_context):
        ran.set()

    commands = {"add": lambda context: context.job_queue.run_once(remind, 0)}
    return lambda: bots.build([remind], commands=commands, tick=TICK)


async def test_a_look_that_raises_what_nobody_expects_is_logged_and_the_next_one_finds_the_timers(
    bots, build, ran, caplog
):
    async with build() as one, build() as two:
        faults = bots.store.before = Faults()
        await two.start()
        await asyncio.wait_for(faults.struck.wait(), PATIENCE)
        faults.operations = set()
        await bots.ada.send(one, "/add")
        await asyncio.wait_for(ran.wait(), PATIENCE)
        await two.stop()
    assert "Due timers could not be listed. Trying again in 0.1 s: unexpected" in caplog.text


async def test_a_tick_whose_read_of_a_timer_raises_what_nobody_expects_has_its_error(ran):
    bots = CountedBots(MemoryStore(), "per-record")

    async def remind(_context):
        ran.set()

    commands = {"add": lambda context: context.job_queue.run_once(remind, 0, user_id=42)}
    async with bots.build([remind], commands=commands) as one, bots.build([remind]) as two:
        await bots.ada.send(one, "/add")
        await asyncio.sleep(1)  # the timer's key names the next whole second
        faults = bots.store.before = Faults()
        faults.operations = {"get"}
        ticked = await two.tick()
        assert [str(error).endswith("raised RuntimeError") for error in ticked.errors] == [True]
        faults.operations = set()
        assert (await two.tick()).ran == 1
    assert ran.is_set()


async def test_a_timer_that_has_become_unreadable_keeps_no_other_from_its_alarm(bots, build, ran, monkeypatch):
    """Its alarm is set here, for later, and another instance has replaced it by what this one cannot read."""
    async with build() as one, build() as two:
        damaged, replica = Record.of_timer(Record.user(7), "damaged"), two.timers.ticker._sync.live.replica
        replica.stage(damaged, Timer("remind", "aa", due=1.0).to_value())
        await replica.commit()
        two.timers.pending.on_change(damaged, Timer("remind", "aa", due=4e9))
        stored = two.timers.pending.stored

        def stored_or_damaged(record):
            if record == damaged:
                raise UnreadableRecordError("cannot be decoded", record=record.label)
            return stored(record)

        monkeypatch.setattr(two.timers.pending, "stored", stored_or_damaged)
        await two.start()
        await bots.ada.send(one, "/add")
        await asyncio.wait_for(ran.wait(), PATIENCE)
        await two.stop()
