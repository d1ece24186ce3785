"""Tests of memory while 100,000 users are imported: hardly more than reading the pickle takes anyway."""

from __future__ import annotations

import pickle
import subprocess
import sys

import pytest

LOAD = """
import pickle
kept = pickle.load(open("bot.pickle", "rb"))
"""
IMPORT = """
import asyncio
from ptb_bucket.tools import import_memory, open_state, read_memory

async def main():
    async with open_state("file:./state?layout={layout}&codec={codec}", bot_id="1", create=True) as state:
        await import_memory(state, read_memory("bot.pickle"))

asyncio.run(main())
"""
MEASURED = r"""
import re
import ptb_bucket.tools

def largest():  # getrusage() would begin with the size of the process that started this one
    return int(re.search(r"VmHWM:\s*(\d+)", open("/proc/self/status").read())[1])

before = largest()
{program}
print(largest() - before)
"""


def peak(folder, program):
    """Return how much this program increased the largest size of a process."""
    done = subprocess.run(
        [sys.executable, "-c", MEASURED.format(program=program)],
        cwd=folder,
        capture_output=True,
        check=True,
        timeout=600,
    )
    return int(done.stdout)


def filled(folder, users):
    folder.mkdir()
    people = {number: {"name": f"user {number}", "tags": [1, 2, 3], number: (number,)} for number in range(users)}
    states = {"form": {(number, number): 1 for number in range(users)}}
    (folder / "bot.pickle").write_bytes(pickle.dumps({"user_data": people, "chat_data": {}, "conversations": states}))
    return folder


@pytest.mark.long
@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc/self/status")
@pytest.mark.parametrize("codec", ["json", "pickle"])
@pytest.mark.parametrize("layout", ["single", "per-type"])
def test_memory_grows_with_the_file_and_not_faster(tmp_path, layout, codec):
    program = IMPORT.format(layout=layout, codec=codec)
    few, many = filled(tmp_path / "few", 25_000), filled(tmp_path / "many", 100_000)
    taken = peak(many, program)
    assert taken < 4 * peak(many, LOAD)
    assert taken < 5 * peak(few, program)
