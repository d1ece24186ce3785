"""Tests of an outage at shutdown: unsaved changes go to local files, and from there into the bucket exactly once."""

from __future__ import annotations

import asyncio
import stat

import pytest

from ptb_bucket import Sealing
from ptb_bucket.errors import (
    AccessError,
    ConfigurationError,
    CorruptDocumentError,
    ForeignDocumentError,
    SealError,
    UnavailableError,
    UnsavedError,
    VanishedDocumentError,
)
from ptb_bucket.state import LAYOUTS
from ptb_bucket.stores import MemoryStore, PrefixStore
from ptb_bucket.testing.faults import Fault, FaultyStore
from support.applications.restarting_bot import opened
from support.parameters import crossed
from support.processes.child_processes import finished, spawn, start_together


def hurry(persistence):
    """Shorten the deadline, but only in an outage, because a slow machine must not look like one."""
    persistence._session.replica.documents.retry_policy.deadline = 0.05


class Bot:
    """The bucket and the spool of one bot, and processes that start one after the other."""

    def __init__(self, tmp_path, **options):
        self.spool, self.fault, self.reading_too = tmp_path / "spool", None, False
        self.store = MemoryStore()
        self.faulty = FaultyStore(self.store, self._plan)
        self.options = {"spool_dir": self.spool, **options}

    def _plan(self, operation, _key):
        return self.fault if operation == "put" or self.reading_too else None

    def open(self, **options):
        return opened(self.faulty, **{**self.options, **options})

    async def started(self, **options):
        """Start a process; return it and the bot_data that it received."""
        persistence = self.open(**options)
        return persistence, await persistence.get_bot_data()

    async def end_unsaved(self, persistence, bot_data, fault=Fault.UNAVAILABLE):
        """Save in an outage and end; return the error of flush()."""
        self.fault = fault
        hurry(persistence)
        with pytest.raises((UnavailableError, AccessError)):
            await persistence.update_bot_data(bot_data)
        if fault is Fault.LATE or fault is Fault.ANSWER_LOST:
            self.reading_too, self.fault = True, Fault.UNAVAILABLE
        with pytest.raises(UnsavedError) as told:
            await persistence.flush()
        self.fault, self.reading_too = None, False
        persistence._session.replica.documents.retry_policy.deadline = 30
        return str(told.value)

    def files(self):
        return sorted(path for path in self.spool.iterdir() if path.suffix == ".spool")

    async def stored(self):
        return await opened(self.store).get_bot_data()


@pytest.fixture
def bot(tmp_path):
    return Bot(tmp_path)


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


async def test_the_file_is_for_this_user_only(bot):
    one, _ = await bot.started()
    said = await bot.end_unsaved(one, {"a": 1})
    assert said.startswith("1 record is not saved (bot_data): ")
    assert str(bot.spool) in said
    (path,) = bot.files()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(bot.spool.stat().st_mode) == 0o700


@pytest.mark.parametrize("keys", ["encryption_keys", "signing_keys"])
async def test_with_sealing_the_file_is_sealed_and_opens_nowhere_else(bot, keys):
    bot.options["sealing"] = Sealing(**{keys: "k" * 43}, max_size=20_000)
    one, _ = await bot.started()
    await bot.end_unsaved(one, {"secret": "hunter2 " * 2000})
    (path,) = bot.files()
    data = path.read_bytes()
    assert data.startswith(b"ptb-bucket sealed ")
    assert (b"aHVudGVyMi" in data) == (keys == "signing_keys")  # base64 of it
    with pytest.raises(SealError, match="contains changes that an earlier run could not save"):
        await bot.started(sealing=None)
    path.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    with pytest.raises(SealError):
        await bot.started()
    path.rename(path.with_stem("1"))
    with pytest.raises(SealError):
        await bot.started()
    path.with_stem("1").unlink()
    path.write_bytes(data)
    _, found = await bot.started()
    assert found == {"secret": "hunter2 " * 2000}


