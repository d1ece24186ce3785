"""Python's garbage collector waits while much is loaded, and only then."""

from __future__ import annotations

import asyncio
import gc

import pytest
from telegram.ext import ExtBot

from ptb_bucket import BucketPersistence
from ptb_bucket._collector import collector_waits
from ptb_bucket.stores import MemoryStore

USERS = 5_000


@pytest.fixture(autouse=True)
def enabled():
    gc.enable()
    yield
    gc.enable()


def persistence_on(store: MemoryStore) -> BucketPersistence:
    persistence = BucketPersistence(store)
    persistence.set_bot(ExtBot("123456:offline"))
    return persistence


async def test_it_does_not_go_through_what_is_being_loaded():
    store = MemoryStore()
    saving = persistence_on(store)
    await asyncio.gather(*(saving.update_user_data(number, {"tags": [[]]}) for number in range(USERS)))
    loading, collected = persistence_on(store), []
    await loading.get_bot_data()  # which reads the document; what follows makes its objects
    gc.callbacks.append(lambda phase, _: collected.append(phase))
    try:
        data = await loading.get_user_data()
    finally:
        gc.callbacks.pop()
    assert len(data) == USERS
    assert collected.count("start") <= 1, "one comes afterwards, with all that was made"
    assert gc.isenabled()


def test_it_goes_on_after_an_error():
    with pytest.raises(ZeroDivisionError), collector_waits():
        1 // int(gc.isenabled())
    assert gc.isenabled()


def test_whoever_has_switched_it_off_keeps_it_off():
    gc.disable()
    with collector_waits(), collector_waits():
        pass
    assert not gc.isenabled()
