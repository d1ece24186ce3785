"""Tests of updates that come again because the answer was not 200. Their changes happen once or not at all."""

from __future__ import annotations

import asyncio
import os

import pytest

from ptb_bucket.offline_telegram import OfflineTelegram
from ptb_bucket.testing.faults import Fault, script
from support.serverless.lambda_events import Environment, document


@pytest.mark.parametrize("dedupe", [False, True])
@pytest.mark.parametrize("fault", [Fault.DENIED, Fault.UNAVAILABLE])
def test_a_failed_save_did_not_happen_and_the_redelivered_update_does_once(environment, tmp_path, fault, dedupe):
    environment.start(options={"dedupe": dedupe})
    assert environment.post(environment.update("hi")) == 200
    update = environment.update("hi")
    environment.fail(fault)
    assert environment.post(update, seconds=2) == 503
    assert document(tmp_path)["user_data"] == {"42": {"count": 1}}
    environment.heal()
    assert environment.post(update) == 200
    assert document(tmp_path)["user_data"] == {"42": {"count": 2}}
    assert len(environment.built) == 2, "what the failed one had in memory is gone"


def test_what_was_answered_503_is_never_saved_by_a_later_try(environment, tmp_path):
    """The update comes again. If its changes were saved in between, it would count twice."""
    environment.start(saving={"update_interval": 0.05})
    environment.fail(Fault.DENIED)
    assert environment.post(environment.update("hi")) == 503
    environment.heal()

    async def take_some_time(_update, _context):
        await asyncio.sleep(0.2)

    environment.hook = take_some_time
    assert environment.post(environment.update("hi", 43)) == 200
    assert document(tmp_path)["user_data"] == {"43": {"count": 1}}


@pytest.mark.parametrize("fault", [Fault.ANSWER_LOST, Fault.ANSWERED_TWICE])
def test_a_save_whose_answer_was_lost_is_recognised_within_the_invocation(environment, tmp_path, fault):
    environment.plan = script([fault], operation="put")
    update = environment.update("hi")
    assert environment.post(update) == 200
    assert document(tmp_path)["user_data"] == {"42": {"count": 1}}


def test_a_save_that_landed_without_an_answer_in_time_is_not_handled_again_with_dedupe(environment, tmp_path):
    environment.start(options={"dedupe": True})
    assert environment.post(environment.update("hi")) == 200
    update = environment.update("hi")
    environment.fail(Fault.HANG_APPLIED)
    assert environment.post(update, seconds=1.5) == 503
    environment.heal()
    assert environment.post(update) == 200
    assert document(tmp_path)["user_data"] == {"42": {"count": 2}}
    assert environment.handled.count(update["update_id"]) == 1


def test_a_redelivered_update_is_handled_once_in_any_environment(tmp_path):
    telegram = OfflineTelegram()
    environments = [Environment(f"file:{tmp_path}/bot", telegram, {"dedupe": True}) for _ in range(3)]
    update = environments[0].update("hi")
    assert [environment.post(update) for environment in environments for _ in range(2)] == [200] * 6
    assert [len(environment.handled) for environment in environments] == [1, 0, 0]
    assert document(tmp_path)["user_data"] == {"42": {"count": 1}}


def test_without_dedupe_a_redelivered_update_is_handled_again(tmp_path):
    environment = Environment(f"file:{tmp_path}/bot")
    update = environment.update("hi")
    environment.post(update)
    environment.post(update)
    assert document(tmp_path)["user_data"] == {"42": {"count": 2}}


@pytest.mark.parametrize("fault", [Fault.DENIED, Fault.UNAVAILABLE])
@pytest.mark.parametrize("warm", [False, True])
def test_what_cannot_be_loaded_is_503_and_no_handler_runs(environment, fault, warm):
    if warm:
        assert environment.post(environment.update("hi")) == 200
    environment.fail(fault, "get")
    update = environment.update("hi")
    assert environment.post(update, seconds=2) == 503
    assert update["update_id"] not in environment.handled
    environment.heal()
    assert environment.post(update) == 200
    assert environment.handled.count(update["update_id"]) == 1


def test_a_store_that_hangs_is_503_before_aws_ends_the_invocation(environment):
    environment.fail(Fault.HANG, "get")
    assert environment.post(environment.update("hi"), seconds=1.3) == 503


def test_a_process_thawed_later_sees_what_others_wrote_meanwhile(tmp_path):
    frozen, busy = (Environment(f"file:{tmp_path}/bot") for _ in range(2))
    frozen.post(frozen.update("hi"))
    for user in (42, 43, 42):
        busy.post(busy.update("hi", user))
    assert frozen.post(frozen.update("hi")) == 200  # all its ETags are an hour old
    assert document(tmp_path)["user_data"] == {"42": {"count": 4}, "43": {"count": 1}}
    assert len(frozen.built) == 1


def test_two_environments_from_one_snapshot_are_two_writers(tmp_path):
    """Like a fork, a copy has the memory, ETags and IDs of the other environment, but not its process."""
    environment = Environment(f"file:{tmp_path}/bot")
    environment.post(environment.update("hi"))
    children = [_in_child(environment, user) for user in (43, 44, 45, 46)]
    assert [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children] == [0] * 4
    assert environment.post(environment.update("hi")) == 200
    counts = {user: data["count"] for user, data in document(tmp_path)["user_data"].items()}
    assert counts == {"42": 2, "43": 1, "44": 1, "45": 1, "46": 1}


def _in_child(environment, user):
    update = environment.update("hi", user)
    child = os.fork()
    if child:
        return child
    try:
        os._exit(0 if environment.post(update) == 200 else 1)
    finally:
        os._exit(2)


def test_nothing_runs_between_two_events(environment):
    """The process is frozen after its answer, so no task and no timer may be left waiting in the loop."""
    environment.post(environment.update("hi"))
    loop = environment.handler.__self__._environment._loop._loop
    assert asyncio.all_tasks(loop) == set()
    assert [timer for timer in loop._scheduled if not timer.cancelled()] == []
