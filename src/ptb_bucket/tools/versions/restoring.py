"""Restore an earlier state of a bot with a new commit, which can be undone like any other."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import TYPE_CHECKING

from ptb_bucket._aio import outcomes
from ptb_bucket.errors import CorruptDocumentError, NotFoundError, RefusedError
from ptb_bucket.state import Kind, WriterIdentity
from ptb_bucket.tools.versions.past import keys_of, readable

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ptb_bucket.state import Archive, Part, Record
    from ptb_bucket.stores import BlobVersion

__all__ = ["UPDATE_INTERVAL", "Restoring", "plan_rescue", "plan_restore", "plan_version", "restore"]

UPDATE_INTERVAL = 60.0
_INTERVALS = 2


@dataclass(frozen=True)
class Restoring:
    """The plan to restore one object.

    ``version`` is the version to restore, or None if the object did not exist then. ``over`` is the ETag of a current
    version that cannot be read. ``changes`` has the new value of each record that changes, or None if it is dropped.
    """

    key: str
    object: str
    version: BlobVersion | None
    changes: Mapping[Record, bytes | None] = field(repr=False)
    now: Part | None = field(repr=False)
    past: Part | None = field(repr=False)
    over: str | None = None

    @property
    def is_needed(self) -> bool:
        """Tell whether anything changes."""
        return bool(self.changes) or self.over is not None or bool(self.returning)

    @property
    def returning(self) -> set[str]:
        """Return the names of unknown sections that are restored. Existing ones are not changed."""
        return set(self.past.unknown if self.past else ()) - set(self.now.unknown if self.now else ())

    @property
    def owner(self) -> str:
        """Return the ID of the bot that owns the object, or an empty text if there is nothing to restore."""
        part = self.past or self.now
        return part.bot_id if part else ""

    @property
    def figures(self) -> dict[str, int]:
        """Return the numbers of records that return, change, and are dropped."""
        had = {} if self.now is None else self.now.records
        returning = sum(value is not None and record not in had for record, value in self.changes.items())
        dropped = sum(value is None for value in self.changes.values())
        return {"returning": returning, "changed": len(self.changes) - returning - dropped, "dropped": dropped}


async def plan_restore(archive: Archive, at: datetime) -> list[Restoring]:
    """Plan to restore each object as it was at a time, from its newest version that is not younger.

    Returns:
        The plans of the objects that change.

    Raises:
        NotFoundError: No object existed at that time.
        DocumentError: A version from that time cannot be read.
        UnsupportedError: The store keeps no old versions.
        StoreError: The store could not be read.
    """
    keys = await keys_of(archive, None)
    existed, plans = False, []
    async for plan in outcomes(keys, lambda key: _planned_at(archive, key, at)):
        existed = existed or plan.version is not None
        plans += [plan] if plan.is_needed else []
    if not existed:
        where = archive.store.describe(archive.name(keys[0]))
        raise NotFoundError(
            f"{where} has no version older than {at.isoformat(timespec='seconds')}. "
            "Run 'ptb-bucket history' to list all versions."
        )
    return plans


async def _planned_at(archive: Archive, key: str, at: datetime) -> Restoring:
    then = [version async for version in archive.versions(key) if version.modified <= at]
    return await _planned(archive, key, then[0] if then and not then[0].deleted else None)


async def plan_version(archive: Archive, version: str, what: str | None = None) -> list[Restoring]:
    """Plan to restore one object from one of its versions.

    Args:
        archive: The bot's archive.
        version: The version, as the history shows it.
        what: The object's key, if several objects may have such a version.

    Raises:
        NotFoundError: No object has that version.
        RefusedError: Several objects have it.
        DocumentError: The version cannot be read.
        UnsupportedError: The store keeps no old versions.
        StoreError: The store could not be read.
    """
    found = [
        (key, one)
        for key in await keys_of(archive, what)
        async for one in archive.versions(key)
        if one.version == version and not one.deleted
    ]
    if not found:
        raise NotFoundError(
            f"There is no object with version {version!r}. Run 'ptb-bucket history' to list all versions."
        )
    if len(found) > 1:
        names = ", ".join(archive.name(key) for key, _ in found)
        raise RefusedError(f"More than one object has version {version!r}: {names}. Choose one with --object KEY.")
    return [await _planned(archive, *found[0])]


async def plan_rescue(archive: Archive) -> list[Restoring]:
    """Plan to restore each object that cannot be read or was deleted, from its newest version that can be read.

    Raises:
        NotFoundError: An object that cannot be read has no such version.
        UnsupportedError: The store keeps no old versions.
        StoreError: The store could not be read.
    """
    plans = []
    for key in await keys_of(archive, None):
        now, over = await _current(archive, key)
        if now is None and (version := await _newest(archive, key, needed=over is not None)):
            plans.append(await _planned(archive, key, version))
    return plans


async def _newest(archive: Archive, key: str, *, needed: bool) -> BlobVersion | None:
    async for version in archive.versions(key):
        if not version.deleted and (await readable(archive, key, version))[0] is not None:
            return version
    if needed:
        raise NotFoundError(
            f"{archive.store.describe(archive.name(key))} can't be read, and neither can any older version. Nothing "
            "was changed. Fix the object, or move it away to start with empty state."
        )
    return None


async def _current(archive: Archive, key: str) -> tuple[Part | None, str | None]:
    """Return the current document, or the ETag of a damaged one. Another bot's document raises an error."""
    try:
        return await archive.part(key), None
    except CorruptDocumentError as error:
        if error.etag is None:
            raise
        return None, error.etag


