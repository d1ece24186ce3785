"""A state that a bot changes several times, its records, and its restoration."""

from __future__ import annotations

from dataclasses import dataclass

from ptb_bucket.state import Record, WriterIdentity
from ptb_bucket.tools import open_past, open_state
from ptb_bucket.tools.versions.past import history
from ptb_bucket.tools.versions.restoring import restore

BOT = "123456"
ADA, GRACE, CHAT = Record.user(1), Record.user(2), Record.chat(3)


@dataclass
class Cart:
    items: list[str]


async def change(uri, *changes, types=(), bot_id=BOT):
    """Commit records with their new values as a bot; None drops a record."""
    async with open_state(uri, types=types, bot_id=bot_id, create=True) as state:
        replica = state.replica()
        replica.documents.writer = WriterIdentity()  # as a bot's
        await replica.documents.read_all()
        for record, value in changes:
            replica.values.load(record)
            replica.stage(record, value)
        await replica.commit()


async def records(uri):
    async with open_state(uri) as state:
        return {record: value async for part in state.archive.parts() for record, value in part.records.items()}


async def at(uri, number, what=None):
    """Return the time at which the version with this number was written, the oldest first."""
    async with open_past(uri) as archive:
        found = [one async for one in history(archive, what)]
    return found[::-1][number].version.modified


async def restored(uri, make_plan, **how):
    async with open_past(uri) as archive:
        plans = await make_plan(archive)
        await restore(archive, plans, **{"interval": 0, **how})
        return plans


async def versions(archive):
    return [one.version.version async for one in history(archive)]
