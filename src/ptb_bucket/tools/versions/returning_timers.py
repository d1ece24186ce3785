"""Let a timer that came back run again: documents forget that its earlier runs have changed them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ptb_bucket.errors import CannotLoadError
from ptb_bucket.state import Kind, Record, timer_outline

if TYPE_CHECKING:
    from ptb_bucket.state import Draft, WriterIdentity
    from ptb_bucket.tools.state import State

__all__ = ["forget_runs", "forget_runs_elsewhere"]


def forget_runs(draft: Draft, record: Record) -> None:
    """Remove all runs of a timer from the units that a document lists.

    Otherwise, the timer would run, and what it changes would count as changed already.
    """
    draft.forget_units(f"timer:{record.timer[1]}#")


async def forget_runs_elsewhere(state: State, record: Record, encoded: bytes, writer: WriterIdentity) -> None:
    """Do the same in the other documents that a job can change: its user's, its chat's, the bot's, a conversation's.

    Args:
        state: The bot's state.
        record: The timer.
        encoded: Its value.
        writer: The ID for the commits.

    Raises:
        DocumentError, StoreError: A document could not be read or written. Run the restore again to continue.
    """
    from ptb_bucket.state import Draft  # noqa: PLC0415  reading does not need it

    layout = state.archive.layout
    keys = dict.fromkeys([*map(layout.key, _used(record, encoded, state.archive.codec)), *layout.keys(Kind)])
    for key in keys:
        if key != layout.key(record):
            draft = await Draft.open(state.archive, key, state.bot_id, writer)
            forget_runs(draft, record)
            await draft.commit()


def _used(record: Record, encoded: bytes, codec: str) -> list[Record]:
    """Return the records that PTB gives to the timer's callback, but for bot_data."""
    from ptb_bucket.state.timers import TIMEOUT  # noqa: PLC0415  only for timers

    try:
        timer = timer_outline(record, encoded, codec, also=("options",))
    except CannotLoadError:  # it does not run
        return []
    found = [] if timer.user_id is None else [Record.user(timer.user_id)]
    found += [] if timer.chat_id is None else [Record.chat(timer.chat_id)]
    return [*found, *_used_by_timeout(timer.options[TIMEOUT])] if TIMEOUT in timer.options else found


def _used_by_timeout(timeout: Any) -> list[Record]:
    """Return the records that the handlers of a conversation's timeout get, from the handler's name and the key."""
    numbers = [part for part in timeout["key"] if type(part) is int]
    owners = [owner for number in numbers for owner in (Record.user(number), Record.chat(number))]
    return [Record.of_conversation(timeout["handler"], tuple(timeout["key"])), *owners]
