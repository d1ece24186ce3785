"""A user who answers when the time is up: either the conversation goes on, or it times out, and never both."""

from __future__ import annotations

import asyncio

import pytest
from telegram.ext import CommandHandler, ConversationHandler, MessageHandler, filters

from ptb_bucket import BucketPersistence
from ptb_bucket.application.timers import races, runner
from ptb_bucket.state import LAYOUTS
from ptb_bucket.state.timers import merging
from support.applications.side_by_side import until

WAITING = 3600
LATE = WAITING + 10


@pytest.fixture(params=LAYOUTS)
def layout_of_bots(request):
    """All of them, because it matters whether the timer and the conversation share a document."""
    return request.param


class Answering:
    """Two instances with one conversation. The handler of the second one waits in the middle of an answer.

    Args:
        bots: The bucket.
        ends: The answer ends the conversation.
    """

    def __init__(self, bots, *, ends=False):
        self.bots, self.ends = bots, ends
        self.began, self.may_end = asyncio.Event(), asyncio.Event()
        self.timed_out, self.answers, self.text, self.pause = 0, [], "Monday", 0.0

    def start(self, **options):
        application = self.bots.build([], **options)
        application.add_handler(
            ConversationHandler(
                [CommandHandler("book", self._begin)],
                {
                    "day": [MessageHandler(filters.TEXT & ~filters.COMMAND, self._day)],
                    "time": [MessageHandler(filters.Regex("never"), self._day)],
                    ConversationHandler.TIMEOUT: [MessageHandler(filters.ALL, self._give_up)],
                },
                [],
                name="booking",
                persistent=True,
                conversation_timeout=WAITING,
            )
        )
        application.add_handler(MessageHandler(filters.TEXT, self._no_conversation))
        return application

    async def _begin(self, _update, _context):
        return "day"

    async def _day(self, _update, context):
        context.user_data["day"] = context.chat_data["day"] = context.bot_data["day"] = self.text
        self.answers.append("day")
        self.began.set()
        await self.may_end.wait()
        return ConversationHandler.END if self.ends else "time"

    async def _no_conversation(self, _update, context):
        context.user_data["asked again"] = True
        self.answers.append("no conversation")

    async def _give_up(self, _update, context):
        context.user_data["gave up"] = context.chat_data["gave up"] = True
        self.timed_out += 1
        if self.pause:
            self.may_end.set()
            await asyncio.sleep(self.pause)

    async def outcome(self):
        """Return what happened, after a check that it is one of the two in all data."""
        persistence = BucketPersistence(self.bots.where, layout=self.bots.layout)
        async with self.bots.telegram.builder().persistence(persistence).build():
            users, chats = await persistence.get_user_data(), await persistence.get_chat_data()
            states, bot = await persistence.get_conversations("booking"), await persistence.get_bot_data()
        user, chat = users.get(42, {}), chats.get(42, {})
        if self.timed_out:
            assert (user, chat, bot, states) == ({"gave up": True, "asked again": True}, {"gave up": True}, {}, {})
            assert self.answers == ["day", "no conversation"]
            return "timeout"
        assert (user, chat, bot) == ({"day": "Monday"}, {"day": "Monday"}, {"day": "Monday"})
        assert states == ({} if self.ends else {(42, 42): "time"})
        assert self.answers == ["day"]
        return "answer"

    async def timers(self):
        async with self.start() as application:
            return await application.job_queue.find(user_id=42)


@pytest.fixture(autouse=True)
def _settles_soon(monkeypatch):
    monkeypatch.setattr(runner, "SETTLE", 0.05)


@pytest.fixture(params=[False, True], ids=["goes on", "ends"])
def answering(bots, request):
    return Answering(bots, ends=request.param)


@pytest.mark.parametrize("options", [{}, {"dedupe": True}, {"save": "interval"}], ids=str)
async def test_a_handler_that_is_slow_when_the_time_is_up_is_undone_and_called_again(bots, clock, answering, options):
    async with answering.start() as one, answering.start(**options) as two:
        await bots.ada.send(one, "/book")
        answer = asyncio.create_task(bots.ada.send(two, "Monday"))
        await answering.began.wait()
        clock.pass_(LATE)
        assert (await one.tick()).ran == 1
        answering.may_end.set()
        await answer
    assert await answering.outcome() == "timeout"
    assert await answering.timers() == ()
    assert bots.errors == []


async def test_a_handler_that_ends_while_the_conversation_times_out_is_undone(bots, clock, answering):
    answering.pause = 0.5
    async with answering.start() as one, answering.start() as two:
        await bots.ada.send(one, "/book")
        answer = asyncio.create_task(bots.ada.send(two, "Monday"))
        await answering.began.wait()
        clock.pass_(LATE)
        assert (await one.tick()).ran == 1
        await answer
    assert await answering.outcome() == "timeout"
    assert bots.errors == []


