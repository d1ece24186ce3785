"""Tests of a platform that sends SIGTERM and kills soon after: the bot saves what it can and names the rest."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from support import environment
from support.applications.restarting_bot import opened
from support.processes.preloaded import preloading

programs_are_preloaded = preloading()

PROGRAM = "support.processes.sigterm_bot"
KILLED_AT = 30
"""Seconds; far more than the deadline of one second, far less than the handler's thousand."""


def terminated(what, tmp_path, *spool):
    """Run the process until it has ended; return its output, its log, and the user data in the bucket."""
    command = [sys.executable, "-m", PROGRAM, what, f"file:{tmp_path}/bot", *map(str, spool)]
    done = subprocess.run(command, env=environment(), capture_output=True, text=True, timeout=KILLED_AT, check=False)
    state = tmp_path / "bot" / "state.json"
    return done.stdout, done.stderr, json.loads(state.read_text()).get("user_data", {}) if state.exists() else {}


def test_a_handler_that_ends_in_time_is_saved(tmp_path):
    raised, logged, users = terminated("ends in time", tmp_path)
    assert raised == ""
    assert "cancelled" not in logged
    assert users == {"43": {"first": 1}, "42": {"went": 1}}


def test_one_that_never_ends_is_named_and_cancelled_and_everybody_else_is_saved(tmp_path):
    raised, logged, users = terminated("never ends", tmp_path)
    assert raised == ""
    assert "update 2 was still running at the shutdown deadline and was cancelled" in logged
    assert "update 3 arrived after the shutdown deadline and was not handled" in logged
    assert users == {"43": {"first": 1}}


def test_a_task_that_never_ends_is_named_and_costs_nothing_else(tmp_path):
    raised, logged, users = terminated("task never ends", tmp_path)
    assert raised == ""
    assert "counting stars was still running at the shutdown deadline" in logged
    assert users == {"43": {"first": 1}, "42": {"went": 1}}


def test_a_handler_whose_task_begins_after_the_signal_is_saved(tmp_path):
    raised, logged, users = terminated("before its task", tmp_path)
    assert raised == ""
    assert "cancelled" not in logged
    assert users == {"43": {"first": 1}, "42": {"went": 1}}


def test_endless_tasks_of_post_init_do_not_block_shutdown(tmp_path):
    raised, logged, users = terminated("task of post_init", tmp_path)
    assert raised == ""
    assert "counting stars was still running at the shutdown deadline" in logged
    assert users == {"43": {"first": 1}, "42": {"went": 1}}


@pytest.mark.parametrize(
    ("what", "saved"), [("will not be cancelled", {}), ("job never ends", {"42": {"went": 1}})], ids=["handler", "job"]
)
def test_one_that_will_not_be_cancelled_is_left_behind_and_everybody_else_is_saved(tmp_path, what, saved):
    # PTB skips shutdown(), which saves, if stop() raises: a cancelled wait must not come out of it.
    raised, logged, users = terminated(what, tmp_path)
    assert raised == ""
    assert "did not stop when they were cancelled" in logged
    assert users == {"43": {"first": 1}, **saved}


def test_a_store_that_hangs_does_not_keep_the_process_and_what_is_unsaved_is_said(tmp_path):
    raised, _logged, users = terminated("store hangs", tmp_path)
    assert raised.startswith(
        "UnsavedError: The shutdown deadline of 2 s expired. These changes may not have been saved:"
    )
    assert "user_data[43]" in raised
    assert users == {}


async def test_with_a_spool_nothing_is_lost_then(tmp_path):
    raised, _logged, users = terminated("store hangs", tmp_path, tmp_path / "spool")
    assert f"The changes are kept in {tmp_path}/spool" in raised
    assert users == {}
    next_life = opened(f"file:{tmp_path}/bot", spool_dir=tmp_path / "spool")
    assert await next_life.get_user_data() == {43: {"first": 1}, 42: {"went": 1}}
    await next_life.flush()
