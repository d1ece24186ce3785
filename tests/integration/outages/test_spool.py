"""Tests of an outage at shutdown: unsaved changes go to local files, and from there into the bucket exactly once."""

from __future__ import annotations

import asyncio
import threading

import pytest

from ptb_bucket.errors import AccessError, UnsavedError
from ptb_bucket.state import LAYOUTS
from ptb_bucket.stores import write_file
from ptb_bucket.testing.faults import Fault
from support.applications.restarting_bot import opened
from support.applications.spooling_bot import Bot, hurry
from support.parameters import crossed
from support.processes.child_processes import finished, spawn, start_together


@pytest.mark.parametrize(("layout", "codec"), crossed(list(LAYOUTS), ["json", "pickle"], strength=1, spread=True))
async def test_spooled_changes_are_merged_before_the_next_start_loads_data(tmp_path, layout, codec):
    bot = Bot(tmp_path, layout=layout, codec=codec)
    one, data = await bot.started()
    await one.update_bot_data({"log": ["before"]})
    await one.update_chat_data(-5, {"dropped": 1})
    bot.fault = Fault.UNAVAILABLE
    hurry(one)
    mine = [
        one.update_bot_data({"log": ["before", "mine"]}),
        one.update_user_data(42, {"tags": {1}}),
        one.drop_chat_data(-5),
    ]
    await asyncio.gather(*mine, return_exceptions=True)
    with pytest.raises(UnsavedError, match=r"user_data\[42\].*kept in"):
        await one.flush()
    bot.fault = None
    theirs = opened(bot.store, layout=layout, codec=codec)
    await theirs.get_bot_data()
    await theirs.update_bot_data({"log": ["before", "theirs"], "more": True})
    two, data = await bot.started()
    assert data == {"log": ["before", "theirs", "mine"], "more": True}
    assert (await two.get_user_data(), await two.get_chat_data()) == ({42: {"tags": {1}}}, {})
    assert bot.files() == []
    assert two.stats.pending == ()
    assert await opened(bot.store, layout=layout, codec=codec).get_bot_data() == data


@pytest.mark.parametrize("fault", [Fault.ANSWER_LOST, Fault.LATE, Fault.UNAVAILABLE], ids=lambda fault: fault.name)
@pytest.mark.parametrize("others", [False, True], ids=["alone", "others have written"])
async def test_a_write_of_unknown_outcome_is_recognised_by_the_next_process(bot, fault, others):
    one, _ = await bot.started()
    await one.update_bot_data({"log": ["a"]})
    bot.fault = fault
    bot.faulty._plan = lambda operation, _key: fault if operation == "put" else Fault.UNAVAILABLE  # and no reading back
    await bot.end_unsaved(one, {"log": ["a", "b"]})
    bot.faulty._plan = bot._plan
    await bot.faulty.land()
    if others:
        theirs = opened(bot.store)
        log = (await theirs.get_bot_data())["log"]
        await theirs.update_bot_data({"log": [*log, "theirs"]})
    two, data = await bot.started()
    assert sorted(data["log"]) == sorted(["a", "b", *(["theirs"] if others else [])])
    assert two.stats.undecidable == 0
    assert bot.files() == []


async def test_a_late_write_that_lands_while_the_spool_is_taken_up_is_not_doubled(bot):
    one, _ = await bot.started()
    await one.update_bot_data({"log": ["a"]})
    await bot.end_unsaved(one, {"log": ["a", "b"]}, Fault.LATE)
    get = bot.store.get

    async def get_and_land(key, **options):
        found = await get(key, **options)
        await bot.faulty.land()
        return found

    bot.store.get = get_and_land
    _, data = await bot.started()
    assert data == {"log": ["a", "b"]}
    assert await bot.stored() == data


async def test_a_cancelled_start_writes_no_file_after_another_start_has_removed_it(bot, monkeypatch):
    one, _ = await bot.started()
    await one.update_bot_data({"log": ["a"]})
    await bot.end_unsaved(one, {"log": ["a", "b"]}, Fault.DENIED)
    writing, end = threading.Event(), threading.Event()

    def write_slowly(path, data):
        writing.set()
        end.wait(20)
        write_file(path, data)

    monkeypatch.setattr("ptb_bucket.state.spool.files.write_file", write_slowly)
    starting = asyncio.create_task(bot.started())
    await asyncio.to_thread(writing.wait, 20)
    monkeypatch.undo()
    starting.cancel()
    asyncio.get_running_loop().call_later(0.3, end.set)
    two, data = await bot.started()
    assert data == {"log": ["a", "b"]}
    await two.update_bot_data({"log": ["a", "b", "c"]})
    await asyncio.wait({starting})
    await asyncio.sleep(0.5)
    _, data = await bot.started()
    assert data == {"log": ["a", "b", "c"]}
    assert bot.files() == []


