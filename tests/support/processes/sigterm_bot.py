"""A bot in a separate process that gets SIGTERM while one of its handlers runs.

Arguments: the handler's action, the place of the bucket, and optionally the spool's directory. The program prints
what ``run_polling`` raised.
"""

# ruff: noqa: T201

from __future__ import annotations

import asyncio
import os
import signal
import sys

from telegram.ext import CommandHandler

from ptb_bucket.testing.faults import Fault
from support.applications.instances import World

DEADLINE = 2.0


async def _for_ever() -> None:
    await asyncio.sleep(1000)


async def _whatever_happens() -> None:
    while True:
        try:
            await asyncio.sleep(1000)
        except asyncio.CancelledError:
            continue


class Bot:
    """``/first`` changes user_data; ``/go`` gets the signal."""

    def __init__(self, what: str, where: str, spool: str | None = None) -> None:
        self.what, self.spool, self.hangs = what, spool, False
        self.world = World(where)
        self.world.plan = lambda operation, _key: Fault.HANG if self.hangs and operation == "put" else None

    async def post_init(self, application) -> None:
        if self.what == "task of post_init":
            application.create_task(_for_ever(), name="counting stars")

    async def first(self, _update, context) -> None:
        context.user_data["first"] = 1

    async def before(self, _update, context) -> None:
        """Get the signal, and go on when the application has begun to stop."""
        if self.what == "before its task":
            os.kill(os.getpid(), signal.SIGTERM)
            while context.application.running:  # noqa: ASYNC110  PTB has no event for it
                await asyncio.sleep(0.01)

    async def go(self, _update, context) -> None:
        self.hangs = self.what == "store hangs"
        if self.what != "before its task":
            os.kill(os.getpid(), signal.SIGTERM)
        if self.what == "never ends":
            await _for_ever()
        elif self.what == "will not be cancelled":
            await _whatever_happens()
        elif self.what == "job never ends":
            context.job_queue.run_once(lambda _context: _whatever_happens(), 0)
        elif self.what == "task never ends":
            context.application.create_task(_for_ever(), name="counting stars")
        await asyncio.sleep(0.2)
        context.user_data["went"] = 1

    def run(self) -> None:
        block = self.what != "before its task"
        handlers = CommandHandler("first", self.first), CommandHandler("go", self.go, block=block)
        options = {"save": "interval", "shutdown_deadline": DEADLINE, "spool_dir": self.spool}
        application = self.world.build(*handlers, **options)
        application.add_handler(CommandHandler("go", self.before), group=-1)
        application.post_init = self.post_init
        self.world.telegram.push(self.world.bob.message_update("/first"))
        self.world.telegram.push(self.world.ada.message_update("/go"))
        if self.what == "never ends":
            self.world.telegram.push(self.world.telegram.user(44, "Cy").message_update("/first"))  # waits for its turn
        application.run_polling(poll_interval=0.01)


if __name__ == "__main__":
    try:
        Bot(*sys.argv[1:]).run()
    except Exception as error:  # noqa: BLE001  the test wants to see every error
        print(f"{type(error).__name__}: {error}")
