"""Tests of generations in a directory, in addition to the kit's tests of versions."""

from __future__ import annotations

import asyncio
import errno
import os
import stat
from pathlib import Path

import pytest

from ptb_bucket.errors import AccessError, ConfigurationError, NotFoundError, UnavailableError, UnsupportedError
from ptb_bucket.stores import Create, LocalStore, Update, open_store
from support.processes.child_processes import run


async def written(store, *datas, key="a"):
    etag = None
    for data in datas:
        etag = await store.put(key, data, Update(etag) if etag else Create())
    return etag


async def kept(store, key="a"):
    """Return the data of each version, newest first; None for a deletion."""
    found = [version async for version in store.versions(key)]
    return [None if one.deleted else (await store.get(key, version=one.version)).data for one in found]


async def newest(store):
    first, *_ = [one.version async for one in store.versions("a")]
    return first


async def test_the_newest_are_kept_and_the_rest_removed(tmp_path):
    store = LocalStore(tmp_path, keep=3)
    await written(store, b"1", b"2", b"3", b"2", b"5")
    assert await kept(store) == [b"5", b"2", b"3"]
    assert len(list((tmp_path / ".versions" / "a").iterdir())) == 3


async def test_times_and_names_rise_even_if_the_clock_goes_back(tmp_path):
    store = LocalStore(tmp_path, keep=9)
    etag = await written(store, b"1", b"2")
    os.utime(tmp_path / "a", ns=(5, 5))
    (tmp_path / "a").write_bytes(b"by hand")
    os.utime(tmp_path / "a", ns=(5, 5))
    await store.put("a", b"4", Update((await store.get("a")).etag))
    versions = [version async for version in store.versions("a")]
    assert await kept(store) == [b"4", b"by hand", b"2", b"1"]
    assert versions == sorted(versions, key=lambda one: one.version, reverse=True)
    assert versions == sorted(versions, key=lambda one: one.modified, reverse=True)
    assert etag not in {one.version for one in versions}


async def test_generations_are_for_this_user_only_and_hidden(tmp_path):
    old = os.umask(0)
    try:
        await written(LocalStore(tmp_path / "root", keep=2), b"1", b"2", key="b/a")
    finally:
        os.umask(old)
    folder = tmp_path / "root" / "b.d" / ".versions"
    modes = {stat.S_IMODE(path.stat().st_mode) for path in folder.rglob("*") if path.is_file()}
    assert modes == {0o600}
    assert {stat.S_IMODE(path.stat().st_mode) for path in (folder, folder / "a")} == {0o700}
    assert [info.key async for info in LocalStore(tmp_path / "root").list()] == ["b/a"]


@pytest.mark.parametrize("key", [".versions", ".versions/a", ".versions/a/x", "a", "a/.versions", "A", "a.d"])
async def test_no_key_is_mistaken_for_a_generation(tmp_path, key):
    store = LocalStore(tmp_path, keep=2)
    await written(store, b"1", b"2", key="a")
    if key != "a":
        await written(store, b"other 1", b"other 2", key=key)
        assert await kept(store, key) == [b"other 2", b"other 1"]
    assert await kept(store, "a") == [b"2", b"1"]
    assert sorted([info.key async for info in store.list()]) == sorted({"a", key})


async def test_what_an_editor_destroys_is_kept_beside_it(tmp_path):
    store = LocalStore(tmp_path, keep=5)
    await written(store, b"first", b"second")
    with (tmp_path / "a").open("r+b") as file:  # the same file, in place
        file.truncate(2)
    assert await kept(store) == [b"se", b"second", b"first"]
    versions = [version async for version in store.versions("a")]
    assert [one.current for one in versions] == [True, False, False]
    await store.put("a", b"third", Update((await store.get("a")).etag))
    assert await kept(store) == [b"third", b"se", b"second", b"first"]
    assert {one.version for one in versions} < {one.version async for one in store.versions("a")}


async def test_what_was_there_before_is_kept_too(tmp_path):
    etag = await written(LocalStore(tmp_path), b"1", b"2")
    store = LocalStore(tmp_path, keep=5)
    assert await kept(store) == [b"2"]
    await store.put("a", b"3", Update(etag))
    assert await kept(store) == [b"3", b"2"]


async def test_deletions_are_noted_and_what_comes_later_is_newer(tmp_path):
    store = LocalStore(tmp_path, keep=5)
    await written(store, b"1")
    await store.delete("a")
    await store.delete("a")
    assert await kept(store) == [None, b"1"]
    with pytest.raises(NotFoundError):
        await store.get("a", version=await newest(store))
    await written(store, b"1")
    assert await kept(store) == [b"1", None, b"1"]


@pytest.mark.parametrize("version", ["", "1", "../a", "0" * 19 + "-" + "0" * 32, "0" * 19 + "-deleted", "a/../../b"])
async def test_what_is_no_version_is_not_found(tmp_path, version):
    store = LocalStore(tmp_path, keep=5)
    await written(store, b"1", b"2")
    with pytest.raises(NotFoundError):
        await store.get("a", version=version)
    await store.delete_version("a", version)
    assert await kept(store) == [b"2", b"1"]


