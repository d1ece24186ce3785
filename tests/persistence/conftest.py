"""Fixtures for a persistence on every place, layout and codec, which can start again as a new process would."""

from __future__ import annotations

import pytest
from telegram.ext import ExtBot

from ptb_bucket import BucketPersistence
from ptb_bucket.offline_telegram import OfflineRequest, OfflineTelegram
from ptb_bucket.state import LAYOUTS
from support.documents.unreadable_records import KEYBOARD, NEWER, OTHER_KEYBOARD, Mood
from support.parameters import crossed

TOKEN = "123456:offline"
REQUEST = OfflineRequest(OfflineTelegram())


def make_bot() -> ExtBot:
    # With its own request object, each bot would read all CA certificates, which takes longer than a test.
    return ExtBot(TOKEN, arbitrary_callback_data=True, request=REQUEST, get_updates_request=REQUEST)


class Place:
    """A place for a bot's state."""

    def __init__(self, uri: str, layout: str, codec: str) -> None:
        self.uri, self.layout, self.codec = uri, layout, codec
        self.options = {"layout": layout, "codec": codec}

    def open(self, **options) -> BucketPersistence:
        """Open a persistence as a new process would."""
        persistence = BucketPersistence(self.uri, **{**self.options, **options})
        persistence.set_bot(make_bot())
        return persistence


@pytest.fixture(params=crossed(["memory", "file"], list(LAYOUTS), ["json", "pickle"], strength=1))
def place(request, tmp_path) -> Place:
    where, layout, codec = request.param
    uri = f"file:{tmp_path}/state" if where == "file" else f"memory:{tmp_path.name}-{id(tmp_path)}"
    return Place(uri, layout, codec)


@pytest.fixture
def simple(tmp_path) -> Place:
    """Return a place with the defaults, for tests that do not depend on the place."""
    return Place(f"memory:{tmp_path}", "single", "json")


@pytest.fixture
async def bucket(place):
    """Make a place with unreadable records of every kind but bot_data, and readable ones beside them."""
    newer = place.open(types=[Mood])
    await newer.update_user_data(42, NEWER)
    await newer.update_user_data(43, {"level": 1})
    await newer.update_chat_data(42, {"mood": Mood.GOOD})
    await newer.update_bot_data({"since": 2026})
    await newer.update_conversation("talk", (42,), Mood.GOOD)
    await newer.update_conversation("talk", (43,), 1)
    keyboards = [(KEYBOARD, 1.0, {"x": Mood.GOOD}), (OTHER_KEYBOARD, 2.0, {"x": 1})]
    await newer.update_callback_data((keyboards, {"query": OTHER_KEYBOARD}))
    await newer.flush()
    return place
