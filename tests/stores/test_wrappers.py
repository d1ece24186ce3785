from __future__ import annotations

import asyncio
import random
from datetime import datetime, timezone

import pytest

from ptb_bucket.errors import (
    AccessError,
    ConfigurationError,
    LostRaceError,
    NotFoundError,
    UnavailableError,
    UnsupportedError,
)
from ptb_bucket.sealing import SealedStore
from ptb_bucket.stores import (
    NOT_MODIFIED,
    Blob,
    BlobInfo,
    BlobVersion,
    Create,
    Finding,
    MemoryStore,
    Meter,
    MeteredStore,
    PrefixStore,
    RetryingStore,
    StoreUri,
    StoreWrapper,
    Update,
)
from ptb_bucket.testing.faults import Fault, FaultyStore, script
from support.documents.sealing_options import sealer

WRAPPERS = {
    "plain": StoreWrapper,
    "prefix": lambda store: PrefixStore(store, "p/"),
    "retry": RetryingStore,
    "meter": MeteredStore,
    "sealed": lambda store: SealedStore(store, sealer()),
    "faulty": lambda store: FaultyStore(store, script([])),
}
VERSION = BlobVersion("v1", datetime(2026, 1, 1, tzinfo=timezone.utc), 1, current=True)


class Rich(MemoryStore):
    """A store with every capability, which notes all calls."""

    scheme = "rich"
    PERMISSIONS = {"get": ("rich:Get",)}  # noqa: RUF012 as a provider writes it
    OPTIONS = {"x": "an option"}  # noqa: RUF012 as a provider writes it
    min_write_interval = 1.5
    lists_in_order = False

    def __init__(self):
        super().__init__()
        self.asked = []
        self.closed = 0

    async def get(self, key, *, if_none_match=None, version=None):
        self.asked.append((key, version))
        return Blob(b"old", version) if version else await super().get(key, if_none_match=if_none_match)

    async def versions(self, key):
        self.asked.append(key)
        yield VERSION

    async def delete_version(self, key, version):
        self.asked.append((key, version, "deleted"))

    async def delete_if(self, key, etag):
        self.asked.append((key, etag, "deleted if"))

    async def diagnose(self):
        return [Finding("well", ok=True)]

    async def close(self):
        self.closed += 1


@pytest.fixture(params=WRAPPERS)
def wrap(request):
    return WRAPPERS[request.param]


async def test_wrapping_hides_nothing(wrap):
    rich = Rich()
    store = wrap(rich)
    assert (store.scheme, store.OPTIONS, store.PERMISSIONS) == ("rich", Rich.OPTIONS, Rich.PERMISSIONS)
    assert (store.min_write_interval, store.lists_in_order) == (1.5, False)
    assert await store.diagnose() == [Finding("well", ok=True)]
    assert [version async for version in store.versions("a")] == [VERSION]
    assert await store.get("a", version="v1") == Blob(b"old", "v1")
    await store.delete_version("a", "v1")
    await store.delete_if("a", "e1")
    prefix = getattr(store, "prefix", "")
    assert rich.asked == [
        f"{prefix}a",
        (f"{prefix}a", "v1"),
        (f"{prefix}a", "v1", "deleted"),
        (f"{prefix}a", "e1", "deleted if"),
    ]
    assert "MemoryStore" in repr(wrap(MemoryStore()))
    async with store:
        pass
    assert rich.closed == 1


async def test_wrapping_changes_nothing(wrap):
    store = wrap(MemoryStore())
    etag = await store.put("a", b"1", Create())
    assert await store.get("a", if_none_match=etag) is NOT_MODIFIED
    with pytest.raises(LostRaceError):
        await store.put("a", b"2", Create())
    etag = await store.put("a", b"2", Update(etag))
    assert await store.get("a") == Blob(b"2", etag)
    assert [info async for info in store.list("a")] == [BlobInfo("a", 1)]
    with pytest.raises(UnsupportedError):
        [version async for version in store.versions("a")]
    await store.delete("a")
    with pytest.raises(NotFoundError):
        await store.get("a")


def test_no_uri_means_a_wrapper():
    with pytest.raises(ConfigurationError, match=r"MeteredStore wraps another store, so .* the URI s3:"):
        MeteredStore.from_uri(StoreUri("s3", "bucket"))


async def test_wrappers_wrap_each_other():
    below = MemoryStore()
    store = MeteredStore(RetryingStore(PrefixStore(PrefixStore(below, "a/"), "b/")))
    await store.put("c", b"1", Create())
    assert [info async for info in below.list()] == [BlobInfo("a/b/c", 1)]
    assert [info async for info in store.list()] == [BlobInfo("c", 1)]


