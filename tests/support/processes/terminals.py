"""Run the command line on a pseudo-terminal, as a person does."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["STYLE", "Shown", "in_a_terminal"]

STYLE = re.compile(r"\x1b\[[0-9;]*m")
_CONTROL = re.compile(r"\x1b\[[0-9;?]*[a-zA-Z]")


class Shown(NamedTuple):
    """The exit code of a command, and what it printed on stdout and stderr."""

    code: int
    raw: str

    @property
    def text(self) -> str:
        """Return what it printed, without styles and movements of the cursor."""
        return _CONTROL.sub("", self.raw)


def in_a_terminal(
    *words: object, answer: str = "", stop_at: str = "", environment: Mapping[str, str] = os.environ, **more: str
) -> Shown:
    """Run ``ptb-bucket`` on a terminal, and wait for its end.

    Args:
        words: Its arguments.
        answer: What the person types at once.
        stop_at: Text at which they press Ctrl-C.
        environment: The environment of the process.
        more: Further variables. By default, the terminal has styles and 80 columns.
    """
    pty: Any = pytest.importorskip("pty", reason="Windows does not have pseudo-terminals")
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "ptb_bucket.cli", *map(str, words)]
    variables = {**environment, "TERM": "xterm-256color", "COLUMNS": "80", **more}
    process = subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, env=variables)
    os.close(theirs)
    os.write(ours, answer.encode())
    shown = b""
    for data in _read(ours):
        shown += data
        if stop_at and stop_at.encode() in shown:  # a read may end within the text
            process.send_signal(signal.SIGINT)
            stop_at = ""
    os.close(ours)
    return Shown(process.wait(), shown.decode())


def _read(terminal: int) -> Iterator[bytes]:
    while True:
        try:
            data = os.read(terminal, 65536)
        except OSError:  # Linux's way to say that the other end is closed
            return
        if not data:
            return
        yield data
