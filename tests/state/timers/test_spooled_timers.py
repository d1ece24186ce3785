"""Timers that could not be saved before the process ended: spooled, and saved with their keys at the next start."""

from __future__ import annotations

import pytest

from ptb_bucket._aio import RetryPolicy
from ptb_bucket.errors import NewerDocumentError, PTBBucketError
from ptb_bucket.state import Origin, Spool, SpoolFiles, open_layout
from ptb_bucket.state.document import header
from ptb_bucket.state.spool.format import unpack
from ptb_bucket.testing.faults import Fault, FaultyStore
from support.documents.timers import ADA, DAILY, ROOM, TEA, ended, key_of, keys_in, save, started, stored, unit

OWNER = open_layout("per-record").key(ADA) + ".json"


@pytest.fixture
def spool(tmp_path):
    def same(name, data):
        del name
        return data

    origin = Origin("1", "per-record", "json", "")
    return lambda: Spool(SpoolFiles(tmp_path, 5), origin, RetryPolicy(deadline=5), same, same)


def down(store):
    return FaultyStore(store, lambda operation, _: Fault.UNAVAILABLE if operation == "put" else None)


async def test_a_spooled_timer_gets_its_key_before_it_is_saved(store, spool):
    replica = await started(down(store), spool=spool())
    replica.stage(TEA, DAILY.to_value())
    replica.keep()
    assert replica.pending == {TEA}
    store.taken()
    later = await started(store, spool=spool())
    assert [request for request in store.taken() if request[0] == "put"] == [
        ("put", key_of(TEA, DAILY)),
        ("put", OWNER),
    ]
    assert later.values.read(TEA) == DAILY.to_value()


async def test_a_spooled_attempt_gets_its_key_too(store, spool):
    replica = await started(down(store), deadline=0.05, spool=spool())
    replica.stage(TEA, DAILY.to_value())
    with pytest.raises(PTBBucketError):
        await replica.commit()
    replica.keep()
    await started(store, spool=spool())
    assert await keys_in(store) == [key_of(TEA, DAILY)]
    assert await stored(store, TEA) == DAILY


async def test_an_older_version_refuses_a_spool_with_timers(store, spool, tmp_path, monkeypatch):
    replica = await started(down(store), spool=spool())
    replica.stage(TEA, DAILY.to_value())
    replica.keep()
    [path] = tmp_path.glob("*.spool")
    data = path.read_bytes()
    unpack(data)
    monkeypatch.setattr(header, "FEATURES", frozenset({"refs"}))
    with pytest.raises(NewerDocumentError, match="needs timers"):
        unpack(data)


async def test_an_occurrence_whose_effects_are_in_another_file_is_not_ended_by_the_spool(store, spool):
    """Nothing tells in which order the files are replayed, so the occurrence runs again, and changes nothing twice."""
    await save(store, tea=DAILY)
    ready = await started(store, records=[ROOM])
    ready.stage(ROOM, {"log": [0]})
    await ready.commit()

    async def run(replica):
        name = unit(TEA, DAILY)
        replica.units.begin(name, [TEA, ROOM])
        replica.stage(ROOM, {"log": [*replica.values.read(ROOM)["log"], 1]})
        replica.stage_occurrence(name, TEA, ended(DAILY).to_value(), [ROOM])

    replica = await started(down(store), records=[TEA, ROOM], spool=spool())
    await run(replica)
    replica.keep()
    again = await started(store, records=[TEA, ROOM], spool=spool())
    assert again.values.read(TEA) == DAILY.to_value()
    assert again.values.read(ROOM) == {"log": [0, 1]}
    await run(again)
    await again.commit()
    assert await stored(store, TEA) == ended(DAILY)
    assert await stored(store, ROOM) == {"log": [0, 1]}