async def _planned(archive: Archive, key: str, version: BlobVersion | None) -> Restoring:
    past = None if version is None else await archive.part(key, version.version)
    if version is not None and past is None:
        raise NotFoundError(
            f"Version {version.version} of {archive.name(key)} was removed in the meantime. Run the restore again."
        )
    now, over = await _current(archive, key)
    had, then = (now.records if now else {}), (past.records if past else {})
    changes = {record: then.get(record) for record in {**had, **then} if had.get(record) != then.get(record)}
    return Restoring(key, archive.name(key), version, changes, now, past, over)


async def restore(
    archive: Archive, plans: Sequence[Restoring], *, interval: float = UPDATE_INTERVAL, force: bool = False
) -> None:
    """Carry out the plans, with one commit for each object that changes.

    Args:
        archive: The bot's archive.
        plans: The plans.
        interval: The bot's update interval in seconds.
        force: Restore even while a bot is writing.

    Raises:
        RefusedError: A bot has committed within two intervals, so it may write back the data that it has in memory.
        StoreError: An object could not be written. Those before it were.
        DocumentError: A current document cannot be used.
    """
    needed = [plan for plan in plans if plan.is_needed]
    _refuse_empty(needed)
    if not force:
        await _refuse_while_written(archive, needed, interval * _INTERVALS)
    if needed:
        await _commit(archive, needed)


async def _commit(archive: Archive, plans: Sequence[Restoring]) -> None:
    from ptb_bucket.state import Draft  # noqa: PLC0415  reading does not need it

    writer = WriterIdentity("restore")
    for plan in plans:
        draft = await Draft.open(archive, plan.key, plan.owner, writer, over=plan.over, past=plan.past)
        draft.stage(plan.changes)
        draft.replace_units(plan.past.header.units if plan.past else ())
        await draft.commit()


def _refuse_empty(plans: Sequence[Restoring]) -> None:
    for plan in plans:
        if not plan.changes and not plan.returning:
            raise RefusedError(
                f"{plan.object} can't be read, and it was empty at that time. Nothing was changed. To start with "
                "empty state, move the object away."
            )


async def _refuse_while_written(archive: Archive, plans: Sequence[Restoring], within: float) -> None:
    """Refuse while a bot that has committed recently may be running. A damaged document has no bot that writes it.

    All documents are read again, because a plan may be old and a bot may have started since.
    """
    keys = [plan.key for plan in plans]
    if any(plan.now for plan in plans):
        keys += [key for key in archive.layout.keys(Kind) if key not in keys]
    seen = [part for part, _ in [await _current(archive, key) for key in keys]]
    now = datetime.now(timezone.utc)
    for part in filter(None, seen):
        for commit in part.commits:
            ago = (now - commit.time).total_seconds()
            if not commit.is_tools and ago < within:
                raise RefusedError(
                    f"The bot (writer {commit.writer}) changed {part.key} {max(0, int(ago))} seconds ago. It may "
                    f"still be running and could overwrite the restored data. Stop it and wait {within:g} seconds, or "
                    "pass --force."
                )
