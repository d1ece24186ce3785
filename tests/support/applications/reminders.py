"""Callbacks that note their runs, and steps of a bot whose jobs are in the bucket."""

from __future__ import annotations

import asyncio

from telegram.ext import CommandHandler

ran = []


async def remind(context):
    ran.append(context.job.data)


async def fail(context):
    ran.append("failed")
    raise ValueError(context.job.data)


CALLBACKS = [remind, fail]


async def do(bots, application, function):
    """Run a function of a context in a handler, and return what it returned."""
    found = []
    for handlers in application.handlers.values():
        handlers.clear()

    async def handle(_update, context):
        result = function(context)
        found.append(await result if asyncio.iscoroutine(result) else result)

    application.add_handler(CommandHandler("do", handle))
    await bots.ada.send(application, "/do")
    assert bots.errors == []
    return found[0]


async def ticks(application, clock, seconds):
    clock.pass_(seconds)
    return (await application.tick()).ran
