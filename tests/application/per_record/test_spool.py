"""Tests of an outage when an application on per-record ends: the next start saves its changes, each once."""

from __future__ import annotations

from datetime import timedelta

import pytest
from telegram.ext import MessageHandler, filters

from ptb_bucket.errors import UnavailableError, UnsavedError
from ptb_bucket.testing.faults import Fault
from ptb_bucket.tools import open_state
from ptb_bucket.tools.sweeping import sweep
from support.applications.instances import World

OTHER = 99


async def note(update, context):
    context.user_data.setdefault("log", []).append(update.effective_message.text)


async def reach(_update, context):
    """For somebody whom nobody has loaded."""
    context.application.user_data[OTHER].update(name="?", noted=True)
    context.application.mark_data_for_update_persistence(user_ids=OTHER)


class Spooling(World):
    """A world whose instances keep unsaved changes in a spool."""

    def __init__(self, where, spool) -> None:
        super().__init__(where)
        self.spool = spool

    def build(self, *handlers, **options):
        own = {"layout": "per-record", "spool_dir": self.spool}
        return super().build(*handlers or [MessageHandler(filters.ALL, note)], **own, **options)

    def files(self):
        return sorted(self.spool.glob("*.spool"))

    async def end_in_an_outage(self, app, text="late"):
        """Handle one more update and shut down in an outage; return the text of the error about unsaved changes."""
        self.plan = lambda operation, _key: Fault.UNAVAILABLE if operation == "put" else None
        app.persistence._session.replica.documents.retry_policy.deadline = 0.05
        with pytest.raises((UnavailableError, UnsavedError)):
            await self.ada.send(app, text)
        with pytest.raises(UnsavedError) as told:
            await app.shutdown()
        self.plan = lambda _operation, _key: None
        return str(told.value)


@pytest.fixture(params=["file", "memory"])
async def world(request, tmp_path):
    made = Spooling(
        f"file:{tmp_path}/bot" if request.param == "file" else f"memory:{tmp_path.name}", tmp_path / "spool"
    )
    yield made
    await made.close()


async def test_what_is_unsaved_at_shutdown_is_there_after_the_next_start(world):
    async with world.build() as app:
        await world.ada.send(app, "before")
    app = world.build()
    await app.initialize()
    said = await world.end_in_an_outage(app)
    assert "user_data[42]" in said
    assert str(world.spool) in said
    assert len(world.files()) == 1
    async with world.build() as two:
        assert world.files() == []
        await world.ada.send(two, "after")
        assert two.user_data[42] == {"log": ["before", "late", "after"]}
    assert (await world.stored("per-record")).user_data == {42: {"log": ["before", "late", "after"]}}


async def test_the_file_is_there_until_its_commit_is(world):
    app = world.build()
    await app.initialize()
    await world.end_in_an_outage(app)
    seen = []

    def plan(operation, _key):
        if operation == "put":
            seen.append(len(world.files()))
            return Fault.DENIED
        return None

    world.plan = plan
    with pytest.raises(Exception, match="will not start without them"):
        await world.start()
    assert seen == [1]
    assert len(world.files()) == 1
    world.plan = lambda operation, _key: seen.append(len(world.files())) if operation == "put" else None
    await world.start()
    assert seen == [1, 1]
    assert world.files() == []


async def test_what_was_written_unseen_replaces_nothing_after_the_next_start_either(world):
    async with world.build() as theirs:
        theirs.user_data[OTHER]["name"] = "Ada"
        theirs.mark_data_for_update_persistence(user_ids=OTHER)
    app = world.build(MessageHandler(filters.ALL, reach))
    await app.initialize()
    assert f"user_data[{OTHER}]" in await world.end_in_an_outage(app)
    await world.start()
    assert (await world.stored("per-record")).user_data == {OTHER: {"name": "Ada", "noted": True}}


async def test_what_is_begun_anew_after_a_drop_is_saved_though_the_empty_document_was_swept_meanwhile(world):
    async with world.build() as app:
        await world.ada.send(app, "before")
        app.drop_user_data(42)
    app = world.build()
    await app.initialize()
    await world.end_in_an_outage(app)
    async with open_state(world.store()) as state:
        assert len((await sweep(state, timedelta(seconds=-5))).removed) == 1
    await world.start()
    assert (await world.stored("per-record")).user_data == {42: {"log": ["late"]}}
