"""Tests of every verb, as people call it, on the layout with a document for each record."""

from __future__ import annotations

import asyncio
import json
from datetime import datetime, timezone
from hashlib import sha256
from secrets import token_urlsafe

import pytest
from telegram.ext import ExtBot

from ptb_bucket import BucketPersistence
from ptb_bucket.cli import main
from ptb_bucket.tools import open_state

KEYS = "PTB_BUCKET_SIGNING_KEYS"


@pytest.fixture(autouse=True)
def _clean(monkeypatch):
    for name in ("PTB_BUCKET_URI", "TELEGRAM_BOT_TOKEN"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def uri(tmp_path):
    """Make a bot's memory with one person dropped, so that one document is empty."""
    uri = f"file:{tmp_path}/bot?keep=10&layout=per-record"
    asyncio.run(_remember(uri))
    return uri


async def _remember(uri):
    bot = BucketPersistence(uri)
    bot.set_bot(ExtBot("123456:offline"))
    await asyncio.gather(
        bot.update_bot_data({"total": 3}),
        bot.update_chat_data(-100, {"title": "Friends"}),
        bot.update_user_data(42, {"name": "Ada"}),
        bot.update_user_data(7, {"name": "Grace"}),
        bot.update_user_data(8, {"name": "Gone"}),
        bot.update_callback_data(([("a" * 32, 1000.5, {"b1": ("buy", 3)})], {"q1": "a" * 32})),
        bot.update_conversation("order", (42, 42), "size"),
    )
    await bot.flush()
    await bot.drop_user_data(8)
    await bot.flush()


@pytest.fixture
def verb(capsys):
    """Call a verb that must succeed, and return the JSON that it printed."""

    def verb(*arguments):
        code = main([*map(str, arguments), "--json"])
        out, err = capsys.readouterr()
        assert code == 0, err
        return json.loads(out)

    return verb


def everything(uri):
    """Return every stored record by its label."""

    async def read():
        async with open_state(uri) as state:
            return {
                record.label: value async for part in state.archive.parts() for record, value in part.records.items()
            }

    return asyncio.run(read())


def test_show_set_rm_and_end_conversation(uri, verb):
    assert verb("show", uri, "user_data")["total"] == 2
    assert verb("show", uri, "user_data", 42)["value"] == {"name": "Ada"}
    before = everything(uri)
    verb("set", uri, "user_data", 8, "name", '"Back"')
    verb("rm", uri, "user_data", 7)
    verb("end-conversation", uri, "order", 42, 42)
    del before["user_data[7]"], before["conversations['order'][(42, 42)]"]
    assert everything(uri) == before | {"user_data[8]": b'{"name":"Back"}'}


def test_history_and_restore_of_all_objects(uri, verb):
    before = everything(uri)
    assert "123456" not in json.dumps(verb("history", uri, "user_data"))
    moment = datetime.now(timezone.utc).isoformat()
    verb("set", uri, "user_data", 42, "name", '"Eve"')
    verb("set", uri, "user_data", 9, "name", '"New"')
    verb("rm", uri, "chat_data", -100)
    verb("restore", uri, "--at", moment, "--force")
    assert everything(uri) == before


def test_check_and_rekey(uri, verb, monkeypatch):
    before = everything(uri)
    assert "123456" in json.dumps(verb("check", uri))
    monkeypatch.setenv(KEYS, token_urlsafe(32))
    done = verb("rekey", uri, "--from-plain")
    assert len(done["written"]) == len(before) + 1  # what was dropped too
    assert everything(uri) == before


def test_import_and_export(uri, verb, tmp_path):
    verb("export", uri, tmp_path / "all.json")
    verb("import", tmp_path / "all.json", f"file:{tmp_path}/new?layout=per-record", "--bot-id", "123456")
    assert everything(f"file:{tmp_path}/new") == everything(uri)


def test_copy_there_and_back_over_what_was_dropped(uri, verb, tmp_path):
    verb("copy", uri, f"file:{tmp_path}/single?layout=single")
    verb("set", f"file:{tmp_path}/single", "user_data", 8, "name", '"Back"')
    verb("copy", f"file:{tmp_path}/single", uri, "--overwrite")
    assert everything(uri)["user_data[8]"] == b'{"name":"Back"}'


def test_erase_user_with_all_versions(uri, verb, tmp_path):
    verb("erase-user", uri, 42, "--versions", "--yes", "--force")
    left = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert b"Ada" not in left
    assert b"Grace" in left


def test_a_deleted_object_is_found_by_its_key(uri, verb):
    before = everything(uri)
    key = "records/user_data/" + sha256(b"42").hexdigest()[:2] + "/42.json"
    asyncio.run(_delete(uri, key))
    assert "user_data[42]" not in everything(uri)
    versions = [one for one in verb("history", uri, key)["versions"] if not one["deleted"]]
    verb("restore", uri, "--version", versions[0]["version"], "--object", key, "--force")
    assert everything(uri) == before


async def _delete(uri, key):
    async with open_state(uri) as state:
        await state.store.delete(key)
