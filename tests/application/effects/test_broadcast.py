"""broadcast(): everybody gets the message, also after kills on two instances, and Telegram's limits are kept."""

from __future__ import annotations

import asyncio
import io
import logging
import sys

import pytest

from ptb_bucket.offline_telegram import ApiError
from ptb_bucket.tools import erase, find_person, open_state
from support.effects.broadcasting import Instance, World, news, run_virtually, send_with_kills
from support.parameters import MOST_DIFFERENT

_LOGGER = logging.getLogger("effects")


@pytest.mark.parametrize("layout", MOST_DIFFERENT)
def test_everybody_gets_the_message_once_and_the_limits_are_kept(layout):
    async def check():
        world = World(layout)
        one = await Instance(world).start()
        report = await one.application.broadcast(news, world.people(100), name="news-7")
        assert (report.state, report.people, report.done, report.sent) == ("finished", 100, 100, 100)
        assert set(world.got.values()) == {1}
        assert len(world.got) == 100
        assert world.most_in_a_second <= 30
        assert (await one.application.broadcast(news, [5], name="news-7")) == report
        await one.stop()

    run_virtually(check())


@pytest.mark.parametrize("layout", MOST_DIFFERENT)
def test_kills_on_two_instances_repeat_at_most_a_segment_each(layout, request):
    long = request.config.getoption("--long")
    people, kills, segment = (10_000, 50, 100) if long else (400, 6, 20)
    world = run_virtually(send_with_kills(layout, people=people, kills=kills, segment=segment))
    assert world.report.state == "finished"
    assert set(world.got) == set(range(1, people + 1))
    repeats = sum(world.got.values()) - people
    _LOGGER.warning("%s: %d repeats, %s, %s", layout, repeats, dict(world.requests), dict(world.bytes))
    assert 0 < repeats <= kills * segment
    assert world.most_in_a_second <= 30


@pytest.mark.filterwarnings("ignore:.*retry_after:telegram.warnings.PTBDeprecationWarning")
def test_telegrams_wish_to_wait_is_obeyed_and_those_who_blocked_the_bot_are_collected():
    async def check():
        world = World("single")
        audience = world.people(60)
        one = await Instance(world).start()
        world.telegram.refuse(ApiError("Forbidden: bot was blocked by the user", code=403), times=2)
        world.telegram.refuse(ApiError("Bad Request: chat not found"), times=1)
        world.telegram.flood(30)
        report = await one.application.broadcast(news, audience, name="news-7")
        assert (report.sent, len(report.blocked), len(report.failed)) == (57, 2, 1)
        pause = max(after - before for before, after in zip(world.calls, world.calls[1:], strict=False))
        assert pause >= 29
        assert set(world.got.values()) == {1}
        await one.stop()

    run_virtually(check())


def test_two_broadcasts_share_the_limit():
    async def check():
        world = World("single")
        audience = world.people(100)
        one, two = await Instance(world).start(), await Instance(world).start()
        reports = await asyncio.gather(
            one.application.broadcast(news, audience, name="a"), two.application.broadcast(news, audience, name="b")
        )
        assert [report.state for report in reports] == ["finished"] * 2
        assert set(world.got.values()) == {2}
        assert world.most_in_a_second <= 30
        for each in (one, two):
            await each.stop()

    run_virtually(check())


@pytest.mark.parametrize("layout", MOST_DIFFERENT)
def test_a_person_who_is_erased_while_it_runs_gets_nothing_more_and_all_others_get_theirs(layout):
    """The person has blocked the bot in the segment that is being sent: the journal must not get the ID back."""

    async def check():
        world = World(layout, segment=60)
        one = await Instance(world).start()
        await one.application.broadcast(news, world.people(240), name="news-7", wait=False)
        while len(world.got) < 70:  # noqa: ASYNC110  virtual time
            await asyncio.sleep(0.1)
        world.telegram.refuse(ApiError("Forbidden: bot was blocked by the user", code=403), times=1)
        blocked = len(world.got) + 1
        while len(world.calls) < blocked + 20:  # noqa: ASYNC110
            await asyncio.sleep(0.1)
        missing = next(person for person in range(1, max(world.got) - 10) if person not in world.got)
        async with open_state(world.bucket) as state:
            for person in (missing, 200):
                found = await find_person(state, person)
                assert list(found.broadcasts) == ["news-7"]
                await erase(state, found, None, force=True)
            report = await one.application.broadcast(news, (), name="news-7")
            assert (report.state, report.done, list(report.blocked)) == ("finished", 240, [])
            assert set(range(1, 241)) - set(world.got) == {missing, 200}
            assert set(world.got.values()) == {1}
            assert (await find_person(state, missing)).broadcasts == {}
        await one.stop()

    run_virtually(check())


class Terminal(io.StringIO):
    """An error output that is a terminal."""

    def isatty(self):
        return True


@pytest.mark.parametrize("is_terminal", [True, False])
def test_a_terminal_shows_a_bar_while_the_caller_waits(is_terminal, monkeypatch):
    async def check():
        world = World("single")
        one = await Instance(world).start()
        screen = Terminal() if is_terminal else io.StringIO()
        monkeypatch.setattr(sys, "stderr", screen)
        await one.application.broadcast(news, world.people(200), name="news-7")
        monkeypatch.undo()
        await one.stop()
        return screen.getvalue()

    lines = run_virtually(check()).replace("\x1b[K", "").split("\r")
    if not is_terminal:
        assert lines == [""]
        return
    assert lines[-1] == f"news-7 [{'#' * 30}] 200 of 200, 0 not reached, finished\n"
    assert len({line.count("#") for line in lines}) > 2


@pytest.mark.parametrize("layout", MOST_DIFFERENT)
def test_iter_user_ids_feeds_it(layout):
    async def check():
        world = World(layout)
        world.people(5)
        one = await Instance(world).start()
        await one.application.load_data(user_ids=range(1, 6))
        for user_id in range(1, 6):
            one.application.user_data[user_id]["n"] = 1
        one.application.mark_data_for_update_persistence(user_ids=range(1, 6))
        await one.application.update_persistence()
        ids = one.application.persistence.iter_user_ids()
        report = await one.application.broadcast(news, ids, name="news-7")
        assert report.sent == 5
        await one.stop()

    run_virtually(check())


def test_where_nothing_runs_between_updates_ticks_drive_it():
    async def check():
        world = World("per-record")
        audience = world.people(800)
        one = Instance(world)
        one.application.runs = False
        await one.application.initialize()
        await one.application.broadcast(news, audience, name="news-7")
        ticks = 0
        while (await one.application._durable.broadcasts.journals.read("news-7")).state == "running":
            await asyncio.sleep(60)
            await one.application.tick()
            ticks += 1
        assert set(world.got.values()) == {1}
        assert len(world.got) == 800
        assert ticks in {2, 3}
        await one.application.shutdown()

    run_virtually(check())
