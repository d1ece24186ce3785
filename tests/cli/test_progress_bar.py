"""The bar of a long copy, on a real terminal."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import subprocess
import sys

import pytest

from ptb_bucket.state import Record
from ptb_bucket.tools import open_state

pty = pytest.importorskip("pty", reason="Windows does not have pseudo-terminals")


async def fill(uri, number):
    async with open_state(uri, bot_id="123456", create=True) as state:
        replica = state.replica()
        await replica.documents.read_all()
        for user in range(number):
            replica.stage(Record.user(user), {"n": user})
        await replica.commit()


def test_the_bar_of_a_copy_moves(tmp_path, count):
    number = count(800, 100_000)
    asyncio.run(fill(f"file:{tmp_path}/a", number))
    target = f"file:{tmp_path}/b?layout=per-record"
    shown = in_a_terminal("copy", f"file:{tmp_path}/a", target)
    assert f"{number:,} records copied" in shown
    steps = [int(step) for step in re.findall(rf"(\d+)/{2 * number}", shown)]
    assert steps == sorted(steps)
    assert steps[-1] == 2 * number
    assert len(set(steps)) > 3


def in_a_terminal(*arguments):
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "ptb_bucket.cli", *arguments]
    environment = os.environ | {"TERM": "xterm", "COLUMNS": "120"}
    process = subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, env=environment)
    os.close(theirs)
    shown = b"".join(read(ours))
    os.close(ours)
    assert process.wait() == 0, shown
    return re.sub(rb"\x1b\[[0-9;?]*[a-zA-Z]", b"", shown).decode()


def read(terminal):
    with contextlib.suppress(OSError):  # Linux's way to say that the other end is closed
        while data := os.read(terminal, 65536):
            yield data
