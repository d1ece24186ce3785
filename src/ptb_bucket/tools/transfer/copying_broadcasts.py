"""Copy the broadcasts of a bot: their audiences, and their journals."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ptb_bucket.errors import LostRaceError, NotFoundError, UnsavedError
from ptb_bucket.state import BROADCAST, Journals, Kind
from ptb_bucket.stores import Create, Update

if TYPE_CHECKING:
    from ptb_bucket.state import Record
    from ptb_bucket.tools.state import State

__all__ = ["BroadcastPlan", "drives_broadcast", "plan_broadcasts"]


def drives_broadcast(record: Record) -> bool:
    """Tell whether a record is a timer that drives a broadcast. It is of no use without the broadcast's journal."""
    return record.kind is Kind.TIMER and record.timer[1].startswith(BROADCAST)


@dataclass
class BroadcastPlan:
    """The objects of broadcasts to copy.

    Args:
        source: The state to copy.
        target: The destination.
        missing: The keys of objects that the destination lacks, audiences first.
        different: The ETags of objects that differ in the destination, by key.
        number: How many broadcasts the source has.
    """

    source: State
    target: State
    missing: list[str] = field(default_factory=list)
    different: dict[str, str] = field(default_factory=dict)
    number: int = 0

    @property
    def labels(self) -> list[str]:
        """The keys of the objects that differ."""
        return sorted(self.different)

    async def write(self) -> None:
        """Copy the objects, each audience before its journal, and read them back.

        Raises:
            UnsavedError: Something else has written to the destination.
            StoreError: An object could not be read or written. Run the copy again to continue.
        """
        for key in (*self.missing, *self.different):
            data = (await self.source.store.get(key)).data
            mode = Update(self.different[key]) if key in self.different else Create()
            with suppress(LostRaceError):  # what is there is compared below
                await self.target.store.put(key, data, mode)
            if (await self.target.store.get(key)).data != data:
                raise UnsavedError(f"{key} differs from the copy. Another program is writing to the destination.")


async def plan_broadcasts(source: State, target: State) -> BroadcastPlan:
    """Compare the broadcasts of both sides. Those of another bot are not copied: its users do not know that bot.

    Raises:
        StoreError: The store could not be read.
    """
    plan = BroadcastPlan(source, target)
    objects = await Journals(source.store).objects()
    plan.number = len(objects)
    if source.bot_id == target.bot_id:
        for key in (key for keys in objects.values() for key in keys):
            await _compare(plan, key)
    return plan


async def _compare(plan: BroadcastPlan, key: str) -> None:
    try:
        there = await plan.target.store.get(key)
    except NotFoundError:
        plan.missing.append(key)
        return
    if there.data != (await plan.source.store.get(key)).data:
        plan.different[key] = there.etag
