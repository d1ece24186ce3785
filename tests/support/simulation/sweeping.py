"""Removal of records that were dropped long ago, while bots may write them anew."""

from __future__ import annotations

import asyncio

from ptb_bucket.errors import LostRaceError, NotFoundError
from ptb_bucket.state import open_layout
from ptb_bucket.state.document.document import Document
from ptb_bucket.state.spool.format import unpack
from support.simulation.handlers import RECORDS


async def sweep_often(world) -> None:
    """Sweep as ``ptb-bucket sweep`` does: look, then delete on the condition that nobody has written meanwhile."""
    layout, extension = open_layout(world.layout), f".{'pkl' if world.codec == 'pickle' else world.codec}"
    while True:
        await asyncio.sleep(world.rng.expovariate(20))
        record = world.rng.choice(RECORDS[1:])
        key = layout.key(record) + extension
        if (etag := await _tombstone(world, key)) and _is_old(world, record, key, etag):
            await _remove(world, key, etag)


async def _tombstone(world, key) -> str | None:
    try:
        blob = await world.bottom.get(key)
    except NotFoundError:
        return None
    document = Document.unpack(blob.data, codec=world.codec, bot_id="1")
    return None if any(document.sections.values()) else blob.etag


async def _remove(world, key, etag) -> None:
    await asyncio.sleep(world.rng.uniform(0, 0.5))
    if not world.faulty._late:
        try:
            await world.bottom.delete_if(key, etag)
            world.swept += 1
        except LostRaceError:
            world.kept += 1


def _is_old(world, record, key, etag) -> bool:
    """Return True if no process, no spool and no late write knows an earlier version."""
    tracked_documents = [instance.replica.documents.tracked.known(record) for instance in world.everybody]
    known = [(tracked.ledger.etag, tracked.ledger.attempt) for tracked in tracked_documents if tracked is not None]
    for data in world.spool.files.values():
        spooled = unpack(data)
        if spooled.origin.document.startswith(f"{key} "):
            known.append((spooled.data["etag"], spooled.data["attempt"]))
    return not world.faulty._late and all(
        version == etag or (version is None and attempt is None) for version, attempt in known
    )
