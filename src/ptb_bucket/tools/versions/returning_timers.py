"""Let a timer that came back run again: documents forget that its earlier runs have changed them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ptb_bucket.errors import CannotLoadError
from ptb_bucket.state import Kind, Record, timer_outline

if TYPE_CHECKING:
    from ptb_bucket.state import Draft
    from ptb_bucket.state.timers import Timer
    from ptb_bucket.tools.state import State

__all__ = ["forget_runs"]


async def forget_runs(state: State, record: Record, encoded: bytes, draft: Draft) -> None:
    """Remove all runs of a timer from the units that documents list.

    Otherwise, the timer would run, and what it changes would count as changed already. These are the documents that a
    job can change: its own, its user's, its chat's, the bot's, and a conversation's. All but its own are committed.

    Args:
        state: The bot's state.
        record: The timer.
        encoded: The value with which it comes back.
        draft: The timer's own document, which is not committed here.

    Raises:
        DocumentError, StoreError: A document could not be read or written. Run the restore again to continue.
    """
    from ptb_bucket.state import Draft  # noqa: PLC0415  reading does not need it
    from ptb_bucket.state.timers import unit_of  # noqa: PLC0415  only for timers

    layout, codec = state.archive.layout, state.archive.codec
    try:
        timer = timer_outline(record, encoded, codec, also=("options",))
    except CannotLoadError:  # it does not run
        return
    unit, own = unit_of(record.timer[1], timer), layout.key(record)
    for key in dict.fromkeys([*map(layout.key, _used(timer)), *layout.keys(Kind)]):
        if key != own:
            other = await Draft.open(state.archive, key, state.bot_id, state.writer("restore"))
            other.forget_occurrences(unit)
            await other.commit()
    draft.forget_occurrences(unit)


def _used(timer: Timer) -> list[Record]:
    """Return the records that PTB gives to the timer's callback, but for bot_data."""
    from ptb_bucket.state.timers import TIMEOUT  # noqa: PLC0415  only for timers

    found = [] if timer.user_id is None else [Record.user(timer.user_id)]
    found += [] if timer.chat_id is None else [Record.chat(timer.chat_id)]
    return [*found, *_used_by_timeout(timer.options[TIMEOUT])] if timer.is_timeout else found


def _used_by_timeout(timeout: Any) -> list[Record]:
    """Return the records that the handlers of a conversation's timeout get, from the handler's name and the key."""
    numbers = [part for part in timeout["key"] if type(part) is int]
    owners = [owner for number in numbers for owner in (Record.user(number), Record.chat(number))]
    return [Record.of_conversation(timeout["handler"], tuple(timeout["key"])), *owners]
