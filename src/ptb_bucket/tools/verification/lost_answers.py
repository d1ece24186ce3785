"""Lost answers: connections that break after a put was sent, or in the middle of it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from ptb_bucket.errors import NotFoundError
from ptb_bucket.stores import Create
from ptb_bucket.tools.verification.workers import Put, Worker

if TYPE_CHECKING:
    from ptb_bucket.tools.verification.effort import Effort
    from ptb_bucket.tools.verification.place import Grounds
    from ptb_bucket.tools.verification.requests import Tally
    from ptb_bucket.tools.verification.workers import Outcome

__all__ = ["LostAnswers", "broken_cut", "plan_lost_answers", "run_lost_answers"]

_SIZE: Final = 65_536
"""The bytes of each object: many more than those of any header."""
_LATE: Final = 1.0
"""The seconds after which a write is looked for again that was not applied at once."""


@dataclass(frozen=True)
class LostAnswers:
    """The result of all connections that were cut.

    Args:
        cuts: The number of connections that were cut.
        right: Those after which the store reported an unknown outcome, had sent the put once, and left the object
            whole: as it was, or as it was to be.
        applied: The cuts after the whole request, after which the write was applied although its answer was lost.
        broken: The first cut that went wrong, as a sentence; empty if there is none.
        skipped: The reason why nothing was cut; empty if something was.
    """

    cuts: int = 0
    right: int = 0
    applied: int = 0
    broken: str = ""
    skipped: str = ""


def plan_lost_answers(effort: Effort, tally: Tally) -> None:
    """Add the requests of the cuts to a tally."""
    cuts = effort.lost + effort.torn
    tally.add("writes", 1 + 3 * cuts)
    tally.add("reads", 2 * cuts + 2 * effort.torn)
    tally.add("deletes", 1 + cuts + effort.lost)


def broken_cut(outcome: Outcome, stored: bytes | None, before: bytes | None, after: bytes, *, torn: bool) -> str:
    """Judge one cut.

    Args:
        outcome: The outcome that the store reported.
        stored: The object afterwards, None if there is none.
        before: The object before it, None if there was none.
        after: The bytes that were put.
        torn: The request was cut in the middle.

    Returns:
        What went wrong, as a sentence without a full stop; empty if nothing did.
    """
    if outcome.outcome != "unclear":
        told = {"won": "success", "lost": "a lost race", "error": outcome.message.rstrip(".")}[outcome.outcome]
        return f"the answer was lost, but the store reported {told}"
    if outcome.uploads != 1:
        return f"the put was sent {outcome.uploads} times"
    if stored == before:
        return ""
    if torn:
        return "the request was cut in the middle, but the object has changed"
    return "" if stored == after else "the object is neither as it was nor as it was to be"


async def run_lost_answers(grounds: Grounds, effort: Effort) -> LostAnswers:
    """Cut the connection of many puts, and compare what the store reports with what is stored."""
    if grounds.uri.scheme == "file":
        return LostAnswers(skipped="a directory has no connections")
    async with Worker(grounds.uri, cut=True) as worker:
        hello = await worker.put(Put("lost/hello", "hello"))
        grounds.tally.add("writes")
        if hello.outcome != "won":
            return LostAnswers(skipped=f"The connections could not be relayed. {hello.message}".strip())
        cuts = _Cuts(grounds, worker)
        for torn, number in ((False, effort.lost), (True, effort.torn)):
            for at in range(number):
                await cuts.cut(f"lost/{'torn' if torn else 'whole'}-{at}-new", torn=torn, replace=False)
                await cuts.cut(f"lost/{'torn' if torn else 'whole'}-{at}-old", torn=torn, replace=True)
        return cuts.result()


class _Cuts:
    """The cuts so far.

    Args:
        grounds: The place.
        worker: The process whose connections are cut.
    """

    def __init__(self, grounds: Grounds, worker: Worker) -> None:
        self._grounds = grounds
        self._worker = worker
        self._cuts = self._right = self._applied = 0
        self._broken: list[str] = []

    def result(self) -> LostAnswers:
        broken = self._broken[0] if self._broken else ""
        if not broken and not self._applied:
            broken = "None of the writes with a lost response was applied, so the test proved nothing."
        return LostAnswers(self._cuts, self._right, self._applied, broken)

    async def cut(self, key: str, *, torn: bool, replace: bool) -> None:
        """Cut one put of a new object, or of one that exists."""
        store, tally = self._grounds.store, self._grounds.tally
        before = b"before" if replace else None
        etag = await store.put(key, b"before", Create()) if replace else ""
        await tally.pace(store.describe(key), store.min_write_interval)
        limit = _SIZE // 2 if torn else _SIZE
        put = Put(key, f"after {key}", etag, size=_SIZE, limit=limit, torn=torn)
        tally.written.add(store.describe(key))
        outcome = await self._worker.put(put)
        tally.add("writes")
        stored = await self._stored(key, before)
        self._judge(key, broken_cut(outcome, stored, before, put.data, torn=torn), applied=stored == put.data)

    def _judge(self, key: str, problem: str, *, applied: bool) -> None:
        self._cuts += 1
        self._applied += applied
        self._right += not problem
        if problem:
            self._broken.append(f"Writing {key!r}: {problem}.")

    async def _stored(self, key: str, before: bytes | None) -> bytes | None:
        """Read the object; a second time, later, if it is as before."""
        found = await self._read(key)
        if found == before:
            await asyncio.sleep(_LATE)
            found = await self._read(key)
        return found

    async def _read(self, key: str) -> bytes | None:
        try:
            return (await self._grounds.store.get(key)).data
        except NotFoundError:
            return None
