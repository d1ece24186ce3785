"""A timer that was copied, imported, restored or moved runs in its new place, and an erased one does not."""

from __future__ import annotations

from datetime import datetime, timezone

import pytest
from telegram.ext import MessageHandler, filters

from ptb_bucket import JobRetry
from ptb_bucket.state import LAYOUTS, Record
from ptb_bucket.tools import (
    copy,
    erase,
    export_json,
    find_person,
    history,
    import_memory,
    list_timers,
    make_due,
    open_past,
    open_state,
    open_target,
    plan_restore,
    read_memory,
    restore,
    summarize,
)
from support.parameters import crossed

KEY = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
WAYS = crossed(LAYOUTS, ["json", "pickle", "sealed"], strength=1)
OLD, NEW = -5, -1005


async def note(context):
    """Count the runs of a job in the data that it belongs to."""
    data = context.chat_data if context.job.user_id is None else context.user_data
    data["ran"] = data.get("ran", 0) + 1
    data["with"] = context.job.data


def add(context):
    """Add jobs of a user, and of a chat."""
    context.user_data["ran"] = context.chat_data["ran"] = 0
    context.job_queue.run_once(note, 3600, data={"text": "tea"}, user_id=42)
    context.job_queue.run_repeating(note, 3600, data=("news", 1), chat_id=context._chat_id, name="news")


async def migrate(update, context):
    context.application.migrate_chat_data(update.effective_message)


@pytest.fixture(params=WAYS)
def way(request, monkeypatch):
    layout, codec = request.param
    if codec == "sealed":
        monkeypatch.setenv("PTB_BUCKET_ENCRYPTION_KEYS", KEY)
    return {"layout": layout, "codec": "pickle" if codec == "pickle" else "json"}


class Places:
    """Buckets of one bot, with the jobs that it has added in the first one."""

    def __init__(self, bots, clock, folder, way):
        self.bots, self.clock, self._folder, self._way = bots, clock, folder, way

    def uri(self, name="first", **way):
        options = "&".join(f"{key}={value}" for key, value in {**self._way, **way}.items())
        return f"file:{self._folder}/{name}?{options}&keep=20"

    def build(self, name="first", **way):
        self.bots.where = f"file:{self._folder}/{name}?keep=20"
        application = self.bots.build([note], commands={"add": add}, **{**self._way, **way})
        application.add_handler(MessageHandler(filters.StatusUpdate.MIGRATE, migrate))
        return application

    async def begin(self):
        async with self.build() as application:
            await self.bots.ada.send(application, "/add")
        assert self.bots.errors == []

    async def runs(self, name="first", seconds=3601, **way):
        """Tick after some time; return how many jobs ran, and the data of Ada and of the chat with her."""
        self.clock.pass_(seconds)
        async with self.build(name, **way) as application:
            ran = (await application.tick()).ran
            assert (await application.tick()).ran == 0
            await application.load_data(chat_ids=42, user_ids=42)
            assert self.bots.errors == []
            return ran, application.user_data.get(42, {}), application.chat_data.get(42, {})

    async def keys(self, name="first", **way):
        async with open_state(self.uri(name, **way)) as state:
            return [info.key async for info in state.store.list("timers/due/")]


BOTH = (2, {"ran": 1, "with": {"text": "tea"}}, {"ran": 1, "with": ("news", 1)})


@pytest.fixture
async def places(bots_anywhere, clock, tmp_path, way):
    places = Places(bots_anywhere, clock, tmp_path, way)
    await places.begin()
    return places


@pytest.mark.parametrize("target", LAYOUTS)
async def test_a_copied_timer_runs_in_its_new_place(places, target):
    async with open_state(places.uri()) as source, open_target(places.uri("copy", layout=target), source) as state:
        await copy(source, state)
    assert await places.runs("copy", layout=target) == BOTH
    assert await places.runs("copy", layout=target) == (1, BOTH[1], {"ran": 2, "with": ("news", 1)})


async def test_an_imported_timer_runs(places, tmp_path):
    async with open_state(places.uri()) as state:
        await export_json(state, tmp_path / "export.json")
    async with open_state(places.uri("import"), bot_id="123456", create=True) as state:
        await import_memory(state, read_memory(tmp_path / "export.json"))
    assert await places.runs("import") == BOTH


