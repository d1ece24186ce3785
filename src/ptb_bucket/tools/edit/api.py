"""Change a bot's data from other Python code, such as an admin page or a cron job."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from ptb_bucket.state import BOT_DATA, MISSING, Record, keep_ours
from ptb_bucket.tools.state import open_state

if TYPE_CHECKING:
    import os
    from collections.abc import AsyncIterator, Iterable
    from contextlib import AbstractAsyncContextManager

    from telegram.ext import ContextTypes

    from ptb_bucket.state import Resolver
    from ptb_bucket.stores import BlobStore

    Where = str | os.PathLike[str] | BlobStore | None

__all__ = ["edit_bot_data", "edit_chat_data", "edit_user_data"]


def edit_user_data(  # noqa: PLR0913  settings of one thing, by keyword
    uri: Where, user_id: int, *, types: Iterable[Any] = (), bot_id: int | str | None = None,
    context_types: ContextTypes[Any, Any, Any, Any] | None = None, resolver: Resolver = keep_ours,
) -> AbstractAsyncContextManager[Any]:  # fmt: skip
    """Change one user's data from outside the bot.

    ::

        async with edit_user_data("s3://my-bucket/my-bot", 42) as data:
            data["premium"] = True

    At the end of the block, your changes are merged with those that the bot saved in the meantime, and written with one
    conditional write. A running bot sees them at its next refresh. A bot that never refreshes sees them after a
    restart, and does not overwrite them. If the block raises, nothing is saved.

    Args:
        uri: Where the bot's state is stored, or a store, which you close yourself. None reads ``PTB_BUCKET_URI``.
            Layout and codec are detected.
        user_id: The user's ID. The data of a user who has none stored is created by the context types, usually ``{}``.
        types: Your bot's classes that occur in the data, as for :class:`ptb_bucket.BucketPersistence`.
        bot_id: The ID of the bot that must own the state. Needed if the URI contains ``{bot_id}``.
        context_types: The application's context types.
        resolver: Decides if the bot changed the same value in the meantime. By default, your value wins.

    Returns:
        An asynchronous context manager that yields the data. Change it in place.

    Raises:
        ConfigurationError: An argument or the URI is wrong.
        NotFoundError: No state is stored at the URI.
        CannotLoadError: The data contains a class that is not in ``types``.
        CannotStoreError: Your changes contain a class that is not in ``types``, or a value that cannot be stored.
            Nothing is saved.
        DocumentError, StoreError, UnsavedError: The data could not be read or saved.
    """
    return _edit(uri, Record.user(user_id), types, bot_id, context_types, resolver)


def edit_chat_data(  # noqa: PLR0913  settings of one thing, by keyword
    uri: Where, chat_id: int, *, types: Iterable[Any] = (), bot_id: int | str | None = None,
    context_types: ContextTypes[Any, Any, Any, Any] | None = None, resolver: Resolver = keep_ours,
) -> AbstractAsyncContextManager[Any]:  # fmt: skip
    """Change one chat's data from outside the bot, as :func:`edit_user_data` does a user's."""
    return _edit(uri, Record.chat(chat_id), types, bot_id, context_types, resolver)


def edit_bot_data(
    uri: Where, *, types: Iterable[Any] = (), bot_id: int | str | None = None,
    context_types: ContextTypes[Any, Any, Any, Any] | None = None, resolver: Resolver = keep_ours,
) -> AbstractAsyncContextManager[Any]:  # fmt: skip
    """Change ``bot_data`` from outside the bot, as :func:`edit_user_data` does a user's data."""
    return _edit(uri, BOT_DATA, types, bot_id, context_types, resolver)


@asynccontextmanager
async def _edit(  # noqa: PLR0913, PLR0917  as those above
    uri: Where, record: Record, types: Iterable[Any], bot_id: int | str | None,
    context_types: ContextTypes[Any, Any, Any, Any] | None, resolver: Resolver,
) -> AsyncIterator[Any]:  # fmt: skip
    async with open_state(uri, types=types, bot_id=bot_id, context_types=context_types) as state:
        replica = await state.loaded([record], resolver=resolver)
        value = replica.values.load(record)
        if value is MISSING:
            value = state.defaults[record.kind]()
        yield value
        replica.stage(record, value)
        await replica.commit()