@pytest.mark.parametrize("fault", [Fault.UNAVAILABLE, Fault.DENIED], ids=lambda fault: fault.name)
async def test_a_process_that_goes_on_brings_it_in_itself(bot, fault):
    one, _ = await bot.started(update_interval=0.05)
    await one.update_bot_data({"log": ["a"]})
    await bot.end_unsaved(one, {"log": ["a", "b"]}, fault)
    assert one.stats.pending == ("bot_data",)
    await one.update_bot_data({"log": ["a", "b", "c"]})
    await one.flush()
    assert one.stats.pending == ()
    assert bot.files() == []
    assert await bot.stored() == {"log": ["a", "b", "c"]}


@pytest.mark.parametrize("fault", [Fault.UNAVAILABLE, Fault.DENIED], ids=lambda fault: fault.name)
async def test_two_outages_of_one_process_are_taken_up_in_their_order(bot, fault):
    one, _ = await bot.started()
    await one.update_bot_data({"log": ["a"], "n": 0})
    for number, log in enumerate((["a", "b"], ["a", "b", "c"]), 1):
        await bot.end_unsaved(one, {"log": log, "n": number}, fault)
    assert len(bot.files()) == 2
    _, data = await bot.started()
    assert data == {"log": ["a", "b", "c"], "n": 2}


async def test_if_the_bucket_is_still_out_at_the_next_start_the_file_stays(bot):
    one, _ = await bot.started()
    await one.update_bot_data({"log": ["a"]})
    await bot.end_unsaved(one, {"log": ["a", "b"]})
    bot.fault = Fault.DENIED
    with pytest.raises(AccessError, match=r"contains unsaved changes from the last run.*will not start"):
        await bot.started()
    assert len(bot.files()) == 1
    bot.fault = None
    _, data = await bot.started()
    assert data == {"log": ["a", "b"]}


# ---------------------------------------------------------------- real processes


def leave_something(tmp_path, count=1):
    """Leave the spool files of processes that died in an outage after each appended one element to the same list."""
    uri, spool = f"file:{tmp_path}/state", tmp_path / "spool"

    async def run_one(number):
        persistence = opened(uri, spool_dir=spool)
        await persistence.get_bot_data()
        persistence._session.replica.documents.store._store.put = _refused
        with pytest.raises(AccessError):
            await persistence.update_bot_data({"log": ["a", f"b{number}"]})
        with pytest.raises(UnsavedError):
            await persistence.flush()

    async def _refused(*_):
        raise AccessError("denied")  # so that none of their commit IDs was ever sent

    async def run_all():
        await opened(uri).update_bot_data({"log": ["a"]})
        hidden = []
        for number in range(count):
            await run_one(number)
            hidden += [path.rename(path.with_suffix(".hidden")) for path in spool.glob("*.spool")]
        for path in hidden:
            path.rename(path.with_suffix(".spool"))

    asyncio.run(run_all())
    return uri, spool


def log_of(uri):
    async def read():
        return (await opened(uri).get_bot_data())["log"]

    return asyncio.run(read())


@pytest.mark.parametrize("moment", ["before the put", "before the removal"])
def test_killed_at_any_point_of_taking_up_nothing_is_lost_or_doubled(tmp_path, moment):
    uri, spool = leave_something(tmp_path)
    process = spawn("die_while_taking_up", uri, spool, moment)
    assert process.communicate() == ("", "")
    assert process.returncode == -9
    assert len(list(spool.glob("*.spool"))) == 1
    assert log_of(uri) == (["a"] if moment == "before the put" else ["a", "b0"])
    assert finished(spawn("start_with_spool", uri, spool)) == "ready\n['a', 'b0']\n"
    assert log_of(uri) == ["a", "b0"]
    assert list(spool.glob("*.spool")) == []


def test_of_several_processes_that_start_at_once_only_one_takes_each_up(tmp_path):
    uri, spool = leave_something(tmp_path, count=4)
    processes = [spawn("start_with_spool", uri, spool) for _ in range(3)]
    start_together(*processes)
    for process in processes:
        finished(process)
    assert sorted(log_of(uri)) == ["a", "b0", "b1", "b2", "b3"]
    assert list(spool.glob("*.spool")) == []
