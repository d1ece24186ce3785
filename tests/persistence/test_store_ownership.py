"""Tests that the owner closes a store that it passes in, and the persistence one that it opens from a URI."""

from __future__ import annotations

import pytest
from telegram.error import NetworkError

from ptb_bucket import BucketApplication, BucketPersistence
from ptb_bucket.errors import UnsavedError
from ptb_bucket.offline_telegram import OfflineTelegram
from ptb_bucket.stores import LocalStore
from ptb_bucket.testing.faults import Fault, FaultyStore, script


@pytest.fixture
def closed(monkeypatch):
    """Return the roots of ``file:`` stores in the order in which they were closed."""
    roots, close = [], LocalStore.close

    async def noting(store):
        roots.append(store.root)
        await close(store)

    monkeypatch.setattr(LocalStore, "close", noting)
    return roots


def builder(where):
    made = OfflineTelegram().builder().application_class(BucketApplication, {"save": "update"})
    return made.persistence(BucketPersistence(where))


@pytest.mark.parametrize("end", ["shutdown", "discard"])
@pytest.mark.parametrize("ours", [True, False])
async def test_only_what_was_opened_here_is_closed(tmp_path, closed, end, ours):
    app = builder(f"file:{tmp_path}" if ours else LocalStore(tmp_path)).build()
    await app.initialize()
    await getattr(app, end)()
    assert closed == [tmp_path] * ours


@pytest.mark.parametrize("with_updater", [True, False])
async def test_what_is_discarded_lets_go_of_telegram_too(tmp_path, with_updater):
    made = builder(f"file:{tmp_path}")
    app = (made if with_updater else made.updater(None)).build()
    await app.initialize()
    await app.discard()
    with pytest.raises(NetworkError, match="not initialized"):
        await app.bot.get_me()


@pytest.mark.parametrize("ours", [True, False])
async def test_flush_closes_no_more_and_no_less(tmp_path, closed, ours):
    persistence = BucketPersistence(f"file:{tmp_path}" if ours else LocalStore(tmp_path))
    persistence.set_bot(OfflineTelegram().builder().build().bot)
    await persistence.update_user_data(42, {"x": 1})
    assert closed == []
    await persistence.flush()
    assert closed == [tmp_path] * ours


async def test_what_cannot_be_saved_does_not_keep_connections_open(tmp_path, closed, monkeypatch):
    monkeypatch.setattr(LocalStore, "put", FaultyStore(LocalStore(tmp_path), script([Fault.DENIED] * 9)).put)
    persistence = BucketPersistence(f"file:{tmp_path}", on_flush=True)
    persistence.set_bot(OfflineTelegram().builder().build().bot)
    await persistence.update_user_data(42, {"x": 1})
    with pytest.raises(UnsavedError):
        await persistence.flush()
    assert closed == [tmp_path]
