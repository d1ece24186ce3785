"""Persistences on one place, each as in a new process."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

from telegram.ext import ExtBot

from ptb_bucket import BucketPersistence
from ptb_bucket.errors import PTBBucketError
from ptb_bucket.offline_telegram import OfflineRequest, OfflineTelegram

if TYPE_CHECKING:
    from types import TracebackType

    from typing_extensions import Self

    from ptb_bucket.stores import BlobStore

__all__ = ["Instances", "everything", "with_options"]

_TELEGRAM: Final = OfflineTelegram()


class Instances:
    """A group of persistences with the same options, which are all closed at the end.

    Args:
        options: The options of every :class:`BucketPersistence`.
    """

    def __init__(self, **options: Any) -> None:
        self.options = options
        self._opened: list[BucketPersistence] = []

    def open(self, where: str | BlobStore, **options: Any) -> BucketPersistence:
        """Open another persistence, with further options."""
        persistence: BucketPersistence = BucketPersistence(where, **self.options | options)
        # With its own request object, a bot would read all CA certificates, which takes longer than the test.
        request = OfflineRequest(_TELEGRAM)
        bot = ExtBot(_TELEGRAM.token, request=request, get_updates_request=request, arbitrary_callback_data=True)
        persistence.set_bot(bot)
        self._opened.append(persistence)
        return persistence

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for persistence in self._opened:
            # The test may be about unsaved changes; the connections are closed in any case.
            with suppress(PTBBucketError):
                await asyncio.wait_for(persistence.flush(), 60)


def with_options(uri: str, options: str) -> str:
    """Return a URI with further options, ``name=value&...``."""
    return f"{uri}{'&' if '?' in uri else '?'}{options}"


async def everything(persistence: BucketPersistence) -> list[Any]:
    """Return all kinds of data, as an application loads them at its start."""
    return [
        await persistence.get_bot_data(),
        await persistence.get_chat_data(),
        await persistence.get_user_data(),
        await persistence.get_callback_data(),
        await persistence.get_conversations("order"),
    ]
