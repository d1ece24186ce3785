"""Tests of the handler as AWS calls it: its answers, and the bucket's content afterwards."""

from __future__ import annotations

import asyncio
import json
import logging

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ptb_bucket.errors import ConfigurationError
from ptb_bucket.serverless.aws import lambda_webhook
from support.serverless.lambda_events import HEADER, SECRET, SHAPES, Context, Environment, function_url, in_base64


@pytest.fixture
def where(tmp_path):
    return f"file:{tmp_path}/bot"


def saved(tmp_path, section):
    return json.loads((tmp_path / "bot" / "state.json").read_text()).get(section)


@pytest.mark.parametrize("shape", SHAPES)
def test_every_kind_of_event_is_answered_when_its_changes_are_saved(where, tmp_path, shape):
    environment = Environment(where)
    for count in (1, 2, 3):
        assert environment.post(environment.update("hi"), shape=shape) == 200
        assert saved(tmp_path, "user_data") == {"42": {"count": count}}


def test_a_warm_environment_refreshes_and_never_loads_again(where):
    environment, other = Environment(where), Environment(where)
    for number in range(1, 26):
        assert environment.post(environment.update("hi")) == 200
        assert other.post(other.update("hi")) == 200
        assert environment.built[0].user_data[42]["count"] == 2 * number - 1
    assert len(environment.built) == len(other.built) == 1
    lists = environment.built[0].persistence.stats.lists
    assert lists <= 1, "an empty start is checked once"


def test_a_conversation_goes_on_in_another_environment(where):
    one, two = Environment(where), Environment(where)
    two.telegram = one.telegram
    two.post(one.update("hi"))
    assert [e.post(e.update(text)) for e, text in ((one, "/name"), (two, "Ada"))] == [200, 200]
    assert two.built[0].user_data[42] == {"count": 1, "name": "Ada"}


@pytest.mark.parametrize("secret", [None, "", "wrong", SECRET[:-1], SECRET + "x", "\u00fc", "\ud800"])
@pytest.mark.parametrize("shape", SHAPES)
def test_without_the_secret_nothing_happens(where, shape, secret):
    environment = Environment(where)
    assert environment.post(environment.update("hi"), shape=shape, secret=secret) == 403
    assert environment.handled == []


def test_another_method_is_refused(where):
    environment = Environment(where)
    for shape in SHAPES:
        answer = environment.handler(shape("", {HEADER: SECRET}, "GET"), Context())
        assert (answer["statusCode"], answer["headers"]["Allow"]) == (405, "POST")


GARBAGE = ["", "null", "[]", "1", "{}", '{"update_id": "1"}', "{", "\ud800", "[" * 100_000,
           '{"update_id": 1, "message": 5}']  # fmt: skip


@pytest.fixture(scope="module")
def warm():
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TELEGRAM_WEBHOOK_SECRET", SECRET)
        return Environment("memory:")


@pytest.mark.parametrize("body", GARBAGE, ids=[body[:12] for body in GARBAGE])
def test_what_is_no_update_is_400(warm, body, caplog):
    with caplog.at_level(logging.DEBUG, "ptb_bucket"):
        assert warm.post(body) == 400
    assert "Traceback" not in caplog.text


@pytest.mark.parametrize("number", ["42", True, 4.2, None, [42]])
@pytest.mark.parametrize("place", [("update_id",), ("message", "chat", "id"), ("message", "from", "id")])
def test_what_has_an_id_that_is_no_number_is_400(warm, place, number):
    update = within = warm.update("hi")
    for name in place[:-1]:
        within = within[name]
    within[place[-1]] = number
    assert warm.post(update) == 400


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda inner: (
            st.lists(inner) | st.dictionaries(st.sampled_from(["message", "id", "chat", "from", "date"]), inner)
        ),
    )
)
def test_garbage_within_an_update_is_refused_or_handled_and_never_raises(warm, content):
    for kind in ("message", "callback_query", "poll", "unknown"):
        assert warm.post({"update_id": 1, kind: content}) in {200, 400}


@given(st.one_of(st.text(), st.recursive(st.none() | st.text() | st.integers(), st.lists).map(json.dumps)))
def test_no_garbage_is_handled(warm, body):
    assert warm.post(body) == 400
    event = {**function_url(body, {HEADER: SECRET}), "isBase64Encoded": True}
    assert warm.handler(event, Context())["statusCode"] == 400


