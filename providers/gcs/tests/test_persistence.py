"""A bot's whole state on Google Cloud Storage: all kinds of data, on both layouts and codecs."""

from __future__ import annotations

import asyncio
import enum
import functools
import itertools

import pytest
from telegram.ext import ExtBot

from ptb_bucket import BucketPersistence, add_differences
from ptb_bucket.errors import AccessError, UnavailableError
from ptb_bucket.testing.proxy import WireFault
from ptb_bucket_gcs import GcsStore
from ptb_bucket_gcs import _store as module

COMBINATIONS = list(itertools.product(["single", "per-type"], ["json", "pickle"]))
KEYBOARDS = [("a" * 32, 1000.5, {"b1": ("buy", 3), "b2": None}), ("c" * 32, 1001.0, {"d1": {"page": 2}})]
QUERIES = {"q1": "a" * 32, "q2": "c" * 32}


class Step(enum.Enum):
    NAME = "name"
    DONE = 2


@functools.cache
def make_bot():
    """One for all tests, because its TLS context takes longer than everything else in them."""
    return ExtBot("123456:offline", arbitrary_callback_data=True)


class Place:
    """A bucket, a layout and a codec; each ``open`` is a new process."""

    def __init__(self, url, bucket, layout="single", codec="json", more="") -> None:
        self.uri = f"gs://{bucket}/bots/{{bot_id}}?endpoint_url={url}{more}"
        self.options = {"layout": layout, "codec": codec, "types": [Step], "resolver": add_differences}
        self.opened = []

    def open(self, **options):
        persistence = BucketPersistence(self.uri, **(self.options | options))
        persistence.set_bot(make_bot())
        self.opened.append(persistence)
        return persistence


@pytest.fixture
async def new_place():
    """Make a place; whatever was opened on it is closed in the end."""
    places = []

    def make(url, bucket, more="", layout="single", codec="json"):
        places.append(Place(url, bucket, layout, codec, more))
        return places[-1]

    yield make
    for persistence in (persistence for place in places for persistence in place.opened):
        await persistence._open.store.close()


@pytest.fixture(params=COMBINATIONS, ids="-".join)
def place(request, proxy, bucket, new_place):
    layout, codec = request.param
    return new_place(proxy.url, bucket, layout=layout, codec=codec)


async def fill(persistence):
    await asyncio.gather(
        persistence.update_bot_data({"total": 3, "seen": {1, 2}}),
        persistence.update_chat_data(-100, {"title": "Friends", 7: ("a", 1)}),
        persistence.update_chat_data(5, {"x": 1}),
        persistence.update_user_data(42, {"name": "Ada", "scores": [1, 2.5, None]}),
        persistence.update_callback_data((KEYBOARDS, QUERIES)),
        persistence.update_conversation("order", (42, 42), Step.NAME),
        persistence.update_conversation("order", (-100,), ("size", 2)),
    )


async def everything(persistence):
    return [
        await persistence.get_bot_data(),
        await persistence.get_chat_data(),
        await persistence.get_user_data(),
        await persistence.get_callback_data(),
        await persistence.get_conversations("order"),
    ]


EVERYTHING = [
    {"total": 3, "seen": {1, 2}},
    {-100: {"title": "Friends", 7: ("a", 1)}, 5: {"x": 1}},
    {42: {"name": "Ada", "scores": [1, 2.5, None]}},
    (KEYBOARDS, QUERIES),
    {(42, 42): Step.NAME, (-100,): ("size", 2)},
]


async def test_a_new_place_is_empty(place):
    assert await everything(place.open()) == [{}, {}, {}, None, {}]


async def test_everything_comes_back_after_a_restart(place):
    first = place.open()
    await everything(first)
    await fill(first)
    await first.flush()
    assert await everything(place.open()) == EVERYTHING


async def test_drop_and_end_reach_the_bucket(place):
    persistence = place.open()
    await fill(persistence)
    await asyncio.gather(
        persistence.drop_chat_data(-100),
        persistence.drop_user_data(42),
        persistence.update_conversation("order", (42, 42), None),
        persistence.update_callback_data((KEYBOARDS[1:], {})),
    )
    assert await everything(place.open()) == [
        EVERYTHING[0],
        {5: {"x": 1}},
        {},
        (KEYBOARDS[1:], {}),
        {(-100,): ("size", 2)},
    ]


async def test_a_lost_race_is_merged(place):
    one, two = place.open(), place.open()
    await fill(one)
    mine, theirs = await one.get_bot_data(), await two.get_bot_data()
    mine["total"] += 1
    mine["seen"].add(7)
    theirs["total"] += 10
    theirs["seen"].add(8)
    await one.update_bot_data(mine)
    await two.update_bot_data(theirs)
    assert await place.open().get_bot_data() == {"total": 14, "seen": {1, 2, 7, 8}}
    assert two.stats.conflicts_merged == 1


