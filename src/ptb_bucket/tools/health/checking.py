"""Check that a bot can work with a bucket, by trying every operation that it needs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ptb_bucket.location import locate
from ptb_bucket.tools.health.bucket_probe import BucketProbe, check_reachable
from ptb_bucket.tools.health.owner import check_broadcasts, check_owner, check_records
from ptb_bucket.tools.health.report import Check, Report
from ptb_bucket.tools.state import bot_id_text

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable

    from ptb_bucket.stores import BlobStore

__all__ = ["check"]


async def check(
    where: str | os.PathLike[str] | BlobStore | None = None,
    *,
    bot_id: int | str | None = None,
    types: Iterable[Any] = (),
) -> list[Check]:
    """Try everything that a bot needs with a test object, which is removed at the end. A running bot is not disturbed.

    Args:
        where: As for :class:`ptb_bucket.BucketPersistence`.
        bot_id: The ID of the bot that must own the state, if there is one. None accepts any bot.
        types: The bot's classes, as for :class:`ptb_bucket.BucketPersistence`. With them, the check finds records that
            the bot could not decode; without them, only damaged records.

    Returns:
        One result per check. A failed check does not stop the others, unless the store does not answer at all.

    Raises:
        ConfigurationError: The URI is wrong, or the bot's ID is needed and not known.
    """
    bot_id = bot_id_text(bot_id)
    location = locate(where, None, None, ())
    owner = location.checked_bot_id(bot_id)
    store = location.below(owner)
    report = Report()
    try:
        if await check_reachable(store, report):
            await BucketProbe(store, report).run()
            sealed = location.sealed(store, owner)
            await check_owner(sealed, bot_id, location.said, report)
            await check_records(sealed, bot_id, location.said, list(types), report)
            await check_broadcasts(sealed, report)
    finally:
        if location.store is None:
            await store.close()
    return report.all()