@pytest.mark.parametrize("mark", ["!", "\n", " ", "\u00fc"])
def test_base64_is_taken_at_its_word(warm, mark):
    event = in_base64(json.dumps(warm.update("hi")), {HEADER: SECRET})
    assert warm.handler({**event, "body": mark + event["body"]}, Context())["statusCode"] == 400
    assert warm.handler(event, Context())["statusCode"] == 200


@pytest.mark.parametrize("body", [None, 5, {"update_id": 1}])
def test_a_body_that_is_no_text_is_400(warm, body):
    assert warm.handler({**function_url("", {HEADER: SECRET}), "body": body}, Context())["statusCode"] == 400


def test_the_caller_learns_nothing_but_the_status(where):
    environment = Environment(where)

    def broken():
        raise RuntimeError("the token is 123:abc")

    environment.handler = lambda_webhook(broken)
    answer = environment.handler(function_url(json.dumps(environment.update("hi")), {HEADER: SECRET}), Context())
    assert answer["statusCode"] == 503
    assert "123" not in json.dumps(answer)


def test_an_error_of_a_handler_is_the_error_handlers_business(where, tmp_path):
    environment = Environment(where)
    heard = []

    async def fail(_update, context):
        context.chat_data["seen"] = True
        raise RuntimeError("no")

    environment.hook = fail
    build = environment.build

    def build_with_error_handler():
        application = build()

        async def hear(_update, context):
            heard.append(repr(context.error))

        application.add_error_handler(hear)
        return application

    environment.handler = lambda_webhook(build_with_error_handler)
    assert environment.post(environment.update("hi")) == 200
    assert heard == ["RuntimeError('no')"]
    assert saved(tmp_path, "chat_data") == {"42": {"seen": True}}


def test_a_timer_runs_with_everything_loaded_and_saves_what_it_changed(where, tmp_path):
    async def remind(application):
        for user in application.user_data:
            application.user_data[user]["reminded"] = True

    environment, other = Environment(where, on_timer=remind), Environment(where)
    environment.post(environment.update("hi"))
    other.post(other.update("hi", user=43))
    environment.handler({"source": "aws.events", "detail-type": "Scheduled Event"}, Context())
    assert saved(tmp_path, "user_data") == {
        "42": {"count": 1, "reminded": True}, "43": {"count": 1, "reminded": True},
    }  # fmt: skip


def test_a_timer_that_fails_fails_the_invocation_and_leaves_nothing(where, tmp_path):
    async def fail(application):
        application.user_data[42]["half"] = True
        raise RuntimeError("half way")

    environment = Environment(where, on_timer=fail)
    environment.post(environment.update("hi"))
    with pytest.raises(RuntimeError, match="half way"):
        environment.handler({"any": "payload"}, Context())
    assert environment.post(environment.update("hi")) == 200
    assert saved(tmp_path, "user_data") == {"42": {"count": 2}}


def test_an_unexpected_event_is_a_clear_error(where):
    with pytest.raises(ConfigurationError, match="on_timer"):
        Environment(where).handler({"source": "aws.events"}, Context())


def test_without_a_secret_in_the_environment_every_update_is_503(monkeypatch, where, caplog):
    """It says so when the module is imported. Raised there, AWS would start the process again for each event."""
    monkeypatch.delenv("TELEGRAM_WEBHOOK_SECRET")
    environment = Environment(where)
    assert "TELEGRAM_WEBHOOK_SECRET is not set" in caplog.text
    caplog.clear()
    assert [environment.post(environment.update("hi")) for _ in range(3)] == [503] * 3
    assert caplog.text.count("TELEGRAM_WEBHOOK_SECRET is not set") == 3
    assert environment.handled == []


def test_what_is_no_bucket_application_is_named(where, caplog):
    environment = Environment(where)
    environment.handler = lambda_webhook(lambda: "nothing")
    assert environment.post(environment.update("hi")) == 503
    assert "bucket_application" in caplog.text


def test_a_handler_that_never_ends_is_cut_off_in_time_and_did_not_happen(where, tmp_path):
    async def forever(update, _context):
        if update.message.text == "wait":
            await asyncio.Event().wait()

    environment = Environment(where)
    environment.hook = forever
    assert environment.post(environment.update("hi")) == 200
    update = environment.update("wait")
    assert environment.post(update, seconds=1.2) == 503
    assert saved(tmp_path, "user_data") == {"42": {"count": 1}}
    environment.hook = None
    assert environment.post(update) == 200
    assert saved(tmp_path, "user_data") == {"42": {"count": 2}}
    assert len(environment.built) == 2
