"""The records found so far: listings and reads that go on in the background while pages show their progress."""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from ptb_bucket import tools
from ptb_bucket.errors import PTBBucketError, UnsupportedError
from ptb_bucket.state import BOT_DATA, Kind

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterable, Mapping

    from ptb_bucket.state import Record
    from ptb_bucket.tools import Found, LastChange, State, Unreadable

__all__ = ["Catalog", "Job"]

_FRESH: Final = 2.0
"""Seconds for which a finished job is shown again. A long job is shown for ten times as long as it took."""
_PATIENCE: Final = 0.25
"""Seconds that a page waits for a job before it shows what is known so far."""
_VERSIONS: Final = 100
"""Versions that are counted."""
_TURN: Final = 500
"""Records after which other requests have their turn."""


@dataclass
class Job:
    """A listing or a read of many records, in the background.

    Attributes:
        found: The records so far.
        unreadable: Documents that cannot be read.
        done: It has ended, stopped, or failed.
        stopped: It was stopped.
        error: The reason why it failed; empty otherwise.
        seconds: How long it took, once it is done.
        changes: The last changes of the records, once somebody has asked for them.
    """

    found: list[Found] = field(default_factory=list)
    unreadable: list[Unreadable] = field(default_factory=list)
    looked_at: int = 0
    done: bool = False
    stopped: bool = False
    error: str = ""
    seconds: float = 0.0
    changes: dict[Record, LastChange] | None = None
    _start: float = field(default_factory=time.monotonic)
    _task: asyncio.Task[None] | None = None

    def run(
        self, source: AsyncIterator[Found | Unreadable], keeps: Callable[[Found], bool] = lambda _: True,
        most: int = 10_000_000,
    ) -> Job:  # fmt: skip
        """Begin to read a source, and keep the records for which a function is true, at most so many."""
        self._task = asyncio.create_task(self._read(source, keeps, most))
        return self

    async def _read(self, source: AsyncIterator[Found | Unreadable], keeps: Callable[[Found], bool], most: int) -> None:
        try:
            async for one in source:
                self.looked_at += 1
                if not isinstance(one, tools.Found):
                    self.unreadable.append(one)
                elif keeps(one):
                    self.found.append(one)
                if len(self.found) >= most:
                    break
                if self.looked_at % _TURN == 0:
                    await asyncio.sleep(0)
        except PTBBucketError as error:
            self.error = str(error)
        finally:
            self.done, self.seconds = True, time.monotonic() - self._start

    async def wait(self, seconds: float = _PATIENCE) -> Job:
        """Wait until it is done, at most so long."""
        if self._task and not self.done:
            await asyncio.wait([self._task], timeout=seconds)
        return self

    def stop(self) -> None:
        """Stop it. The records found so far stay."""
        if self._task and not self.done:
            self.stopped = self.done = True
            self._task.cancel()

    async def close(self) -> None:
        """Stop it and wait until it has ended."""
        self.stop()
        if self._task:
            with suppress(asyncio.CancelledError):
                await self._task

    @property
    def is_fresh(self) -> bool:
        """Tell whether a page may show it again."""
        if not self.done:
            return True
        age = time.monotonic() - self._start - self.seconds
        return not (self.error or self.stopped) and age < max(_FRESH, 10 * self.seconds)


class Catalog:
    """The jobs of a state, which all pages share.

    Args:
        state: The bot's state.
    """

    def __init__(self, state: State) -> None:
        self._state = state
        self._jobs: dict[tuple[str, ...], Job] = {}
        self._read: dict[Record, tuple[Found, Found | None]] = {}
        self._kept: asyncio.Task[str] | None = None

    @property
    def lazy(self) -> bool:
        """Tell whether each record has its own document, so that reading all of them takes many requests."""
        return self._state.archive.layout.lazy

    def listed(self, kind: Kind) -> Job:
        """Return the job that lists the records of a kind. With one document for all, it reads the values, too."""
        if not self.lazy:
            return self.read(Kind)
        return self._job(("list", kind.value), lambda: tools.list_records(self._state, kind))

    def read(self, kinds: Iterable[Kind]) -> Job:
        """Return the job that reads the values of some kinds."""
        asked = tuple(kinds)
        if self._state.archive.layout.name == "single":
            asked = tuple(Kind)  # they are in one document
        return self._job(("read", *asked), lambda: tools.read_records(self._state, asked))

    def _job(self, key: tuple[str, ...], source: Callable[[], AsyncIterator[Found | Unreadable]]) -> Job:
        job = self._jobs.get(key)
        if job is None or not job.is_fresh:
            job = self._jobs[key] = Job().run(source())
        return job

    async def with_values(self, listed: list[Found], most: int) -> tuple[list[Found], list[Unreadable]]:
        """Read records that were only listed, at most so many, the ones first that changed longest ago.

        Returns:
            The records, of which some still lack their values, and the documents that cannot be read.
        """
        wanted = [one for one in listed if one.encoded is None and self._read.get(one.record, (None,))[0] != one]
        wanted.sort(key=lambda one: one.changed.timestamp() if one.changed else 0.0)
        read = await tools.read_again(self._state, [one.record for one in wanted[:most]])
        there = {one.record: one for one in read if isinstance(one, tools.Found)}
        self._read |= {one.record: (one, there.get(one.record)) for one in wanted[:most]}
        known = [self._read.get(one.record, (one, one))[1] if one.encoded is None else one for one in listed]
        return [one for one in known if isinstance(one, tools.Found)], [
            one for one in read if isinstance(one, tools.Unreadable)
        ]

    async def changes(self, job: Job, kind: Kind) -> Mapping[Record, LastChange]:
        """Return when the records of a kind changed, from the versions of the document that they share."""
        if job.changes is None and job.done and not self.lazy:
            records = [one.record for one in job.found if one.record.kind is kind]
            try:
                job.changes = await tools.last_changes(self._state, records)
            except PTBBucketError:
                job.changes = {}  # they may not be read
        return job.changes or {}

    def change(self, one: Found, changes: Mapping[Record, LastChange]) -> LastChange | None:
        """Return when a record changed; None if nothing tells it."""
        return tools.LastChange(one.changed, at_least=False) if one.changed else changes.get(one.record)

    async def kept(self) -> str:
        """Return a sentence about the old versions that the store keeps; empty as long as they are counted."""
        self._kept = self._kept or asyncio.create_task(_kept_versions(self._state))
        await asyncio.wait([self._kept], timeout=_PATIENCE)
        return self._kept.result() if self._kept.done() else ""

    def forget(self) -> None:
        """Forget what was found, after a change."""
        for job in self._jobs.values():
            job.stop()
        self._jobs.clear()
        self._read.clear()
        self._kept = None

    async def close(self) -> None:
        """Stop all jobs."""
        if self._kept:
            self._kept.cancel()
        for job in self._jobs.values():
            await job.close()


async def _kept_versions(state: State) -> str:
    """Return a sentence about the old versions that the store keeps, from one document."""
    number, oldest = 0, None
    try:
        async for one in state.archive.versions(state.archive.layout.key(BOT_DATA)):
            number, oldest = number + 1, one.modified
            if number == _VERSIONS:
                break
    except UnsupportedError:
        return "Old versions are not kept, so the pages have no history."
    except PTBBucketError as error:
        return f"Old versions could not be listed. {error}"
    if oldest is None:
        return "Old versions are kept; bot_data has none yet."
    more = "+" if number == _VERSIONS else ""
    return f"Old versions are kept: {number}{more} of bot_data, since {oldest:%d %b %Y, %H:%M} UTC."
