"""A bot by polling that is told to end while a handler runs: ``python polling_process.py DIRECTORY HOW``."""

# ruff: noqa: T201  its parent hears of it by what it prints

from __future__ import annotations

import asyncio
import logging
import sys

from telegram.ext import CommandHandler, MessageHandler, filters

from ptb_bucket import BucketApplication, BucketPersistence
from ptb_bucket.stores import open_store
from ptb_bucket.testing.faults import Fault, FaultyStore
from ptb_bucket.testing.telegram import OfflineTelegram

SECONDS = {"ends in time": 0.3, "never ends": 3600.0, "does not heed": 3600.0, "the store hangs": 0.0}


async def keep(_update, context):
    context.user_data["kept"] = True


async def slow(_update, context):
    context.user_data["begun"] = True
    print("inside", flush=True)
    until = asyncio.get_running_loop().time() + SECONDS[HOW]
    while asyncio.get_running_loop().time() < until:
        try:
            await asyncio.sleep(0.05)
        except asyncio.CancelledError:
            if HOW != "does not heed":
                raise
    context.user_data["ended"] = True


def main() -> None:
    logging.basicConfig(stream=sys.stdout, format="%(message)s", level=logging.ERROR)
    telegram = OfflineTelegram()
    hangs = HOW == "the store hangs"
    store = FaultyStore(open_store(f"file:{WHERE}"), lambda op, _key: Fault.HANG if hangs and op == "put" else None)
    builder = telegram.builder().application_class(BucketApplication, {"shutdown_deadline": 2})
    application = builder.persistence(BucketPersistence(store)).build()
    application.add_handlers([CommandHandler("slow", slow), MessageHandler(filters.ALL, keep)])
    telegram.user(43, "Bob").post("hi")
    telegram.user(42, "Ada").post("/slow")
    application.run_polling()


if __name__ == "__main__":
    WHERE, HOW = sys.argv[1:]
    main()
