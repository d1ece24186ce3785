"""Tests of copies of an environment, as AWS makes from a snapshot: none loses data or mistakes another's commit."""

from __future__ import annotations

import os
import selectors

from support.serverless.lambda_events import Environment, document, users


def together(copies):
    assert [os.waitstatus_to_exitcode(os.waitpid(copy, 0)[1]) for copy in copies] == [0] * len(copies)


def test_environments_from_one_snapshot_lose_nothing(tmp_path, monkeypatch):
    """AWS takes the snapshot before the first event: the Application and its writer's id are made after it."""
    monkeypatch.setenv("AWS_LAMBDA_INITIALIZATION_TYPE", "snap-start")
    environment = Environment(f"file:{tmp_path}/bot", options={"dedupe": True})
    together([_restored(environment, [environment.update("hi", user) for _ in range(5)]) for user in (42, 43, 44)])
    assert environment.post(environment.update("hi")) == 200
    assert users(tmp_path) == {"42": {"count": 6}, "43": {"count": 5}, "44": {"count": 5}}
    updates = set(range(1, 17))
    assert set(document(tmp_path)["bot_data"]["bot"]["updates"]) == updates
    assert set(document(tmp_path)["updates"]["handled"]) == updates


def test_environments_from_one_warm_snapshot_take_no_commit_for_their_own(tmp_path):
    """If AWS took the snapshot later, copies would share the writer's ID, the loop and the Application's memory."""
    environment = Environment(f"file:{tmp_path}/bot", options={"dedupe": True})
    assert environment.post(environment.update("hi")) == 200
    together([_restored(environment, [environment.update("hi", user) for _ in range(5)]) for user in (42, 43, 44)])
    assert environment.post(environment.update("hi")) == 200
    assert users(tmp_path) == {"42": {"count": 7}, "43": {"count": 5}, "44": {"count": 5}}
    assert set(document(tmp_path)["updates"]["handled"]) == set(range(1, 18))


def _restored(environment, updates):
    """Go on in a copy of this process, like a restored snapshot, which copies even more than a fork."""
    process, loaded = os.getpid(), environment.handler.__self__._environment._loaded
    built = len(environment.built) + (not loaded)
    copy = os.fork()
    if copy:
        return copy
    try:
        os.getpid = lambda: process
        if loop := environment.handler.__self__._environment._loop._loop:
            # A snapshot has its own kernel and its own threads; a fork shares the one and loses the others.
            loop._selector, loop._default_executor = selectors.DefaultSelector(), None
            loop._make_self_pipe()
        good = [environment.post(update) for update in updates] == [200] * len(updates)
        os._exit(0 if good and len(environment.built) == built else 1)
    finally:
        os._exit(2)