async def test_an_answer_to_a_conversation_that_is_not_saved_yet_is_handled_once(bots, clock, answering):
    answering.may_end.set()
    async with answering.start(save="interval") as application:
        await bots.ada.send(application, "/book")
        clock.pass_(WAITING - 5)
        await bots.ada.send(application, "Monday")
    assert await answering.outcome() == "answer"
    assert len(await answering.timers()) == (0 if answering.ends else 1)
    assert bots.errors == []


async def test_a_handler_that_ends_before_the_timeout_is_decided_goes_first(bots, clock, answering, monkeypatch):
    monkeypatch.setattr(runner, "SETTLE", 2.0)
    async with answering.start() as one, answering.start() as two:
        await bots.ada.send(one, "/book")
        answer = asyncio.create_task(bots.ada.send(two, "Monday"))
        await answering.began.wait()
        clock.pass_(LATE)
        ticking = asyncio.create_task(one.tick())
        await asyncio.sleep(0.2)
        answering.may_end.set()
        await answer
        await ticking
    assert await answering.outcome() == "answer"
    assert len(await answering.timers()) == (0 if answering.ends else 1)
    assert bots.errors == []


async def test_messages_that_wait_before_the_timeout_are_handled_first(bots, clock):
    """The timeout waits for the messages that came before it, and none of them waits for the timeout."""
    answering, log, may_end = Answering(bots), [], asyncio.Event()

    async def slow(_context):
        log.append("slow")
        await may_end.wait()

    async with answering.start(commands={"slow": slow, "quick": lambda _context: log.append("quick")}) as one:
        await bots.ada.send(one, "/book")
        updates = [asyncio.create_task(bots.ada.send(one, text)) for text in ("/slow", "/quick")]
        await until(lambda: log)
        [timeout] = await one.job_queue.find(user_id=42)
        clock.pass_(LATE)
        ticking = asyncio.create_task(one.tick())
        await until(lambda: one.timers.pending.stored(timeout.record).claim)
        may_end.set()
        await asyncio.wait_for(asyncio.gather(*updates, ticking), 30)
    assert (log, answering.timed_out) == (["slow", "quick"], 1)
    assert bots.errors == []


@pytest.mark.parametrize("at", [1, 2, 4, *(pytest.param(at, marks=pytest.mark.long) for at in (3, 5, 6, 7, 8))])
async def test_at_whatever_request_the_handler_ends_one_of_the_two_happens(bots, clock, answering, at):
    async with answering.start() as one, answering.start() as two:
        await bots.ada.send(one, "/book")
        answer = asyncio.create_task(bots.ada.send(two, "Monday"))
        await answering.began.wait()
        clock.pass_(LATE)
        left = [at]

        def end_the_handler(_operation, _key):
            left[0] -= 1
            if left[0] <= 0:
                loop.call_soon_threadsafe(answering.may_end.set)

        loop = asyncio.get_running_loop()
        bots.fault = end_the_handler
        await one.tick()
        answering.may_end.set()
        await answer
    assert await answering.outcome() in ("answer", "timeout")
    assert bots.errors == []


async def test_only_an_answer_when_the_time_is_nearly_up_costs_one_put_more(bots, clock, answering):
    puts = {"long before": 0, "nearly up": 0}
    answering.may_end.set()
    async with answering.start() as one:
        for answering.text, seconds in (("long before", WAITING / 2), ("nearly up", 5)):
            await bots.ada.send(one, "/book")
            clock.pass_(WAITING - seconds)

            def count(operation, key):
                puts[answering.text] += operation == "put" and "timers/due" not in key

            bots.fault = count
            await bots.ada.send(one, "Monday")
            bots.fault = lambda _operation, _key: None
            clock.pass_(LATE)
            await one.tick()
    writes_twice = bots.layout != "per-type" or answering.ends  # there, the timer is in a document of its own
    assert puts["nearly up"] == puts["long before"] + writes_twice


@pytest.mark.parametrize("broken", ["the update does not write first", "the timer's rule", "no decision"])
async def test_each_half_of_the_rule_is_needed(bots, clock, monkeypatch, broken):
    answering = Answering(bots)
    if broken == "the update does not write first":
        monkeypatch.setattr(races.TimeoutRace, "_moved", lambda *_: None)
    elif broken == "the timer's rule":
        monkeypatch.setattr(merging, "_is_too_late", lambda *_: False)
    else:
        monkeypatch.setattr(runner.TimerRunner, "_decides", _true)
        answering.pause = 0.5
    async with answering.start() as one, answering.start() as two:
        await bots.ada.send(one, "/book")
        answer = asyncio.create_task(bots.ada.send(two, "Monday"))
        await answering.began.wait()
        clock.pass_(LATE)
        await one.tick()
        answering.may_end.set()
        await answer
    with pytest.raises(AssertionError):
        await answering.outcome()


async def _true(*_):
    return True
