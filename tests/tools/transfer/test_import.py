"""Tests of ``import`` on files that other versions and other persistences wrote."""

from __future__ import annotations

import datetime as dt
import json
import pickle
import sys
import types
from collections import defaultdict

import pytest
from telegram import User
from telegram.ext import DictPersistence

from ptb_bucket.errors import CannotLoadError, ConfigurationError, NotFoundError, RefusedError
from ptb_bucket.tools import export_dict, open_state, read_memory
from support.tools.imports import BOT, DATA, imported, remembered
from support.values.strategies import Cart, Colour

# ---------------------------------------------------------------- other persistences


async def test_a_migration_logs_no_start_of_a_bot(tmp_path, uri, caplog):
    """The import creates the state, so a line about an empty one would frighten its user."""
    (tmp_path / "bot.pickle").write_bytes(pickle.dumps(DATA))
    await imported(tmp_path / "bot.pickle", uri)
    assert [record.message for record in caplog.records if record.name.startswith("ptb_bucket")] == []


async def test_dict_persistence(tmp_path, uri):
    """A file may hold the arguments of DictPersistence, as texts or decoded."""
    known = DictPersistence()
    known.set_bot(BOT)
    await known.update_user_data(1, {"name": "Ada", "5": 1})
    await known.update_conversation("form", (1, 2), 0)
    await known.update_callback_data(([("a" * 32, 1.5, {"b": 3})], {"q": "a" * 32}))
    path = tmp_path / "dict.json"
    texts = {"user_data_json": known.user_data_json, "callback_data_json": known.callback_data_json}
    path.write_text(json.dumps({**texts, "conversations": json.loads(known.conversations_json), "bot_data": None}))
    await imported(path, uri)
    users, chats, bot, keyboards, states = await remembered(uri)
    assert (users, chats, bot, states) == ({1: {"name": "Ada", 5: 1}}, {}, {}, {(1, 2): 0})  # 5 as PTB understands it
    assert keyboards == ([("a" * 32, 1.5, {"b": 3})], {"q": "a" * 32})


async def test_dict_persistence_there_and_back(tmp_path, uri):
    """As its arguments; what its JSON cannot say is refused with the record's name."""
    (tmp_path / "bot.pickle").write_bytes(pickle.dumps({**DATA, "user_data": {1: {"name": "Ada"}}}))
    await imported(tmp_path / "bot.pickle", uri)
    async with open_state(uri) as state:
        assert await export_dict(state, tmp_path / "dict.json") == 7
    again = DictPersistence(**json.loads((tmp_path / "dict.json").read_text("utf-8")))
    assert (again.user_data, again.chat_data, again.bot_data) == (
        {1: {"name": "Ada"}},
        DATA["chat_data"],
        DATA["bot_data"],
    )
    assert (again.callback_data, again.conversations) == (DATA["callback_data"], {"form": {(1, 2): 0, (3,): "name"}})


@pytest.mark.parametrize(
    "value", [(1, 2), {1: 2}, {"5": 1}, {1}, b"x", dt.date(2026, 1, 2), User(1, "Ada", is_bot=False)]
)
async def test_what_dict_persistence_would_change_is_refused(tmp_path, uri, value):
    data = {**DATA, "user_data": {1: value if type(value) is dict and "5" in value else {"x": value}}}
    (tmp_path / "bot.pickle").write_bytes(pickle.dumps(data))
    await imported(tmp_path / "bot.pickle", uri)
    async with open_state(uri) as state:
        with pytest.raises(RefusedError, match=r"user_data\[1\]"):
            await export_dict(state, tmp_path / "dict.json")
    assert not (tmp_path / "dict.json").exists()


# ---------------------------------------------------------------- python-telegram-bot 13


class TelegramObject:
    """A Telegram object of version 13, which is pickled like any object."""


