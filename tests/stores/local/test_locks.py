"""Tests of a local directory's lock: one writer is inside at a time, and others wait for as long as was asked."""

from __future__ import annotations

import asyncio
import errno
import os
import threading
import time
from pathlib import Path

import pytest

from ptb_bucket.errors import LostRaceError, UnavailableError
from ptb_bucket.stores import Create, LocalStore, Update
from ptb_bucket.stores.local import locks
from support.processes.lock_holders import TAKE, fcntl, is_free, put, refusing, taken


def open_locks() -> list[Path]:
    return [link for link in Path("/proc/self/fd").iterdir() if link.resolve().name == ".lock"]


async def test_a_lock_that_another_holds_is_waited_for_and_then_unavailable(tmp_path):
    store = LocalStore(tmp_path, lock_timeout=0.05)
    with taken(tmp_path), pytest.raises(UnavailableError, match="another writer"):
        await store.put("a", b"1", Create())
    await store.put("a", b"1", Create())
    with taken(tmp_path), pytest.raises(UnavailableError, match="another writer"):
        await store.delete("a")
    assert (await store.get("a")).data == b"1"


async def etag_and_version(root):
    """Return the versions of an object that was written twice."""
    store = LocalStore(root, keep=5, lock_timeout=0.05)
    etag = await store.put("a", b"1", Update(await store.put("a", b"0", Create())))
    return store, etag, [found.version async for found in store.versions("a")][-1]


WRITERS = {
    "put": lambda store, etag, _: store.put("a", b"2", Update(etag)),
    "create": lambda store, *_: store.put("b", b"2", Create()),
    "delete": lambda store, *_: store.delete("a"),
    "delete_if": lambda store, etag, _: store.delete_if("a", etag),
    "delete_version": lambda store, _, version: store.delete_version("a", version),
}


@pytest.mark.parametrize("write", WRITERS.values(), ids=WRITERS)
async def test_all_writers_wait_for_the_lock(tmp_path, write):
    store, *known = await etag_and_version(tmp_path)
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    with taken(tmp_path), pytest.raises(UnavailableError, match="another writer"):
        await write(store, *known)
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before
    await write(store, *known)


@pytest.mark.parametrize("name", ["put", "create", "delete_if"])
async def test_what_another_wrote_while_the_lock_was_waited_for_counts(tmp_path, monkeypatch, name):
    _, *known = await etag_and_version(tmp_path)
    waits, real = threading.Event(), fcntl.flock
    with taken(tmp_path):
        monkeypatch.setattr(fcntl, "flock", lambda *arguments: waits.set() or real(*arguments))
        writing = asyncio.ensure_future(WRITERS[name](LocalStore(tmp_path, lock_timeout=30), *known))
        await asyncio.to_thread(waits.wait, 30)
        for path in (tmp_path / "a", tmp_path / "b"):
            path.write_bytes(b"just written")
    with pytest.raises(LostRaceError):
        await writing
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes() == b"just written"


@pytest.mark.parametrize("timeout", [0, 0.3])
async def test_it_is_waited_for_as_long_as_was_asked(tmp_path, timeout):
    with taken(tmp_path):
        before = time.monotonic()
        with pytest.raises(UnavailableError, match=f"for {timeout} seconds"):
            await put(tmp_path, timeout=timeout)
        assert timeout <= time.monotonic() - before < timeout + 5


@pytest.mark.parametrize("number", [errno.EAGAIN, errno.EACCES, errno.EINTR])
async def test_every_error_of_a_held_lock_is_retried(tmp_path, monkeypatch, number):
    answers = iter([OSError(number, os.strerror(number))] * 3)
    real = fcntl.flock

    def flock(descriptor, operation):
        if operation == TAKE and (error := next(answers, None)):
            raise error
        real(descriptor, operation)

    monkeypatch.setattr(fcntl, "flock", flock)
    await put(tmp_path, timeout=10)
    assert next(answers, None) is None


async def test_a_file_that_a_file_server_has_on_lease_is_waited_for_and_not_for_longer(tmp_path, monkeypatch):
    """Opening it would wait for the end of the lease, which may take a minute."""
    real, refused = os.open, []

    def open_(path, flags, *rest):
        if Path(path).name == ".lock" and len(refused) < 3:
            refused.append(flags & os.O_NONBLOCK)
            raise BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN), str(path))
        return real(path, flags, *rest)

    monkeypatch.setattr(os, "open", open_)
    await put(tmp_path, timeout=10)
    assert refused == [os.O_NONBLOCK] * 3


async def test_the_loop_goes_on_while_a_lock_is_waited_for(tmp_path):
    with taken(tmp_path):
        writing = asyncio.ensure_future(put(tmp_path, timeout=10))
        before = time.monotonic()
        await asyncio.sleep(0.02)
        assert time.monotonic() - before < 1
        assert not writing.done()
    await writing


def test_the_lock_is_held_for_the_whole_time(tmp_path):
    with locks.locked(tmp_path, 0):
        assert not is_free(tmp_path)
        with pytest.raises(UnavailableError), locks.locked(tmp_path, 0):
            pass
        assert not is_free(tmp_path)  # the one in vain has not let it go
    assert is_free(tmp_path)
    with pytest.raises(ZeroDivisionError), locks.locked(tmp_path, 0):
        _ = 1 / 0
    assert is_free(tmp_path)


def test_it_is_let_go_even_if_the_file_is_still_open_in_a_process_that_a_library_has_forked(tmp_path):
    with locks.locked(tmp_path, 0):
        theirs = os.dup(*locks._OPENED)
    assert is_free(tmp_path)
    os.close(theirs)


def test_threads_are_inside_one_at_a_time(tmp_path, count):
    inside, most, rounds = [], [], count(20, 300)

    def work():
        for _ in range(rounds):
            with locks.locked(tmp_path, 60):
                inside.append(1)
                most.append(len(inside))
                time.sleep(0.0005)
                inside.pop()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (max(most), len(most)) == (1, 4 * rounds)


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="counts open files in /proc")
async def test_no_file_stays_open(tmp_path, monkeypatch):
    await put(tmp_path)
    with taken(tmp_path), pytest.raises(UnavailableError):
        await put(tmp_path, "b")
    with locks.locked(tmp_path, 0):
        assert len(open_locks()) == 1
    monkeypatch.setattr(fcntl, "flock", refusing(errno.EIO))
    with pytest.raises(UnavailableError):
        await put(tmp_path, "b")
    assert not open_locks()
    assert not locks._OPENED
