"""Make a timer due now, so that the bot runs it at its next look at timers."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Any

from ptb_bucket.errors import NotFoundError, RefusedError
from ptb_bucket.state import EFFECT, MISSING
from ptb_bucket.tools.edit.edit import change

if TYPE_CHECKING:
    from ptb_bucket.state import Record
    from ptb_bucket.state.timers import Timer
    from ptb_bucket.tools.edit.edit import Edit
    from ptb_bucket.tools.state import State

__all__ = ["make_due"]


async def make_due(state: State, record: Record, *, dry_run: bool = False, planned: Edit | None = None) -> Edit:
    """Make a timer due now. It runs on the bot, not here.

    A timer that is parked runs again, with as many tries as a new one. A timer that repeats goes on from now.

    Args:
        state: A state that was opened with ``keep_unknown``.
        record: The record of the timer.
        dry_run: Change nothing.
        planned: As for ``set_value``.

    Raises:
        NotFoundError: The timer does not exist.
        OvertakenError: The timer has changed since ``planned``. Nothing was changed.
        RefusedError: The timer is damaged, an instance is running it now, or its data can only be loaded with the bot's
            classes.
        PTBBucketError: The change could not be saved.
    """

    def edit(value: Any, _: list[Any]) -> Any:
        due = _runnable(record, value).restarted(time.time(), os.urandom(4).hex())
        made: dict[str, Any] = due.to_value()
        return made

    return await change(state, record, "", edit, dry_run=dry_run, planned=planned)


def _runnable(record: Record, value: Any) -> Timer:
    """Return a timer that may be made due."""
    from ptb_bucket.state import timer_of  # noqa: PLC0415  only tools for timers import it

    if value is MISSING:
        raise NotFoundError(f"{record.label} does not exist. It may have run, or been cancelled.")
    if record.timer[1].startswith(EFFECT):
        raise RefusedError(f"{record.label} keeps how an effect ended. It can't run. Nothing was changed.")
    try:
        timer = timer_of(value)
    except ValueError as error:
        raise RefusedError(f"{record.label} is damaged: {error}. Nothing was changed.") from error
    if timer.claim and timer.claim.until > time.time():
        raise RefusedError(f"An instance is running {record.label} now. Nothing was changed. Try again in a minute.")
    return timer