async def test_a_version_is_deleted_for_good_and_its_folder_with_the_last(tmp_path):
    store = LocalStore(tmp_path, keep=5)
    await written(store, b"1", b"2")
    for one in [version.version async for version in store.versions("a")]:
        await store.delete_version("a", one)
    assert not (tmp_path / ".versions" / "a").exists()
    assert await kept(store) == [b"2"]


async def test_without_keep_versions_are_refused_with_the_way_to_turn_them_on(tmp_path):
    store = LocalStore(tmp_path)
    await written(store, b"1")
    with pytest.raises(UnsupportedError, match=r"keep=10"):
        await store.delete_version("a", "1")
    with pytest.raises(UnsupportedError, match=r"keep=10"):
        [version async for version in store.versions("a")]
    assert not (tmp_path / ".versions").exists()


async def test_the_option_is_read_from_the_uri(tmp_path):
    async with open_store(f"file:{tmp_path}?keep=2") as store:
        await written(store, b"1", b"2", b"3")
        assert await kept(store) == [b"3", b"2"]
    for wrong in ("-1", "many", "1.5", "²"):
        with pytest.raises(ConfigurationError, match="keep"):
            open_store(f"file:{tmp_path}?keep={wrong}")


async def test_a_refusal_before_the_write_changes_nothing_and_one_after_it_is_no_refusal(tmp_path, monkeypatch):
    store = LocalStore(tmp_path, keep=5)
    etag = await written(store, b"1")
    replace = os.replace
    calls = []

    def fails(source, target):
        calls.append(target)
        if ".versions" in os.fspath(target):
            raise PermissionError(errno.EACCES, "Permission denied", os.fspath(target))
        replace(source, target)

    monkeypatch.setattr(Path, "replace", fails)
    with pytest.raises(UnavailableError):
        await store.put("a", b"2", Update(etag))
    monkeypatch.undo()
    assert calls
    blob = await store.get("a")
    assert blob.data == b"2"
    (tmp_path / "a").write_bytes(b"by hand")
    monkeypatch.setattr(Path, "replace", fails)
    with pytest.raises(AccessError):
        await store.put("a", b"3", Update((await store.get("a")).etag))
    monkeypatch.undo()
    assert (tmp_path / "a").read_bytes() == b"by hand"
    assert await kept(store) == [b"by hand", b"1"]


@pytest.mark.parametrize("keep", [0, 2])
async def test_links_in_place_of_generations_are_refused(tmp_path, keep):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "root").mkdir()
    (tmp_path / "root" / ".versions").symlink_to(tmp_path / "elsewhere")
    store = LocalStore(tmp_path / "root", keep=keep)
    await written(LocalStore(tmp_path / "root"), b"1")
    for operation in (newest(store), store.get("a", version="1"), store.delete_version("a", "1")):
        with pytest.raises(AccessError):
            await operation
    if keep:
        with pytest.raises(AccessError):
            await store.put("a", b"2", Update((await store.get("a")).etag))
    assert list((tmp_path / "elsewhere").iterdir()) == []


KILLED = """
import asyncio, os, pathlib, sys
from ptb_bucket.stores import Create, LocalStore, Update
replace, left = pathlib.Path.replace, [int(sys.argv[2])]
def dies(self, target):
    left[0] -= 1
    if left[0] < 0:
        os._exit(9)
    return replace(self, target)
pathlib.Path.replace = dies
async def main():
    store, etag = LocalStore(sys.argv[1], keep=4), None
    for number in range(3):
        etag = await store.put("a", b"%d" % number, Update(etag) if etag else Create())
asyncio.run(main())
"""


@pytest.mark.parametrize("step", range(6))
async def test_a_writer_killed_at_any_step_loses_no_generation(tmp_path, step):
    assert await asyncio.to_thread(run(KILLED, tmp_path, step).wait, 30) == 9
    store = LocalStore(tmp_path, keep=4)
    durable = [b"%d" % number for number in range((step + 1) // 2)]
    assert await kept(store) == durable[::-1]
    mode = Update((await store.get("a")).etag) if durable else Create()
    await store.put("a", b"last", mode)
    assert await kept(store) == [b"last", *durable[::-1]]
    assert not list(tmp_path.rglob(".tmp-*"))


@pytest.mark.parametrize("conditional", [False, True])
async def test_what_was_written_by_hand_is_kept_as_well_when_it_is_deleted(tmp_path, conditional):
    store = LocalStore(tmp_path, keep=5)
    await written(store, b"1")
    (tmp_path / "a").write_bytes(b"by hand")
    await (store.delete_if("a", (await store.get("a")).etag) if conditional else store.delete("a"))
    assert await kept(store) == [None, b"by hand", b"1"]
