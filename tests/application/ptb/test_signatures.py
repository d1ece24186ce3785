"""Tests that methods for bot authors have PTB's signatures, and raise and warn as PTB does, at the same line."""

from __future__ import annotations

import asyncio
import inspect
import signal
import threading
import warnings
from datetime import timedelta

import pytest
from telegram import Chat, Message
from telegram.ext import Application, CommandHandler, ConversationHandler, Job

from ptb_bucket import BucketApplication, BucketPersistence
from ptb_bucket.errors import ConfigurationError
from ptb_bucket.offline_telegram import OfflineTelegram
from support.applications.instances import say

CLASSES = [Application, BucketApplication]


def build(kind, **options):
    builder = OfflineTelegram().builder().persistence(BucketPersistence("memory:"))
    if kind is BucketApplication:
        builder.application_class(BucketApplication, {"save": "update", **options})
    return builder.build()


@pytest.mark.parametrize("name", ["run_polling", "run_webhook", "create_task"])
def test_signatures_are_those_of_the_installed_ptb(name):
    assert inspect.signature(getattr(BucketApplication, name)) == inspect.signature(getattr(Application, name))


def parameters(of):
    return [(one.name, one.kind, one.default) for one in inspect.signature(of).parameters.values()]


OVERRIDDEN = sorted(name for name in dir(Application) if not name.startswith("_") and inspect.isfunction(
    getattr(Application, name)) and getattr(BucketApplication, name) is not getattr(Application, name))  # fmt: skip


@pytest.mark.parametrize("name", OVERRIDDEN)
def test_overridden_methods_take_the_same_arguments(name):
    assert parameters(getattr(BucketApplication, name)) == parameters(getattr(Application, name))


@pytest.mark.parametrize(
    ("of", "name"),
    [(Application, "_raise_system_exit"), (Application, "_Application__create_task_callback"), (Job, "_run")],
    ids=["signals", "tasks", "jobs"],
)
async def test_a_ptb_that_works_in_another_way_is_refused_at_start(monkeypatch, of, name):
    application = build(BucketApplication)
    monkeypatch.delattr(of, name)
    with pytest.raises(ConfigurationError, match=rf"because {of.__name__}\.{name} is missing"):
        await application.initialize()


# ---------------------------------------------------------------- stop_signals


async def end(application):
    application.stop_running()


@pytest.mark.parametrize("kind", CLASSES)
def test_stop_signals_may_be_the_seventh_argument(kind):
    """A thread cannot catch signals, so anything but None raises."""

    def run():
        asyncio.set_event_loop(asyncio.new_event_loop())
        application = build(kind)
        application.post_init = end
        try:
            application.run_polling(0.0, timedelta(seconds=10), 0, None, None, True, None)  # noqa: FBT003  PTB's order
        except RuntimeError as error:
            errors.append(error)

    errors = []
    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    assert errors == []


# ---------------------------------------------------------------- warnings


class Deaf(asyncio.SelectorEventLoop):
    """A loop like that of Windows."""

    def add_signal_handler(self, *_arguments):
        raise NotImplementedError


def line():
    return inspect.currentframe().f_back.f_lineno


def run(application, method):
    asyncio.set_event_loop(Deaf())
    application.post_init = end
    getattr(application, method)(stop_signals=[signal.SIGTERM]); return line()  # fmt: skip  # noqa: E702  one line


def make_a_task(application):
    async def make():
        application.create_task(asyncio.sleep(0)); return line()  # fmt: skip  # noqa: E702

    return asyncio.run(make())


def ask_for_jobs(application):
    application._job_queue = None
    application.job_queue; return line()  # fmt: skip  # noqa: B018, E702


def add_a_conversation(application):
    async def add():
        talk = ConversationHandler([CommandHandler("go", say("1"))], {}, [], name="c", persistent=True)
        async with application:
            application.add_handler(talk); return line()  # fmt: skip  # noqa: E702

    return asyncio.run(add())


CALLS = [
    (lambda application: run(application, "run_polling"), "Could not add signal handlers"),
    (lambda application: run(application, "run_webhook"), "Could not add signal handlers"),
    (make_a_task, "Tasks created via"),
    (ask_for_jobs, "No `JobQueue` set up"),
    (add_a_conversation, "was passed to `add_handler`"),
]


@pytest.mark.parametrize("kind", CLASSES)
@pytest.mark.parametrize(("call", "text"), CALLS, ids=["run_polling", "run_webhook", "create_task", "jobs", "handler"])
def test_warnings_point_to_the_line_of_the_caller(kind, call, text):
    application = build(kind)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        called = call(application)
    assert [(one.filename, one.lineno) for one in caught if text in str(one.message)] == [(__file__, called)]


# ---------------------------------------------------------------- errors of migrate_chat_data


def message(**options):
    return Message(1, None, Chat(-5, "group"), **options)


WRONG = [
    {},
    {"message": None},
    {"old_chat_id": 0, "new_chat_id": 0},
    {"old_chat_id": -5},
    {"new_chat_id": -5},
    {"old_chat_id": -5, "new_chat_id": "-1005"},
    {"old_chat_id": "x", "new_chat_id": -1005},
    {"old_chat_id": 5.0, "new_chat_id": -1005},
    {"message": message()},
    {"message": message(), "old_chat_id": -5},
    {"message": message(migrate_to_chat_id=-1005), "old_chat_id": -5},
    {"message": message(migrate_to_chat_id=-1005), "new_chat_id": -5},
    {"message": message(migrate_from_chat_id=-6), "old_chat_id": -5, "new_chat_id": -6},
    {"message": 1},
    {"message": "text", "old_chat_id": -5},
]


@pytest.mark.parametrize("arguments", WRONG, ids=map(str, range(len(WRONG))))
async def test_wrong_arguments_of_a_migration_are_refused_as_in_ptb(world, arguments):
    with pytest.raises((ValueError, AttributeError)) as of_ptb:
        build(Application).migrate_chat_data(**arguments)
    one = await world.start(layout="per-record")  # where chats have to be loaded
    with pytest.raises(type(of_ptb.value)) as ours:
        one.migrate_chat_data(**arguments)
    assert (type(ours.value), str(ours.value)) == (type(of_ptb.value), str(of_ptb.value))
    assert dict(one.chat_data) == {}
