"""Tests that Python's garbage collector waits from our import to the end of the first load, and never for longer."""

from __future__ import annotations

import asyncio
import gc
import json
import os
import subprocess
import sys

import pytest

from ptb_bucket._collector import BOUND, StartPause

LOADING = """
import asyncio, gc, json, sys
import telegram.ext
found = gc.get_threshold()
gc.collect()
collections = []
note = lambda phase, info: collections.append(info["generation"]) if phase == "start" else None
gc.callbacks.insert(0, note)
from ptb_bucket import BucketPersistence
from ptb_bucket.stores import MemoryStore

def persistence_on(store):
    persistence = BucketPersistence(store)
    persistence.set_bot(telegram.ext.ExtBot("123456:offline"))
    return persistence

async def load(store):
    persistence = persistence_on(store)
    await persistence.get_bot_data()  # which reads the document; what follows makes its objects
    collections.clear()
    data = await persistence.get_user_data()
    # One collection is due when the pause has ended, before we get the data.
    during, enabled = len(collections), gc.isenabled()
    rest = [[] for _ in range(5_000)]  # making objects triggers collections again
    return [len(data), during > 1, enabled, len(collections) > 1, gc.get_threshold() == found]

async def main():
    store, saving = MemoryStore(), persistence_on(MemoryStore())
    saving = persistence_on(store)
    await asyncio.gather(*(saving.update_user_data(number, {"tags": [[]]}) for number in range(10_000)))
    return [await load(store), await load(store), gc.get_freeze_count() > BEFORE + 1_000]

BEFORE = gc.get_freeze_count()
print(json.dumps(asyncio.run(main())))
"""


def run(code, **environment):
    done = subprocess.run(
        [sys.executable, "-c", code], check=False, capture_output=True, text=True, env={**os.environ, **environment}
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_it_waits_during_the_first_load_only_and_nothing_is_frozen():
    first, second, frozen = run(LOADING)
    assert first == [10_000, False, True, True, True], "no collection meanwhile; afterwards everything as it was found"
    assert second == [10_000, True, True, True, True], "later loads count as new, so large garbage is found"
    assert not frozen


def test_the_environment_keeps_the_collector_as_it_is():
    first, _, _ = run(LOADING, PTB_BUCKET_GC="keep")
    assert first == [10_000, True, True, True, True]
    importing = "import gc, ptb_bucket, json; print(json.dumps(gc.get_threshold()))"
    assert run(importing, PTB_BUCKET_GC="keep") == run("import gc, json; print(json.dumps(gc.get_threshold()))")


def test_importing_collects_nothing_and_leaves_the_collector_on():
    code = """
import gc, json
import telegram.ext
gc.collect()
collected = []
gc.callbacks.append(lambda phase, info: collected.append(info["generation"]))
from ptb_bucket import *
print(json.dumps([collected, gc.isenabled()]))
"""
    assert run(code) == [[], True]


def test_a_program_that_loads_nothing_gets_its_collector_back():
    code = f"""
import gc, json
before = [gc.get_threshold(), len(gc.callbacks)]
import ptb_bucket
assert gc.get_threshold() != before[0]
kept = [[] for _ in range({BOUND + 10_000})]
print(json.dumps([before[0] == gc.get_threshold(), before[1] == len(gc.callbacks), gc.isenabled()]))
"""
    assert run(code) == [True, True, True]


@pytest.fixture(autouse=True)
def as_found():
    kept, callbacks = gc.get_threshold(), list(gc.callbacks)
    gc.enable()
    yield
    gc.enable()
    gc.set_threshold(*kept)
    gc.callbacks[:] = callbacks


@pytest.fixture
def pause(monkeypatch):
    monkeypatch.delenv("PTB_BUCKET_GC", raising=False)
    gc.set_threshold(701, 11, 12)
    gc.unfreeze()  # what tests/conftest.py has frozen, because a pause freezes nothing if others do
    yield StartPause()
    gc.freeze()


def test_a_collection_that_the_program_asks_for_ends_it(pause):
    pause.begin()
    assert gc.get_threshold()[0] == BOUND
    gc.collect()
    assert gc.get_threshold()[:2] == (701, 11)


def test_a_load_that_fails_ends_it(pause):
    pause.begin()
    with pytest.raises(ZeroDivisionError), pause.load(set()):
        1 // int(gc.isenabled())
    assert gc.isenabled()
    assert gc.get_threshold()[0] == 701


@pytest.mark.parametrize("setting", ["", "old"])
@pytest.mark.skipif(sys.version_info >= (3, 14), reason="Python 3.14 has other generations")
def test_loaded_objects_become_old_only_on_demand(pause, monkeypatch, setting):
    monkeypatch.setenv("PTB_BUCKET_GC", setting)
    gc.set_threshold(100_000, 10, 10)
    gc.collect()
    with pause.load(set()):
        kept = [[] for _ in range(1_000)]
    assert any(one is kept for one in gc.get_objects(2)) is (setting == "old")


def test_loads_inside_each_other_and_beside_each_other(pause):
    given = set()
    with pause.load(given), pause.load(given):
        assert not gc.isenabled()
    assert gc.isenabled()
    with pause.load(given):
        assert not gc.isenabled(), "the next kind of data, in the same run"
    with pause.load(set()):
        assert gc.isenabled(), "another run"


def test_a_collector_that_is_off_stays_off(pause):
    gc.disable()
    pause.begin()
    with pause.load(set()):
        pass
    assert not gc.isenabled()
    assert gc.get_threshold()[0] == 701


def test_thresholds_that_the_program_sets_stay(pause):
    pause.begin()
    gc.set_threshold(50_000, 20, 30)
    with pause.load(set()):
        pass
    assert gc.get_threshold()[:2] == (50_000, 20)


@pytest.mark.parametrize("mine", [0, BOUND, BOUND * 2])
def test_a_collector_that_waits_longer_already_is_left_alone(pause, mine):
    gc.set_threshold(mine, 10, 10)
    pause.begin()
    assert gc.get_threshold()[0] == mine


def test_the_run_is_not_kept_alive(pause):
    given = set()
    with pause.load(given):
        pass
    del given
    assert pause._first_run() is None
    with pause.load(set()):
        assert gc.isenabled()


async def test_it_is_per_process_and_not_per_loop(pause):
    given = set()

    async def load():
        with pause.load(given):
            await asyncio.sleep(0)

    await asyncio.gather(load(), load())
    assert gc.isenabled()