@pytest.fixture
def version_13(monkeypatch):
    """Its modules, as far as pickles name them."""
    user = type("User", (TelegramObject,), {"__module__": "telegram.user", "__qualname__": "User"})
    old = types.ModuleType("telegram.user")
    old.User = user
    monkeypatch.setitem(sys.modules, "telegram.user", old)
    zone = type("_UTC", (dt.tzinfo,), {"utcoffset": lambda *_: dt.timedelta(0), "__reduce__": lambda _: (old_utc, ())})
    old_utc = types.FunctionType(compile("def f(): pass", "", "exec").co_consts[0], {}, "_UTC")
    old_utc.__module__, old_utc.__qualname__ = "pytz", "_UTC"
    pytz = types.ModuleType("pytz")
    pytz._UTC = old_utc
    monkeypatch.setitem(sys.modules, "pytz", pytz)
    made = user()
    made.__dict__.update(id=1, first_name="Ada", bot="bot_instance_replaced_by_ptb_persistence")
    return made, zone()


@pytest.fixture
def old_file(tmp_path, version_13):
    """A file of version 13: default dicts, the default protocol, Telegram objects as they were."""
    user, utc = version_13
    data = {
        "conversations": {"form": {(1, 2): 0}},
        "user_data": defaultdict(dict, {1: {"who": user, "seen": dt.datetime(2021, 5, 6, tzinfo=utc)}, 2: {"n": (1,)}}),
        "chat_data": defaultdict(dict),
        "bot_data": {"all": [user, 1], "total": 3},
        "callback_data": None,
    }
    path = tmp_path / "old.pickle"
    path.write_bytes(pickle.dumps(data))
    for module in ("telegram.user", "pytz"):
        sys.modules.pop(module)
    return path


async def test_version_13_without_what_no_later_version_can_read(old_file, uri):
    with pytest.raises(CannotLoadError, match=r"objects of python-telegram-bot 13.*telegram\.user\.User.*--leave-out"):
        read_memory(old_file)
    found, memory = await imported(old_file, uri, leave_out=True)
    assert len(found.left_out) == 2
    assert any(line.startswith('user_data[1]["who"]') for line in found.left_out)
    assert any(line.startswith('bot_data["all"][0]') for line in found.left_out)
    assert len(memory.notes) == 2  # the bot, and the time zone
    users, chats, bot, _, states = await remembered(uri)
    seen = dt.datetime(2021, 5, 6, tzinfo=dt.timezone.utc)
    assert (users, chats) == ({1: {"seen": seen}, 2: {"n": (1,)}}, {})
    assert (bot, states) == ({"total": 3}, {(1, 2): 0})


async def test_leaving_out_is_repeatable(old_file, uri):
    await imported(old_file, uri, leave_out=True)
    found, _ = await imported(old_file, uri, leave_out=True)
    assert (found.added, found.replaced) == ({}, [])


# ---------------------------------------------------------------- what is not taken


async def test_unknown_classes_are_all_named_at_once(tmp_path):
    data = {**DATA, "user_data": {1: {"cart": Cart(1)}}, "conversations": {"form": {(1,): Colour.RED}}}
    (tmp_path / "bot.pickle").write_bytes(pickle.dumps(data))
    with pytest.raises(CannotLoadError) as refused:
        read_memory(tmp_path / "bot.pickle")
    assert f"--types {Cart.__module__}:Cart --types {Colour.__module__}:Colour" in str(refused.value)
    assert read_memory(tmp_path / "bot.pickle", types=[Cart, Colour]).lost == []


async def test_what_cannot_be_stored_is_refused_or_left_out(tmp_path, uri):
    data = {**DATA, "user_data": {1: {"good": 1, "bad": len}}}
    (tmp_path / "bot.pickle").write_bytes(pickle.dumps({**DATA, "user_data": {1: {"good": 1, "job": {"f": Cart(1)}}}}))
    with pytest.raises(CannotLoadError, match="--types"):
        read_memory(tmp_path / "bot.pickle")
    found, _ = await imported(tmp_path / "bot.pickle", uri, leave_out=True)
    assert [line.partition(":")[0] for line in found.left_out] == ['user_data[1]["job"]["f"]']
    assert (await remembered(uri))[0] == {1: {"good": 1, "job": {}}}
    (tmp_path / "evil.pickle").write_bytes(pickle.dumps(data))
    with pytest.raises(CannotLoadError, match=r"builtins\.len"):
        read_memory(tmp_path / "evil.pickle", leave_out=True)


