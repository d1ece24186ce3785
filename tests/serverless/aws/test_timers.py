"""Tests of timer events: their changes are saved, or discarded as a whole."""

from __future__ import annotations

import asyncio

import pytest

from ptb_bucket.errors import UnavailableError, UnsavedError
from ptb_bucket.testing.faults import Fault
from support.serverless.lambda_events import Context, Environment, document, users

TIMER = {"source": "aws.events"}


def on_timer(environment, work):
    """Let the environment's handler do this work on timer events."""
    environment.start(on_timer=work)
    return environment


def test_a_timer_that_cannot_be_saved_raises_and_did_not_happen(environment, tmp_path):
    async def mark(application):
        application.user_data[42]["marked"] = True

    on_timer(environment, mark)
    assert environment.post(environment.update("hi")) == 200
    environment.fail(Fault.DENIED)
    with pytest.raises(UnsavedError):
        environment.handler(TIMER, Context())
    environment.heal()
    assert environment.post(environment.update("hi")) == 200
    assert users(tmp_path) == {"42": {"count": 2}}
    environment.handler(TIMER, Context())
    assert users(tmp_path) == {"42": {"count": 2, "marked": True}}


def test_a_timer_that_takes_too_long_raises_and_did_not_happen(environment, tmp_path):
    async def wait(application):
        application.user_data[42]["half"] = True
        await asyncio.Event().wait()

    on_timer(environment, wait)
    assert environment.post(environment.update("hi")) == 200
    with pytest.raises(TimeoutError):
        environment.handler(TIMER, Context(1.2))
    assert environment.post(environment.update("hi")) == 200
    assert users(tmp_path) == {"42": {"count": 2}}


@pytest.mark.parametrize("error", [UnavailableError("a page of others'", key="x"), ValueError("a bug")], ids=type)
def test_the_changes_of_a_timer_that_raises_are_discarded(environment, tmp_path, error):
    """For an update, such an error would mean that no handler ran. For a timer, it does not."""

    async def half(application):
        application.bot_data["half"] = True
        application.user_data[42]["half"] = True
        application.mark_data_for_update_persistence(user_ids=42)
        raise error

    on_timer(environment, half)
    assert environment.post(environment.update("hi")) == 200
    with pytest.raises(type(error)):
        environment.handler(TIMER, Context())
    assert environment.post(environment.update("hi")) == 200
    assert users(tmp_path) == {"42": {"count": 2}}
    assert "half" not in document(tmp_path)["bot_data"]["bot"]
    assert len(environment.built) == 2


@pytest.mark.parametrize("event", [TIMER, {}, [], "now", None, {"Records": []}])
def test_every_event_that_is_no_request_is_a_timers(environment, event):
    seen = []

    async def note(application):
        seen.append(dict(application.user_data))

    assert on_timer(environment, note).handler(event, Context())["statusCode"] == 200
    assert seen == [{}]


def test_a_timer_sees_what_others_saved_and_does_not_run_on_what_it_cannot_load(environment, tmp_path):
    seen = []

    async def note(application):
        seen.append({user: dict(data) for user, data in application.user_data.items()})

    on_timer(environment, note)
    environment.handler(TIMER, Context())
    other = Environment(f"file:{tmp_path}/bot")
    other.post(other.update("hi"))
    environment.handler(TIMER, Context())
    environment.fail(Fault.DENIED, "get")
    with pytest.raises(Exception, match="denied"):
        environment.handler(TIMER, Context())
    assert seen == [{}, {42: {"count": 1}}]
