"""Tests of ``verify``: what it finds, what it counts, what its row says, and that nothing of it stays."""

from __future__ import annotations

import asyncio
import gc
import os
import threading
from dataclasses import replace
from functools import partial

import pytest

from ptb_bucket.errors import ConfigurationError, RefusedError, UnavailableError
from ptb_bucket.stores import Create, LocalStore, MemoryStore, Update, parse_uri, promises
from ptb_bucket.stores.local import make_directories
from ptb_bucket.stores.promises import BrokenPromiseError
from ptb_bucket.tools import FULL_EFFORT, QUICK_EFFORT, ROW_HEAD, Verification, plan_verification, server_of, verify
from ptb_bucket.tools.verification import conformance, latency, lost_answers, races, workers
from ptb_bucket.tools.verification.conformance import Kept, rehearse, try_promise
from ptb_bucket.tools.verification.latency import Latency
from ptb_bucket.tools.verification.lost_answers import LostAnswers, broken_cut
from ptb_bucket.tools.verification.place import Grounds, PromisePlace
from ptb_bucket.tools.verification.prices import cost_text
from ptb_bucket.tools.verification.races import Races, broken_race
from ptb_bucket.tools.verification.report import uri_shape
from ptb_bucket.tools.verification.requests import CountingStore, Requests, Tally
from ptb_bucket.tools.verification.workers import Outcome

SMALL = replace(QUICK_EFFORT, processes=2, races=2)
WON, LOST, UNCLEAR = Outcome("won"), Outcome("lost"), Outcome("unclear")


async def test_a_directory_is_safe_and_left_as_it_was(tmp_path):
    bot = tmp_path / "bot"
    async with LocalStore(bot) as store:
        await store.put("state.json", b"the bot's", Create())
    before = sorted(bot.rglob("*"))
    found = await verify(f"file:{bot}?keep=3", effort=SMALL)
    assert (found.problems, found.safe, found.left) == ([], True, "")
    assert (found.races.rounds, found.races.right) == (4, 4)
    assert "no connections" in found.lost_answers.skipped
    assert {name: one.number for name, one in found.latency.items()} == {"get": 10, "put": 10, "list": 5}
    assert sorted(bot.rglob("*")) == before


async def test_a_directory_that_did_not_exist_does_not_exist_afterwards(tmp_path):
    found = await verify(f"file:{tmp_path}/new", effort=SMALL)
    assert found.safe
    assert list(tmp_path.iterdir()) == []


# ---------------------------------------------------------------- what is refused


async def test_memory_is_refused():
    for uri in ("memory:", "memory:name"):
        with pytest.raises(RefusedError, match="only exists within one process"):
            await verify(uri)
        with pytest.raises(RefusedError):
            await plan_verification(uri)


async def test_an_open_store_is_refused():
    with pytest.raises(ConfigurationError, match="needs a URI"):
        await verify(MemoryStore())


# ---------------------------------------------------------------- what goes wrong is found


class Overwrites(LocalStore):
    """A store that ignores conditions."""

    async def put(self, key, data, mode):
        path = self.path_of(key)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        return (await self.get(key)).etag


async def test_a_store_that_ignores_conditions_breaks_promises(tmp_path, monkeypatch):
    monkeypatch.setattr(LocalStore, "put", Overwrites.put)
    found = await verify(f"file:{tmp_path}", effort=SMALL)
    broken = {one.name: one.broken for one in found.promises if one.broken}
    assert "replaced an object" in broken["create does not overwrite"]
    assert "replaced an object" in broken["stale update changes nothing"]
    assert not found.safe
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("outcomes", "stored", "words"),
    [
        ([WON, LOST, LOST], 0, ""),
        ([LOST, UNCLEAR, LOST], 1, ""),
        ([LOST, UNCLEAR, LOST], None, ""),
        ([LOST, LOST, LOST], None, ""),
        ([WON, WON, LOST], 1, "2 of 3 processes wrote on the same condition"),
        ([WON, LOST, LOST], 1, "the object has other bytes"),
        ([WON, LOST, LOST], None, "the object has other bytes"),
        ([LOST, LOST, LOST], 2, "refused a process's write, but its bytes are stored"),
        ([WON, Outcome("error", message="Denied."), LOST], 0, "could not write: Denied"),
    ],
)
def test_a_race_has_one_winner_whose_bytes_are_stored(outcomes, stored, words):
    found = broken_race(outcomes, stored)
    assert words in found
    assert bool(found) == bool(words)


