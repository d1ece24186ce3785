"""One process of a bot: an application on the bucket, which handles updates and looks for due jobs."""

from __future__ import annotations

import asyncio
import contextlib
import random
from contextvars import ContextVar
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from telegram import Chat, Message, Update, User
from telegram.ext import TypeHandler

from ptb_bucket import bucket_application
from ptb_bucket._aio import Backoff, RetryPolicy
from ptb_bucket.application import JobRetry
from ptb_bucket.errors import PTBBucketError
from ptb_bucket.offline_telegram import OfflineTelegram
from support.simulation.timers.network import Network
from support.simulation.timers.processes import BEGIN, Process

if TYPE_CHECKING:
    from ptb_bucket.state.timers import Timer
    from support.simulation.timers.ledger import Plan
    from support.simulation.timers.world import TimerWorld

TICK = 10.0
GROUP = -7
CLAIMED: ContextVar[tuple[Life, Timer]] = ContextVar("CLAIMED")
DAY = datetime(2026, 11, 27, tzinfo=timezone.utc)
TELEGRAM = OfflineTelegram()


class JobFailedError(Exception):
    """Raised by a job that is to be tried again."""


async def work(context: Any) -> None:
    """Do what a plan says: take some time, and append the name of the occurrence to each of its records."""
    life, timer = CLAIMED.get()
    with life.world.noticing():
        life.world.ledger.ran(timer, life.process, now=life.world.now)
    await asyncio.sleep(timer.data["seconds"])
    for target in timer.data["targets"]:
        _data(context, target).setdefault("runs", []).append(_token(timer))
    if timer.tries < timer.data["fails"]:
        raise JobFailedError


def _data(context: Any, target: str) -> Any:
    if target == "bot":
        return context.bot_data
    return context.chat_data if target == "chat" else context.user_data


def _token(timer: Timer) -> str:
    return f"{timer.data['label']}#{timer.occurrence}.{timer.tries}"


class Life:
    """A process from its start to its end.

    Args:
        world: Its world.
        process: Its process.
        ticks_itself: It goes on between updates and looks at its own timers. Otherwise, something calls ``tick``.
    """

    callbacks: tuple[Any, ...] = (work,)

    def __init__(self, world: TimerWorld, process: Process, *, ticks_itself: bool) -> None:
        self.world, self.process, self.ticks_itself = world, process, ticks_itself
        self.application = self._build()
        self.is_ready = self.ends = False

    def _build(self) -> Any:
        world = self.world
        builder = bucket_application(
            Network(world, self.process), layout=world.layout, save="update", dedupe=True, jobs="bucket",
            callbacks=self.callbacks, tick=TICK, refresh_interval=0.0, update_interval=5.0, commit_timeout=30,
            job_retry=JobRetry(tries=9, pause=10),
        )  # fmt: skip
        application = TELEGRAM.connect(builder).build()
        application.add_handler(TypeHandler(Update, self._handle))
        application.add_error_handler(_ignore)
        return application

    @property
    def clock(self) -> float:
        """The time on the clock of the process."""
        return self.world.now + self.process.skew

    async def run(self) -> None:
        """Start, and go on until the process is killed, or a start fails."""
        try:
            await self.application.initialize()
        except PTBBucketError:
            self.process.kill()
            return
        self._observe()
        self.is_ready = True
        if self.ticks_itself:
            self.application.timers.alarms.start()
            return
        while not self.ends:
            with contextlib.suppress(PTBBucketError):
                await self.application.tick(30)
            await asyncio.sleep(self.world.rng.uniform(0.5, 1.0) * TICK)

    async def shut_down(self) -> None:
        """End in order: wait for what runs, then save."""
        self.is_ready, self.ends = False, True
        await self.application.timers.alarms.stop(wait=True)
        await asyncio.wait({task for task in self.process.tasks if task is not asyncio.current_task()})
        with contextlib.suppress(PTBBucketError):
            await self.application.shutdown()
        self.process.kill()

    def _observe(self) -> None:
        """Make pauses follow from the seed, note claims, and give jobs the timer that they run for."""
        replica = self.application.timers.ticker._sync.live.replica
        backoff = Backoff(random=random.Random(self.process.number))
        replica.documents.retry_policy = RetryPolicy(30, backoff)
        self._note_claims()

    def _note_claims(self) -> None:
        runner, ledger = self.application.timers.ticker._runner, self.world.ledger
        save, run = runner._claims.save, runner._run_claimed

        async def noted_save(record, timer):
            if timer.claim:
                ledger.stamps[timer.claim], ledger.clocks[timer.claim] = self.world.now, self.clock
            await save(record, timer)

        async def noted_run(claimed):
            CLAIMED.set((self, claimed.timer))
            if not claimed.is_over:
                with self.world.noticing():
                    ledger.claimed(claimed.timer, self.process, now=self.world.now)
            await run(claimed)

        runner._claims.save, runner._run_claimed = noted_save, noted_run

    # ---------------------------------------------------------------- updates

    async def receive(self, letter: Letter) -> None:
        """Handle an update, and answer it."""
        user = User(letter.plan.user, "Ada", is_bot=False)
        message = Message(letter.number, DAY, Chat(user.id, Chat.PRIVATE), from_user=user, text=str(letter.number))
        try:
            await self.application.process_update(Update(letter.number, message))
        except PTBBucketError:
            return
        letter.answer(self.world.now)

    async def _handle(self, update: Update, context: Any) -> None:
        letter = self.world.letters[update.update_id]
        context.user_data.setdefault("letters", []).append(letter.number)
        if letter.verb == "add":
            self._add(letter.plan, context.job_queue)
        else:
            for job in context.job_queue.get_jobs_by_name(letter.plan.label):
                job.schedule_removal()

    def _add(self, plan: Plan, queue: Any) -> None:
        names = {"user_id": plan.user} if plan.owner == "user" else {}
        if plan.owner == "chat" or "chat" in plan.targets:
            names["chat_id"] = GROUP
        data = {"label": plan.label, "seconds": plan.seconds, "targets": list(plan.targets), "fails": plan.fails}
        kwargs = {"id": plan.slot, "replace_existing": True} if plan.slot else None
        due = datetime.fromtimestamp(plan.due, timezone.utc)
        if plan.interval is None:
            queue.run_once(work, due, data, plan.label, job_kwargs=kwargs, **names)
        else:
            last = None if plan.last is None else datetime.fromtimestamp(plan.last, timezone.utc)
            queue.run_repeating(work, plan.interval, due, last, data, plan.label, job_kwargs=kwargs, **names)


class Letter:
    """An update, which Telegram delivers until it is answered.

    Args:
        number: The update's ID.
        verb: ``add`` or ``cancel``.
        plan: The timer.
        replaces: The plan that it replaces.
    """

    def __init__(self, number: int, verb: str, plan: Plan, replaces: Plan | None = None) -> None:
        self.number, self.verb, self.plan, self.replaces = number, verb, plan, replaces
        self.answered: float | None = None
        self.sent = BEGIN

    @property
    def ended(self) -> Plan | None:
        """The plan that ends with it."""
        return self.plan if self.verb == "cancel" else self.replaces

    def answer(self, now: float) -> None:
        """Note that the bot has handled it."""
        self.answered = self.answered or now
        if self.verb == "add":
            self.plan.acknowledged = self.answered
        if self.ended:
            self.ended.gone = self.answered


async def _ignore(_update: object, _context: object) -> None:
    """Hear of errors of jobs."""
