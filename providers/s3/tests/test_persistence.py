"""The core's promises to PTB, kept on S3: all kinds of data, layouts, codecs, restart, conflict, refresh."""

from __future__ import annotations

import asyncio
import enum
import itertools

import pytest
from telegram.ext import ExtBot

from ptb_bucket import BucketPersistence, add_differences
from ptb_bucket.errors import PTBBucketError, UnavailableError

KEYBOARDS = [("a" * 32, 1000.5, {"b1": ("buy", 3), "b2": None}), ("c" * 32, 1001.0, {"d1": {"page": 2}})]
QUERIES = {"q1": "a" * 32, "q2": "c" * 32}


class Step(enum.Enum):
    NAME = "name"


EVERYTHING = [
    {"total": 3, "seen": {1, 2}},
    {-100: {"title": "Friends", 7: ("a", 1)}, 5: {"x": 1}},
    {42: {"name": "Ada", "scores": [1, 2.5, None]}},
    (KEYBOARDS, QUERIES),
    {(42, 42): Step.NAME, (-100,): ("size", 2)},
]


class Place:
    """A prefix in a bucket, and persistences on it as new processes would have them."""

    def __init__(self, server, layout, codec):
        self.server, self.bucket, self.layout = server, server.bucket(), layout
        self.uri = server.uri(self.bucket, "bots/{bot_id}", layout=layout, codec=codec)
        self.opened = []

    def open(self, **options):
        return self.at(self.uri, **options)

    def at(self, uri, **options):
        persistence = BucketPersistence(uri, types=[Step], **options)
        persistence.set_bot(ExtBot("123456:offline", arbitrary_callback_data=True))
        self.opened.append(persistence)
        return persistence


@pytest.fixture(params=itertools.product(["single", "per-type"], ["json", "pickle"]), ids="-".join)
async def place(request, server):
    place = Place(server, *request.param)
    yield place
    for persistence in place.opened:
        await persistence._open.store.close()


async def fill(persistence):
    await asyncio.gather(
        persistence.update_bot_data(EVERYTHING[0]),
        *(persistence.update_chat_data(chat, data) for chat, data in EVERYTHING[1].items()),
        *(persistence.update_user_data(user, data) for user, data in EVERYTHING[2].items()),
        persistence.update_callback_data(EVERYTHING[3]),
        *(persistence.update_conversation("order", key, state) for key, state in EVERYTHING[4].items()),
    )


async def everything(persistence):
    return [
        await persistence.get_bot_data(),
        await persistence.get_chat_data(),
        await persistence.get_user_data(),
        await persistence.get_callback_data(),
        await persistence.get_conversations("order"),
    ]


async def test_everything_comes_back_in_a_new_process(place):
    assert await everything(place.open()) == [{}, {}, {}, None, {}]
    first = place.open()
    await fill(first)
    await first.flush()
    assert await everything(place.open()) == EVERYTHING
    documents = place.server.keys(place.bucket)
    assert len(documents) == first.stats.writes == (1 if place.layout == "single" else 5)
    assert all(key.startswith("bots/123456/") for key in documents)


async def test_what_is_dropped_stays_dropped(place):
    persistence = place.open()
    await fill(persistence)
    await asyncio.gather(
        persistence.drop_chat_data(-100),
        persistence.drop_user_data(42),
        persistence.update_conversation("order", (42, 42), None),
    )
    _, chats, users, _, orders = await everything(place.open())
    assert (chats, users, orders) == ({5: {"x": 1}}, {}, {(-100,): ("size", 2)})


async def test_a_conflict_is_merged(place):
    await place.open().update_bot_data({"count": 1, "set": {0}, "log": ["start"]})
    first, second = place.open(resolver=add_differences), place.open(resolver=add_differences)
    for persistence in (first, second):
        await everything(persistence)
    await first.update_bot_data({"count": 3, "set": {0, 1}, "log": ["start", "first"], "first": 1})
    await second.update_bot_data({"count": 4, "set": {0, 2}, "log": ["start", "second"], "second": 2})
    await asyncio.gather(first.update_user_data(1, {"a": 1}), second.update_user_data(2, {"b": 2}))
    merged = place.open()
    assert await merged.get_bot_data() == {
        "count": 6,
        "set": {0, 1, 2},
        "log": ["start", "first", "second"],
        "first": 1,
        "second": 2,
    }
    assert await merged.get_user_data() == {1: {"a": 1}, 2: {"b": 2}}
    assert first.stats.conflicts_merged + second.stats.conflicts_merged > 0


async def test_a_refresh_brings_what_another_instance_wrote(place):
    first, second = place.open(), place.open(refresh_interval=0)
    await fill(first)
    bot_data = await second.get_bot_data()
    await first.update_bot_data({"total": 4, "news": [1]})
    await second.refresh_bot_data(bot_data)
    assert bot_data == {"total": 4, "news": [1]}
    reads = second.stats.bytes_read
    await second.refresh_bot_data(bot_data)
    assert second.stats.bytes_read == reads  # not modified: nothing is transferred


async def test_nothing_but_empty_is_taken_for_empty(place):
    # With several documents, several errors are told at once.
    with pytest.raises(PTBBucketError, match="does not exist"):
        await place.at(place.uri.replace(place.bucket, "mistyped")).get_bot_data()
    await fill(place.open())
    for key in place.server.keys(place.bucket):
        place.server.client.put_object(Bucket=place.bucket, Key=key, Body=b"{")
    with pytest.raises(PTBBucketError, match="version"):
        await place.open().get_bot_data()


async def test_a_server_out_of_reach_is_not_taken_for_empty(moto):
    place = Place(moto, "single", "json")
    await fill(place.open())
    with pytest.raises(UnavailableError):
        await place.at(place.uri.replace(moto.url.rpartition(":")[2], "1")).get_bot_data()
    for persistence in place.opened:
        await persistence._open.store.close()
