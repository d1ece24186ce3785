"""Twelve kinds of public bots, each with a dialogue: what the tests of a bot look like on the offline Telegram."""

from __future__ import annotations

import contextlib

import pytest

from ptb_bucket import bucket_application


@pytest.fixture
def start(telegram, tmp_path):
    """Return a context manager that runs a bot; starting it again is a restart. Errors of handlers fail the test."""

    @contextlib.asynccontextmanager
    async def run(build):
        errors = []

        async def note(_update, context):
            errors.append(context.error)

        application = build(telegram.connect(bucket_application(f"file:{tmp_path}", save="update")))
        application.add_error_handler(note)
        async with application:
            yield application
        if errors:
            raise errors[0]

    return run


@pytest.fixture
def texts():
    """Return the texts and captions of messages."""
    return lambda messages: [message.text or message.caption for message in messages]
