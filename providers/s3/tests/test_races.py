"""Processes that race: what they count adds up, and one of them creates."""

from __future__ import annotations

import asyncio

import pytest
from telegram.ext import ExtBot

from ptb_bucket import BucketPersistence


def persistence_at(uri):
    persistence = BucketPersistence(uri)
    persistence.set_bot(ExtBot("123456:offline"))
    return persistence


@pytest.mark.parametrize("layout", ["single"])
def test_what_eight_processes_count_adds_up(server, race, count, layout):
    times = count(3, 25)
    uri = server.uri(server.bucket(), "bot/", layout=layout)
    asyncio.run(persistence_at(uri).update_bot_data({"count": 0}))
    merged = race(*[("count_up", uri, times)] * 8)
    assert asyncio.run(persistence_at(uri).get_bot_data()) == {"count": 8 * times}
    assert sum(map(int, merged)) > 0


def test_of_six_processes_one_creates(server, race, count):
    times = count(15, 50)
    bucket = server.bucket()
    won = race(*[("create_each", server.uri(bucket), f"process {name}", times) for name in range(6)])
    winners = [set(map(int, line.split())) for line in won]
    assert sum(map(len, winners)) == times
    assert set().union(*winners) == set(range(times))
    for name, numbers in enumerate(winners):
        for number in numbers:
            with server.client.get_object(Bucket=bucket, Key=f"race/{number}")["Body"] as body:
                assert body.read() == b"process %d" % name