@pytest.mark.parametrize(
    ("outcome", "stored", "torn", "words"),
    [
        (Outcome("unclear", uploads=1), b"new", False, ""),
        (Outcome("unclear", uploads=1), b"old", False, ""),
        (Outcome("unclear", uploads=1), b"old", True, ""),
        (Outcome("lost", uploads=1), b"new", False, "reported a lost race"),
        (Outcome("won", uploads=1), b"new", False, "reported success"),
        (Outcome("error", message="Denied."), b"old", False, "reported Denied"),
        (Outcome("unclear", uploads=2), b"new", False, "sent 2 times"),
        (Outcome("unclear", uploads=1), b"ne", False, "neither"),
        (Outcome("unclear", uploads=1), None, False, "neither"),
        (Outcome("unclear", uploads=1), b"ne", True, "cut in the middle, but the object has changed"),
    ],
)
def test_a_lost_answer_is_unknown_and_leaves_a_whole_object(outcome, stored, torn, words):
    found = broken_cut(outcome, stored, b"old", b"new", torn=torn)
    assert words in found
    assert bool(found) == bool(words)


async def test_nobody_wins_and_two_win_are_found_in_a_real_race(tmp_path, monkeypatch):
    grounds = type("G", (), {})()  # not used before the processes have answered
    race = races._Race(grounds, [])
    answers = iter([("", False)] * 3 + [("two won", True)])

    async def round_(_key, _etag):
        return next(answers)

    monkeypatch.setattr(race, "_round", round_)
    await race.run("one", replace=False)
    await race.run("two", replace=False)
    assert race.result() == Races(2, 0, "No process won the race for 'one' in 3 attempts.")


async def test_cuts_that_apply_nothing_show_nothing():
    assert "the test proved nothing" in lost_answers._Cuts(None, None).result().broken


async def test_a_promise_is_tried_again_only_if_the_server_did_not_answer():
    tries = []

    async def trial(place):
        tries.append(place)
        raise UnavailableError("503") if len(tries) == 1 else BrokenPromiseError("wrong")

    assert await try_promise("p", trial, MemoryStore) == Kept("p", "wrong")
    assert len(tries) == 2
    assert await try_promise("p", trial, MemoryStore) == Kept("p", "wrong")
    assert len(tries) == 3


async def test_the_time_is_limited(tmp_path):
    found = await verify(f"file:{tmp_path}", effort=replace(SMALL, seconds=0.05))
    assert not found.safe
    assert found.problems[-1] == "The run had not finished after 0 seconds."
    assert list(tmp_path.iterdir()) == []


# ---------------------------------------------------------------- it leaves nothing behind


async def begun(directory):
    """Wait until the first promise is tried."""
    while not list(directory.rglob("promises*")):  # noqa: ASYNC110  only the directory tells
        await asyncio.sleep(0.005)


async def test_a_process_that_is_killed_ends_the_run_and_nothing_stays(tmp_path, monkeypatch):
    puts = []
    put = workers.Worker.put

    async def killed(self, what):
        puts.append(what)
        if len(puts) == 4:
            self._process.kill()
        return await put(self, what)

    monkeypatch.setattr(workers.Worker, "put", killed)
    with pytest.raises(UnavailableError, match="ended with code -9"):
        await verify(f"file:{tmp_path}", effort=SMALL)
    assert list(tmp_path.iterdir()) == []


async def test_an_interruption_cleans_up_first(tmp_path):
    task = asyncio.ensure_future(verify(f"file:{tmp_path}", effort=SMALL))
    await begun(tmp_path)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert list(tmp_path.iterdir()) == []


