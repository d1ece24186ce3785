"""Tests that nothing of ``verify`` stays after an interruption or a kill, and that what cannot be removed is named."""

from __future__ import annotations

import asyncio
import gc
import threading
from functools import partial

import pytest

from ptb_bucket.errors import UnavailableError
from ptb_bucket.stores import MemoryStore, promises
from ptb_bucket.stores.local import make_directories
from ptb_bucket.tools import verify
from ptb_bucket.tools.verification import workers
from ptb_bucket.tools.verification.place import Grounds, PromisePlace
from ptb_bucket.tools.verification.requests import CountingStore, Tally
from support.tools.verifying import SMALL


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
