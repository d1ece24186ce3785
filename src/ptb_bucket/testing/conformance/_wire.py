"""What becomes of faults between a store and its server, in the store and in a bot's memory."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import TYPE_CHECKING, ClassVar, Final

import pytest

from ptb_bucket.errors import LostRaceError, StoreError, UnavailableError
from ptb_bucket.stores import Create, Update, open_store
from ptb_bucket.testing.conformance._case import Case
from ptb_bucket.testing.conformance._instances import Instances
from ptb_bucket.testing.proxy import FaultProxy, WireFault

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ptb_bucket.stores import BlobStore
    from ptb_bucket.testing.conformance._backend import Backend

__all__ = ["FaultConformance"]

_SLOW: Final = {WireFault.HANG_BEFORE, WireFault.HANG_AFTER, WireFault.TRICKLE}
_WRITES: Final = ("create", "update", "delete")
_OLD, _NEW = b"old " * 250, b"new"
each_fault = pytest.mark.parametrize(
    "fault", [fault for fault in WireFault if not fault.is_verdict], ids=lambda fault: fault.name
)


def _timeout(fault: WireFault, seconds: float) -> float | None:
    """Short only where the fault is to take longer: a busy machine must not look like one."""
    return seconds if fault in _SLOW else None


async def _prove(uri: str) -> None:
    """Let the server show that it honours conditions, so that what follows is only what was asked for."""
    async with open_store(uri) as store:
        await store.put("other", b"", Create())
        await store.delete("other")


async def _do(store: BlobStore, operation: str, etag: str) -> None:
    if operation == "create":
        await store.put("new", _NEW, Create())
    elif operation == "update":
        await store.put("old", _NEW, Update(etag))
    elif operation == "delete":
        await store.delete("gone")
    elif operation == "get":
        await store.get("kept")
    else:
        assert [info.key async for info in store.list("k")] == ["kept"]


async def _applied(backend: Backend) -> dict[str, bool]:
    """Say which of the writes have happened, as the side door shows it."""
    states = {"create": await backend.read_raw("new") == _NEW, "update": await backend.read_raw("old") == _NEW}
    return {**states, "delete": await backend.read_raw("gone") is None}


class FaultConformance(Case):
    """The fault table; subclass it with a fixture ``backend`` that has a :attr:`Backend.server`.

    Nothing is sent twice, every outcome is as uncertain as it is, and a commit is there exactly once in the end.
    """

    METHODS: ClassVar[Mapping[str, str]] = {
        "create": "PUT", "update": "PUT", "delete": "DELETE", "get": "GET", "list": "GET",
    }  # fmt: skip
    """Operation → the HTTP method of its one request."""

    LOST_RACES: ClassVar[frozenset[WireFault]] = frozenset()
    """What means to a put that it has lost a race; anything else says nothing about what has happened."""

    @pytest.fixture
    def proxy(self, backend: Backend) -> Iterator[FaultProxy]:
        """Put the fault proxy in front of the server; a trickle takes far longer than any timeout here."""
        with FaultProxy(backend.server, trickle_delay=0.05) as proxy:
            yield proxy

    def _expected(self, fault: WireFault, operation: str) -> type[StoreError]:
        lost = fault in self.LOST_RACES and operation in {"create", "update"}
        return LostRaceError if lost else UnavailableError

    @each_fault
    async def test_every_operation_meets_every_fault(
        self, backend: Backend, proxy: FaultProxy, fault: WireFault
    ) -> None:
        """Each is sent once, says that it does not know, and has happened if the fault says so."""
        await _prove(backend.uri(server=proxy.url))
        async with open_store(backend.uri(server=proxy.url, timeout=_timeout(fault, 0.8))) as store:
            etag, *_ = [await store.put(key, _OLD, Create()) for key in ("old", "gone", "kept")]
            proxy.clear()
            for method, times in Counter(self.METHODS.values()).items():
                proxy.plan(fault, method=method, times=times)
            # At once: most of this test is waiting.
            works = (_do(store, operation, etag) for operation in self.METHODS)
            outcomes = dict(zip(self.METHODS, await asyncio.gather(*works, return_exceptions=True), strict=True))
            assert {name: type(error) for name, error in outcomes.items()} == {
                name: self._expected(fault, name) for name in self.METHODS
            }
            assert all(isinstance(error, StoreError) and error.__cause__ for error in outcomes.values())
            assert Counter(request.method for request in proxy.requests) == Counter(self.METHODS.values())
            assert await _applied(backend) == dict.fromkeys(_WRITES, fault.applies)
            # The next one finds a connection that works.
            assert (await store.get("kept")).data == _OLD

    @each_fault
    async def test_a_commit_survives_every_fault_exactly_once(
        self, backend: Backend, proxy: FaultProxy, fault: WireFault
    ) -> None:
        """The first one, one that fails twice, and one with somebody else's on top. Lists tell what is there twice."""
        await _prove(backend.uri("bot/", server=proxy.url))
        proxy.clear()
        async with Instances() as instances:
            uri = backend.uri("bot/", server=proxy.url, timeout=_timeout(fault, 0.4))
            one, two = instances.open(uri), instances.open(uri)
            for step, times in {"created": 1, "updated": 2, "merged": 1}.items():
                data = await one.get_bot_data()
                data.setdefault("log", []).append(step)
                if step == "merged":
                    theirs = await two.get_bot_data()
                    theirs["log"].append("theirs")
                    await two.update_bot_data(theirs)
                proxy.plan(fault, method=self.METHODS["update"], times=times)
                await one.update_bot_data(data)
            await one.flush()
            assert [request.fault for request in proxy.requests if request.fault] == [fault] * 4
            assert proxy.count(self.METHODS["update"]) <= one.stats.writes + two.stats.writes
            found = await instances.open(backend.uri("bot/")).get_bot_data()
        assert sorted(found["log"]) == ["created", "merged", "theirs", "updated"]

    async def test_an_outage_is_no_loss(self, backend: Backend, proxy: FaultProxy) -> None:
        """What could not be saved in time is saved later."""
        async with Instances() as instances:
            persistence = instances.open(backend.uri("bot/", server=proxy.url))
            await persistence.update_bot_data({"n": 0})
            impatient = instances.open(backend.uri("bot/", server=proxy.url), commit_timeout=1)
            assert await impatient.get_bot_data() == {"n": 0}
            proxy.plan(WireFault.RESET_BEFORE, times=None)
            with pytest.raises(UnavailableError):
                await impatient.update_bot_data({"n": 1})
            assert impatient.stats.pending == ("bot_data",)
            proxy.clear()
            await impatient.flush()
            assert await instances.open(backend.uri("bot/")).get_bot_data() == {"n": 1}

    async def test_a_commit_is_one_request(self, backend: Backend, proxy: FaultProxy) -> None:
        """For the document that changed; and none where nothing has changed."""
        async with Instances(layout="per-type") as instances:
            persistence = instances.open(backend.uri("bot/", server=proxy.url))
            await asyncio.gather(persistence.update_user_data(42, {"n": 1}), persistence.update_bot_data({"n": 1}))
            proxy.clear()
            await persistence.update_user_data(42, {"n": 2})
            assert [request.method for request in proxy.requests] == [self.METHODS["update"]]
            await asyncio.gather(persistence.update_user_data(42, {"n": 2}), persistence.update_bot_data({"n": 1}))
            assert len(proxy.requests) == 1
