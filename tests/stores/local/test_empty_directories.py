"""What deleted objects leave behind: nothing, because due keys of timers are created and deleted all day."""

from __future__ import annotations

import asyncio

import pytest

from ptb_bucket.stores import Create, LocalStore


@pytest.mark.parametrize("keep", [0, 3])
async def test_deleting_an_empty_object_leaves_no_directories_and_no_generations(tmp_path, keep):
    store = LocalStore(tmp_path / "data", keep=keep)
    await store.put("state.json", b"1", Create())
    before = sorted((tmp_path / "data").rglob("*"))
    for number in range(3):
        key = f"timers/due/2026112{number}T090000Z/user_data/42/tea/1.aa"
        await store.put(key, b"", Create())
        assert [info.key async for info in store.list("timers/")] == [key]
        await store.delete(key)
    assert sorted((tmp_path / "data").rglob("*")) == before


async def test_a_directory_with_another_object_stays(tmp_path):
    store = LocalStore(tmp_path / "data")
    for name in ("a/b/one", "a/two"):
        await store.put(name, b"x", Create())
    await store.delete("a/b/one")
    assert [info.key async for info in store.list()] == ["a/two"]
    assert not (tmp_path / "data" / "a.d" / "b.d").exists()


async def test_old_versions_of_an_object_with_data_stay(tmp_path):
    store = LocalStore(tmp_path / "data", keep=3)
    await store.put("a/one", b"x", Create())
    await store.delete("a/one")
    versions = [version async for version in store.versions("a/one")]
    assert [version.deleted for version in versions] == [True, False]
    assert (await store.get("a/one", version=versions[1].version)).data == b"x"


async def test_writers_and_deleters_in_one_directory_do_not_disturb_each_other(tmp_path):
    stores = [LocalStore(tmp_path / "data") for _ in range(3)]

    async def work(number):
        for turn in range(20):
            await stores[number].put(f"a/b/{number}/{turn}", b"", Create())
            await stores[number].delete(f"a/b/{number}/{turn}")

    await asyncio.gather(*map(work, range(3)))
    assert [info async for info in stores[0].list()] == []
