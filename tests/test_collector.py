"""Tests that Python's garbage collector waits while many objects are loaded, and only then."""

from __future__ import annotations

import asyncio
import gc
import subprocess
import sys

import pytest

from ptb_bucket._collector import collector_waits

SCRIPT = """
import asyncio, gc
from telegram.ext import ExtBot
from ptb_bucket import BucketPersistence
from ptb_bucket.stores import MemoryStore

def persistence_on(store):
    persistence = BucketPersistence(store)
    persistence.set_bot(ExtBot("123456:offline"))
    return persistence

def note(phase, info):
    if phase == "start":
        collected.append(sum(len(gc.get_objects(number)) for number in range(info["generation"] + 1)) > 10_000)

async def load(store):
    persistence = persistence_on(store)
    await persistence.get_bot_data()  # which reads the document; what follows makes its objects
    collected.clear()
    data = await persistence.get_user_data()
    rest = [[] for _ in range(5_000)]  # making objects triggers a collection that is due
    print(len(data), any(collected), gc.isenabled())
    return data

async def main():
    store = MemoryStore()
    saving = persistence_on(store)
    await asyncio.gather(*(saving.update_user_data(number, {"tags": [[]]}) for number in range(10_000)))
    gc.collect()
    gc.callbacks.append(note)
    first = await load(store)
    second = await load(store)

collected = []
asyncio.run(main())
"""


@pytest.fixture(autouse=True)
def enabled():
    gc.enable()
    yield
    gc.enable()


async def test_only_the_first_in_a_process_hands_over_what_it_has_loaded():
    """No collection visits the first one's objects. Later loads count as new, so large garbage is found."""
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", SCRIPT, stdout=subprocess.PIPE)
    out, _ = await process.communicate()
    assert out.decode().splitlines() == ["10000 False True", "10000 True True"]


def test_it_goes_on_after_an_error():
    with pytest.raises(ZeroDivisionError), collector_waits(gc):
        1 // int(gc.isenabled())
    assert gc.isenabled()


def test_a_collector_that_was_disabled_stays_disabled():
    gc.disable()
    with collector_waits(gc), collector_waits(gc):
        pass
    assert not gc.isenabled()


def test_what_somebody_has_frozen_stays_frozen():
    gc.freeze()
    try:
        before = gc.get_freeze_count()
        with collector_waits(gc):
            kept = [[] for _ in range(100_000)]
        assert gc.get_freeze_count() >= before - 1_000, "some of it may be gone"
        assert len(kept) == len({id(one) for one in kept})
    finally:
        gc.unfreeze()
