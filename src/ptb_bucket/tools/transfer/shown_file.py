"""Show a file of PTB's PicklePersistence as a state, without the bot's classes and without running anything in it."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from ptb_bucket.errors import CannotLoadError, CannotStoreError, ConfigurationError
from ptb_bucket.state import Draft, Kind
from ptb_bucket.stores import MemoryStore
from ptb_bucket.tools.state import open_state
from ptb_bucket.tools.transfer.ptb_records import records_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from ptb_bucket.tools.state import State

__all__ = ["open_memory_file"]


@asynccontextmanager
async def open_memory_file(path: Path, *, bot_id: str = "0") -> AsyncIterator[State]:
    """Open a file of PicklePersistence (``single_file=True``) as a state in memory. The file is read once.

    Changes stay in memory. Instances of all classes are shown by their parts.

    Args:
        path: The file.
        bot_id: The bot's ID, which the file does not contain.

    Raises:
        ConfigurationError: The file cannot be read.
        CannotLoadError: It is damaged, or PicklePersistence did not write it.
    """
    records = _records(path)
    store = MemoryStore()
    async with open_state(store, bot_id=bot_id, create=True) as state:
        draft = await Draft.open(state.archive, "state", bot_id, state.writer("file"))
        draft.stage(records)
        await draft.commit()
        yield state


def _records(path: Path) -> dict[Any, bytes | None]:
    from ptb_bucket.codecs import inspect_ptb_pickle, render_inspected  # noqa: PLC0415  they import telegram

    try:
        data = inspect_ptb_pickle(path.read_bytes())
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be read: {error.strerror}.") from error
    except CannotLoadError as error:
        raise CannotLoadError(f"{path.name} cannot be shown: {error}") from error
    if not isinstance(data, dict) or not {Kind.USER.value, Kind.CHAT.value, Kind.CONVERSATION.value} <= data.keys():
        raise CannotLoadError(f"{path.name} is a pickle, but PicklePersistence did not write it with single_file=True.")
    found: dict[Any, bytes | None] = {}
    for record, value in records_of(data):
        try:
            found[record] = render_inspected(value).encode()
        except CannotStoreError as error:
            found[record] = render_inspected(f"This cannot be shown: {error.reason}").encode()
    return found
