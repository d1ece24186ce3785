"""Tests of an environment, cold and warm, on one loop, and of objects that may or may not outlive an event."""

from __future__ import annotations

import asyncio

import pytest
from telegram import InlineKeyboardButton, InlineKeyboardMarkup
from telegram.error import BadRequest, InvalidToken, NetworkError, TimedOut
from telegram.ext import ApplicationBuilder, CallbackQueryHandler, CommandHandler, ConversationHandler

from ptb_bucket import BucketApplication, BucketPersistence
from ptb_bucket.errors import ConfigurationError
from ptb_bucket.offline_telegram import OfflineTelegram
from ptb_bucket.serverless.aws import lambda_webhook
from ptb_bucket.testing.faults import Fault
from support.serverless.lambda_events import Environment, said, users

# ---------------------------------------------------------------- one loop


def test_all_events_run_in_one_loop(environment):
    loops = set()

    async def look(_update, _context):
        loops.add(asyncio.get_running_loop())

    environment.hook = look
    assert [environment.post(environment.update("hi")) for _ in range(50)] == [200] * 50
    assert len(loops) == len(environment.built) == 1


def test_what_belongs_to_the_loop_works_at_the_next_event(environment):
    """A client's connections and locks belong to a loop. This would fail with a new loop for each event."""
    kept = []

    async def use(_update, _context):
        if not kept:
            kept.append(asyncio.get_running_loop().create_future())
        asyncio.get_running_loop().call_soon(lambda: kept[0].done() or kept[0].set_result(None))
        await kept[0]
        kept.append(asyncio.create_task(asyncio.sleep(0)))
        await kept[-1]
        kept[0] = asyncio.get_running_loop().create_future() if len(kept) > 2 else kept[0]

    environment.hook = use
    update = environment.update("hi")
    assert environment.post(update) == environment.post(environment.update("hi")) == 200
    loop = environment.handler.__self__._environment._loop._loop
    assert all(item.get_loop() is loop for item in kept)


# ---------------------------------------------------------------- loading


@pytest.mark.parametrize("fault", [Fault.DENIED, Fault.HANG])
def test_a_failed_cold_start_keeps_nothing_half_loaded(environment, fault, monkeypatch):
    monkeypatch.setenv("PTB_BUCKET_INIT_SECONDS", "0")
    environment.start()
    environment.fail(fault, "get")
    assert [environment.post(environment.update("hi"), seconds=1.2) for _ in range(2)] == [503, 503]
    environment.heal()
    assert environment.post(environment.update("hi")) == 200
    assert len(environment.built) == 3
    with pytest.raises(NetworkError, match="not initialized"):  # its connections are closed
        asyncio.run(environment.built[0].bot.get_me())


def test_a_warm_environment_that_cannot_refresh_stays_warm(environment, tmp_path):
    assert environment.post(environment.update("hi")) == 200
    environment.fail(Fault.DENIED, "get")
    assert environment.post(environment.update("hi")) == 503
    environment.heal()
    assert environment.post(environment.update("hi")) == 200
    assert len(environment.built) == 1
    assert users(tmp_path) == {"42": {"count": 2}}


def test_an_application_that_is_built_only_once_is_refused(environment, caplog):
    application = environment.build()
    environment.handler = lambda_webhook(lambda: application)
    environment.fail(Fault.DENIED)
    assert environment.post(environment.update("hi")) == 503
    environment.heal()
    assert environment.post(environment.update("hi")) == 503
    assert "inside the function" in caplog.text


def test_a_builder_is_built(tmp_path):
    environment = Environment(None)

    def build():
        persistence = BucketPersistence(f"file:{tmp_path}/bot")
        return environment.telegram.builder().application_class(BucketApplication).persistence(persistence)

    environment.handler = lambda_webhook(build)
    assert environment.post(environment.update("hi")) == 200


