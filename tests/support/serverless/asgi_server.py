"""A real uvicorn in a separate process, an application in this process, and clients that post as Telegram does."""

from __future__ import annotations

import contextlib
import itertools
import os
import re
import signal
import subprocess
import sys
import threading
from typing import TYPE_CHECKING

import httpx
from telegram.ext import ExtBot

from ptb_bucket import BucketPersistence
from support import TESTS

if TYPE_CHECKING:
    from pathlib import Path

SECRET = "s3cret_S3CRET-0"
TICK = "a-secret-of-some-length"
HEADERS = {"X-Telegram-Bot-Api-Secret-Token": SECRET}
_ids = itertools.count(1)


def update(text: str, chat: int = 7, update_id: int | None = None) -> dict:
    """Make a private message as Telegram posts it."""
    number = next(_ids) if update_id is None else update_id
    message = {
        "message_id": number, "date": 1735732800, "text": text,
        "chat": {"id": chat, "type": "private", "first_name": "Ada"},
        "from": {"id": chat, "is_bot": False, "first_name": "Ada"},
    }  # fmt: skip
    return {"update_id": number, "message": message}


class Server:
    """A running server process."""

    def __init__(self, command: list[str], environment: dict[str, str], folder: Path = TESTS) -> None:
        self.process = subprocess.Popen(
            command, env=os.environ | environment, stderr=subprocess.STDOUT, stdout=subprocess.PIPE, text=True,
            cwd=folder,
        )  # fmt: skip
        self.lines: list[str] = []
        self.url = self._read_url()
        self._reader = threading.Thread(target=self.lines.extend, args=(self.process.stdout,), daemon=True)
        self._reader.start()

    def _read_url(self) -> str:
        for line in self.process.stdout:
            self.lines.append(line)
            if found := re.search(r"running on (http://\S+)", line):
                return found[1].replace("0.0.0.0", "127.0.0.1")  # noqa: S104  what it says, not where we listen
        self.process.communicate(timeout=10)
        raise AssertionError("it did not start:\n" + "".join(self.lines))

    def client(self) -> httpx.AsyncClient:
        """Return a client of the server."""
        return httpx.AsyncClient(base_url=self.url, headers=HEADERS, timeout=60, limits=httpx.Limits())

    def terminate(self) -> str:
        """Send SIGTERM, wait for the end, and return the log."""
        self.process.send_signal(signal.SIGTERM)
        return self.end()

    def end(self) -> str:
        """Wait for the end, and return the log."""
        self.process.wait(30)
        self._reader.join(10)
        self.process.stdout.close()
        return "".join(self.lines)


@contextlib.contextmanager
def serving(bucket: str, *options: str, **environment: object):
    """Run the bot of :mod:`support.serverless.asgi_bot` under uvicorn, killed at the end if it still runs."""
    command = [
        sys.executable, "-X", "dev", "-W", "error", "-m", "uvicorn",
        "support.serverless.asgi_bot:app", "--app-dir", str(TESTS), "--port", "0",
        "--ws", "none", "--no-access-log", *options,
    ]  # fmt: skip
    server = Server(
        command,
        {"BUCKET": bucket, "TELEGRAM_WEBHOOK_SECRET": SECRET}
        | {name: str(value) for name, value in environment.items()},
    )
    try:
        yield server
    finally:
        if server.process.poll() is None:
            server.process.kill()
            server.end()


async def state(bucket: str) -> BucketPersistence:
    """Open the stored state with a new persistence."""
    persistence = BucketPersistence(bucket)
    persistence.set_bot(ExtBot("123456:offline"))
    return persistence


async def logs(bucket: str) -> dict[int, list[str]]:
    """Return each chat's log from the bucket."""
    chats = await (await state(bucket)).get_chat_data()
    return {chat: data["log"] for chat, data in chats.items() if "log" in data}


async def post(client: httpx.AsyncClient, text: str, chat: int = 7, update_id: int | None = None) -> int:
    """Post a message, and return the status of the answer."""
    return (await client.post("/telegram", json=update(text, chat, update_id))).status_code


def load_bot(monkeypatch, bucket, faults, **settings):
    """Import the bot :mod:`support.serverless.asgi_bot` with its settings in the environment."""
    given = {"BUCKET": bucket, "FAULTS": str(faults), "TELEGRAM_WEBHOOK_SECRET": SECRET, **settings}
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    from support.serverless import asgi_bot  # noqa: PLC0415  it reads its environment

    return asgi_bot


def talking_to(app):
    """Return a client of an application in this process, which sends the secret of the webhook."""
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://bot", headers=HEADERS)


@contextlib.asynccontextmanager
async def running(app):
    """Run the lifespan of an application in this process; inside, there is a client of it."""
    async with app.router.lifespan_context(app), talking_to(app) as client:
        yield client
