"""Injection of the faults of networks and clouds, the same in every run."""

from __future__ import annotations

import asyncio
import enum
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from ptb_bucket.errors import AccessError, LostRaceError, StoreError, UnavailableError
from ptb_bucket.stores import InterceptingStore

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Iterable

    from ptb_bucket.stores import BlobStore

__all__ = ["Fault", "FaultyStore", "Plan", "script"]

_T = TypeVar("_T")


class Fault(enum.Enum):
    """A fault of an operation. Faults that apply the operation anyway are the hard part of distributed writes."""

    LOST_RACE = "lost race, not applied"
    ANSWERED_TWICE = "applied, sent again below us, and the second answer was lost race"
    UNAVAILABLE = "unavailable, not applied"
    ANSWER_LOST = "applied, but the answer was lost: unavailable"
    LATE = "unavailable, and applied at the next land()"
    DENIED = "access denied, not applied"
    HANG = "no answer until cancelled, not applied"
    HANG_APPLIED = "applied, no answer until cancelled"


Plan = Callable[[str, str], "Fault | None"]
"""A function of operation (``get``, ``put``, ``delete``, ``list``, ``versions``) and key or prefix."""


def script(faults: Iterable[Fault | None], *, operation: str = "put") -> Plan:
    """Make a plan that goes through a list of faults.

    Args:
        faults: A fault or None for each operation in turn; later operations have no faults.
        operation: The kind of operation that they affect.
    """
    remaining = iter(tuple(faults))
    return lambda happening, _key: next(remaining, None) if happening == operation else None


class FaultyStore(InterceptingStore):
    """A store whose operations fail as planned.

    Args:
        store: The store below, which sees every operation that is applied.
        plan: Returns the fault of an operation.
    """

    def __init__(self, store: BlobStore, plan: Plan) -> None:
        super().__init__(store)
        self._plan = plan
        self._late: list[Callable[[], Awaitable[object]]] = []

    async def land(self) -> list[object]:
        """Apply the late operations, in order.

        Returns:
            The answers of the store below: an ETag or an error for each.
        """
        late, self._late = self._late, []
        return [await _outcome(send) for send in late]

    async def _call(self, operation: str, key: str, send: Callable[[], Awaitable[_T]]) -> _T:
        fault = self._plan(operation, key)
        if fault is None:
            return await send()
        if fault is Fault.LATE:
            self._late.append(send)
        if fault in {Fault.ANSWERED_TWICE, Fault.ANSWER_LOST, Fault.HANG_APPLIED}:
            await send()
        raise await _failure(fault, operation, key)

    async def _stream(self, operation: str, key: str, begin: Callable[[], AsyncIterator[_T]]) -> AsyncIterator[_T]:
        """Iterate; for a listing, "applied" means that all of it arrived before the fault."""
        fault = self._plan(operation, key)
        if fault in {None, Fault.ANSWERED_TWICE, Fault.ANSWER_LOST, Fault.HANG_APPLIED}:
            async for item in begin():
                yield item
        if fault is not None:
            raise await _failure(fault, operation, key)


async def _failure(fault: Fault, operation: str, key: str) -> StoreError:
    message = f"injected into {operation} of {key!r}: {fault.value}"
    if fault in {Fault.HANG, Fault.HANG_APPLIED}:
        await asyncio.get_running_loop().create_future()
    if fault in {Fault.LOST_RACE, Fault.ANSWERED_TWICE}:
        return LostRaceError(message, key=key)
    if fault is Fault.DENIED:
        return AccessError(message, key=key)
    return UnavailableError(message, key=key)


async def _outcome(send: Callable[[], Awaitable[object]]) -> object:
    try:
        return await send()
    except StoreError as exc:
        return exc
