"""Run the verbs of ``ptb-bucket`` in this process, because starting an interpreter takes longer than most verbs."""

from __future__ import annotations

import asyncio
import contextlib
import io
import os
import subprocess
import sys
import threading
from typing import ClassVar
from unittest.mock import patch

from ptb_bucket.cli import main

NOT_INHERITED = ("PTB_BUCKET_", "TELEGRAM_BOT_TOKEN")
_ALONE = threading.Lock()


class VerbsInProcess:
    """A mixin for the kit's tool classes, which runs the first call of each verb as a process and later ones here.

    Two kinds of calls stay processes: ``check``, which sets signal handlers, and a call that begins while another one
    runs, because both would write to the same streams.
    """

    ALWAYS_A_PROCESS: ClassVar[frozenset[str]] = frozenset({"check"})
    _run_once: ClassVar[set[str]]

    def __init_subclass__(cls, **options: object) -> None:
        super().__init_subclass__(**options)
        cls._run_once = set()

    async def run(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run ``ptb-bucket`` with these arguments, away from the loop of the servers."""
        verb = arguments[0]
        first = verb not in self._run_once
        self._run_once.add(verb)
        if first or verb in self.ALWAYS_A_PROCESS or not _ALONE.acquire(blocking=False):
            return await super().run(*arguments, **environment)
        try:
            return await asyncio.to_thread(run_verb, *arguments, **environment)
        finally:
            _ALONE.release()


def run_verb(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a verb in this process, with the environment and the streams that a process would have."""
    out, err = io.StringIO(), io.StringIO()
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(NOT_INHERITED)}
    with (
        patch.dict(os.environ, inherited | {"COLUMNS": "120"} | environment, clear=True),
        patch.object(sys, "stdin", io.StringIO()),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
    ):
        code = main(arguments)
    return subprocess.CompletedProcess(list(arguments), code, out.getvalue(), err.getvalue())