async def test_a_write_that_a_thread_finishes_after_the_interruption_is_removed_as_well(tmp_path, monkeypatch):
    """A cancellation does not stop the thread, which would create the directory again."""
    loop, writing, release = asyncio.get_running_loop(), asyncio.Event(), threading.Event()

    def slow(path):
        loop.call_soon_threadsafe(writing.set)
        release.wait(10)
        make_directories(path)

    monkeypatch.setattr("ptb_bucket.stores.local.store.make_directories", slow)
    task = asyncio.ensure_future(verify(f"file:{tmp_path}/bot", effort=SMALL))
    await writing.wait()
    task.cancel()
    loop.call_later(0.1, release.set)
    with pytest.raises(asyncio.CancelledError):
        await task
    release.set()
    await loop.shutdown_default_executor()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "trial",
    [partial(promises.increments_add_up, rounds=60), partial(promises.readers_see_whole_objects, writes=60)],
    ids=["increments", "readers"],
)
async def test_an_interrupted_promise_writes_no_more_and_reports_no_error(trial):
    """A writer that went on would create its object again after the cleanup."""
    reports, memory = [], MemoryStore()
    asyncio.get_running_loop().set_exception_handler(lambda _, context: reports.append(context))
    task = asyncio.ensure_future(trial(PromisePlace("one", lambda: CountingStore(memory, Tally()), memory)))
    while not memory._blobs:  # noqa: ASYNC110  only the store tells
        await asyncio.sleep(0)
    await asyncio.sleep(0.001)  # the other tasks begin
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await asyncio.sleep(0)  # what was cancelled ends
    assert asyncio.all_tasks() == {asyncio.current_task()}
    del task
    gc.collect()
    assert reports == []


async def test_what_cannot_be_removed_is_named(tmp_path, monkeypatch):
    def refuse(path):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr("shutil.rmtree", refuse)
    left = []
    found = await verify(f"file:{tmp_path}", effort=SMALL, report_left=left.append)
    (remaining,) = tmp_path.iterdir()
    assert left == [found.left] == [f"Remove {remaining} by hand: Permission denied."]


async def test_a_second_interruption_names_what_is_left(tmp_path, monkeypatch):
    cleaning = asyncio.Event()

    async def forever(_self):
        cleaning.set()
        await asyncio.Event().wait()

    monkeypatch.setattr(Grounds, "clean", forever)
    left = []
    task = asyncio.ensure_future(verify(f"file:{tmp_path}", effort=SMALL, report_left=left.append))
    await begun(tmp_path)
    task.cancel()
    await cleaning.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert left == [f"Cleaning up was interrupted. Remove {next(tmp_path.iterdir())}/ by hand."]


# ---------------------------------------------------------------- what it costs


async def test_the_plan_counts_every_kind_of_request():
    quick = await plan_verification("s3://b", effort=QUICK_EFFORT)
    full = await plan_verification("s3://b", effort=FULL_EFFORT)
    assert full.requests.writes > 1_050 + 160 + 60 + 100
    assert quick.requests.total < full.requests.total
    assert full.requests.deletes >= 1_050
    assert "Amazon S3 Standard in us-east-1 (2026)" in full.cost
    assert "$5 (PUT), $5 (LIST) and $0.4 (GET)" in full.cost


async def test_a_run_sends_about_what_was_planned(tmp_path):
    plan = await plan_verification(f"file:{tmp_path}", effort=SMALL)
    sent = (await verify(f"file:{tmp_path}", effort=SMALL)).requests
    assert abs(sent.writes - plan.requests.writes) < 0.1 * plan.requests.writes
    assert abs(sent.lists - plan.requests.lists) <= 4


async def test_all_promises_are_kept_in_memory():
    tally = await rehearse(SMALL)
    assert tally.requests.reads > 0


class Slow(MemoryStore):
    """A store like Google's, which accepts one write per second to an object."""

    min_write_interval = 1.0


async def test_no_object_is_written_more_often_than_the_cloud_allows(monkeypatch):
    slept = []

    async def sleep(seconds):
        slept.append(round(seconds))

    monkeypatch.setattr(asyncio, "sleep", sleep)
    store = CountingStore(Slow(), Tally())
    etag = await store.put("a", b"1", Create())
    await store.put("b", b"1", Create())
    assert slept == []
    await store.put("a", b"2", Update(etag))
    assert slept == [1]


