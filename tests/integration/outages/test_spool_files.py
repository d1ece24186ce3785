"""Tests of spool files: private, sealed with the state, and kept where they are refused."""

from __future__ import annotations

import stat

import pytest

from ptb_bucket import Sealing
from ptb_bucket.errors import (
    AccessError,
    ConfigurationError,
    CorruptDocumentError,
    ForeignDocumentError,
    SealError,
    VanishedDocumentError,
)
from ptb_bucket.stores import MemoryStore, PrefixStore
from support.applications.restarting_bot import opened


async def test_the_file_is_for_this_user_only(bot):
    one, _ = await bot.started()
    said = await bot.end_unsaved(one, {"a": 1})
    assert said.startswith("1 record is not saved (bot_data): ")
    assert str(bot.spool) in said
    (path,) = bot.files()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(bot.spool.stat().st_mode) == 0o700


@pytest.mark.parametrize("keys", ["encryption_keys", "signing_keys"])
async def test_with_sealing_the_file_is_sealed_and_opens_nowhere_else(bot, keys):
    bot.options["sealing"] = Sealing(**{keys: "k" * 43}, max_size=20_000)
    one, _ = await bot.started()
    await bot.end_unsaved(one, {"secret": "hunter2 " * 2000})
    (path,) = bot.files()
    data = path.read_bytes()
    assert data.startswith(b"ptb-bucket sealed ")
    assert (b"aHVudGVyMi" in data) == (keys == "signing_keys")  # base64 of it
    with pytest.raises(SealError, match="contains unsaved changes from an earlier run"):
        await bot.started(sealing=None)
    path.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    with pytest.raises(SealError):
        await bot.started()
    path.rename(path.with_stem("1"))
    with pytest.raises(SealError):
        await bot.started()
    path.with_stem("1").unlink()
    path.write_bytes(data)
    _, found = await bot.started()
    assert found == {"secret": "hunter2 " * 2000}


async def test_without_spool_dir_the_error_names_what_was_not_saved(bot):
    one, _ = await bot.started(spool_dir=None)
    assert (await bot.end_unsaved(one, {"a": 1})).startswith("1 record is not saved (bot_data): ")
    assert not bot.spool.exists()


@pytest.mark.parametrize("other", [{"layout": "per-type"}, {"codec": "pickle"}], ids=str)
async def test_another_layout_or_codec_refuses_it_and_does_not_remove_it(bot, other):
    one, _ = await bot.started()
    await bot.end_unsaved(one, {"a": 1})
    with pytest.raises(ForeignDocumentError, match="not changed"):
        await bot.started(**other)
    assert len(bot.files()) == 1
    _, data = await bot.started()
    assert data == {"a": 1}


async def test_another_place_refuses_it_and_does_not_remove_it(bot):
    one, _ = await bot.started()
    await bot.end_unsaved(one, {"a": 1})
    elsewhere = opened(PrefixStore(bot.store, "other/"), spool_dir=bot.spool)
    with pytest.raises(ForeignDocumentError, match=r"document state\.json in memory, not other/state\.json in memory"):
        await elsewhere.get_bot_data()
    assert len(bot.files()) == 1


async def test_another_bot_refuses_it_and_has_a_directory_of_its_own_if_told_so(bot, monkeypatch):
    bot.options["spool_dir"] = f"{bot.spool}/{{bot_id}}"
    one, _ = await bot.started()
    await bot.end_unsaved(one, {"a": 1})
    (home,) = bot.spool.iterdir()
    monkeypatch.setattr("ptb_bucket.session.bot_id_of", lambda _bot: "99")
    assert await opened(MemoryStore(), spool_dir=bot.options["spool_dir"]).get_bot_data() == {}
    with pytest.raises(ForeignDocumentError, match=r"bot_id \d+, not 99"):
        await opened(bot.store, spool_dir=home).get_bot_data()


async def test_a_damaged_file_is_refused_and_stays(bot):
    one, _ = await bot.started()
    await bot.end_unsaved(one, {"a": 1})
    (path,) = bot.files()
    data = path.read_bytes()
    path.write_bytes(data[:-1])
    with pytest.raises(CorruptDocumentError, match=f"{path.name} contains unsaved changes from an earlier run"):
        await bot.started()
    path.write_bytes(data.replace(b"spool 1 ", b"spool 3 "))
    with pytest.raises(ForeignDocumentError, match="too new"):
        await bot.started()


async def test_a_document_that_vanished_meanwhile_is_not_begun_anew(bot):
    one, _ = await bot.started()
    await one.update_user_data(42, {"much": 1})
    await bot.end_unsaved(one, {"a": 1})
    await bot.store.delete("state.json")
    with pytest.raises(VanishedDocumentError, match="no longer exists"):
        await bot.started()
    assert len(bot.files()) == 1


async def test_an_unusable_spool_dir_is_reported_at_the_start(bot, tmp_path):
    (tmp_path / "spool").write_text("no directory")
    with pytest.raises(AccessError, match="not a directory"):
        await bot.started()
    with pytest.raises(ConfigurationError, match="spool_dir"):
        bot.open(spool_dir=7)


async def test_what_cannot_be_kept_either_is_still_unsaved_and_said(bot, monkeypatch):
    one, _ = await bot.started()

    def full(*_):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("ptb_bucket.state.spool.files.write_file", full)
        said = await bot.end_unsaved(one, {"a": 1})
    assert "could not be written to spool_dir either" in said
    assert one.stats.pending == ("bot_data",)
    await one.flush()
    assert await bot.stored() == {"a": 1}
