"""Tests of ``rekey`` beside other bots: it never seals one bot's data as another's."""

from __future__ import annotations

import asyncio
import shutil

import pytest

from ptb_bucket.cli import main
from ptb_bucket.errors import ForeignDocumentError, NotFoundError, RefusedError
from ptb_bucket.state import Record
from ptb_bucket.tools import open_state
from ptb_bucket.tools.rekeying import rekey
from support.documents.sealing_options import KEYS, sealing

PLAIN = sealing()
SEALED = sealing("hmac-sha256")


async def fill(uri, bot_id, record):
    async with open_state(uri, bot_id=bot_id, create=True) as state:
        replica = state.replica()
        await replica.documents.read_all()
        replica.values.load(record)
        replica.stage(record, {"of": bot_id})
        await replica.commit()


@pytest.fixture
async def two_bots(tmp_path):
    """Documents of two bots in one place, as a copy by hand leaves them."""
    await fill(f"file:{tmp_path}/a?layout=per-type", "1", Record.user(42))
    await fill(f"file:{tmp_path}/b?layout=per-type", "2", Record.chat(43))
    shutil.copy(tmp_path / "b" / "chat_data.json", tmp_path / "a" / "chat_data.json")
    return tmp_path / "a"


def content(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.mark.parametrize("bot_id", [None, "1", "2"])
@pytest.mark.parametrize("dry_run", [False, True])
async def test_documents_of_two_bots_are_refused_and_nothing_is_written(two_bots, bot_id, dry_run):
    before = content(two_bots)
    with pytest.raises(ForeignDocumentError, match=r"more than one bot.*1, 2|bot [12]"):
        await rekey(f"file:{two_bots}?layout=per-type", bot_id=bot_id, sealing=SEALED, old=PLAIN, dry_run=dry_run)
    assert content(two_bots) == before


async def test_one_bots_documents_are_sealed_as_its_own(tmp_path):
    await fill(f"file:{tmp_path}/a?layout=per-type", "1", Record.user(42))
    done = await rekey(f"file:{tmp_path}/a", sealing=SEALED, old=PLAIN)
    assert (done.bot_id, done.written, done.left) == ("1", ["user_data.json"], [])
    again = await rekey(f"file:{tmp_path}/a", sealing=SEALED, old=PLAIN)
    assert (again.written, again.left) == ([], ["user_data.json"])
    other = sealing("hmac-sha256", None, KEYS[1])
    with pytest.raises(RefusedError, match="--to-plain"):
        await rekey(f"file:{tmp_path}/a", sealing=PLAIN, old=other)


async def test_where_there_is_nothing_it_says_so(tmp_path):
    with pytest.raises(NotFoundError):
        await rekey(f"file:{tmp_path}/a", sealing=SEALED, old=PLAIN)


def test_without_keys_it_does_not_claim_that_the_state_is_sealed(tmp_path, capsys):
    asyncio.run(fill(f"file:{tmp_path}", "1", Record.user(42)))
    assert main(["rekey", f"file:{tmp_path}"]) == 0
    out, err = capsys.readouterr()
    assert "sealed correctly" not in out
    assert "No keys are set, so the state is not protected" in err
    assert main(["rekey", f"file:{tmp_path}", "--to-plain"]) == 0
    assert capsys.readouterr().err == ""


def test_with_keys_it_says_what_it_did(tmp_path, capsys, monkeypatch):
    asyncio.run(fill(f"file:{tmp_path}", "1", Record.user(42)))
    monkeypatch.setenv("PTB_BUCKET_SIGNING_KEYS", "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=")
    assert main(["rekey", f"file:{tmp_path}", "--from-plain"]) == 0
    assert "state.json: sealed again" in capsys.readouterr().out
    assert main(["rekey", f"file:{tmp_path}"]) == 0
    out, err = capsys.readouterr()
    assert "state.json: already sealed correctly" in out
    assert err == ""
