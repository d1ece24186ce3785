"""Tests of damaged or moved sealed documents: no bot starts, and ``restore`` restores the last good one."""

from __future__ import annotations

import asyncio

import pytest
import pytest_asyncio

from ptb_bucket.cli import main
from ptb_bucket.errors import BrokenSealError, SealError
from ptb_bucket.testing.conformance.instances import Instances
from support.documents.sealing_options import KEYS, sealer


@pytest_asyncio.fixture
async def bots():
    """Make persistences, and close them in the end."""
    async with Instances() as instances:
        yield instances


DAMAGES = {
    "truncated": lambda data: data[:-5],
    "emptied": lambda _: b"",
    "changed": lambda data: data[:-5] + b"xxxxx",
    "moved": lambda _: sealer("aes-256-gcm").seal("other.json", b"{}"),
}


@pytest.fixture
def uri(tmp_path, monkeypatch):
    monkeypatch.setenv("PTB_BUCKET_ENCRYPTION_KEYS", KEYS[0])
    return f"file:{tmp_path}/data?keep=5"


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
async def test_the_last_good_version_comes_back(damage, uri, bots, tmp_path, capsys):
    bot = bots.open(uri)
    for turn in (1, 2):
        await bot.update_user_data(42, {"turn": turn})
    document = tmp_path / "data" / "state.json"
    document.write_bytes(damage(document.read_bytes()))
    with pytest.raises(BrokenSealError, match=r"state\.json .*ptb-bucket restore 'file:"):
        await bots.open(uri).get_user_data()
    assert await asyncio.to_thread(main, ["restore", uri, "--update-interval", "0"]) == 0, capsys.readouterr()
    assert await bots.open(uri).get_user_data() == {42: {"turn": 2}}


async def test_settings_that_changed_are_no_damage(uri, bots, monkeypatch):
    """Restoring an old version would discard a document that only needs its key."""
    bot = bots.open(uri)
    for turn in (1, 2):
        await bot.update_user_data(42, {"turn": turn})
    monkeypatch.setenv("PTB_BUCKET_ENCRYPTION_KEYS", KEYS[1])
    with pytest.raises(SealError, match=r"Add the missing key to PTB_BUCKET_ENCRYPTION_KEYS") as caught:
        await bots.open(uri).get_user_data()
    assert "restore" not in str(caught.value)
    assert await asyncio.to_thread(main, ["restore", uri, "--update-interval", "0"]) == 1
    monkeypatch.setenv("PTB_BUCKET_ENCRYPTION_KEYS", KEYS[0])
    assert await bots.open(uri).get_user_data() == {42: {"turn": 2}}
