"""The life of an environment: cold, warm, frozen, copied, cut off. What outlives an event, and what must not."""

from __future__ import annotations

import asyncio
import json
import os
import selectors
import time

import pytest
from lambda_events import Context, Environment
from telegram import InlineKeyboardButton, InlineKeyboardMarkup
from telegram.error import NetworkError
from telegram.ext import ApplicationBuilder, CallbackQueryHandler, CommandHandler

from ptb_bucket import BucketApplication, BucketPersistence
from ptb_bucket.errors import ConfigurationError, UnsavedError
from ptb_bucket.serverless.aws import lambda_webhook
from ptb_bucket.stores import MemoryStore, open_store
from ptb_bucket.testing.faults import Fault, FaultyStore
from ptb_bucket.testing.telegram import OfflineTelegram

TIMER = {"source": "aws.events"}


def users(tmp_path):
    return json.loads((tmp_path / "bot" / "state.json").read_text()).get("user_data", {})


def document(tmp_path):
    return json.loads((tmp_path / "bot" / "state.json").read_text())


@pytest.fixture
def environment(tmp_path):
    """A bot whose store fails as ``environment.plan`` says."""
    made = Environment(None)
    made.plan = lambda _operation, _key: None
    store = FaultyStore(open_store(f"file:{tmp_path}/bot"), lambda *what: made.plan(*what))  # noqa: PLW0108  as it is then
    made.where = lambda: store
    return made


def fail(environment, fault, operation="put"):
    environment.plan = lambda happening, _key: fault if happening == operation else None


def heal(environment):
    environment.plan = lambda _operation, _key: None


def on_timer(environment, work):
    """The same bot, with a timer."""
    environment.handler = lambda_webhook(environment.build, work)
    return environment


def said(caplog):
    """What we logged; PTB and filelock say more at DEBUG."""
    return "\n".join(record.getMessage() for record in caplog.records if record.name.startswith("ptb_bucket"))


# ---------------------------------------------------------------- one loop


def test_all_events_run_in_one_loop(environment):
    loops = set()

    async def look(_update, _context):
        loops.add(asyncio.get_running_loop())

    environment.hook = look
    assert [environment.post(environment.update("hi")) for _ in range(50)] == [200] * 50
    assert len(loops) == len(environment.built) == 1


def test_what_belongs_to_the_loop_works_at_the_next_event(environment):
    """As a client's connections and locks do; with a loop for each event, this is where it breaks."""
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


# ---------------------------------------------------------------- time


@pytest.mark.parametrize("where", ["file", "memory"])
@pytest.mark.parametrize("seconds", [0, 0.3, 0.8])
def test_without_time_left_nothing_begins(environment, seconds, where, caplog):
    if where == "memory":  # which is done before any timer is looked at
        environment.where = MemoryStore()
    assert environment.post(environment.update("hi")) == 200
    assert environment.post(environment.update("hi"), seconds=seconds) == 503
    assert len(environment.handled) == 1
    assert "OutOfTimeError: There was no time to begin" in said(caplog)


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
    fail(environment, Fault.HANG)
    assert environment.post(environment.update("hi"), seconds=1.3) == 503
    heal(environment)

    async def idle(_update, _context):
        await asyncio.sleep(1)

    environment.hook = idle
    assert environment.post(environment.update("hi", 43)) == 200
    assert users(tmp_path) == {"42": {"count": 1}, "43": {"count": 1}}


# ---------------------------------------------------------------- loading


@pytest.mark.parametrize("fault", [Fault.DENIED, Fault.HANG])
def test_a_failed_cold_start_keeps_nothing_half_loaded(environment, fault):
    fail(environment, fault, "get")
    assert [environment.post(environment.update("hi"), seconds=1.2) for _ in range(2)] == [503, 503]
    heal(environment)
    assert environment.post(environment.update("hi")) == 200
    assert len(environment.built) == 3
    with pytest.raises(NetworkError, match="not initialized"):  # its connections are closed
        asyncio.run(environment.built[0].bot.get_me())


def test_a_warm_environment_that_cannot_refresh_stays_warm(environment, tmp_path):
    assert environment.post(environment.update("hi")) == 200
    fail(environment, Fault.DENIED, "get")
    assert environment.post(environment.update("hi")) == 503
    heal(environment)
    assert environment.post(environment.update("hi")) == 200
    assert len(environment.built) == 1
    assert users(tmp_path) == {"42": {"count": 2}}


def test_an_application_that_is_built_only_once_is_refused(environment, caplog):
    application = environment.build()
    environment.handler = lambda_webhook(lambda: application)
    fail(environment, Fault.DENIED)
    assert environment.post(environment.update("hi")) == 503
    heal(environment)
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


def test_logs_show_neither_secrets_nor_what_users_wrote(environment, caplog):
    environment.post(environment.update("rosebud"))
    fail(environment, Fault.DENIED)
    environment.post(environment.update("rosebud"))
    environment.post(environment.update("rosebud"), secret="rosebud")
    assert "Update 2" in said(caplog)
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


# ---------------------------------------------------------------- timers


def test_a_timer_that_cannot_be_saved_raises_and_did_not_happen(environment, tmp_path):
    async def mark(application):
        application.user_data[42]["marked"] = True

    on_timer(environment, mark)
    assert environment.post(environment.update("hi")) == 200
    fail(environment, Fault.DENIED)
    with pytest.raises(UnsavedError):
        environment.handler(TIMER, Context())
    heal(environment)
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
    fail(environment, Fault.DENIED, "get")
    with pytest.raises(Exception, match="denied"):
        environment.handler(TIMER, Context())
    assert seen == [{}, {42: {"count": 1}}]


# ---------------------------------------------------------------- copies


def together(copies):
    assert [os.waitstatus_to_exitcode(os.waitpid(copy, 0)[1]) for copy in copies] == [0] * len(copies)


def test_environments_from_one_snapshot_lose_nothing(tmp_path):
    """AWS takes the snapshot before the first event: the Application and its writer's id are made after it."""
    environment = Environment(f"file:{tmp_path}/bot", options={"dedupe": True})
    together([_restored(environment, [environment.update("hi", user) for _ in range(5)]) for user in (42, 43, 44)])
    assert environment.post(environment.update("hi")) == 200
    assert users(tmp_path) == {"42": {"count": 6}, "43": {"count": 5}, "44": {"count": 5}}
    updates = set(range(1, 17))
    assert set(document(tmp_path)["bot_data"]["bot"]["updates"]) == updates
    assert set(document(tmp_path)["updates"]["handled"]) == updates


def test_environments_from_one_warm_snapshot_take_no_commit_for_their_own(tmp_path):
    """Were it taken later: they begin with one writer's id, one loop and one Application's memory."""
    environment = Environment(f"file:{tmp_path}/bot", options={"dedupe": True})
    assert environment.post(environment.update("hi")) == 200
    together([_restored(environment, [environment.update("hi", user) for _ in range(5)]) for user in (42, 43, 44)])
    assert environment.post(environment.update("hi")) == 200
    assert users(tmp_path) == {"42": {"count": 7}, "43": {"count": 5}, "44": {"count": 5}}
    assert set(document(tmp_path)["updates"]["handled"]) == set(range(1, 18))


def _restored(environment, updates):
    """Go on in a copy of this process as a restored snapshot does, which is more of a copy than a fork is."""
    process, built = os.getpid(), max(len(environment.built), 1)
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
