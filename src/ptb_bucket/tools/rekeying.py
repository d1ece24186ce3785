"""Encrypt or sign a whole state anew, with other keys or in another way."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ptb_bucket._aio import for_each
from ptb_bucket.errors import ForeignDocumentError, RefusedError
from ptb_bucket.location import locate
from ptb_bucket.sealing import UNPROTECTED, Sealing, TransitionStore
from ptb_bucket.state import Archive, Journals
from ptb_bucket.stores import RetryingStore
from ptb_bucket.tools.state import bot_id_text

if TYPE_CHECKING:
    import os

    from ptb_bucket.stores import BlobStore

__all__ = ["Rekeyed", "rekey"]


@dataclass(frozen=True)
class Rekeyed:
    """The keys of the documents ``written``, and of those ``left`` because they were already sealed correctly."""

    bot_id: str
    sealing: str
    written: list[str]
    left: list[str]


async def rekey(  # noqa: PLR0913  settings, by keyword
    where: str | os.PathLike[str] | BlobStore | None = None,
    *,
    bot_id: int | str | None = None,
    sealing: Sealing | None = None,
    old: Sealing | None = None,
    to_plain: bool = False,
    dry_run: bool = False,
) -> Rekeyed:
    """Rewrite every document that is not sealed as a bot with these settings would seal it.

    All documents are opened before the first one is written. If you run it again after an interruption, it continues
    where it stopped. Bots may keep running if their settings can open the new documents.

    Args:
        where: As for :class:`ptb_bucket.BucketPersistence`.
        bot_id: The ID of the bot that must own the state; None accepts any bot.
        sealing: How to seal the documents. None reads the environment.
        old: How the documents are sealed now, if ``sealing`` cannot open them. Settings without keys accept documents
            that are stored in plain text.
        to_plain: If ``sealing`` has no keys, remove the protection.
        dry_run: Open all documents and report which ones would be written, but write nothing.

    Raises:
        RefusedError: ``sealing`` has no keys, and ``to_plain`` is false.
        NotFoundError: No state is stored at ``where``.
        DocumentError: Neither ``sealing`` nor ``old`` can open a document.
        StoreError: The store could not be read or written.
    """
    bot_id = bot_id_text(bot_id)
    location = locate(where, None, None, (), sealing)
    new = location.sealing.sealer(bot_id)
    if new.protection == UNPROTECTED and old is not None and not to_plain:
        raise RefusedError(
            "No keys are set, so the state would be stored unprotected. Set PTB_BUCKET_ENCRYPTION_KEYS or "
            "PTB_BUCKET_SIGNING_KEYS, or pass --to-plain to remove the protection."
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
    """Return the ID of the bot that owns the documents, and their keys and those of its broadcasts."""
    archive = await Archive.find(store, bot_id=bot_id, **said)
    owners, keys = set(), []
    async for part in archive.parts():
        owners.add(part.bot_id)
        keys.append(part.key)
    if not owners:
        raise archive.gone()
    if len(owners) > 1:
        raise ForeignDocumentError(
            f"The documents belong to more than one bot: {', '.join(sorted(owners))}. Move each bot to its own prefix."
        )
    objects = [key for listed in (await Journals(store).objects()).values() for key in listed]

    async def open_object(key: str) -> None:
        await store.get(key)

    await for_each(objects, open_object)
    return owners.pop(), [*keys, *objects]
