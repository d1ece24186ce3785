"""Bots' memories on one place, each as a new process would have it."""

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
    """Opens persistences that have the same options, and closes all of them in the end.

    Args:
        options: Of every :class:`BucketPersistence`.
    """

    def __init__(self, **options: Any) -> None:
        self.options = options
        self._opened: list[BucketPersistence] = []

    def open(self, where: str | BlobStore, **options: Any) -> BucketPersistence:
        """Open one more, with further options."""
        persistence: BucketPersistence = BucketPersistence(where, **self.options | options)
        # With a request object of its own, a bot would read all CA certificates, which takes longer than the test.
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
            # What could not be saved is what the test was about; the connections are let go of all the same.
            with suppress(PTBBucketError):
                await asyncio.wait_for(persistence.flush(), 60)


def with_options(uri: str, options: str) -> str:
    """Return a URI with further options, ``name=value&...``."""
    return f"{uri}{'&' if '?' in uri else '?'}{options}"


async def everything(persistence: BucketPersistence) -> list[Any]:
    """Return all kinds of data, as an application that starts asks for them."""
    return [
        await persistence.get_bot_data(),
        await persistence.get_chat_data(),
        await persistence.get_user_data(),
        await persistence.get_callback_data(),
        await persistence.get_conversations("order"),
    ]