def test_a_plain_application_is_refused_without_showing_anything(caplog):
    environment = Environment(None)
    environment.handler = lambda_webhook(lambda: ApplicationBuilder().token("123:rosebud"))
    assert environment.post(environment.update("hi")) == 503
    assert "bucket_application(" in said(caplog)
    assert "rosebud" not in said(caplog)


def test_what_needs_a_process_that_goes_on_is_warned_of(environment):
    """The process is frozen after each answer, so a conversation would never time out."""
    build = environment.build

    def with_timeout():
        application = build()
        options = {"name": "timed", "persistent": True, "conversation_timeout": 5}
        application.add_handler(ConversationHandler([], {}, [], **options), group=1)
        return application

    with pytest.warns(UserWarning, match="its conversations will never time out"):
        environment.handler = lambda_webhook(with_timeout)
    assert environment.post(environment.update("hi")) == 200


def test_a_function_that_was_called_instead_of_passed_is_refused():
    with pytest.raises(ConfigurationError, match="without calling it"):
        lambda_webhook(None)


def test_what_others_errors_say_is_not_logged(caplog):
    def build():
        raise KeyError("rosebud")

    environment = Environment(None)
    environment.handler = lambda_webhook(build)
    assert environment.post(environment.update("hi")) == 503
    assert f"KeyError at {__file__}:" in said(caplog)
    assert "rosebud" not in said(caplog)


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (NetworkError("rosebud"), "NetworkError (Telegram could not be reached) at "),
        (TimedOut("rosebud"), "TimedOut (Telegram could not be reached) at "),
        (InvalidToken("rosebud"), "InvalidToken (Telegram rejected the bot's token) at "),
        (BadRequest("rosebud"), "BadRequest at "),
    ],
)
def test_the_log_says_what_telegram_did(error, words, caplog):
    def build():
        raise error

    environment = Environment(None)
    environment.handler = lambda_webhook(build)
    assert environment.post(environment.update("hi")) == 503
    assert words in said(caplog)
    assert "rosebud" not in said(caplog)


def test_logs_show_neither_secrets_nor_what_users_wrote(environment, caplog):
    environment.post(environment.update("rosebud"))
    environment.fail(Fault.DENIED)
    environment.post(environment.update("rosebud"))
    environment.post(environment.update("rosebud"), secret="rosebud")
    assert "Returned 503 for update 2 " in said(caplog)
    assert "rosebud" not in said(caplog)


# ---------------------------------------------------------------- keyboards


def test_a_button_works_in_the_environment_that_did_not_send_it(tmp_path):
    telegram, pressed = OfflineTelegram(), []

    async def offer(update, _context):
        button = InlineKeyboardButton("Tea", callback_data=("tea", 1))
        await update.effective_message.reply_text("?", reply_markup=InlineKeyboardMarkup([[button]]))

    async def press(update, _context):
        pressed.append(update.callback_query.data)

    class WithKeyboard(Environment):
        def build(self):
            builder = telegram.builder().arbitrary_callback_data(16).application_class(BucketApplication)
            application = builder.persistence(BucketPersistence(f"file:{tmp_path}/bot")).build()
            application.add_handlers([CommandHandler("offer", offer), CallbackQueryHandler(press)])
            return application

    one, two = WithKeyboard(None), WithKeyboard(None)
    ada = telegram.user(42, "Ada")
    assert [environment.post(ada.message_update("/start")) for environment in (one, two)] == [200, 200]
    assert one.post(ada.message_update("/offer")) == 200
    assert [environment.post(ada.press_update("Tea")) for environment in (two, one)] == [200, 200]
    assert pressed == [("tea", 1)] * 2


# ---------------------------------------------------------------- one bad value


def test_a_value_that_cannot_be_stored_does_not_make_the_update_come_again(environment, tmp_path):
    async def spoil(_update, context):
        context.user_data["task"] = asyncio.current_task()

    environment.hook = spoil
    assert environment.post(environment.update("hi")) == 200
    assert users(tmp_path) == {"42": {"count": 1}}
