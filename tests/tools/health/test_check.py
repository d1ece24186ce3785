"""Tests that ``check`` tries each permission and condition, reports each that fails, and leaves nothing behind."""

from __future__ import annotations

import asyncio

import pytest

from ptb_bucket.errors import AccessError, UnavailableError
from ptb_bucket.state.document.layouts import recognise
from ptb_bucket.stores import Create, InterceptingStore, LocalStore, MemoryStore, StoreWrapper
from ptb_bucket.testing.faults import Fault, FaultyStore, script
from ptb_bucket.tools import Verdict, check
from ptb_bucket.tools.health.probe_object import PROBE

OPERATION = {"read": "get", "list": "list", "create": "put", "delete": "delete"}


async def verdicts(store, **settings):
    return {one.name: one.verdict for one in await check(store, **settings)}


async def keys(store):
    return [info.key async for info in store.list()]


def failed(found):
    return {name for name, verdict in found.items() if verdict is Verdict.FAILED}


def denied(operation):
    return lambda happening, _key: Fault.DENIED if happening == operation else None


class Liar(StoreWrapper):
    """A store that ignores one kind of condition."""

    def __init__(self, store, ignored):
        super().__init__(store)
        self._ignored = ignored

    async def put(self, key, data, mode):
        if isinstance(mode, self._ignored):
            await self._store.delete(key)
            mode = Create()
        return await super().put(key, data, mode)


async def test_all_is_well():
    found = await verdicts(MemoryStore())
    assert found.pop("versioning") is Verdict.WARNING
    assert found.pop("delete old versions") is Verdict.NOT_TRIED
    assert set(found.values()) == {Verdict.OK}


async def test_old_versions_of_the_probe_go_as_well(tmp_path):
    assert set((await verdicts(f"file:{tmp_path}?keep=9")).values()) == {Verdict.OK}
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == [".lock"]


def test_the_probe_is_no_document_of_any_layout():
    assert recognise(PROBE) is None
    assert recognise(f"{PROBE}-0123") is None


@pytest.mark.parametrize("name", ["read", "list", "create"])
async def test_what_a_bot_needs_and_may_not_do_fails_alone(name):
    below = MemoryStore()
    found = await verdicts(FaultyStore(below, denied(OPERATION[name])))
    allowed = {"read": {"read"}, "list": {"state", "list"}, "create": {"create"}}[name]
    assert failed(found) == allowed
    others = set(OPERATION) - {name}
    assert {found[other] for other in others} == {Verdict.OK}
    assert await keys(below) == []


async def test_without_permission_to_delete_one_object_stays_and_is_used_again():
    below = MemoryStore()
    for _ in range(2):
        rows = {one.name: one for one in await check(FaultyStore(below, denied("delete")))}
        assert not failed({name: row.verdict for name, row in rows.items()})
        assert rows["delete"].verdict is rows["cleaned up"].verdict is Verdict.WARNING
        assert PROBE in rows["cleaned up"].detail
        assert rows["conditional puts"].verdict is Verdict.OK
        assert await keys(below) == [PROBE]


async def test_where_nothing_is_allowed_the_account_may_be_the_wrong_one():
    rows = {one.name: one for one in await check(FaultyStore(MemoryStore(), lambda *_: Fault.DENIED))}
    assert "right account" in rows["credentials"].detail
    assert rows["conditional puts"].verdict is Verdict.NOT_TRIED


@pytest.mark.parametrize("ignored", [Create, object], ids=["If-None-Match", "all"])
async def test_ignored_conditions_fail_loudly(ignored):
    below = MemoryStore()
    assert "conditional puts" in failed(await verdicts(Liar(below, ignored)))
    assert await keys(below) == []


async def test_an_ignored_etag_fails_loudly():
    class Careless(StoreWrapper):
        async def put(self, key, data, mode):
            if not isinstance(mode, Create):
                mode = type(mode)((await self._store.get(key)).etag)
            return await super().put(key, data, mode)

    rows = {one.name: one for one in await check(Careless(MemoryStore()))}
    assert failed({name: row.verdict for name, row in rows.items()}) == {"conditional puts"}
    assert "multiple instances would overwrite each other" in rows["conditional puts"].detail


@pytest.mark.parametrize("about", ["credentials", "bucket", "server"])
async def test_a_place_that_is_none_is_said_once(about):
    class Nowhere(InterceptingStore):
        async def _call(self, operation, key, send):
            raise AccessError("rosebud", about=about)

    found = await verdicts(Nowhere(MemoryStore()))
    assert failed(found) == {"reachable" if about == "server" else about}
    assert found["create"] is found["state"] is Verdict.NOT_TRIED


async def test_one_moment_of_unavailability_hides_nothing_else():
    plan = script([None, Fault.UNAVAILABLE, None], operation="list")
    found = await verdicts(FaultyStore(MemoryStore(), plan))
    assert found["conditional puts"] is found["read"] is Verdict.OK


async def test_an_answer_that_was_lost_leaves_nothing_behind():
    below = MemoryStore()
    found = await verdicts(FaultyStore(below, script([Fault.ANSWER_LOST])))
    assert failed(found) == {"create"}
    assert await keys(below) == []


async def test_what_cannot_be_removed_is_named(tmp_path):
    class Sticky(StoreWrapper):
        removed = 0

        async def delete(self, key):
            self.removed += 1
            if self.removed > 1:
                raise UnavailableError("gone for lunch")

    rows = {one.name: one for one in await check(Sticky(LocalStore(tmp_path)))}
    assert rows["cleaned up"].verdict is Verdict.FAILED
    assert f"Remove {tmp_path}" in rows["cleaned up"].detail
    assert "by hand" in rows["cleaned up"].detail


@pytest.mark.parametrize("at", range(16))
async def test_interrupted_anywhere_it_leaves_nothing(tmp_path, at):
    """The file system's threads finish operations whose caller was cancelled."""

    class Interrupting(InterceptingStore):
        calls = 0

        async def _call(self, operation, key, send):
            self.calls += 1
            if self.calls == at + 1:
                task.cancel()
            return await super()._call(operation, key, send)

    below = LocalStore(tmp_path / "data")
    task = asyncio.ensure_future(check(Interrupting(below)))
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await keys(below) == []


@pytest.mark.parametrize("at", range(3))
async def test_what_lands_after_the_interruption_goes_as_well(at):
    """The put goes on without its caller, as a thread does."""
    below, landing = MemoryStore(), []

    class Slow(StoreWrapper):
        async def put(self, key, data, mode):
            async def land():
                await asyncio.sleep(0.01)
                return await below.put(key, data, mode)

            landing.append(asyncio.ensure_future(land()))
            if len(landing) == at + 1:
                task.cancel()
            return await asyncio.shield(landing[-1])

    task = asyncio.ensure_future(check(Slow(below)))
    with pytest.raises(asyncio.CancelledError):
        await task
    await asyncio.gather(*landing, return_exceptions=True)
    assert len(landing) == at + 1
    assert await keys(below) == []
