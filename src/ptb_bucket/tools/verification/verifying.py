"""Verify on a user's own bucket that a bot's state is safe there."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from ptb_bucket._aio import to_the_end
from ptb_bucket.errors import ConfigurationError, RefusedError, UnsupportedError
from ptb_bucket.location import BOT_ID, locate
from ptb_bucket.stores import Create
from ptb_bucket.tools.state import bot_id_text
from ptb_bucket.tools.verification.conformance import promises_of, rehearse, try_promise
from ptb_bucket.tools.verification.effort import FULL_EFFORT, Effort
from ptb_bucket.tools.verification.latency import measure_latency, plan_latency
from ptb_bucket.tools.verification.lost_answers import plan_lost_answers, run_lost_answers
from ptb_bucket.tools.verification.place import Cleaned, Grounds, PromisePlace
from ptb_bucket.tools.verification.prices import cost_text
from ptb_bucket.tools.verification.races import plan_races, run_races
from ptb_bucket.tools.verification.report import Verification
from ptb_bucket.tools.verification.requests import Requests, Tally

if TYPE_CHECKING:
    import os
    from collections.abc import Callable

    from ptb_bucket.stores import StoreUri

__all__ = ["Plan", "plan_verification", "verify"]


_HELLO: Final = b"A test object of 'ptb-bucket verify'. You can delete it."


@dataclass(frozen=True)
class Plan:
    """The requests that a verification will send, about, and a sentence about their cost."""

    requests: Requests
    cost: str


async def plan_verification(
    where: str | os.PathLike[str] | None, *, bot_id: int | str | None = None, effort: Effort = FULL_EFFORT
) -> Plan:
    """Count the requests of a verification without sending one: its promises are tried in memory.

    Args:
        where: As for :func:`verify`.
        bot_id: As for :func:`verify`.
        effort: The size of the run.

    Raises:
        ConfigurationError, RefusedError: As for :func:`verify`.
    """
    uri = _uri_of(where, bot_id)
    tally = await rehearse(effort)
    plan_races(effort, tally)
    if uri.scheme != "file":
        plan_lost_answers(effort, tally)
    plan_latency(effort, tally)
    return Plan(tally.requests, cost_text(uri, tally.requests))


async def verify(
    where: str | os.PathLike[str] | None = None,
    *,
    bot_id: int | str | None = None,
    effort: Effort = FULL_EFFORT,
    advance: Callable[[int], object] = lambda _: None,
    report_left: Callable[[str], object] = lambda _: None,
) -> Verification:
    """Try every promise that a bot relies on, races of processes, lost answers, and the latency.

    Everything happens below a new prefix ``ptb-bucket-verify-...`` of the location, which is removed at the end, also
    after an error or an interruption. A bot that runs there is not disturbed.

    Args:
        where: The URI of a bot's location, as for :class:`ptb_bucket.BucketPersistence`, or the path of a directory.
        bot_id: The bot's ID, if the URI contains ``{bot_id}``.
        effort: The size of the run.
        advance: Called with each number of requests that were sent.
        report_left: Called with a sentence if something could not be removed, even if the run raises.

    Returns:
        The result, with problems instead of errors wherever the server answered.

    Raises:
        ConfigurationError: The URI is wrong.
        RefusedError: The location is in memory.
        AccessError: The bucket cannot be reached, or objects cannot be deleted. Nothing was written.
        UnavailableError: A verification process ended, or the server stopped answering.
    """
    uri = _uri_of(where, bot_id)
    grounds = Grounds(uri, Tally(advance))
    run = _Run(grounds, effort, Verification(uri))
    began, interrupted = time.monotonic(), False
    try:
        await grounds.check_deletable()
        await run.everything()
    except asyncio.CancelledError:
        interrupted = True
        raise
    finally:
        cleaned = await _cleaned(grounds, report_left, interrupted=interrupted)
    return replace(
        run.found, left=cleaned.left, note=cleaned.note, requests=grounds.tally.requests,
        seconds=time.monotonic() - began,
    )  # fmt: skip


def _uri_of(where: str | os.PathLike[str] | None, bot_id: int | str | None) -> StoreUri:
    location = locate(where, None, None, ())
    if location.uri is None:
        raise ConfigurationError("A verification runs several processes, so it needs a URI instead of an open store.")
    if location.uri.scheme == "memory":
        raise RefusedError("memory: only exists within one process, so there is nothing to verify. Pass a bucket URI.")
    owner = location.checked_bot_id(bot_id_text(bot_id))
    uri = location.uri
    return replace(uri, bucket=uri.bucket.replace(BOT_ID, owner), prefix=uri.prefix.replace(BOT_ID, owner))


async def _cleaned(grounds: Grounds, report_left: Callable[[str], object], *, interrupted: bool) -> Cleaned:
    """Clean up before an interruption takes effect. A second interruption takes effect at once."""
    found: list[Cleaned] = []

    async def clean() -> None:
        found.append(await grounds.clean())
        await grounds.close()

    try:
        await (clean() if interrupted else to_the_end(clean()))
    finally:
        left = found[0].left if found else f"Cleaning up was interrupted. Remove {grounds.describe()} by hand."
        if left:
            report_left(left)
    return found[0]


class _Run:
    """The parts of a verification, and what they found so far.

    Args:
        grounds: The place.
        effort: The size of the run.
        found: The result, which is replaced as the run goes on.
    """

    def __init__(self, grounds: Grounds, effort: Effort, found: Verification) -> None:
        self._grounds = grounds
        self._effort = effort
        self.found = found
        self._places = 0

    async def everything(self) -> None:
        """Run all parts within the time. If it is over, what was found so far remains."""
        try:
            await asyncio.wait_for(self._parts(), self._effort.seconds)
        except asyncio.TimeoutError:
            self._note(unfinished=f"The run had not finished after {self._effort.seconds:,.0f} seconds.")

    def _note(self, **facts: Any) -> None:
        self.found = replace(self.found, **facts)

    async def _parts(self) -> None:
        if not await self._honours_conditions():
            return
        for name, trial in promises_of(self._effort).items():
            kept = await try_promise(name, trial, partial(self._place, name))
            self._note(promises=(*self.found.promises, kept))
        self._note(races=await run_races(self._grounds, self._effort))
        self._note(lost_answers=await run_lost_answers(self._grounds, self._effort))
        self._note(latency=await measure_latency(self._grounds, self._effort))

    def _place(self, name: str) -> PromisePlace:
        self._places += 1
        return PromisePlace(f"{name} {self._places}", self._grounds.open, self._grounds.store)

    async def _honours_conditions(self) -> bool:
        """Put a first object. A store on a server that ignores conditions refuses that, with the test that shows it."""
        try:
            await self._grounds.store.put("hello", _HELLO, Create())
        except UnsupportedError as error:
            self._note(refused=str(error))
            return False
        return True