class TestPrefix:
    async def test_neighbours_are_out_of_sight_and_reach(self):
        below = MemoryStore()
        for key in ("p", "p/", "p/a", "p/b/c", "pp/a", "q"):
            await below.put(key, b"1", Create())
        store = PrefixStore(below, "p/")
        assert [info.key async for info in store.list()] == ["a", "b/c"]
        assert [info.key async for info in store.list("b")] == ["b/c"]
        with pytest.raises(NotFoundError):
            await store.get("q")

    async def test_errors_are_about_relative_keys_and_name_whole_ones(self):
        store = PrefixStore(PrefixStore(MemoryStore(), "a/"), "b/")
        with pytest.raises(NotFoundError, match="a/b/c") as caught:
            await store.get("c")
        assert caught.value.key == "c"
        await store.put("c", b"1", Create())
        with pytest.raises(LostRaceError) as caught:
            await store.put("c", b"1", Create())
        assert caught.value.key == "c"

    @pytest.mark.parametrize("key", ["", "x" * 1023])
    async def test_a_key_needs_room_after_the_prefix(self, key):
        store = PrefixStore(MemoryStore(), "p/")
        with pytest.raises(UnsupportedError):
            await store.put(key, b"1", Create())
        with pytest.raises(UnsupportedError):
            [version async for version in store.versions(key)]


@pytest.fixture
def pauses(monkeypatch):
    waited = []

    async def sleep(seconds):
        waited.append(seconds)

    monkeypatch.setattr(asyncio, "sleep", sleep)
    return waited


def retrying(faults, operation="get", **kwargs):
    below = MeteredStore(MemoryStore())
    store = RetryingStore(FaultyStore(below, script(faults, operation=operation)), rng=random.Random(1), **kwargs)
    return below, store


class TestRetry:
    async def test_a_read_survives_what_passes(self, pauses):
        below, store = retrying([Fault.UNAVAILABLE] * 3)
        await below.put("a", b"1", Create())
        assert (await store.get("a")).data == b"1"
        assert len(pauses) == 3

    async def test_it_waits_longer_each_time_and_never_too_long(self, pauses):
        _, store = retrying([Fault.UNAVAILABLE] * 9, attempts=9, delay=1, max_delay=8)
        with pytest.raises(UnavailableError):
            await store.get("a")
        assert len(pauses) == 8
        for number, pause in enumerate(pauses):
            assert min(8, 0.5 * 2**number) <= pause <= min(8, 1.5 * 2**number)
        assert len(set(pauses[:3])) == 3

    async def test_the_same_seed_waits_the_same(self, pauses):
        for _ in range(2):
            _, store = retrying([Fault.UNAVAILABLE] * 4)
            with pytest.raises(UnavailableError):
                await store.get("a")
        assert pauses[:3] == pauses[3:]

    @pytest.mark.parametrize(("fault", "error"), [(Fault.DENIED, AccessError), (None, NotFoundError)])
    async def test_what_does_not_pass_is_not_repeated(self, pauses, fault, error):
        below, store = retrying([fault])
        with pytest.raises(error):
            await store.get("a")
        assert pauses == []
        assert below.meter.reads == (fault is None)

    @pytest.mark.parametrize("fault", [Fault.UNAVAILABLE, Fault.ANSWER_LOST])
    async def test_writes_and_deletes_are_sent_once(self, pauses, fault):
        below, store = retrying([fault], "put")
        with pytest.raises(UnavailableError):
            await store.put("a", b"1", Create())
        assert below.meter.writes == (fault is Fault.ANSWER_LOST)
        below, store = retrying([fault], "delete")
        with pytest.raises(UnavailableError):
            await store.delete("a")
        assert below.meter.deletes == (fault is Fault.ANSWER_LOST)
        assert pauses == []

    async def test_a_listing_resumes_where_it_broke_off(self, pauses):
        store = RetryingStore(Breaking([2, 0, 3, None]), attempts=3)
        assert [info.key async for info in store.list()] == list("abcde")
        assert len(pauses) == 3

    async def test_a_listing_without_progress_gives_up(self, pauses):
        store = RetryingStore(Breaking([2, 2, 2, None]), attempts=2)
        with pytest.raises(UnavailableError):
            [info async for info in store.list()]

    async def test_versions_start_anew_only_from_the_start(self, pauses):
        store = RetryingStore(Breaking([0, None]))
        assert len([version async for version in store.versions("a")]) == 2
        store = RetryingStore(Breaking([1, None]))
        with pytest.raises(UnavailableError):
            [version async for version in store.versions("a")]


class Breaking(MemoryStore):
    """A store whose iterations break off after a number of items."""

    def __init__(self, breaks):
        super().__init__()
        self._breaks = iter(breaks)

    async def list(self, prefix=""):
        async for item in self._some([BlobInfo(key, 1) for key in "abcde"]):
            yield item

    async def versions(self, key):
        async for item in self._some([VERSION, VERSION]):
            yield item

    async def _some(self, items):
        number = next(self._breaks)
        for item in items[:number]:
            yield item
        if number is not None:
            raise UnavailableError("broken off")


async def test_the_meter_counts_what_is_billed():
    store = MeteredStore(MemoryStore())
    etag = await store.put("a", b"123", Create())
    with pytest.raises(LostRaceError):
        await store.put("a", b"4567", Create())
    await store.get("a")
    await store.get("a", if_none_match=etag)
    with pytest.raises(NotFoundError):
        await store.get("b")
    await store.delete("a")
    [info async for info in store.list()]
    assert store.meter == Meter(reads=3, writes=2, deletes=1, lists=1, bytes_read=3, bytes_written=7)
