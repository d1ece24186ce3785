"""Tests of the command line on a real place, with each command in a separate process."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from telegram.ext import ExtBot

from ptb_bucket import BucketPersistence
from ptb_bucket.testing.conformance.store import Case

if TYPE_CHECKING:
    from ptb_bucket.testing.conformance.backend import Backend

__all__ = ["ToolCase", "without_waits"]

_NOT_OURS = ("PTB_BUCKET_", "TELEGRAM_BOT_TOKEN")


class ToolCase(Case):
    """A place with a bot's state, and the command line."""

    BOT_ID = "123456"

    @pytest.fixture
    def uri(self, backend: Backend) -> str:
        """Return the URI of the tests' bot."""
        return backend.uri("my-bot")

    async def remember(self, uri: str, **settings: Any) -> None:
        """Run a bot that stores each kind of data and stops."""
        persistence: BucketPersistence = BucketPersistence(uri, **settings)
        persistence.set_bot(ExtBot(f"{self.BOT_ID}:offline"))
        await asyncio.gather(
            persistence.update_bot_data({"total": 3}),
            persistence.update_chat_data(-100, {"title": "Friends", "members": {1, 42}}),
            persistence.update_chat_data(42, {"private": True}),
            persistence.update_user_data(42, {"name": "Ada", "scores": [1, 2.5, None]}),
            persistence.update_user_data(7, {"name": "Grace"}),
            persistence.update_callback_data(([("a" * 32, 1000.5, {"b1": ("buy", 3)})], {"q1": "a" * 32})),
            persistence.update_conversation("order", (42, 42), "size"),
            persistence.update_conversation("order", (7, 7), "name"),
        )
        await persistence.flush()

    async def run(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run ``ptb-bucket`` with these arguments, outside the loop of the servers."""
        return await asyncio.to_thread(_run, arguments, environment)

    async def facts(self, *arguments: str, **environment: str) -> Any:
        """Run a command with ``--json`` that must succeed, and return its output."""
        result = await self.run(*arguments, "--json", **environment)
        assert (result.returncode, without_waits(result.stderr)) == (0, []), result
        return json.loads(result.stdout)

    async def fails(self, code: int, *arguments: str, **environment: str) -> str:
        """Run a command that must fail with this code and one line of text, and return the line."""
        result = await self.run(*arguments, **environment)
        assert result.returncode == code, result
        lines = without_waits(result.stderr)
        assert len(lines) == 1, result.stderr
        assert lines[0].startswith("ptb-bucket: ")
        return lines[0]


def without_waits(text: str) -> list[str]:
    """Return the lines on stderr, without those about a server that takes long: how fast it is, is not tested."""
    return [line for line in text.splitlines() if not line.startswith("ptb-bucket: Waiting for a response: ")]


def _run(arguments: tuple[str, ...], environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith(_NOT_OURS)}
    return subprocess.run(  # noqa: S603  our own interpreter, with the tests' own arguments
        [sys.executable, "-m", "ptb_bucket.cli", *arguments],
        env=clean | {"PYTHONIOENCODING": "utf-8", "COLUMNS": "120"} | environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        timeout=120,
        check=False,
    )
