"""Broadcasts as a tool sees them: how far each has come; and pausing, cancelling and continuing one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ptb_bucket.errors import NotFoundError
from ptb_bucket.state import Journals

if TYPE_CHECKING:
    from ptb_bucket.state import Broadcast, BroadcastState
    from ptb_bucket.tools.state import State

__all__ = ["broadcast_names", "broadcasts", "turn_broadcast"]


async def broadcasts(state: State) -> list[Broadcast]:
    """Return all broadcasts of a bot, in the order in which they began.

    Raises:
        StoreError: The bucket could not be read.
        CorruptDocumentError: A journal is damaged.
    """
    found = [each async for each in Journals(state.store).all()]
    return sorted(found, key=lambda broadcast: broadcast.began)


async def broadcast_names(state: State) -> list[str]:
    """Return the names of all broadcasts of a bot, without reading any.

    Raises:
        StoreError: The bucket could not be read.
    """
    return list(await Journals(state.store).objects())


async def turn_broadcast(state: State, name: str, wanted: BroadcastState, *, dry_run: bool = False) -> Broadcast:
    """Pause, cancel or continue a broadcast.

    The bot notices after the segment that it is sending. A paused one goes on within five minutes. One that is over
    stays as it is.

    Args:
        state: The bot's state.
        name: The broadcast's name.
        wanted: Its new state.
        dry_run: Change nothing, and return the broadcast as it is.

    Raises:
        NotFoundError: There is no broadcast of this name.
        StoreError: The bucket could not be read or written.
    """
    journals = Journals(state.store)
    found = await (journals.read(name) if dry_run else journals.turn(name, wanted))
    if found is None:
        raise NotFoundError(f"There is no broadcast named {name!r}. Run 'ptb-bucket broadcasts URI' to list them.")
    return found
