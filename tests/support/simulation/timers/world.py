"""A bucket, the processes of several instances, Telegram, and the faults."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ptb_bucket.errors import PTBBucketError
from ptb_bucket.stores import MemoryStore
from support.simulation.timers.ledger import BrokenTimerError, Event, Ledger, Plan
from support.simulation.timers.life import GROUP, Letter, Life
from support.simulation.timers.processes import BEGIN, PROCESS, SKEW, Process, run_processes

if TYPE_CHECKING:
    from collections.abc import Iterator

USERS = (1, 2)
SLOTS = ("tea", "cake")
INSTANCES = 3
LEASES = 180.0
"""The longest freeze: three leases, in seconds."""


@dataclass(frozen=True)
class Faults:
    """Set how often something goes wrong.

    Args:
        kill: The probability of a kill at each request, before it and after it.
        request: The probability of a fault of each request.
        freeze: The mean number of seconds between two freezes; 0 for none.
        jump: The mean number of seconds between two jumps of a clock; 0 for clocks that are right.
        only: The operation and the faults of requests, if no others are wanted.
    """

    kill: float = 0.0
    request: float = 0.0
    freeze: float = 0.0
    jump: float = 0.0
    only: tuple[str, ...] = ()


CALM = Faults()
FAULTS = Faults(kill=0.0012, request=0.01, freeze=90.0, jump=60.0)
KINDS = {"put": ("late", "lost", "refused", "sent twice"), "delete": ("late", "lost", "refused")}


class TimerWorld:
    """Everything in one run.

    Args:
        seed: The seed of all that is random.
        layout: The layout of the bucket.
        faults: How often something goes wrong.
        storm: Seconds with faults and new timers.
        calm: Seconds without, afterwards.
        moves: How many of all updates add, move or cancel a timer whose ID the author has chosen.
    """

    life: type[Life] = Life
    deliveries: tuple[int, ...] = (1, 1, 1, 1, 2)
    """To how many instances an update is delivered at once; one of these numbers is drawn."""

    def __init__(  # noqa: PLR0913  options of a run, by keyword
        self, seed: int, *, layout: str = "per-record", faults: Faults = FAULTS, storm: float = 240.0,
        calm: float = 420.0, moves: float = 0.23,
    ) -> None:  # fmt: skip
        self.seed, self.rng, self.layout, self.faults = seed, random.Random(seed), layout, faults
        self.storm, self.calm, self.moves = storm, calm, moves
        self.bucket = MemoryStore()
        self.ledger = Ledger()
        self.letters: dict[int, Letter] = {}
        self.lives: list[Life] = []
        self.requests: set[asyncio.Task[None]] = set()
        self.journal: list[str] = []
        """All requests, and what was written: the same in each run of a seed."""
        self.processes: list[Process] = []
        self.is_calm = self.is_over = False
        self.error: BrokenTimerError | None = None

    @property
    def now(self) -> float:
        """The true time."""
        return BEGIN + asyncio.get_running_loop().time()

    # ---------------------------------------------------------------- faults

    def fault(self, operation: str, process: Process) -> str | None:
        """Return what goes wrong with a request of a process."""
        del process
        only, *kinds = self.faults.only or (operation,)
        if self.is_calm or operation != only or self.rng.random() >= self.faults.request:
            return None
        if kinds:
            return self.rng.choice(kinds)
        return self.rng.choice(KINDS.get(operation, ("refused", "lost")))

    def note(self, process: Process, what: str, seconds: float = 0.0) -> None:
        """Note something that explains a repetition."""
        self.ledger.events.append(Event(self.now, self.now + seconds, process, what))

    def may_kill(self, process: Process) -> None:
        """Kill a process at one of its requests, now and then."""
        if not self.is_calm and not process.is_dead and self.rng.random() < self.faults.kill:
            self.note(process, "killed")
            process.kill()

    @contextlib.contextmanager
    def noticing(self) -> Iterator[None]:
        """Remember a broken promise, which the bot's code would take for its own error."""
        try:
            yield
        except BrokenTimerError as error:
            self.error = self.error or error

    async def _freeze_often(self) -> None:
        while self.faults.freeze:
            await asyncio.sleep(self.rng.expovariate(1 / self.faults.freeze))
            process = self.rng.choice(self.lives).process
            if not (process.is_frozen or process.is_dead):
                seconds = self.rng.choice((self.rng.uniform(0, 10), self.rng.uniform(30, LEASES)))
                self.note(process, "frozen", seconds)
                process.freeze(seconds)

    async def _jump_often(self) -> None:
        while self.faults.jump:
            await asyncio.sleep(self.rng.expovariate(1 / self.faults.jump))
            self.rng.choice(self.lives).process.skew = self._skew()

    def _skew(self) -> float:
        return self.rng.choice((-SKEW, SKEW, self.rng.uniform(-SKEW, SKEW))) if self.faults.jump else 0.0

    # ---------------------------------------------------------------- processes

    def _start(self, number: int) -> Life:
        process = self._process(self._skew())
        life = self.life(self, process, ticks_itself=number % 2 == 0)
        process.begin(life.run())
        return life

    def _process(self, skew: float) -> Process:
        self.processes.append(Process(len(self.processes) + 1, skew))
        return self.processes[-1]

    async def _keep_alive(self) -> None:
        """Start a process where one was killed, and end one in order now and then."""
        while True:
            await asyncio.sleep(self.rng.uniform(1, 10))
            for number, life in enumerate(self.lives):
                if life.process.is_dead:
                    self.lives[number] = self._start(number)
                elif life.is_ready and self.rng.random() < 0.01:
                    life.process.begin(life.shut_down())

    # ---------------------------------------------------------------- Telegram

    async def _write_often(self) -> None:
        while not self.is_calm:
            await asyncio.sleep(self.rng.expovariate(1 / 3))
            letter = self._next_letter()
            self.letters[letter.number] = letter
            if letter.ended:
                letter.ended.may_be_gone = True
            self.ledger.plans.setdefault(letter.plan.label, letter.plan)
            self._send(letter)

    def _next_letter(self) -> Letter:
        number, rng = len(self.letters) + 1, self.rng
        known = [plan for plan in self.ledger.plans.values() if plan.acknowledged and not plan.may_be_gone]
        kind = rng.random()
        if kind < 0.12 and (ours := [plan for plan in known if plan.owner != "chat"]):
            return Letter(number, "cancel", rng.choice(ours))
        if kind < 0.12 + self.moves and (letter := self._in_a_slot(number)):
            return letter
        return Letter(number, "add", self._plan(number))

    def _in_a_slot(self, number: int) -> Letter | None:
        """Add, move or cancel the timer of a slot, or arm it again for the time at which it was due."""
        user, slot = self.rng.choice(USERS), self.rng.choice(SLOTS)
        plans = [one for one in self.ledger.plans.values() if (one.user, one.slot) == (user, slot)]
        if any(one.plan in plans and one.answered is None for one in self.letters.values()):
            return None
        before = plans[-1] if plans else None
        if before and before.gone is None and not before.may_be_gone and self.rng.random() < 0.5:
            return Letter(number, "cancel", before)
        plan = self._plan(number, user=user, owner="user", slot=slot, interval=None)
        plan.due = max(plan.due, round(self.now + self.rng.choice((0.0, self.rng.uniform(0, 120))), 3))
        if before and before.gone and before.due > self.now and self.rng.random() < 0.8:
            plan.due = before.due
        return Letter(number, "add", plan, before)

    def _plan(self, number: int, **fixed: Any) -> Plan:
        rng = self.rng
        owner = rng.choice(("user", "user", "user", "chat", "bot"))
        others = {"user": ("chat", "bot"), "chat": ("bot",), "bot": ()}[fixed.get("owner", owner)]
        targets = (fixed.get("owner", owner), *(one for one in others if rng.random() < 0.4))
        due = self.now + rng.choice((0.0, rng.uniform(0, 30), rng.uniform(0, 150)))
        repeats = rng.random() < 0.15
        seconds = rng.choice((0.0, 0.0, 0.0, 0.0, rng.uniform(0, 3), rng.uniform(3, 30)))
        plan = {
            "owner": owner, "targets": targets, "due": round(due, 3), "seconds": seconds,
            "user": rng.choice(USERS), "interval": rng.choice((30.0, 45.0, 120.0)) if repeats else None,
            "last": round(due + 200, 3) if repeats and rng.random() < 0.5 else None,
            "fails": rng.choice((0, 0, 0, 0, 1, 2)) if not repeats else 0,
        }  # fmt: skip
        if rng.random() < 0.015 and (not repeats or owner == "bot"):
            plan.update(seconds=rng.uniform(60, 150), fails=0)
        return Plan(label=f"u{number}", **{**plan, **fixed})

    def _send(self, letter: Letter) -> None:
        """Deliver an update to one instance, or to two at once."""
        letter.sent = self.now
        for life in self.rng.sample(self.lives, self.rng.choice(self.deliveries) if self.faults != CALM else 1):
            if life.is_ready and not life.process.is_dead:
                life.process.begin(life.receive(letter))

    async def _deliver_often(self) -> None:
        """Deliver again what was not answered, and sometimes what was."""
        while True:
            await asyncio.sleep(2)
            for letter in list(self.letters.values()):
                waits = letter.answered is None and self.now > letter.sent + 20
                again = self.faults != CALM and letter.answered and self.now < letter.answered + 60
                if waits or (again and self.rng.random() < 0.01):
                    self._send(letter)

    # ---------------------------------------------------------------- a run

    async def run(self) -> None:
        """Let faults strike for some time, then stop them, and compare the bucket with the ledger."""
        self.lives = [self._start(number) for number in range(INSTANCES)]
        work = (self._keep_alive, self._write_often, self._deliver_often, self._freeze_often, self._jump_often)
        tasks = [asyncio.get_running_loop().create_task(one()) for one in work]
        await self._pass(self.storm)
        self.is_calm = True
        for task in tasks[3:]:
            task.cancel()
        await self._pass(self.calm)
        for task in tasks:
            task.cancel()
        for life in self.lives:
            life.process.kill()
        await self._compare()

    async def _pass(self, seconds: float) -> None:
        """Let some time pass, and stop at the first broken promise."""
        end = self.now + seconds
        while self.now < end:
            await asyncio.sleep(10)
            if self.error:
                raise self.error

    async def _compare(self) -> None:
        """Read everything in a process of its own."""
        process = self._process(0.0)
        await process.begin(self._read_and_check(process))

    async def _read_and_check(self, process: Process) -> None:
        application = self.life(self, process, ticks_itself=False).application
        await application.initialize()
        await application.load_data(chat_ids=[GROUP, *USERS], user_ids=USERS)
        unanswered = [letter.number for letter in self.letters.values() if letter.answered is None]
        if unanswered:
            raise RuntimeError(f"not answered: {unanswered}")
        await self._check(application)
        with contextlib.suppress(PTBBucketError):
            await application.shutdown()

    async def _check(self, application: Any) -> None:
        """Compare what an application has read with the ledger."""
        found = {"bot": _runs(application.bot_data), "chat": _runs(application.chat_data[GROUP])}
        found["user"] = sum((_runs(application.user_data[user]) for user in USERS), Counter())
        jobs = await application.timers.find([GROUP, *USERS], USERS, None)
        timers = [application.timers.pending.stored(job.record) for job in jobs]
        self.ledger.check(found, timers, self.now)


def _runs(data: Any) -> Counter[str]:
    return Counter(data.get("runs", ()))


def simulate_timers(seed: int, **options: Any) -> TimerWorld:
    """Run one world to its end. Raise :class:`BrokenTimerError` if a promise is broken."""
    assert PROCESS.get() is None
    return run_processes(TimerWorld(seed, **options))
