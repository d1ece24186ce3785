"""The names that PTB does not document are checked at start, and PTB's memory is as PTB documents it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from telegram.ext import CommandHandler, ConversationHandler

from ptb_bucket.application.ptb import check, check_ptb, conversations
from ptb_bucket.application.ptb.noted_application import RUNNING
from ptb_bucket.errors import ConfigurationError
from ptb_bucket.state import LAYOUTS
from support.applications.instances import say


def talk() -> ConversationHandler:
    return ConversationHandler([CommandHandler("go", say("where?", 1))], {1: []}, [], name="talk", persistent=True)


@pytest.mark.parametrize("name", sorted(check._APPLICATION))
@pytest.mark.parametrize("value", [None, (), "missing"])
async def test_each_name_of_the_application_is_looked_for(world, name, value):
    app = await world.start(talk())
    check_ptb(app)
    kept = getattr(app, name)
    delattr(app, name) if value == "missing" else setattr(app, name, value)
    with pytest.raises(
        ConfigurationError, match=rf"because Application\.{name} is missing .*Install python-telegram-bot 22"
    ):
        check_ptb(app)
    setattr(app, name, kept)


@pytest.mark.parametrize(
    ("cls", "name"),
    [
        *(("PendingState", name) for name in check._PENDING),
        *(("TimeoutContext", name) for name in check._TIMEOUT),
    ],
)
async def test_each_name_of_a_private_class_is_looked_for(world, monkeypatch, cls, name):
    app = await world.start(talk())
    known = {one: None for one in (*check._PENDING, *check._TIMEOUT) if one != name}
    monkeypatch.setattr(check, cls, type(cls, (), known))
    with pytest.raises(ConfigurationError, match=rf"because {cls}\.{name} is missing"):
        check_ptb(app)


@pytest.mark.parametrize("name", check._STATES)
async def test_each_name_of_the_states_is_looked_for(world, name):
    app = await world.start(talk())
    states = type("States", (), dict.fromkeys(set(check._STATES) - {name}))()
    app._conversation_handler_conversations["talk"] = states
    with pytest.raises(ConfigurationError, match=rf"because TrackingDict\.{name} is missing"):
        check_ptb(app)
    del app._conversation_handler_conversations["talk"]


async def test_the_keyboards_of_the_cache_are_looked_for(world, monkeypatch):
    app = await world.start(talk())
    monkeypatch.setattr(app.bot.callback_data_cache, "_keyboard_data", None)
    with pytest.raises(ConfigurationError, match=r"because CallbackDataCache\._keyboard_data is missing"):
        check_ptb(app)
    monkeypatch.undo()


async def test_each_name_of_a_handler_is_looked_for(world, monkeypatch):
    handler = talk()
    app = await world.start(handler)
    handler.timeout_jobs, kept = None, handler.timeout_jobs
    with pytest.raises(ConfigurationError, match=r"because ConversationHandler\.timeout_jobs is missing"):
        check_ptb(app)
    handler.timeout_jobs = kept
    monkeypatch.delattr(ConversationHandler, "_trigger_timeout")
    with pytest.raises(ConfigurationError, match=r"because ConversationHandler\._trigger_timeout is missing"):
        check_ptb(app)


def test_a_private_class_that_is_gone_has_no_names():
    assert not {*check._PENDING} & {*dir(conversations._private("GoneState"))}


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("name", ["user_data", "chat_data"])
async def test_data_is_a_mapping_of_ptb(world, layout, name):
    app = await world.start(layout=layout)
    plain = world.telegram.builder().build()
    for data in (getattr(plain, name), getattr(app, name)):
        assert data.get(1) is None
        assert data.get(1, "nobody") == "nobody"
        assert 1 not in data
        assert not data
        data[2]["n"], data[3]["n"] = 2, 3
        assert list(reversed(data)) == [3, 2]
        assert data | {4: "four"} == {2: {"n": 2}, 3: {"n": 3}, 4: "four"}
        copied = data.copy()
        copied[5] = {}
        assert (list(data), copied[2]) == ([2, 3], data[2])
        assert (list(data.items()), list(data.values())) == ([(2, data[2]), (3, data[3])], [data[2], data[3]])
        with pytest.raises(TypeError, match="does not support item assignment"):
            data[6] = {}
    ours, ptbs = getattr(app, name), getattr(plain, name)
    assert ours == ptbs
    assert type(ours) is type(ptbs)
    assert type(ours.copy()) is type(ptbs.copy())
    assert repr(ours) == repr(ptbs)


def test_no_other_package_names_what_ptb_does_not_document():
    names = {*check._APPLICATION, *check._PENDING, "timeout_jobs", "_trigger_timeout"}
    names |= {name for methods in RUNNING.values() for name in methods}
    names -= {"done", "resolve", "task", "_run"}  # our own code has such names, too
    pattern = re.compile(rf"\.({'|'.join(map(re.escape, sorted(names)))})\b|(from|import) telegram\.ext\._")
    here = Path(check.__file__).parent
    others = [path for path in here.parents[1].rglob("*.py") if here not in path.parents]
    assert {path.name: found[0] for path in others if (found := pattern.search(path.read_text()))} == {}
