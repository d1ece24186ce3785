"""A bucket that notes what it stores, the services outside, and orders instead of timers."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

from ptb_bucket.application.effects import once
from ptb_bucket.stores import MemoryStore
from support.simulation.effects.ledger import EffectLedger
from support.simulation.effects.life import EffectLife
from support.simulation.timers import Faults, TimerWorld, run_processes
from support.simulation.timers.processes import PROCESS, outside
from support.simulation.timers.world import USERS

if TYPE_CHECKING:
    from collections.abc import Callable

FAULTS = Faults(kill=0.008, request=0.04, freeze=60.0, jump=60.0)
HANDLED = ("charge", "decline", "reserve")


class Noted(MemoryStore):
    """A bucket that notes what it has accepted.

    Args:
        world: Its world.
    """

    def __init__(self, world: EffectWorld) -> None:
        super().__init__()
        self._world = world

    async def put(self, key: str, data: bytes, mode: Any) -> str:
        etag = await super().put(key, data, mode)
        self._world.ledger.stored(data, self._world.now)
        return etag


class Order:
    """An update, which Telegram delivers until it is answered.

    Args:
        number: The update's ID.
        user: Who orders.
        effects: The effects of its handler, in their order.
        seconds: How long its handler takes afterwards.
        first: It asks for the receipt first.
        is_careless: Its handler goes on when a result could not be saved.
        fails: How many tries of its job raise.
    """

    ended = None

    def __init__(  # noqa: PLR0913  all by keyword
        self,
        number: int,
        *,
        user: int,
        effects: list[str],
        seconds: float,
        first: bool,
        is_careless: bool,
        fails: int,
    ) -> None:
        self.number, self.user, self.effects, self.seconds = number, user, effects, seconds
        self.first, self.is_careless, self.fails = first, is_careless, fails
        self.label = f"o{number}"
        self.answered: float | None = None
        self.sent = 0.0

    @property
    def plan(self) -> Order:
        """It is its own plan."""
        return self

    def answer(self, now: float) -> None:
        """Note that the bot has handled it."""
        self.answered = self.answered or now


class EffectWorld(TimerWorld):
    """Everything in one run. Takes the same options as a world of timers."""

    life = EffectLife

    def __init__(
        self, seed: int, *, faults: Faults = FAULTS, deliveries: tuple[int, ...] = (1, 1, 1, 1, 2), **options: Any
    ) -> None:  # fmt: skip
        super().__init__(seed, **{"faults": faults, "storm": 120.0, "calm": 240.0, **options})
        self.deliveries = deliveries
        self.ledger: EffectLedger = EffectLedger()  # type: ignore[assignment]
        self.bucket = Noted(self)
        self.cut_off: dict[Any, float] = {}

    def fault(self, operation: str, process: Any) -> str | None:
        """Return what goes wrong with a request. A process that is cut off cannot write."""
        fault = super().fault(operation, process)
        is_cut_off = operation == "put" and self.cut_off.get(process, 0.0) > self.now and not self.is_calm
        return "refused" if is_cut_off else fault

    async def _freeze_often(self) -> None:
        """Freeze a process now and then, or cut it off for longer than it tries to write."""
        cutting = asyncio.get_running_loop().create_task(self._cut_off_often())
        try:
            await super()._freeze_often()
        finally:
            cutting.cancel()

    async def _cut_off_often(self) -> None:
        while self.faults.freeze:
            await asyncio.sleep(self.rng.expovariate(1 / self.faults.freeze))
            process, seconds = self.rng.choice(self.lives).process, self.rng.uniform(20, 60)
            self.note(process, "cut off", seconds)
            self.cut_off[process] = self.now + seconds

    async def travel(self, service: Callable[..., Any], *args: Any) -> Any:
        """Call a service. The request arrives also if the process is killed meanwhile."""
        process, answer = PROCESS.get(), asyncio.get_running_loop().create_future()
        request = outside(asyncio.get_running_loop().create_task, self._arrive(process, answer, service, args))
        self.requests.add(request)
        request.add_done_callback(self.requests.discard)
        return await answer

    async def _arrive(self, process: Any, answer: Any, service: Callable[..., Any], args: tuple[Any, ...]) -> None:
        self.may_kill(process)
        await asyncio.sleep(self.rng.choice((self.rng.uniform(0.01, 0.2), self.rng.uniform(0.2, 4.0))))
        if process.is_dead and self.rng.random() < 0.5:
            return
        result = service(*args)
        self.may_kill(process)
        await asyncio.sleep(self.rng.uniform(0.01, 0.2))
        if not answer.done():
            answer.set_result(result)

    async def _write_often(self) -> None:
        while not self.is_calm:
            await asyncio.sleep(self.rng.expovariate(1 / 4))
            order = self._next_order(len(self.letters) + 1)
            self.letters[order.number] = order  # type: ignore[assignment]
            self._send(order)  # type: ignore[arg-type]

    def _next_order(self, number: int) -> Order:
        rng = self.rng
        effects = rng.sample(HANDLED, rng.choice((0, 1, 1, 2, 3)))
        seconds = rng.choice((0.0, 0.0, rng.uniform(0, 3), rng.uniform(3, 12)))
        return Order(
            number, user=rng.choice(USERS), effects=effects, seconds=seconds, first=rng.random() < 0.5,
            is_careless=rng.random() < 0.2, fails=rng.choice((0, 0, 0, 0, 1, 2)),
        )  # fmt: skip

    async def _check(self, application: Any) -> None:
        """Compare what an application has read with the ledger."""
        data = [application.user_data[user] for user in USERS]
        lists = [[one for each in data for one in each.get(name, ())] for name in ("orders", "receipts")]
        self.ledger.check({order.label: order for order in self.letters.values()}, *lists)  # type: ignore[attr-defined]


def simulate_effects(seed: int, **options: Any) -> EffectWorld:
    """Run one world to its end. Raise :class:`BrokenEffectError` if a promise is broken."""
    world = EffectWorld(seed, **options)
    once._UNSAVED.clear()

    def key(_: Any, record: Any) -> Any:
        return f"process {PROCESS.get().number}", record  # each process has a memory of its own

    with patch.object(once.Once, "_key", key):
        run_processes(world)
    return world
