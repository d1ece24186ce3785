from __future__ import annotations

import contextlib

import pytest
from telegram.ext import BaseHandler, MessageHandler, TypeHandler, filters

from ptb_bucket.offline_telegram import OfflineTelegram


@pytest.fixture
def telegram():
    return OfflineTelegram(bot_name="Pip", allowed_updates=["chat_member"])


@pytest.fixture
def ada(telegram):
    return telegram.user(42, "Ada", username="ada_l")


@pytest.fixture
def bo(telegram):
    return telegram.user(7, "Bo")


@pytest.fixture
def group(telegram):
    return telegram.group(-100, "Friends", supergroup=True)


@pytest.fixture
async def app(telegram):
    async with telegram.builder().build() as application:
        yield application


@pytest.fixture
def bot(app):
    return app.bot


@pytest.fixture
def seen(app):
    """Every update that the bot gets."""
    updates = []

    async def note(update, _context):
        updates.append(update)

    app.add_handler(TypeHandler(object, note), group=-1)
    return updates


@pytest.fixture
def stage(telegram):
    """Return an application with these handlers; a function takes all messages, and what a handler raises is raised."""

    @contextlib.asynccontextmanager
    async def run(*handlers):
        application, errors = telegram.builder().build(), []
        made = [one if isinstance(one, BaseHandler) else MessageHandler(filters.ALL, one) for one in handlers]
        application.add_handlers(made)

        async def note(_update, context):
            errors.append(context.error)

        application.add_error_handler(note)
        async with application:
            yield application
        if errors:
            raise errors[0]

    return run