async def test_without_spool_dir_the_error_names_what_was_not_saved(bot):
    one, _ = await bot.started(spool_dir=None)
    assert (await bot.end_unsaved(one, {"a": 1})).startswith("1 record is not saved (bot_data): ")
    assert not bot.spool.exists()


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
    with pytest.raises(AccessError, match=r"contains changes that the last run could not save.*does not start"):
        await bot.started()
    assert len(bot.files()) == 1
    bot.fault = None
    _, data = await bot.started()
    assert data == {"log": ["a", "b"]}


@pytest.mark.parametrize("other", [{"layout": "per-type"}, {"codec": "pickle"}], ids=str)
async def test_another_layout_or_codec_refuses_it_and_does_not_remove_it(bot, other):
    one, _ = await bot.started()
    await bot.end_unsaved(one, {"a": 1})
    with pytest.raises(ForeignDocumentError, match="not changed"):
        await bot.started(**other)
    assert len(bot.files()) == 1
    _, data = await bot.started()
    assert data == {"a": 1}


async def test_another_place_refuses_it_and_does_not_remove_it(bot):
    one, _ = await bot.started()
    await bot.end_unsaved(one, {"a": 1})
    elsewhere = opened(PrefixStore(bot.store, "other/"), spool_dir=bot.spool)
    with pytest.raises(ForeignDocumentError, match=r"document state\.json in memory, not other/state\.json in memory"):
        await elsewhere.get_bot_data()
    assert len(bot.files()) == 1


async def test_another_bot_refuses_it_and_has_a_directory_of_its_own_if_told_so(bot, monkeypatch):
    bot.options["spool_dir"] = f"{bot.spool}/{{bot_id}}"
    one, _ = await bot.started()
    await bot.end_unsaved(one, {"a": 1})
    (home,) = bot.spool.iterdir()
    monkeypatch.setattr("ptb_bucket.session.bot_id_of", lambda _bot: "99")
    assert await opened(MemoryStore(), spool_dir=bot.options["spool_dir"]).get_bot_data() == {}
    with pytest.raises(ForeignDocumentError, match=r"bot_id \d+, not 99"):
        await opened(bot.store, spool_dir=home).get_bot_data()


async def test_a_damaged_file_is_refused_and_stays(bot):
    one, _ = await bot.started()
    await bot.end_unsaved(one, {"a": 1})
    (path,) = bot.files()
    data = path.read_bytes()
    path.write_bytes(data[:-1])
    with pytest.raises(CorruptDocumentError, match=f"{path.name} contains changes that an earlier run could not save"):
        await bot.started()
    path.write_bytes(data.replace(b"spool 1 ", b"spool 3 "))
    with pytest.raises(ForeignDocumentError, match="newer format"):
        await bot.started()


async def test_a_document_that_vanished_meanwhile_is_not_begun_anew(bot):
    one, _ = await bot.started()
    await one.update_user_data(42, {"much": 1})
    await bot.end_unsaved(one, {"a": 1})
    await bot.store.delete("state.json")
    with pytest.raises(VanishedDocumentError, match="no longer exists"):
        await bot.started()
    assert len(bot.files()) == 1


async def test_an_unusable_spool_dir_is_reported_at_the_start(bot, tmp_path):
    (tmp_path / "spool").write_text("no directory")
    with pytest.raises(AccessError, match="not a directory"):
        await bot.started()
    with pytest.raises(ConfigurationError, match="spool_dir"):
        bot.open(spool_dir=7)


async def test_what_cannot_be_kept_either_is_still_unsaved_and_said(bot, monkeypatch):
    one, _ = await bot.started()

    def full(*_):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("ptb_bucket.state.spool.files.write_file", full)
        said = await bot.end_unsaved(one, {"a": 1})
    assert "could not be kept in spool_dir either" in said
    assert one.stats.pending == ("bot_data",)
    await one.flush()
    assert await bot.stored() == {"a": 1}


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
