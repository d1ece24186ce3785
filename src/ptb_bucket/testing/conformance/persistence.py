"""Tests of BucketPersistence's promises to PTB on a real place, with all kinds of data, layouts and codecs."""

from __future__ import annotations

import asyncio
import enum
import itertools
from typing import TYPE_CHECKING, Any, Final

import pytest
import pytest_asyncio

from ptb_bucket import add_differences
from ptb_bucket.errors import AccessError, PTBBucketError, UnavailableError
from ptb_bucket.state import LAYOUTS
from ptb_bucket.testing.conformance.instances import Instances, everything
from ptb_bucket.testing.conformance.store import Case

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from ptb_bucket import BucketPersistence
    from ptb_bucket.testing.conformance.backend import Backend

__all__ = ["PersistenceConformance"]

_PREFIX: Final = "bots/{bot_id}"
_COMBINATIONS: Final = tuple(itertools.product(LAYOUTS, ("json", "pickle")))
_DOCUMENTS: Final = {"single": 1, "per-type": 5, "per-record": 9}
_KEYBOARDS: Final[list[tuple[str, float, dict[str, Any]]]] = [
    ("a" * 32, 1000.5, {"b1": ("buy", 3), "b2": None}),
    ("c" * 32, 1001.0, {"d1": {"page": 2}}),
]
_QUERIES: Final = {"q1": "a" * 32, "q2": "c" * 32}


class OrderStep(enum.Enum):
    """An enum, as conversations often use for their states."""

    NAME = "name"


_EVERYTHING: Final[list[Any]] = [
    {"total": 3, "seen": {1, 2}},
    {-100: {"title": "Friends", 7: ("a", 1)}, 5: {"x": 1}},
    {42: {"name": "Ada", "scores": [1, 2.5, None]}},
    (_KEYBOARDS, _QUERIES),
    {(42, 42): OrderStep.NAME, (-100,): ("size", 2)},
]


async def _fill(persistence: BucketPersistence) -> None:
    bot, chats, users, callbacks, conversations = _EVERYTHING
    await asyncio.gather(
        persistence.update_bot_data(bot),
        *(persistence.update_chat_data(chat, data) for chat, data in chats.items()),
        *(persistence.update_user_data(user, data) for user, data in users.items()),
        persistence.update_callback_data(callbacks),
        *(persistence.update_conversation("order", key, state) for key, state in conversations.items()),
    )


class PersistenceConformance(Case):
    """Tests of a bot's whole state; subclass with a fixture ``backend`` whose :meth:`Backend.uri` has its place."""

    @pytest.fixture(params=_COMBINATIONS, ids="-".join)
    def combination(self, request: pytest.FixtureRequest) -> tuple[str, str]:
        """Return a layout and a codec; a subclass may test fewer."""
        layout, codec = request.param
        return layout, codec

    @pytest_asyncio.fixture
    async def instances(self, combination: tuple[str, str]) -> AsyncIterator[Instances]:
        """Open persistences of one layout and codec."""
        layout, codec = combination
        async with Instances(layout=layout, codec=codec, types=[OrderStep]) as instances:
            yield instances

    async def test_everything_comes_back_in_a_new_process(self, backend: Backend, instances: Instances) -> None:
        """It starts on an empty place and writes one object per document, below the prefix with the bot's ID."""
        uri = backend.uri(_PREFIX)
        first = instances.open(uri)
        assert await everything(first) == [{}, {}, {}, None, {}]
        await _fill(first)
        await first.flush()
        assert await everything(instances.open(uri)) == _EVERYTHING
        documents = await backend.keys_raw()
        assert len(documents) == first.stats.writes == _DOCUMENTS[instances.options["layout"]]
        assert all(key.startswith("bots/123456/") for key in documents)

    async def test_what_is_dropped_stays_dropped(self, backend: Backend, instances: Instances) -> None:
        """Dropped data, ended conversations and forgotten keyboards stay gone."""
        uri = backend.uri(_PREFIX)
        persistence = instances.open(uri)
        await _fill(persistence)
        await asyncio.gather(
            persistence.drop_chat_data(-100),
            persistence.drop_user_data(42),
            persistence.update_conversation("order", (42, 42), None),
            persistence.update_callback_data((_KEYBOARDS[1:], {})),
        )
        expected = [_EVERYTHING[0], {5: {"x": 1}}, {}, (_KEYBOARDS[1:], {}), {(-100,): ("size", 2)}]
        assert await everything(instances.open(uri)) == expected

    async def test_a_conflict_is_merged(self, backend: Backend, instances: Instances) -> None:
        """Two instances change the same data in turns and at once, and neither loses a change."""
        uri = backend.uri(_PREFIX)
        await instances.open(uri).update_bot_data({"count": 1, "set": {0}, "log": ["start"]})
        first, second = (instances.open(uri, resolver=add_differences) for _ in range(2))
        for persistence in (first, second):
            await everything(persistence)
        await first.update_bot_data({"count": 3, "set": {0, 1}, "log": ["start", "first"], "first": 1})
        await second.update_bot_data({"count": 4, "set": {0, 2}, "log": ["start", "second"], "second": 2})
        assert second.stats.conflicts_merged == 1
        await asyncio.gather(first.update_user_data(1, {"a": 1}), second.update_user_data(2, {"b": 2}))
        bot_data, _, users, *_ = await everything(instances.open(uri))
        log = ["start", "first", "second"]
        assert bot_data == {"count": 6, "set": {0, 1, 2}, "log": log, "first": 1, "second": 2}
        assert users == {1: {"a": 1}, 2: {"b": 2}}

    async def test_a_refresh_brings_what_another_instance_wrote(self, backend: Backend, instances: Instances) -> None:
        """A refresh changes the live object, and transfers nothing if nothing has changed."""
        uri = backend.uri(_PREFIX)
        first, second = instances.open(uri), instances.open(uri, refresh_interval=0)
        await _fill(first)
        bot_data = await second.get_bot_data()
        await first.update_bot_data({"total": 4, "news": [1]})
        await second.refresh_bot_data(bot_data)
        assert bot_data == {"total": 4, "news": [1]}
        read, asked = second.stats.bytes_read, second.stats.reads
        await second.refresh_bot_data(bot_data)
        assert (second.stats.bytes_read, second.stats.reads) == (read, asked + 1)

    async def test_a_damaged_document_is_not_taken_for_empty(self, backend: Backend, instances: Instances) -> None:
        """It stops the start and is not changed."""
        uri = backend.uri(_PREFIX)
        await _fill(instances.open(uri))
        for key in await backend.keys_raw():
            await backend.write_raw(key, b"{")
        with pytest.raises(PTBBucketError, match="version"):
            await instances.open(uri).get_bot_data()
        assert {await backend.read_raw(key) for key in await backend.keys_raw()} == {b"{"}

    async def test_what_cannot_be_read_is_not_taken_for_empty(self, backend: Backend) -> None:
        """A bucket that is missing, forbidden or unreachable stops the start."""
        stores = {AccessError: backend.denied(), UnavailableError: backend.unavailable()}
        if None in stores.values():
            pytest.skip("this place cannot be forbidden or made unreachable")
        async with Instances(commit_timeout=1) as instances:
            for error, store in stores.items():
                assert store is not None
                async with store:
                    with pytest.raises(error):
                        await instances.open(store).get_bot_data()