@pytest.mark.parametrize(
    ("uri", "words"),
    [
        ("file:./x", "costs nothing"),
        ("s3://b", "they cost about $5.400"),
        ("s3://b?endpoint_url=https://s3.eu-west-1.amazonaws.com", "they cost about $5.400"),
        ("gs://b", "Google Cloud Storage Standard in one region (2026), they cost about $5.400"),
        (
            "s3://b?endpoint_url=https://abc.r2.cloudflarestorage.com",
            "Cloudflare R2 Standard (2026), they cost about $4.860",
        ),
        ("s3://b?endpoint_url=https://minio.example:9000", "The list prices of minio.example are unknown"),
        ("gs://b?endpoint_url=http://127.0.0.1:1", "The list prices of 127.0.0.1 are unknown"),
    ],
)
def test_the_cost_follows_the_host(uri, words, monkeypatch):
    for name in ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3"):
        monkeypatch.delenv(name, raising=False)
    assert words in cost_text(parse_uri(uri), Requests(writes=1_000_000, reads=1_000_000, deletes=9))


def test_a_server_in_the_environment_has_no_known_price(monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://my-server:1")
    assert "my-server are unknown" in cost_text(parse_uri("s3://b"), Requests(writes=1))


# ---------------------------------------------------------------- the row

ROW = Verification(
    parse_uri("s3://secret-bucket/secret/prefix?endpoint_url=https://my.server:9000&region=r1&profile=secret"),
    promises=(Kept("one"), Kept("two", "broken")),
    races=Races(40, 40),
    lost_answers=LostAnswers(30, 29, 20, "one"),
    latency={"get": Latency(100, 0.0123, 0.1), "put": Latency(100, 0.02, 0.2), "list": Latency(30, 0.03, 0.3)},
)


def test_a_row_has_a_cell_for_each_column_and_nothing_private():
    row = ROW.row("My | server", "1.0", "Ada")
    cells = [cell.strip() for cell in row.replace("\\|", "!").strip("|").split("|")]
    assert len(cells) == len(ROW_HEAD)
    assert cells[0] == "My ! server"
    assert cells[2] == "`s3://BUCKET/PREFIX?endpoint_url=https://HOST:PORT&region=r1`"
    assert cells[4] == f"{ROW.began:%Y-%m-%d}"
    assert cells[5:] == ["**1/2**", "40/40", "**29/30**", "12.3 / 100.0, 20.0 / 200.0, 30.0 / 300.0"]
    assert "secret" not in row


def test_a_row_of_a_server_that_is_refused():
    row = Verification(parse_uri("s3://b"), refused="It ignores conditions on puts.").row("liar")
    assert "| **refused**: ignores conditions | - | - | - |" in row


@pytest.mark.parametrize(
    ("uri", "shape"),
    [
        ("file:/home/ada/bot", "file:DIRECTORY"),
        ("s3://b/p?region=eu-west-1", "s3://BUCKET/PREFIX?region=eu-west-1"),
        ("s3://b?kms_key=mine", "s3://BUCKET/PREFIX"),
        ("s3://b?endpoint_url=https://acc123.r2.cloudflarestorage.com&region=auto",
         "s3://BUCKET/PREFIX?endpoint_url=https://ACCOUNT.r2.cloudflarestorage.com&region=auto"),
        ("s3://b?endpoint_url=https://fra1.digitaloceanspaces.com",
         "s3://BUCKET/PREFIX?endpoint_url=https://fra1.digitaloceanspaces.com"),
        ("gs://b/p", "gs://BUCKET/PREFIX"),
    ],
)  # fmt: skip
def test_a_shape_keeps_what_all_customers_share(uri, shape):
    assert uri_shape(parse_uri(uri)) == shape


async def test_a_cloud_is_named_without_asking_it(monkeypatch):
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    names = [await server_of(parse_uri(uri)) for uri in ("file:x", "s3://b", "gs://b")]
    assert names == [("directory", ""), ("Amazon S3", ""), ("Google Cloud Storage", "")]


def test_percentiles_are_values_that_were_measured():
    values = [float(number) for number in range(1, 101)]
    assert (latency.percentile(values, 0.5), latency.percentile(values, 0.99)) == (50.0, 99.0)
    assert latency.percentile([3.0], 0.99) == 3.0


def test_keys_cannot_lead_out_of_the_prefix():
    for name in conformance.promises_of(FULL_EFFORT):
        assert "/" not in name
        for key in ("..", "../a", "a/../b"):
            assert os.path.normpath(f"grounds/promises/{name}/{key}").startswith("grounds/promises")
