"""Tests of the effects that faults between a store and its server have on the store and on a bot's data."""

from __future__ import annotations

import asyncio
from collections import Counter
from contextlib import contextmanager
from typing import TYPE_CHECKING, ClassVar, Final, Literal

import pytest

from ptb_bucket.errors import LostRaceError, StoreError, UnavailableError
from ptb_bucket.stores import open_store
from ptb_bucket.testing.conformance.instances import Instances
from ptb_bucket.testing.conformance.wire.case import OLD, WRITES, applied, filled, prove
from ptb_bucket.testing.conformance.wire.verdicts import VerdictTests
from ptb_bucket.testing.proxy import FaultProxy, WireFault

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    from ptb_bucket.testing.conformance.backend import Backend

__all__ = ["FaultConformance"]

_SLOW: Final = {WireFault.HANG_BEFORE, WireFault.HANG_AFTER, WireFault.TRICKLE}
each_fault = pytest.mark.parametrize(
    "fault", [fault for fault in WireFault if not fault.is_verdict], ids=lambda fault: fault.name
)


@contextmanager
def _silence(proxy: FaultProxy) -> Iterator[None]:
    """Cut every connection at its first request."""
    proxy.plan(WireFault.RESET_BEFORE, times=None)
    yield
    proxy.clear()


def _timeout(fault: WireFault, seconds: float) -> float | None:
    """Return a short timeout only for faults that take longer, because a busy machine must not look like a fault."""
    return seconds if fault in _SLOW else None


class FaultConformance(VerdictTests):
    """The fault table; subclass it with a fixture ``backend`` that has a :attr:`Backend.server`, and say ``ANSWERS``.

    Nothing is sent twice, every outcome is as uncertain as it is, and a commit is there exactly once in the end.
    """

    LOST_RACES: ClassVar[frozenset[WireFault]] = frozenset()
    """The faults that mean a lost race to a put. All others leave its outcome open."""

    def _expected(self, fault: WireFault, operation: str) -> type[StoreError]:
        lost = fault in self.LOST_RACES and operation in {"create", "update"}
        return LostRaceError if lost else UnavailableError

    @each_fault
    async def test_every_operation_meets_every_fault(
        self, backend: Backend, proxy: FaultProxy, fault: WireFault
    ) -> None:
        """Each is sent once, reports an unknown outcome, and was applied if the fault applies requests."""
        await prove(backend.uri(server=proxy.url))
        async with open_store(backend.uri(server=proxy.url, timeout=_timeout(fault, 0.8))) as store:
            etag = await filled(store)
            proxy.clear()
            for method, times in Counter(self.METHODS.values()).items():
                proxy.plan(fault, method=method, times=times)
            outcomes = await self.outcomes(store, etag)
            assert {name: type(error) for name, error in outcomes.items()} == {
                name: self._expected(fault, name) for name in self.METHODS
            }
            assert all(isinstance(error, StoreError) and error.__cause__ for error in outcomes.values())
            assert Counter(request.method for request in proxy.requests) == Counter(self.METHODS.values())
            assert await applied(backend) == dict.fromkeys(WRITES, fault.applies)
            # The next one finds a connection that works.
            assert (await store.get("kept")).data == OLD

    @each_fault
    async def test_a_commit_survives_every_fault_exactly_once(
        self, backend: Backend, proxy: FaultProxy, fault: WireFault
    ) -> None:
        """It holds for the first commit, two failures, and a foreign commit on top. Lists reveal repetitions."""
        await prove(backend.uri("bot/", server=proxy.url))
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

    @pytest.mark.parametrize("outage", [_silence, FaultProxy.refusing], ids=["resets", "refusals"])
    async def test_an_outage_is_no_loss(
        self, backend: Backend, proxy: FaultProxy, outage: Callable[[FaultProxy], AbstractContextManager[None]]
    ) -> None:
        """Changes that could not be saved in time are saved later, and no start meanwhile sees an empty state."""
        async with Instances() as instances:
            persistence = instances.open(backend.uri("bot/", server=proxy.url))
            await persistence.update_bot_data({"n": 0})
            impatient, starting = (
                instances.open(backend.uri("bot/", server=proxy.url), commit_timeout=1) for _ in range(2)
            )
            assert await impatient.get_bot_data() == {"n": 0}
            with outage(proxy):
                late = asyncio.gather(starting.get_bot_data(), return_exceptions=True)
                with pytest.raises(UnavailableError):
                    await impatient.update_bot_data({"n": 1})
                assert [type(error) for error in await late] == [UnavailableError]
            assert impatient.stats.pending == ("bot_data",)
            await impatient.flush()
            assert await starting.get_bot_data() == {"n": 1}

    @pytest.mark.parametrize("expectation", ["silence", "417"])
    async def test_no_write_waits_for_permission_to_go_on(
        self, backend: Backend, expectation: Literal["silence", "417"]
    ) -> None:
        """Some servers and proxies never answer ``Expect: 100-continue``, or refuse it."""
        with FaultProxy(backend.server, expectation=expectation) as proxy:
            uri = backend.uri(server=proxy.url, timeout=5)
            await prove(uri)
            async with open_store(uri) as store:
                outcomes = await self.outcomes(store, await filled(store))
        assert outcomes == dict.fromkeys(self.METHODS)
        assert await applied(backend) == dict.fromkeys(WRITES, True)

    async def test_a_commit_is_one_request(self, backend: Backend, proxy: FaultProxy) -> None:
        """The request is for the document that changed, and there is none if nothing changed."""
        async with Instances(layout="per-type") as instances:
            persistence = instances.open(backend.uri("bot/", server=proxy.url))
            await asyncio.gather(persistence.update_user_data(42, {"n": 1}), persistence.update_bot_data({"n": 1}))
            proxy.clear()
            await persistence.update_user_data(42, {"n": 2})
            assert [request.method for request in proxy.requests] == [self.METHODS["update"]]
            await asyncio.gather(persistence.update_user_data(42, {"n": 2}), persistence.update_bot_data({"n": 1}))
            assert len(proxy.requests) == 1
