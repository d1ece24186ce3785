"""Tests of examples/lambda_bot, called as AWS calls it, with an offline Telegram."""

from __future__ import annotations

import json
import time

import pytest

from ptb_bucket.offline_telegram import OfflineTelegram
from support.serverless.examples import EXAMPLES, import_example
from support.serverless.lambda_events import HEADER, SECRET, Context, function_url


@pytest.fixture
def telegram():
    return OfflineTelegram()


@pytest.fixture
def environment(monkeypatch, tmp_path, telegram):
    """Start a cold environment: the module is imported anew, as AWS does."""
    monkeypatch.setenv("PTB_BUCKET_URI", f"file:{tmp_path}/{{bot_id}}")
    monkeypatch.setenv("TELEGRAM_BOT_TOKEN", telegram.token)
    monkeypatch.setenv("PTB_BUCKET_INIT_SECONDS", "0")  # Telegram is replaced after the import

    def start():
        module = import_example(monkeypatch, EXAMPLES / "lambda_bot", "handler", telegram)

        def handle(update):
            return module.handler(function_url(json.dumps(update), {HEADER: SECRET}), Context())

        handle.tick = lambda: module.handler({"ptb-bucket": "tick"}, Context())
        return handle

    return start


def test_it_goes_on_in_another_environment_and_forgets_when_asked(environment, telegram):
    ada, one, two = telegram.user(42, "Ada"), environment(), environment()
    for handler, text in ((one, "/start"), (two, "Ada"), (one, "London"), (two, "/me")):
        assert handler(ada.message_update(text))["statusCode"] == 200
    assert one(ada.press_update("Forget me"))["statusCode"] == 200
    assert two(ada.message_update("/me"))["statusCode"] == 200
    said = [line.text for line in telegram.transcript if line.who != "Ada" and line.kind == "message"]
    assert said[:2] == ["Hello! What is your name?", "And where do you live?"]
    assert said[2].startswith("You are number 1")
    assert said[-2:] == ["I know Ada from London.", "I do not know you yet. /start changes that."]


def test_an_update_that_comes_again_is_not_handled_again(environment, telegram):
    ada, handler = telegram.user(42, "Ada"), environment()
    update = ada.message_update("/start")
    assert [handler(update)["statusCode"] for _ in range(3)] == [200] * 3
    assert len([line for line in telegram.transcript if line.who != "Ada"]) == 1


def test_a_conversation_without_an_answer_ends_at_a_tick(environment, telegram, monkeypatch):
    """The schedule of terraform's example sends the event; no process was alive in between."""
    ada = telegram.user(42, "Ada")
    assert environment()(ada.message_update("/start"))["statusCode"] == 200
    real = time.time
    monkeypatch.setattr(time, "time", lambda: real() + 3700)
    assert environment().tick()["statusCode"] == 200
    said = [line.text for line in telegram.transcript if line.who != "Ada"]
    assert said == ["Hello! What is your name?", "I have not heard from you for an hour. /start begins anew."]
