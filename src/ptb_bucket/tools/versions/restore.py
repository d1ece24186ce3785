"""Bringing back what a bot's memory was, as a new commit: it can be undone like any other."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import TYPE_CHECKING

from ptb_bucket._aio import outcomes
from ptb_bucket.errors import CorruptDocumentError, NotFoundError, RefusedError
from ptb_bucket.state import Draft, Kind, WriterIdentity
from ptb_bucket.tools.versions.history import keys_of, readable

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ptb_bucket.state import Archive, Part, Record
    from ptb_bucket.stores import BlobVersion

__all__ = ["UPDATE_INTERVAL", "Restoring", "plan_rescue", "plan_restore", "plan_version", "restore"]

UPDATE_INTERVAL = 60.0
_INTERVALS = 2


@dataclass(frozen=True)
class Restoring:
    """What restoring does to one object.

    ``version`` is what is brought back, None for nothing at all: the object did not exist then. ``over`` is the ETag of
    a current version that cannot be read. ``changes`` are the records that change, None where one is dropped.
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
        """Whether anything changes."""
        return bool(self.changes) or self.over is not None or bool(self.returning)

    @property
    def returning(self) -> set[str]:
        """The names of unknown sections that return. Those that are there now stay as they are."""
        return set(self.past.unknown if self.past else ()) - set(self.now.unknown if self.now else ())

    @property
    def owner(self) -> str:
        """Whose it is: where there is nothing now nor then, there is nothing to restore either."""
        part = self.past or self.now
        return part.bot_id if part else ""

    @property
    def figures(self) -> dict[str, int]:
        """How many records return, change, and are dropped."""
        had = {} if self.now is None else self.now.records
        returning = sum(value is not None and record not in had for record, value in self.changes.items())
        dropped = sum(value is None for value in self.changes.values())
        return {"returning": returning, "changed": len(self.changes) - returning - dropped, "dropped": dropped}


async def plan_restore(archive: Archive, at: datetime) -> list[Restoring]:
    """What it takes to have each object as it was at a time: its newest version that is not younger. Only what changes.

    Raises:
        NotFoundError: None of them existed then.
        DocumentError: A version of then cannot be read.
        UnsupportedError: Old versions are not kept there.
        StoreError: The store could not tell.
    """
    keys = await keys_of(archive, None)
    existed, plans = False, []
    async for plan in outcomes(keys, lambda key: _planned_at(archive, key, at)):
        existed = existed or plan.version is not None
        plans += [plan] if plan.is_needed else []
    if not existed:
        where = archive.store.describe(archive.name(keys[0]))
        raise NotFoundError(
            f"There is no version of {where} from before {at.isoformat(timespec='seconds')}. "
            "'ptb-bucket history' shows what there is."
        )
    return plans


async def _planned_at(archive: Archive, key: str, at: datetime) -> Restoring:
    then = [version async for version in archive.versions(key) if version.modified <= at]
    return await _planned(archive, key, then[0] if then and not then[0].deleted else None)


async def plan_version(archive: Archive, version: str, what: str | None = None) -> list[Restoring]:
    """What it takes to have one object as it was in one of its versions.

    Args:
        archive: Where it lies.
        version: As the history shows it.
        what: Which object, if several may have such a version.

    Raises:
        NotFoundError: No object has that version.
        RefusedError: Several have.
        DocumentError: It cannot be read.
        UnsupportedError: Old versions are not kept there.
        StoreError: The store could not tell.
    """
    found = [
        (key, one)
        for key in await keys_of(archive, what)
        async for one in archive.versions(key)
        if one.version == version and not one.deleted
    ]
    if not found:
        raise NotFoundError(f"No object has a version {version!r}. 'ptb-bucket history' shows what there is.")
    if len(found) > 1:
        names = ", ".join(archive.name(key) for key, _ in found)
        raise RefusedError(f"{names} have a version {version!r}. Say which one: --object KEY.")
    return [await _planned(archive, *found[0])]


async def plan_rescue(archive: Archive) -> list[Restoring]:
    """What it takes to have the newest version that can be read of each object that cannot, or that was deleted.

    Raises:
        NotFoundError: Of one of them there is no such version.
        UnsupportedError: Old versions are not kept there.
        StoreError: The store could not tell.
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
            f"{archive.store.describe(archive.name(key))} cannot be read, and no older version of it can. It was not "
            "changed: correct it, or move it away to start anew."
        )
    return None


async def _current(archive: Archive, key: str) -> tuple[Part | None, str | None]:
    """The document as it is, and the ETag of one that is damaged. Another bot's is not for us to replace."""
    try:
        return await archive.part(key), None
    except CorruptDocumentError as error:
        if error.etag is None:
            raise
        return None, error.etag


async def _planned(archive: Archive, key: str, version: BlobVersion | None) -> Restoring:
    past = None if version is None else await archive.part(key, version.version)
    if version is not None and past is None:
        raise NotFoundError(f"{archive.name(key)}: the version {version.version} was removed while it was looked for.")
    now, over = await _current(archive, key)
    had, then = (now.records if now else {}), (past.records if past else {})
    changes = {record: then.get(record) for record in {**had, **then} if had.get(record) != then.get(record)}
    return Restoring(key, archive.name(key), version, changes, now, past, over)


async def restore(
    archive: Archive, plans: Sequence[Restoring], *, interval: float = UPDATE_INTERVAL, force: bool = False
) -> None:
    """Write what was planned: one commit for each object that changes.

    Args:
        archive: Where they lie.
        plans: What to do.
        interval: The running bot's update interval, in seconds.
        force: Also while a bot is writing.

    Raises:
        RefusedError: A bot has committed within two intervals; it may still hold what it read, and write it back.
        StoreError: One could not be written; those before it are.
        DocumentError: What lies there now cannot be used.
    """
    needed = [plan for plan in plans if plan.is_needed]
    _refuse_empty(needed)
    if not force:
        await _refuse_while_written(archive, needed, interval * _INTERVALS)
    writer = WriterIdentity("restore")
    for plan in needed:
        draft = await Draft.open(archive, plan.key, plan.owner, writer, over=plan.over, past=plan.past)
        draft.stage(plan.changes)
        await draft.commit()


def _refuse_empty(plans: Sequence[Restoring]) -> None:
    for plan in plans:
        if not plan.changes and not plan.returning:
            raise RefusedError(
                f"{plan.object} cannot be read, and held nothing then. Move it away to start anew; nothing was changed."
            )


async def _refuse_while_written(archive: Archive, plans: Sequence[Restoring], within: float) -> None:
    """Whoever wrote to any of them lately still runs, perhaps. What cannot be read, no bot can be writing.

    All are read again: a plan may be old, and a bot may have been started since.
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
                    f"{part.key}: the bot (writer {commit.writer}) committed {max(0, int(ago))} seconds ago, and may "
                    "still be running: it could write back what is to be undone. Stop it and wait "
                    f"{within:g} seconds, or insist: --force."
                )
