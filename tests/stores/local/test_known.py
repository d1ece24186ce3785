"""Tests that a local store hashes no bytes twice, and notices every change of a file nevertheless."""

from __future__ import annotations

import asyncio
import os
import shutil
import time

import pytest

from ptb_bucket.errors import LostRaceError
from ptb_bucket.stores import NOT_MODIFIED, LocalStore
from ptb_bucket.stores.base import Create, Update
from ptb_bucket.stores.local import known

KEY = "state.json"


@pytest.fixture
def store(tmp_path):
    return LocalStore(tmp_path)


@pytest.fixture
def settled(monkeypatch):
    """Let every file look as if its last change were a minute old."""
    real = time.time_ns
    monkeypatch.setattr(known.time, "time_ns", lambda: real() + 60 * 10**9)


@pytest.fixture
def coarse(monkeypatch):
    """Let the file system count times in steps of two seconds, as FAT does."""
    real, step = known._stamp, 2 * 10**9

    def rounded(status):
        stamp = real(status)
        return stamp._replace(changed=stamp.changed // step * step, modified=stamp.modified // step * step)

    monkeypatch.setattr(known, "_stamp", rounded)


@pytest.fixture
def reads(monkeypatch):
    return counted(monkeypatch, "read_with_status")


@pytest.fixture
def hashes(monkeypatch):
    return counted(monkeypatch, "digest_etag")


def counted(monkeypatch, name):
    calls, real = [], getattr(known, name)
    monkeypatch.setattr(known, name, lambda argument: calls.append(argument) or real(argument))
    return calls


def edit_in_place(path, data):
    with path.open("r+b") as file:
        file.write(data)


async def test_a_commit_computes_one_hash(store, hashes):
    etag = await store.put(KEY, b"0", Create())
    for number in range(1, 6):
        assert await store.get(KEY, if_none_match=etag) is NOT_MODIFIED
        etag = await store.put(KEY, b"%d" % number, Update(etag))
    assert len(hashes) == 6


@pytest.mark.usefixtures("settled")
async def test_a_file_that_has_not_changed_is_not_read_again(store, reads):
    etag = await store.put(KEY, b"0", Create())
    await store.get(KEY)
    reads.clear()
    assert await store.get(KEY, if_none_match=etag) is NOT_MODIFIED
    await store.put(KEY, b"1", Update(etag))
    assert reads == []


@pytest.mark.usefixtures("settled")
async def test_an_edit_in_place_of_the_same_size_is_noticed(store):
    etag = await store.put(KEY, b"old", Create())
    await store.get(KEY)
    before = store.path_of(KEY).stat()
    await asyncio.sleep(0.02)  # a step of the file system's clock
    edit_in_place(store.path_of(KEY), b"new")
    os.utime(store.path_of(KEY), ns=(before.st_atime_ns, before.st_mtime_ns))
    assert (await store.get(KEY, if_none_match=etag)).data == b"new"
    with pytest.raises(LostRaceError):
        await store.put(KEY, b"mine", Update(etag))


@pytest.mark.usefixtures("settled")
async def test_a_replacement_with_the_same_times_and_size_is_noticed(store, tmp_path):
    etag = await store.put(KEY, b"old", Create())
    await store.get(KEY)
    other = tmp_path / "other"
    other.write_bytes(b"new")
    shutil.copystat(store.path_of(KEY), other)
    other.replace(store.path_of(KEY))
    assert (await store.get(KEY, if_none_match=etag)).data == b"new"


@pytest.mark.usefixtures("coarse")
async def test_two_edits_in_the_same_step_of_a_coarse_clock_are_noticed(store):
    etag = await store.put(KEY, b"%5d" % 0, Create())
    for number in range(1, 100):
        edit_in_place(store.path_of(KEY), b"%5d" % number)
        blob = await store.get(KEY, if_none_match=etag)
        assert blob.data == b"%5d" % number
        etag = blob.etag


@pytest.mark.usefixtures("settled")
async def test_a_file_that_was_removed_is_noticed(store):
    etag = await store.put(KEY, b"0", Create())
    await store.get(KEY)
    store.path_of(KEY).unlink()
    with pytest.raises(LostRaceError):
        await store.put(KEY, b"1", Update(etag))


@pytest.mark.usefixtures("settled")
async def test_the_memory_is_bounded(store, monkeypatch):
    monkeypatch.setattr(known, "MOST", 3)
    for number in range(10):
        await store.put(f"{number}.json", b"0", Create())
        await store.get(f"{number}.json")
    assert len(store._known._etags) == 3
