"""Processes of AWS Lambda that run beside the test, and the events for them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

from support import TESTS
from support.serverless.lambda_events import HEADER, SECRET, function_url

TIMER = {"source": "aws.events"}
TICK = {"ptb-bucket": "tick"}


def event(user: int = 42, secret: str = SECRET, text: str = "hi") -> dict[str, Any]:
    """Make the event of a message."""
    person = {"id": user, "is_bot": False, "first_name": "Ada"}
    chat = {"id": user, "type": "private", "first_name": "Ada"}
    message = {"message_id": 1, "date": 1735732800, "text": text, "chat": chat, "from": person}
    if text.startswith("/"):
        message["entities"] = [{"type": "bot_command", "offset": 0, "length": len(text)}]
    return function_url(json.dumps({"update_id": 1, "message": message}), {HEADER: secret})


class LambdaProcess:
    """A process of the bot :mod:`support.serverless.lambda_bot`. Its init phase has ended.

    Args:
        environment: The environment variables beside this process's.
    """

    def __init__(self, **environment: object) -> None:
        given = {"TELEGRAM_WEBHOOK_SECRET": SECRET, **{name: str(value) for name, value in environment.items()}}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "support.serverless.lambda_process"], cwd=TESTS, text=True, env=os.environ | given,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip
        self.log: list[str] = []
        self._reader = threading.Thread(target=self.log.extend, args=(self._process.stderr,), daemon=True)
        self._reader.start()
        self.imported = self._answer()

    def _answer(self) -> Any:
        line = self._process.stdout.readline()
        assert line, "".join(self.log)
        return json.loads(line)

    def _do(self, **command: object) -> Any:
        self._process.stdin.write(json.dumps(command) + "\n")
        self._process.stdin.flush()
        return self._answer()

    def handle(self, what: Any = None) -> dict[str, Any]:
        """Handle an event; return what happened."""
        return self._do(event=event() if what is None else what)

    def copies(self, *users: int) -> list[dict[str, Any]]:
        """Handle an event of each user in a copy of the process."""
        return self._do(copies=[event(user) for user in users])

    def sockets(self) -> list[str]:
        """Return the process's open sockets, which Linux lists."""
        found = Path(f"/proc/{self._process.pid}/fd").iterdir()
        return [name for name in map(os.readlink, found) if name.startswith("socket:")]

    def end(self) -> str:
        """End the process, and return its log."""
        if not self._process.stdin.closed:
            self._process.stdin.close()
            self._process.wait(30)
            self._reader.join(10)
            self._process.stdout.close()
            self._process.stderr.close()
        return "".join(self.log)
