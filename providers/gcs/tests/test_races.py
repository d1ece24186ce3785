"""Races between processes, on fake-gcs-server."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from telegram.ext import ExtBot

from ptb_bucket import BucketPersistence
from ptb_bucket.stores import open_store

PROGRAM = Path(__file__).with_name("racers.py")


def race(program, uri, processes, times):
    """What each process returned; none of them complained."""
    command = [
        sys.executable,
        "-W",
        "error",
        "-W",
        "ignore::FutureWarning",
        str(PROGRAM),
        program,
        uri,
        str(processes),
        str(times),
    ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=280, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    return json.loads(done.stdout)


async def test_8_processes_count_and_none_is_lost(server, bucket, count):
    uri, times = f"gs://{bucket}?endpoint_url={server.url}", count(25, 100)
    persistence = BucketPersistence(uri)
    persistence.set_bot(ExtBot("123456:offline"))
    await persistence.update_bot_data({"count": 0})
    merged = race("increment", uri, 8, times)
    assert sum(merged) > 0  # it was a race
    await persistence.flush()
    again = BucketPersistence(uri)
    again.set_bot(ExtBot("123456:offline"))
    assert await again.get_bot_data() == {"count": 8 * times}
    await again.flush()


async def test_6_processes_create_and_one_of_them_wins(server, bucket, count):
    uri, rounds = f"gs://{bucket}/some/prefix?endpoint_url={server.url}", count(50, 500)
    won = race("create", uri, 6, rounds)
    assert sorted(number for numbers in won for number in numbers) == list(range(rounds))
    assert sum(map(bool, won)) > 1  # it was a race
    async with open_store(uri) as store:
        for name, numbers in enumerate(won):
            for number in numbers:
                assert (await store.get(f"race/{number}")).data == b"%d" % name