async def test_a_refresh_brings_what_others_wrote_and_asks_conditionally(place, proxy):
    one, two = place.open(refresh_interval=0), place.open()
    await fill(two)
    data = await one.get_bot_data()
    await two.update_bot_data({"total": 99, "seen": {1, 2}})
    await one.refresh_bot_data(data)
    assert data == {"total": 99, "seen": {1, 2}}
    proxy.clear()
    await one.refresh_bot_data(data)
    assert ["ifGenerationNotMatch=" in request.path for request in proxy.requests] == [True]


async def test_a_commit_is_one_request_per_document(place, proxy):
    persistence = place.open()
    await fill(persistence)
    proxy.clear()
    await persistence.update_user_data(42, {"name": "Grace"})
    assert [request.method for request in proxy.requests] == ["POST"]
    await persistence.update_user_data(42, {"name": "Grace"})
    assert len(proxy.requests) == 1


@pytest.mark.parametrize("fault", WireFault, ids=lambda fault: fault.name)
async def test_whatever_happens_to_a_write_it_is_there_exactly_once(proxy, bucket, fault, new_place):
    """Lists tell: what is applied twice is there twice."""
    place = new_place(proxy.url, bucket, "&timeout=0.3")
    one, two = place.open(), place.open()
    await one.update_bot_data({"log": ["first"], "count": 1})
    for step in ("create", "update", "merged"):
        data = await one.get_bot_data()
        data["log"] += [step]
        data["count"] += 1
        if step == "merged":  # the write that is sent again finds somebody else's on top of it
            theirs = await two.get_bot_data()
            theirs["log"] += ["theirs"]
            theirs["count"] += 1
            await two.update_bot_data(theirs)
        proxy.plan(fault, method="POST", times=2 if step == "update" else 1)
        await one.update_bot_data(data)
    await one.flush()
    found = await place.open().get_bot_data()
    assert sorted(found["log"]) == sorted(["first", "create", "update", "theirs", "merged"])
    assert found["count"] == 5
    assert one.stats.pending == ()
    assert proxy.count("POST") == one.stats.writes + two.stats.writes + 5


@pytest.mark.parametrize("fault", WireFault, ids=lambda fault: fault.name)
async def test_the_very_first_write_survives_it_too(proxy, bucket, fault, new_place):
    place = new_place(proxy.url, bucket, "&timeout=0.3")
    one = place.open()
    proxy.plan(fault, method="POST", path="ifGenerationMatch=0", skip=2)
    await one.update_bot_data({"log": ["first"]})
    await one.flush()
    assert [request.fault for request in proxy.requests if request.fault] == [fault]
    assert await place.open().get_bot_data() == {"log": ["first"]}


async def test_a_mistyped_bucket_stops_the_start(server, new_place):
    place = new_place(server.url, "no-such-bucket")
    with pytest.raises(AccessError, match="no bucket"):
        await place.open().get_bot_data()


async def test_commits_keep_googles_distance_and_join(monkeypatch, proxy, bucket, new_place):
    """The emulator is taken for Google, whose seconds are shortened."""
    monkeypatch.setattr(module, "is_google", lambda _url: True)
    monkeypatch.setattr(GcsStore, "min_write_interval", 0.3)
    place = new_place(proxy.url, bucket)
    persistence = place.open()
    loop = asyncio.get_running_loop()
    await persistence.update_bot_data({"n": 0})
    proxy.clear()
    begin, saves = loop.time(), []
    for number in range(1, 21):
        saves.append(asyncio.ensure_future(persistence.update_user_data(number, {"n": number})))
        await asyncio.sleep(0.02)
    await asyncio.gather(*saves)
    assert loop.time() - begin < 1.2
    assert 1 <= proxy.count("POST") <= 3
    assert len(await place.open().get_user_data()) == 20
    await persistence.flush()


async def test_without_a_distance_they_do_not_wait(proxy, bucket, new_place):
    place = new_place(proxy.url, bucket)
    persistence = place.open()
    begin = asyncio.get_running_loop().time()
    for number in range(10):
        await persistence.update_bot_data({"n": number})
    assert asyncio.get_running_loop().time() - begin < 1
    assert proxy.count("POST") == 5 + 10
    await persistence.flush()


async def test_google_saying_429_for_a_while_costs_nothing_but_time(proxy, bucket, new_place):
    """The fault proxy says so; fake-gcs-server never does."""
    place = new_place(proxy.url, bucket)
    persistence = place.open()
    await persistence.update_bot_data({"n": 0})
    proxy.plan(WireFault.ANSWER_429, method="POST", times=3)
    await persistence.update_bot_data({"n": 1})
    assert await place.open().get_bot_data() == {"n": 1}


async def test_an_outage_is_no_loss(proxy, bucket, new_place):
    place = new_place(proxy.url, bucket)
    persistence = place.open(commit_timeout=0.3)
    await persistence.update_bot_data({"n": 0})
    proxy.plan(WireFault.RESET_BEFORE, times=None)
    with pytest.raises(UnavailableError):
        await persistence.update_bot_data({"n": 1})
    proxy.clear()
    await persistence.flush()
    assert await place.open().get_bot_data() == {"n": 1}
