"""Sealing a whole state in another way."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ptb_bucket.location import locate
from ptb_bucket.errors import ForeignDocumentError, RefusedError
from ptb_bucket.sealing import UNPROTECTED, Sealing, TransitionStore
from ptb_bucket.state import Archive
from ptb_bucket.stores import RetryingStore

if TYPE_CHECKING:
    import os

    from ptb_bucket.stores import BlobStore

__all__ = ["Rekeyed", "rekey"]


@dataclass(frozen=True)
class Rekeyed:
    """What was done: documents ``written``, and those ``left`` because they were sealed as they should be."""

    bot_id: str
    sealing: str
    written: list[str]
    left: list[str]


async def rekey(  # noqa: PLR0913  settings, by keyword
    where: str | os.PathLike[str] | BlobStore | None = None,
    *,
    bot_id: str | None = None,
    sealing: Sealing | None = None,
    old: Sealing | None = None,
    to_plain: bool = False,
    dry_run: bool = False,
) -> Rekeyed:
    """Write every document anew that is not sealed as a bot with these settings would seal it.

    All documents are opened before the first one is written. Done again, it goes on where it ended. Bots may run
    meanwhile if their settings open what is written.

    Args:
        where: As for :class:`ptb_bucket.BucketPersistence`.
        bot_id: Whose it must be. None takes anybody's.
        sealing: How it is to be sealed; without, as the environment says.
        old: How it was sealed, if ``sealing`` does not open that. Settings without keys take whatever lies there.
        to_plain: Without keys, take the protection away.
        dry_run: Open all of them and say what would be written, and write nothing.

    Raises:
        RefusedError: There are no keys, and ``to_plain`` was not said.
        NotFoundError: There is no bot's state.
        DocumentError: A document can be opened in neither way.
        StoreError: The store could not tell, or not write.
    """
    location = locate(where, None, None, (), sealing)
    new = location.sealing.sealer(bot_id)
    if new.protection == UNPROTECTED and old is not None and not to_plain:
        raise RefusedError(
            "No keys are set, so that everything would lie there plain. Set PTB_BUCKET_ENCRYPTION_KEYS or "
            "PTB_BUCKET_SIGNING_KEYS, or insist with --to-plain."
        )
    below = RetryingStore(location.below(location.checked_bot_id(bot_id)))
    try:
        store = TransitionStore(below, new, None if old is None else old.sealer(bot_id))
        new.bot_id, keys = await _documents(store, bot_id, **location.said)
        done: dict[bool, list[str]] = {True: [], False: []}
        for key in keys:
            done[await (store.is_due(key) if dry_run else store.rekey(key))].append(key)
        return Rekeyed(new.bot_id, f"{new.protection}, compression={new.compression}", done[True], done[False])
    finally:
        if location.store is None:
            await below.close()


async def _documents(store: BlobStore, bot_id: str | None, **said: str) -> tuple[str, list[str]]:
    """Whose documents they are, and their keys."""
    archive = await Archive.find(store, bot_id=bot_id, **said)
    owners, keys = set(), []
    async for part in archive.parts():
        owners.add(part.bot_id)
        keys.append(part.key)
    if not owners:
        raise archive.gone()
    if len(owners) > 1:
        raise ForeignDocumentError(
            f"Documents of several bots lie there: {', '.join(sorted(owners))}. Move them apart."
        )
    return owners.pop(), keys