async def test_a_timer_that_is_imported_over_its_past_runs_again(places, tmp_path):
    async with open_state(places.uri()) as state:
        await export_json(state, tmp_path / "export.json")
    assert await places.runs() == BOTH
    async with open_state(places.uri()) as state:
        await import_memory(state, read_memory(tmp_path / "export.json"), overwrite=True)
    assert await places.runs() == BOTH


async def test_a_timer_that_is_copied_again_runs_again(places):
    for overwrite in (False, True):
        async with open_state(places.uri()) as source, open_target(places.uri("copy"), source) as state:
            await copy(source, state, overwrite=overwrite)
        assert await places.runs("copy") == BOTH


async def test_a_restored_timer_runs_again(places):
    then = datetime.now(timezone.utc)
    assert await places.runs() == BOTH
    async with open_state(places.uri()) as state:
        await restore(state.archive, await plan_restore(state.archive, then), force=True)
    assert await places.runs() == BOTH
    assert len(await places.keys()) == (places._way["layout"] == "per-record")  # the job that repeats


async def test_an_erased_persons_timers_do_not_run(places):
    async with open_state(places.uri()) as state:
        await erase(state, await find_person(state, 42), None, force=True)
        assert await list_timers(state) == []
    assert await places.keys() == []
    assert await places.runs() == (0, {}, {})


async def test_dropping_data_keeps_its_timers_as_ptb_keeps_jobs(places):
    async with places.build() as application:
        await application.load_data(chat_ids=42, user_ids=42)
        application.user_data[42]["old"] = True
        application.mark_data_for_update_persistence(user_ids=42)
        await application.update_persistence()
        application.drop_user_data(42)
        application.drop_chat_data(42)
        await application.update_persistence()
    assert await places.runs() == BOTH


async def test_timers_of_a_group_that_becomes_a_supergroup_run_there(places, bots_anywhere):
    telegram = bots_anywhere.telegram
    group = telegram.group(OLD, "Friends")
    async with places.build() as application:
        await bots_anywhere.ada.send(application, "/add", group)
        told = bots_anywhere.ada.message_update("", chat=group)
        told["message"].pop("text")
        told["message"]["migrate_to_chat_id"] = NEW
        await deliver(application, told)
    async with open_state(places.uri()) as state:
        found = await list_timers(state)
        assert {one.record.timer[0] for one in found} == {Record.user(42), Record.chat(42), Record.chat(NEW)}
    places.clock.pass_(3601)
    async with places.build() as application:
        assert (await application.tick()).ran == 4
        await application.load_data(chat_ids=[OLD, NEW])
        assert application.chat_data[NEW] == BOTH[2]
        assert not application.chat_data.get(OLD)


async def deliver(application, told):
    from telegram import Update  # noqa: PLC0415  as Telegram's webhook does

    await application.process_update(Update.de_json(told, application.bot))
    await application.update_persistence()


async def test_show_and_history_know_timers(places):
    async with open_state(places.uri()) as state:
        assert (await summarize(state)).sections["timers"].records == 2
        assert sorted(one.name for one in await list_timers(state)) == ["news", "note"]
    async with open_past(places.uri()) as archive:
        assert [past async for past in history(archive, "timers" if archive.layout.name == "per-type" else None)]


async def test_a_parked_timer_that_is_made_due_changes_data_again(bots, clock):
    """Documents list the tries that have failed, and what these have changed; the new try is another one."""
    works = []

    async def work(context):
        context.user_data["begun"] = context.user_data.get("begun", 0) + 1
        if not works:
            raise ValueError
        context.user_data["done"] = True

    def begin(context):
        context.job_queue.run_once(work, 60, user_id=42)

    def build():
        return bots.build([work], commands={"begin": begin}, job_retry=JobRetry(tries=2, pause=1))

    async with build() as application:
        await bots.ada.send(application, "/begin")
        for seconds in (61, 2, 3600):
            clock.pass_(seconds)
            await application.tick()
    async with open_state(bots.where, keep_unknown=True) as state:
        [parked] = await list_timers(state)
        assert (parked.state, parked.problem, parked.tries) == ("parked", "raised ValueError", 2)
        await make_due(state, parked.record)
    async with build() as application:
        clock.pass_(2)
        assert (await application.tick()).ran == 1
        clock.pass_(2)
        works.append(True)
        assert (await application.tick()).ran == 1
        await application.load_data(user_ids=42)
        assert application.user_data[42] == {"begun": 4, "done": True}
        assert await application.job_queue.find(user_id=42) == ()
