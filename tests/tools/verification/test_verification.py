"""Tests that ``verify`` refuses what it cannot try, and finds each promise that a store breaks."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ptb_bucket.errors import ConfigurationError, RefusedError, UnavailableError
from ptb_bucket.stores import Create, LocalStore, MemoryStore
from ptb_bucket.stores.promises import BrokenPromiseError
from ptb_bucket.tools import plan_verification, verify
from ptb_bucket.tools.verification import lost_answers, races
from ptb_bucket.tools.verification.conformance import Kept, try_promise
from ptb_bucket.tools.verification.lost_answers import broken_cut
from ptb_bucket.tools.verification.races import Races, broken_race
from ptb_bucket.tools.verification.workers import Outcome
from support.tools.verifying import SMALL

WON, LOST, UNCLEAR = Outcome("won"), Outcome("lost"), Outcome("unclear")


async def test_a_directory_is_safe_and_left_as_it_was(tmp_path):
    bot = tmp_path / "bot"
    async with LocalStore(bot) as store:
        await store.put("state.json", b"the bot's", Create())
    before = sorted(bot.rglob("*"))
    found = await verify(f"file:{bot}?keep=3", effort=SMALL)
    assert (found.problems, found.safe, found.left) == ([], True, "")
    assert (found.races.rounds, found.races.right) == (4, 4)
    assert "no connections" in found.lost_answers.skipped
    assert {name: one.number for name, one in found.latency.items()} == {"get": 10, "put": 10, "list": 5}
    assert sorted(bot.rglob("*")) == before


async def test_a_directory_that_did_not_exist_does_not_exist_afterwards(tmp_path):
    found = await verify(f"file:{tmp_path}/new", effort=SMALL)
    assert found.safe
    assert list(tmp_path.iterdir()) == []


# ---------------------------------------------------------------- what is refused


async def test_memory_is_refused():
    for uri in ("memory:", "memory:name"):
        with pytest.raises(RefusedError, match="only exists within one process"):
            await verify(uri)
        with pytest.raises(RefusedError):
            await plan_verification(uri)


async def test_an_open_store_is_refused():
    with pytest.raises(ConfigurationError, match="needs a URI"):
        await verify(MemoryStore())


# ---------------------------------------------------------------- what goes wrong is found


class Overwrites(LocalStore):
    """A store that ignores conditions."""

    async def put(self, key, data, mode):
        path = self.path_of(key)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        return (await self.get(key)).etag


async def test_a_store_that_ignores_conditions_breaks_promises(tmp_path, monkeypatch):
    monkeypatch.setattr(LocalStore, "put", Overwrites.put)
    found = await verify(f"file:{tmp_path}", effort=SMALL)
    broken = {one.name: one.broken for one in found.promises if one.broken}
    assert "replaced an object" in broken["create does not overwrite"]
    assert "replaced an object" in broken["stale update changes nothing"]
    assert not found.safe
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("outcomes", "stored", "words"),
    [
        ([WON, LOST, LOST], 0, ""),
        ([LOST, UNCLEAR, LOST], 1, ""),
        ([LOST, UNCLEAR, LOST], None, ""),
        ([LOST, LOST, LOST], None, ""),
        ([WON, WON, LOST], 1, "2 of 3 processes wrote on the same condition"),
        ([WON, LOST, LOST], 1, "the object has other bytes"),
        ([WON, LOST, LOST], None, "the object has other bytes"),
        ([LOST, LOST, LOST], 2, "refused a process's write, but its bytes are stored"),
        ([WON, Outcome("error", message="Denied."), LOST], 0, "could not write: Denied"),
    ],
)
def test_a_race_has_one_winner_whose_bytes_are_stored(outcomes, stored, words):
    found = broken_race(outcomes, stored)
    assert words in found
    assert bool(found) == bool(words)


@pytest.mark.parametrize(
    ("outcome", "stored", "torn", "words"),
    [
        (Outcome("unclear", uploads=1), b"new", False, ""),
        (Outcome("unclear", uploads=1), b"old", False, ""),
        (Outcome("unclear", uploads=1), b"old", True, ""),
        (Outcome("lost", uploads=1), b"new", False, "reported a lost race"),
        (Outcome("won", uploads=1), b"new", False, "reported success"),
        (Outcome("error", message="Denied."), b"old", False, "reported Denied"),
        (Outcome("unclear", uploads=2), b"new", False, "sent 2 times"),
        (Outcome("unclear", uploads=1), b"ne", False, "neither"),
        (Outcome("unclear", uploads=1), None, False, "neither"),
        (Outcome("unclear", uploads=1), b"ne", True, "cut in the middle, but the object has changed"),
    ],
)
def test_a_lost_answer_is_unknown_and_leaves_a_whole_object(outcome, stored, torn, words):
    found = broken_cut(outcome, stored, b"old", b"new", torn=torn)
    assert words in found
    assert bool(found) == bool(words)


async def test_nobody_wins_and_two_win_are_found_in_a_real_race(tmp_path, monkeypatch):
    grounds = type("G", (), {})()  # not used before the processes have answered
    race = races._Race(grounds, [])
    answers = iter([("", False)] * 3 + [("two won", True)])

    async def round_(_key, _etag):
        return next(answers)

    monkeypatch.setattr(race, "_round", round_)
    await race.run("one", replace=False)
    await race.run("two", replace=False)
    assert race.result() == Races(2, 0, "No process won the race for 'one' in 3 attempts.")


async def test_cuts_that_apply_nothing_show_nothing():
    assert "the test proved nothing" in lost_answers._Cuts(None, None).result().broken


async def test_a_promise_is_tried_again_only_if_the_server_did_not_answer():
    tries = []

    async def trial(place):
        tries.append(place)
        raise UnavailableError("503") if len(tries) == 1 else BrokenPromiseError("wrong")

    assert await try_promise("p", trial, MemoryStore) == Kept("p", "wrong")
    assert len(tries) == 2
    assert await try_promise("p", trial, MemoryStore) == Kept("p", "wrong")
    assert len(tries) == 3


async def test_the_time_is_limited(tmp_path):
    found = await verify(f"file:{tmp_path}", effort=replace(SMALL, seconds=0.05))
    assert not found.safe
    assert found.problems[-1] == "The run had not finished after 0 seconds."
    assert list(tmp_path.iterdir()) == []
