"""after_commit(): a function that is called when, and only when, the changes around it are durable."""

from __future__ import annotations

import asyncio
import time

import pytest

from ptb_bucket import JobRetry
from ptb_bucket.errors import ConfigurationError, UnsavedError
from ptb_bucket.testing.faults import Fault

sent = []


@pytest.fixture(autouse=True)
def _forget():
    sent.clear()


async def send(context):
    sent.append((context.job.data, context.job.chat_id, context.job.user_id, context.user_data.get("paid")))


async def fail(context):
    sent.append("failed")
    raise ValueError


async def buy(context):
    context.application.after_commit(send, {"order": 7})
    context.user_data["paid"] = True


OPTIONS = {"jobs": "bucket", "callbacks": [send, fail]}


async def test_it_runs_after_the_commit_with_the_saved_data_of_the_updates_chat_and_user(bots):
    async with bots.build(buy, **OPTIONS) as one:
        await bots.deliver(one)
        assert sent == [({"order": 7}, 42, 42, True)]
        assert (await one.tick()).ran == 0
    assert bots.errors == []


async def test_it_does_not_run_if_the_update_is_not_saved_and_runs_once_when_it_comes_again(bots):
    one, update = bots.build(buy, **OPTIONS), bots.update()
    await one.initialize()
    bots.fault = lambda operation, _key: Fault.DENIED if operation == "put" else None
    with pytest.raises(UnsavedError):
        await bots.deliver(one, update)
    assert sent == []
    await one.discard()
    bots.fault = lambda _operation, _key: None
    async with bots.build(buy, **OPTIONS) as two:
        await bots.deliver(two, update)
        await bots.deliver(two, update)
        assert len(sent) == 1


async def test_another_instance_runs_it_if_this_one_has_no_time(bots, clock, monkeypatch):
    monkeypatch.setattr("ptb_bucket.application.timers.service.AFTER_COMMIT", 0.0)
    async with bots.build(buy, **OPTIONS) as one:
        await bots.deliver(one)
        assert sent == []
    clock.pass_(1)
    async with bots.build(buy, **OPTIONS) as two:
        assert (await two.tick()).ran == 1
        assert len(sent) == 1


async def test_it_does_not_begin_when_the_answer_is_due(bots, clock):
    async with bots.build(buy, **OPTIONS) as one:
        one.answer_by = time.monotonic() - 0.1
        await bots.deliver(one)
        assert sent == []
        clock.pass_(1)
        assert (await one.tick()).ran == 1
        one.answer_by = time.monotonic() + 10
        await bots.deliver(one)
    assert len(sent) == 2


async def test_an_error_of_it_never_fails_the_update_and_it_is_tried_again_then_parked(bots, clock):
    async def order(context):
        context.application.after_commit(fail)
        context.user_data["n"] = 1

    async with bots.build(order, **OPTIONS, job_retry=JobRetry(tries=2)) as one:
        await bots.deliver(one)
        assert sent == ["failed"]
        clock.pass_(40)
        assert (await one.tick()).ran == 1
        clock.pass_(1e5)
        assert (await one.tick()).ran == 0
    assert sent == ["failed", "failed"]
    assert (await bots.user_data())["n"] == 1


async def test_an_error_of_the_bucket_never_fails_the_update(bots, clock, monkeypatch):
    async with bots.build(buy, **OPTIONS) as one:
        run = one.timers.run_added

        async def run_without_bucket(added):
            bots.fault = lambda operation, _key: Fault.DENIED if operation == "put" else None
            await run(added)
            bots.fault = lambda _operation, _key: None

        monkeypatch.setattr(one.timers, "run_added", run_without_bucket)
        await bots.deliver(one)
        assert sent == []
        clock.pass_(1)
        assert (await one.tick()).ran == 1
    assert len(sent) == 1


@pytest.mark.parametrize("dedupe", [False, True])
async def test_a_process_that_goes_on_runs_it_when_the_handler_has_ended(bots, dedupe):
    ended = []

    async def slow(context):
        await buy(context)
        await asyncio.sleep(0.3)
        assert sent == []
        ended.append(True)

    async with bots.build(slow, runs=True, **OPTIONS, dedupe=dedupe) as one:
        await one.start()
        await bots.deliver(one)
        for _ in range(1200):  # a minute, which only a failure takes
            await asyncio.sleep(0.05)
            if sent:
                break
        await one.stop()
    assert ended == [True]
    assert sent == [({"order": 7}, 42, 42, True)]


async def test_a_job_may_ask_for_it_too(bots, clock):
    async def order(context):
        context.application.after_commit(ask)

    async def ask(context):
        context.application.after_commit(send, "from a job")

    async with bots.build(order, jobs="bucket", callbacks=[send, ask]) as one:
        await bots.deliver(one)
        clock.pass_(1)
        assert (await one.tick()).ran == 1
    assert sent == [("from a job", 42, 42, None)]


async def test_it_needs_jobs_in_the_bucket_and_a_listed_function(bots):
    async with bots.build(buy) as one:
        with pytest.raises(ConfigurationError, match="jobs='bucket'"):
            one.after_commit(send)
    async with bots.build(buy, **OPTIONS) as one:
        with pytest.raises(ConfigurationError, match="not listed"):
            one.after_commit(buy)
