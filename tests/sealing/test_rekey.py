"""Tests of changing from one seal to another."""

from __future__ import annotations

import itertools

import pytest

from ptb_bucket.errors import AccessError, LostRaceError, SealError
from ptb_bucket.sealing import SealedStore, TransitionStore
from ptb_bucket.stores import Create, MemoryStore, Update
from ptb_bucket.testing.faults import Fault, FaultyStore, script
from support.documents.sealing_options import BOT, KEYS, PROTECTIONS, sealer

DATA = {"bot_data.json": b"1", "user_data.json": b"2" * 1000}


async def filled(way) -> MemoryStore:
    store = MemoryStore()
    for key, data in DATA.items():
        await SealedStore(store, way).put(key, data, Create())
    return store


async def written(store, new, old=None) -> list[str]:
    transition = TransitionStore(store, new, old)
    return [key for key in sorted(DATA) if await transition.rekey(key)]


async def everything(store, way) -> dict[str, bytes]:
    return {key: (await SealedStore(store, way).get(key)).data for key in DATA}


@pytest.mark.parametrize(("before", "after"), list(itertools.permutations(PROTECTIONS, 2)))
async def test_from_each_to_each(before, after):
    store = await filled(sealer(before, "gzip"))
    with pytest.raises(SealError):
        await everything(store, sealer(after))
    with pytest.raises(SealError):
        await written(store, sealer(after))
    assert await written(store, sealer(after, "zstd"), sealer(before)) == sorted(DATA)
    assert await everything(store, sealer(after)) == DATA
    assert await written(store, sealer(after, "zstd"), sealer(before)) == []
    with pytest.raises(SealError):
        await everything(store, sealer(before))


@pytest.mark.parametrize("way", ["hmac-sha256", "aes-256-gcm"])
async def test_rotation_needs_no_old_settings(way):
    store = await filled(sealer(way, None, KEYS[0]))
    assert await written(store, sealer(way, None, KEYS[1], KEYS[0])) == sorted(DATA)
    assert await everything(store, sealer(way, None, KEYS[1])) == DATA


@pytest.mark.parametrize("way", PROTECTIONS)
async def test_another_compression_is_another_way(way):
    store, new = await filled(sealer(way, "gzip")), sealer(way, "zstd")
    assert await written(store, new) == sorted(DATA)
    assert [b'"compression": "zstd"' in (await store.get(key)).data for key in DATA] == [True] * len(DATA)
    assert await written(store, new) == []
    assert await everything(store, new) == DATA


async def test_what_was_half_done_is_finished():
    store, new = await filled(sealer()), sealer("aes-256-gcm")
    broken = FaultyStore(store, script([None, Fault.DENIED]))
    with pytest.raises(AccessError):
        await written(broken, new, sealer())
    assert await written(store, new, sealer()) == ["user_data.json"]
    assert await everything(store, new) == DATA


async def test_a_bot_that_writes_meanwhile_loses_nothing():
    new, old = sealer("hmac-sha256", None, KEYS[1], KEYS[0]), sealer("hmac-sha256", None, KEYS[0])
    store = await filled(old)

    class Busy(MemoryStore):
        races = 3

        async def get(self, key, **options):
            return await store.get(key, **options)

        async def put(self, key, data, mode):
            if self.races:
                self.races -= 1
                blob = await SealedStore(store, old).get(key)
                await SealedStore(store, old).put(key, blob.data + b"!", Update(blob.etag))
            return await store.put(key, data, mode)

    assert await written(Busy(), new) == sorted(DATA)
    assert await everything(store, new) == DATA | {"bot_data.json": b"1!!!"}


async def test_it_does_not_try_for_ever():
    store = FaultyStore(await filled(sealer()), lambda operation, _: Fault.LOST_RACE if operation == "put" else None)
    with pytest.raises(LostRaceError):
        await written(store, sealer("hmac-sha256"), sealer())


async def test_what_neither_opens_stays_as_it_is():
    store = await filled(sealer("aes-256-gcm", None, KEYS[2]))
    before = {key: (await store.get(key)).data for key in DATA}
    with pytest.raises(SealError, match=r"bot_data.json.* with key"):
        await written(store, sealer("aes-256-gcm"), sealer("aes-256-gcm", None, KEYS[1]))
    assert {key: (await store.get(key)).data for key in DATA} == before


async def test_a_write_whose_answer_was_lost_is_found_done():
    store = FaultyStore(await filled(sealer()), script([Fault.ANSWER_LOST, Fault.UNAVAILABLE]))
    assert await written(store, sealer("hmac-sha256"), sealer()) == ["user_data.json"]
    assert await everything(store, sealer("hmac-sha256")) == DATA


async def test_the_owner_is_read_from_the_documents():
    store = await filled(sealer("hmac-sha256"))
    assert await written(store, sealer("aes-256-gcm", bot_id=None), sealer("hmac-sha256", bot_id=None))
    assert BOT.encode() in (await store.get("bot_data.json")).data
