"""Changing data from Python, outside of a running bot: an admin page, a cron job."""

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
    uri: Where, user_id: int, *, types: Iterable[Any] = (), bot_id: str | None = None,
    context_types: ContextTypes[Any, Any, Any, Any] | None = None, resolver: Resolver = keep_ours,
) -> AbstractAsyncContextManager[Any]:  # fmt: skip
    """Change one user's data, outside of a running bot.

    ::

        async with edit_user_data("s3://my-bucket/my-bot", 42) as data:
            data["premium"] = True

    At the end of the block, what changed is saved with one conditional write, and merged with whatever the bot saved
    meanwhile. A running bot sees it with its next refresh; one that never refreshes, after a restart, but does not
    overwrite it. If the block raises, nothing is saved.

    Args:
        uri: Where the bot's memory lies, or a store, which stays yours to close; None reads ``PTB_BUCKET_URI``. Layout
            and codec are found out.
        user_id: Whose data. Somebody of whom nothing is stored has what the context types make, usually ``{}``.
        types: The bot's own classes that occur in the data, as for :class:`ptb_bucket.BucketPersistence`.
        bot_id: Whose memory it must be; needed where the URI has ``{bot_id}`` in it.
        context_types: The application's.
        resolver: Decides where the bot changed the same value meanwhile; default: yours.

    Returns:
        An asynchronous context manager; entering gives the data, to be changed in place.

    Raises:
        ConfigurationError: An argument or the URI is wrong.
        NotFoundError: There is no bot's memory.
        CannotLoadError: The data holds a class that is not in ``types``.
        CannotStoreError: So does what you made of it, or it cannot live in a bucket at all. Nothing is saved.
        DocumentError, StoreError, UnsavedError: It could not be read, or not be saved.
    """
    return _edit(uri, Record.user(user_id), types, bot_id, context_types, resolver)


def edit_chat_data(  # noqa: PLR0913  settings of one thing, by keyword
    uri: Where, chat_id: int, *, types: Iterable[Any] = (), bot_id: str | None = None,
    context_types: ContextTypes[Any, Any, Any, Any] | None = None, resolver: Resolver = keep_ours,
) -> AbstractAsyncContextManager[Any]:  # fmt: skip
    """Change one chat's data; all as :func:`edit_user_data`."""
    return _edit(uri, Record.chat(chat_id), types, bot_id, context_types, resolver)


def edit_bot_data(
    uri: Where, *, types: Iterable[Any] = (), bot_id: str | None = None,
    context_types: ContextTypes[Any, Any, Any, Any] | None = None, resolver: Resolver = keep_ours,
) -> AbstractAsyncContextManager[Any]:  # fmt: skip
    """Change ``bot_data``; all as :func:`edit_user_data`."""
    return _edit(uri, BOT_DATA, types, bot_id, context_types, resolver)


@asynccontextmanager
async def _edit(  # noqa: PLR0913, PLR0917  as those above
    uri: Where, record: Record, types: Iterable[Any], bot_id: str | None,
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
