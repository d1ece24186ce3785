"""Tests of AWS's time limit for an event: late work does not begin, or is cut off and never goes on."""

from __future__ import annotations

import asyncio
import time

import pytest

from ptb_bucket.serverless.aws import lambda_webhook
from ptb_bucket.stores import MemoryStore
from ptb_bucket.testing.faults import Fault
from support.serverless.lambda_events import Context, document, said, users


@pytest.mark.parametrize("where", ["file", "memory"])
@pytest.mark.parametrize("seconds", [0, 0.3, 0.8])
def test_without_time_left_nothing_begins(environment, seconds, where, caplog):
    if where == "memory":  # which is done before any timer is looked at
        environment.start(where=MemoryStore())
    assert environment.post(environment.update("hi")) == 200
    assert environment.post(environment.update("hi"), seconds=seconds) == 503
    assert len(environment.handled) == 1
    assert "OutOfTimeError: The function timed out before the work could start" in said(caplog)


def test_an_update_ends_before_telegram_sends_it_again_and_a_timer_may_take_longer(environment, monkeypatch, tmp_path):
    """The timeout of a function may be fifteen minutes."""
    monkeypatch.setattr("ptb_bucket.serverless.aws.handler.TELEGRAM_WAITS", 0.3)

    async def wait(*_):
        await asyncio.sleep(0.5)

    environment.hook = wait
    assert environment.post(environment.update("hi"), seconds=60) == 503

    async def mark(application):
        await wait()
        application.bot_data["ticked"] = True

    environment.handler = lambda_webhook(environment.build, mark)
    environment.handler({"source": "aws.events"}, Context(60))
    assert document(tmp_path)["bot_data"]["bot"] == {"ticked": True}


def test_the_answer_gets_out_before_aws_ends_the_invocation(environment):
    async def stubborn(update, _context):
        while update.message.text == "wait":
            try:
                await asyncio.sleep(60)
            except asyncio.CancelledError:
                continue

    environment.hook = stubborn
    began = time.monotonic()
    assert environment.post(environment.update("wait"), seconds=1.5) == 503
    assert time.monotonic() - began < 1.5


def test_a_handler_that_does_not_heed_its_cancellation_never_goes_on(environment, tmp_path):
    late = []

    async def stubborn(update, _context):
        if update.message.text != "wait":
            return
        until = time.monotonic() + 1.2
        while time.monotonic() < until:
            try:
                await asyncio.sleep(0.05)
            except asyncio.CancelledError:
                continue
        late.append(update.update_id)

    environment.hook = stubborn
    assert environment.post(environment.update("hi")) == 200
    assert environment.post(environment.update("wait"), seconds=1) == 503

    async def idle(_update, _context):
        await asyncio.sleep(1.5)

    environment.hook = idle
    assert environment.post(environment.update("hi")) == 200
    assert late == []
    assert users(tmp_path) == {"42": {"count": 2}}


def test_a_handler_that_is_cut_off_may_clean_up(environment):
    cleaned = []

    async def wait(_update, _context):
        try:
            await asyncio.Event().wait()
        finally:
            cleaned.append(True)

    environment.hook = wait
    assert environment.post(environment.update("hi"), seconds=1.2) == 503
    assert cleaned == [True]


def test_a_handler_that_cancels_itself_did_not_happen(environment, tmp_path):
    async def cancel(update, _context):
        if update.message.text == "cancel":
            raise asyncio.CancelledError

    environment.hook = cancel
    assert environment.post(environment.update("hi")) == 200
    assert environment.post(environment.update("cancel")) == 503
    assert environment.post(environment.update("hi")) == 200
    assert users(tmp_path) == {"42": {"count": 2}}


def test_a_save_that_hangs_is_never_made_up_for_later(environment, tmp_path):
    assert environment.post(environment.update("hi")) == 200
    environment.fail(Fault.HANG)
    assert environment.post(environment.update("hi"), seconds=1.3) == 503
    environment.heal()

    async def idle(_update, _context):
        await asyncio.sleep(1)

    environment.hook = idle
    assert environment.post(environment.update("hi", 43)) == 200
    assert users(tmp_path) == {"42": {"count": 1}, "43": {"count": 1}}
