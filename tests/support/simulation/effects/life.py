"""One process of a bot with effects: it takes orders, and its jobs send receipts."""

from __future__ import annotations

import asyncio
import contextlib
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from ptb_bucket.errors import OutcomeUnknownError, UnsavedError
from support.simulation.effects.ledger import UNKNOWN, Call
from support.simulation.timers.life import Life
from support.simulation.timers.processes import PROCESS

if TYPE_CHECKING:
    from telegram import Update

    from support.simulation.effects.world import EffectWorld, Order

LIFE: ContextVar[EffectLife] = ContextVar("LIFE")
TRIES: ContextVar[int] = ContextVar("TRIES")
"""How often the present job has failed."""
BEGAN: ContextVar[float] = ContextVar("BEGAN")
"""When the present update or run began."""


class DeclinedError(Exception):
    """The bank declines: a final outcome."""


class JobFailedError(Exception):
    """Raised by a receipt that is to be tried again."""


async def receipt(context: Any) -> None:
    """Hand out the goods of an order, send a message, and note both."""
    life, label = LIFE.get(), context.job.data
    with life.world.noticing():
        life.world.ledger.job_began(label)
    results = {"goods": await life.once("goods", label), "ship": await life.once("ship", label)}
    await life.world.travel(life.world.ledger.sent[label].append, life.world.now)
    if TRIES.get() < life.world.letters[int(label[1:])].fails:
        raise JobFailedError
    context.user_data.setdefault("receipts", []).append([f"<{label}!>", results])


class EffectLife(Life):
    """A process from its start to its end."""

    world: EffectWorld  # type: ignore[mutable-override]
    callbacks = (receipt,)

    def _build(self) -> Any:
        application = super()._build()
        application.runs = self.ticks_itself
        return application

    def _note_claims(self) -> None:
        """Give jobs this process, and note when a run begins."""
        runner = self.application.timers.ticker._runner
        run = runner._run_claimed

        async def noted_run(claimed: Any) -> None:
            LIFE.set(self)
            BEGAN.set(self.world.now)
            TRIES.set(claimed.timer.tries)
            await run(claimed)

        runner._run_claimed = noted_run

    async def receive(self, letter: Any) -> None:
        """Handle an update, and answer it."""
        LIFE.set(self)
        BEGAN.set(self.world.now)
        await super().receive(letter)

    async def _handle(self, update: Update, context: Any) -> None:
        order: Order = self.world.letters[update.update_id]  # type: ignore[assignment]
        orders = context.user_data.setdefault("orders", [])
        results: dict[str, str] = {}
        orders.append([f"<{order.label}>", results])
        if order.first:
            context.application.after_commit(receipt, order.label)
        for name in order.effects:
            with contextlib.suppress(UnsavedError) if order.is_careless else contextlib.nullcontext():
                results[name] = "not saved"
                results[name] = await self.once(name, order.label)
        await asyncio.sleep(order.seconds)
        context.bot_data["taken"] = context.bot_data.get("taken", 0) + 1
        if not order.first:
            context.application.after_commit(receipt, order.label)

    # ---------------------------------------------------------------- effects

    async def once(self, name: str, order: str) -> str:
        """Carry out an effect once; return what it answered, or that this is not known."""
        world = self.world
        call = world.ledger.asked(order, name, PROCESS.get(), BEGAN.get(), now=world.now)

        async def cause(_order: str) -> str:
            return await self._cause(name, order, call)

        try:
            value = await self.application.once(
                name, cause, order, final=DeclinedError, at_most_once=name in {"reserve", "ship"}
            )
        except DeclinedError as error:
            value = str(error)
        except OutcomeUnknownError:
            with world.noticing():
                world.ledger.did_not_return(order, name, call, now=world.now)
            return UNKNOWN
        with world.noticing():
            world.ledger.returned(order, name, call, value, now=world.now)
        return value

    async def _cause(self, name: str, order: str, call: Call) -> str:
        value = await self.world.travel(self._happen, name, order, call)
        if name == "decline":
            raise DeclinedError(value)
        return value

    def _happen(self, name: str, order: str, call: Call) -> str:
        with self.world.noticing():
            return self.world.ledger.happened(order, name, call, now=self.world.now)
        return "<broken>"
