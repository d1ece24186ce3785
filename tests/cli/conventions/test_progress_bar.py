"""The bar of a long copy, on a real terminal."""

from __future__ import annotations

import asyncio
import re

from ptb_bucket.state import Record
from ptb_bucket.tools import open_state
from support.processes.preloaded import preloading
from support.processes.terminals import in_a_terminal

programs_are_preloaded = preloading()


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
    done = in_a_terminal("copy", f"file:{tmp_path}/a", target, COLUMNS="120")
    shown = done.text
    assert done.code == 0, shown
    assert f"{number:,} records copied" in shown
    steps = [int(step) for step in re.findall(rf"(\d+)/{2 * number}", shown)]
    assert steps == sorted(steps)
    assert steps[-1] == 2 * number
    assert len(set(steps)) > 3