async def test_what_only_the_codec_refuses(tmp_path, uri):
    """A value that is nested more deeply than JSON documents may be, and that pickle can store."""
    deep = []
    for _ in range(120):
        deep = [deep]
    (tmp_path / "bot.pickle").write_bytes(pickle.dumps({**DATA, "user_data": {1: {"good": 1, "deep": deep}}}))
    with pytest.raises(RefusedError, match=r'user_data\[1\]\["deep"\].*--leave-out'):
        await imported(tmp_path / "bot.pickle", uri)
    assert not list(tmp_path.glob("state/*.json"))
    await imported(tmp_path / "bot.pickle", uri, leave_out=True)
    assert (await remembered(uri))[0] == {1: {"good": 1}}
    await imported(tmp_path / "bot.pickle", f"file:{tmp_path.as_posix()}/other?codec=pickle")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "damaged"),
        (b"\x80\x04\x95", "damaged"),
        (b"hello", "damaged"),
        (b"{hello", "JSON"),
        (b'{"a": 1}', "JSON, but it is neither"),
        (b'{"user_data": 3}', "DictPersistence can't read it"),
        (b'{"user_data": {"a": {}}}', "DictPersistence can't read it"),
        (b'{"ptb_bucket_export": 3}', "newer"),
        (b'{"ptb_bucket_export": 1, "user_data": []}', "damaged"),
        (b'{"ptb_bucket_export": 1, "user_data": {"1": {"$nothing": 3}}}', "user_data[1]"),
        (b'{"ptb_bucket_export": 1, "user_data": {"one": {}}}', "invalid key"),
        (pickle.dumps([1]), "not written by PicklePersistence. It lacks the keys user_data, chat_data, conversations."),
        (pickle.dumps({"chat_data": {}, "users": {}}), "It lacks the keys user_data, conversations."),
        (pickle.dumps({**DATA, "user_data": [1]}), "user_data is not a dict"),
        (pickle.dumps({**DATA, "user_data": {"1": {}}}), "instead of an ID"),
        (pickle.dumps({**DATA, "conversations": {"form": {1: 2}}}), "not a tuple"),
        (pickle.dumps({**DATA, "callback_data": [1, 2]}), "callback_data"),
    ],
)
async def test_other_files_are_refused(tmp_path, uri, content, words):
    (tmp_path / "file").write_bytes(content)
    with pytest.raises(CannotLoadError) as refused:
        await imported(tmp_path / "file", uri)
    assert words in str(refused.value)
    assert "file" in str(refused.value)
    assert not list(tmp_path.glob("state/*.json"))


async def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(NotFoundError, match="nowhere"):
        read_memory(tmp_path / "nowhere")
    with pytest.raises(ConfigurationError, match="could not be read"):
        read_memory(tmp_path)


# ---------------------------------------------------------------- where something lies already


async def test_what_differs_is_not_touched_unless_asked_for(tmp_path, uri):
    (tmp_path / "one.pickle").write_bytes(pickle.dumps(DATA))
    (tmp_path / "two.pickle").write_bytes(
        pickle.dumps({**DATA, "user_data": {1: {"name": "Bo"}, 3: {"n": 1}}, "bot_data": {}})
    )
    await imported(tmp_path / "one.pickle", uri)
    with pytest.raises(RefusedError, match=r"1 stored record differs.*user_data\[1\].*--overwrite"):
        await imported(tmp_path / "two.pickle", uri)
    assert 3 not in (await remembered(uri))[0]
    lies = {path: path.read_bytes() for path in (tmp_path / "state").rglob("*") if path.is_file()}
    found, _ = await imported(tmp_path / "two.pickle", uri, overwrite=True, dry_run=True)
    assert [record.label for record in found.replaced] == ["user_data[1]"]
    assert {path: path.read_bytes() for path in (tmp_path / "state").rglob("*") if path.is_file()} == lies
    await imported(tmp_path / "two.pickle", uri, overwrite=True)
    users, _, bot, *_ = await remembered(uri)
    assert users == {1: {"name": "Bo"}, 3: {"n": 1}}
    assert bot == {"total": 1}  # an empty file is not a request to delete stored data
