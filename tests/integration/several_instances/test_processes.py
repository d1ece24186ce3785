"""Tests of real processes on one directory: at the same time, one after the other, forked, and killed."""

from __future__ import annotations

import asyncio
import os
import random
import subprocess

import pytest

from support.processes.child_processes import CHAT, finished, opened, spawn, start_together


def state_of(uri):
    async def read():
        persistence = opened(uri)
        return await persistence.get_bot_data(), await persistence.get_chat_data(), await persistence.get_user_data()

    return asyncio.run(read())


@pytest.mark.parametrize("layout", ["single", pytest.param("per-type", marks=pytest.mark.long), "per-record"])
def test_two_processes_change_the_same_chat_sets_lists_and_counter(tmp_path, count, layout):
    times = count(15, 200)
    uri = f"file:{tmp_path}/state?layout={layout}"
    asyncio.run(opened(uri).update_bot_data({"count": 0}))
    processes = [spawn("update_in_turns", uri, name, times) for name in "ab"]
    start_together(*processes)
    merged = [int(finished(process)) for process in processes]
    bot_data, chats, _ = state_of(uri)
    each = {name: [f"{name} {number}" for number in range(times)] for name in "ab"}
    everything = {*each["a"], *each["b"]}
    chat = chats[CHAT]
    assert {key for key in chat if key not in {"latest", "log"}} == everything
    assert chat["latest"] == {"a": times - 1, "b": times - 1}
    assert bot_data["set"] == everything
    assert bot_data["count"] == 2 * times
    for found in (bot_data["list"], chat["log"]):
        assert len(found) == len(everything)
        assert {name: [item for item in found if item[0] == name] for name in "ab"} == each
    assert sum(merged) > 0


def test_a_process_killed_in_the_middle_of_a_commit_leaves_the_old_or_the_new_document(tmp_path, count):
    uri, rng, acknowledged = f"file:{tmp_path}/state", random.Random(20250523), 0
    for _ in range(count(2, 200)):
        process = spawn("count_aloud", uri, acknowledged)
        for _ in range(rng.randrange(1, 6)):
            acknowledged = int(process.stdout.readline() or pytest.fail(process.stderr.read()))
        with pytest.raises(subprocess.TimeoutExpired):  # it goes on for ever
            process.wait(rng.uniform(0, 0.02))
        process.kill()
        rest = process.communicate()[0].split("\n")[:-1]
        assert process.returncode == -9
        acknowledged = int(rest[-1]) if rest else acknowledged
        users = state_of(uri)[2]
        assert users[1] == users[2]
        assert set(users[1]["padding"]) == {users[1]["n"]}
        assert acknowledged <= users[1]["n"] <= acknowledged + 1


@pytest.mark.parametrize(("when", "state", "left"), [("half written", 1, 1), ("whole", 1, 1), ("renamed", 2, 0)])
def test_killed_at_each_point_of_a_save_what_is_left_is_never_read_and_goes_away(tmp_path, when, state, left):
    uri, folder = f"file:{tmp_path}/state", tmp_path / "state"
    asyncio.run(opened(uri).update_user_data(1, {"n": 1}))
    before = {path.name for path in folder.iterdir()}
    process = spawn("die_while_saving", uri, when)
    assert process.communicate() == ("", "")
    assert process.returncode == -9
    assert len({path.name for path in folder.iterdir()} - before) == left
    assert state_of(uri)[2] == {1: {"n": state}}
    asyncio.run(opened(uri).update_user_data(2, {"n": 2}))
    assert {path.name for path in folder.iterdir()} == before
    assert state_of(uri)[2] == {1: {"n": state}, 2: {"n": 2}}


def test_two_event_loops_one_after_the_other_without_a_warning(tmp_path):
    uri = f"file:{tmp_path}/state"
    assert finished(spawn("live_twice", uri)) in {"2\n", "3\n", "4\n"}
    assert state_of(uri)[2] == {1: {"run 1": 1, "run 2": 2}, 2: {"n": 2}}


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork")
def test_a_forked_process_is_another_writer_and_both_changes_are_there(tmp_path):
    uri = f"file:{tmp_path}/state"
    parent, child = finished(spawn("fork_after_a_commit", uri)).split()
    assert parent != child
    bot_data = state_of(uri)[0]
    assert bot_data["count"] == 20
    assert bot_data["list"][0] == "before"
    for name in ("parent", "child"):
        assert [item for item in bot_data["list"] if item.startswith(name)] == [f"{name} {n}" for n in range(10)]
    assert len(bot_data["list"]) == 21
