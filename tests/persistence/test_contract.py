"""The promises of PTB's BasePersistence, on every place, layout and codec.

The values have the shapes of PTB's own persistence tests.
"""

from __future__ import annotations

import asyncio
import copy
import enum
import re
from collections import defaultdict

import pytest
from telegram.ext import CallbackContext, ContextTypes, ExtBot, PersistenceInput

from ptb_bucket import BucketPersistence, PTBBucketError
from ptb_bucket.errors import CannotStoreError
from ptb_bucket.state import Record
from ptb_bucket.state.merge.shape import wrong_shape

KEYBOARDS = [("a" * 32, 1000.5, {"b1": ("buy", 3), "b2": None}), ("c" * 32, 1001.0, {"d1": {"page": 2}})]
QUERIES = {"q1": "a" * 32, "q2": "c" * 32}


class Step(enum.Enum):
    NAME = "name"
    DONE = 2


async def fill(persistence) -> None:
    await asyncio.gather(
        persistence.update_bot_data({"total": 3, "seen": {1, 2}}),
        persistence.update_chat_data(-100, {"title": "Friends", 7: ("a", 1)}),
        persistence.update_chat_data(5, {"x": 1}),
        persistence.update_user_data(42, {"name": "Ada", "scores": [1, 2.5, None]}),
        persistence.update_callback_data((KEYBOARDS, QUERIES)),
        persistence.update_conversation("order", (42, 42), Step.NAME),
        persistence.update_conversation("order", (-100,), ("size", 2)),
        persistence.update_conversation("other", (42, "inline"), 0),
    )


async def everything(persistence) -> list[object]:
    return [
        await persistence.get_bot_data(),
        await persistence.get_chat_data(),
        await persistence.get_user_data(),
        await persistence.get_callback_data(),
        await persistence.get_conversations("order"),
        await persistence.get_conversations("other"),
    ]


EVERYTHING = [
    {"total": 3, "seen": {1, 2}},
    {-100: {"title": "Friends", 7: ("a", 1)}, 5: {"x": 1}},
    {42: {"name": "Ada", "scores": [1, 2.5, None]}},
    (KEYBOARDS, QUERIES),
    {(42, 42): Step.NAME, (-100,): ("size", 2)},
    {(42, "inline"): 0},
]


async def test_a_new_place_is_empty(place):
    assert await everything(place.open()) == [{}, {}, {}, None, {}, {}]


async def test_everything_comes_back_in_a_new_process(place):
    first = place.open(types=[Step])
    await everything(first)
    await fill(first)
    await first.flush()
    assert await everything(place.open(types=[Step])) == EVERYTHING


async def test_everything_is_there_before_flush_returns_too(place):
    first = place.open(types=[Step])
    await fill(first)
    assert await everything(place.open(types=[Step])) == EVERYTHING
    assert await everything(first) == EVERYTHING


async def test_returned_objects_are_copies(place):
    persistence = place.open(types=[Step])
    await fill(persistence)
    for values in (await everything(persistence), await everything(persistence)):
        values[0]["total"] = "spoilt"
        values[2][42]["scores"].append("spoilt")
        values[3][0][0][2]["b1"] = "spoilt"
    assert await everything(persistence) == EVERYTHING


async def test_what_is_taken_is_never_shared(place):
    persistence = place.open()
    data = {"list": [1]}
    await persistence.update_user_data(1, data)
    data["list"].append(2)
    assert await persistence.get_user_data() == {1: {"list": [1]}}


async def test_drop_and_end_reach_the_bucket(place):
    persistence = place.open(types=[Step])
    await fill(persistence)
    await asyncio.gather(
        persistence.drop_chat_data(-100),
        persistence.drop_user_data(42),
        persistence.drop_user_data(4711),
        persistence.update_conversation("order", (42, 42), None),
        persistence.update_callback_data((KEYBOARDS[1:], {})),
    )
    _, chats, users, callback, orders, _ = await everything(place.open(types=[Step]))
    assert chats == {5: {"x": 1}}
    assert users == {}
    assert callback == (KEYBOARDS[1:], {})
    assert orders == {(-100,): ("size", 2)}


async def test_nothing_of_what_was_dropped_stays_in_the_bucket(place):
    persistence = place.open()
    await persistence.update_user_data(42, {"secret": "rosebud"})
    await persistence.drop_user_data(42)
    store = persistence._session.state.store
    objects = [await store.get(info.key) async for info in store.list()]
    assert not any(b"rosebud" in blob.data for blob in objects)


async def test_updates_replace(place):
    persistence = place.open()
    await persistence.update_user_data(1, {"a": 1, "b": {"c": 1}})
    await persistence.update_user_data(1, {"b": {"d": 2}})
    assert await place.open().get_user_data() == {1: {"b": {"d": 2}}}


async def test_empty_is_not_stored_and_nothing_changed_is_not_written(place):
    persistence = place.open()
    await persistence.update_user_data(1, {})
    await persistence.update_bot_data({})
    await persistence.update_callback_data(([], {}))
    assert persistence.stats.writes == 0
    await persistence.update_user_data(1, {"a": {3, 1, 2}})
    await persistence.update_user_data(1, {"a": copy.deepcopy({1, 2, 3})})
    assert persistence.stats.writes == 1


async def test_custom_context_types(place):
    class Data(dict):
        pass

    context_types = ContextTypes(CallbackContext, user_data=Data, bot_data=Data, chat_data=lambda: defaultdict(int))
    first = place.open(context_types=context_types)
    bot_data = await first.get_bot_data()
    assert type(bot_data) is Data
    bot_data["x"] = 1
    await first.update_bot_data(bot_data)
    await first.update_user_data(1, Data(y=2))
    await first.update_chat_data(3, defaultdict(int, z=1))
    again = place.open(context_types=context_types)
    assert type(await again.get_bot_data()) is Data
    assert (await again.get_bot_data()) == {"x": 1}
    assert type((await again.get_user_data())[1]) is Data
    assert (await again.get_chat_data())[3]["other"] == 0


@pytest.mark.parametrize("on", [frozenset(), {"bot_data"}, {"chat_data", "user_data"}, {"callback_data"}])
async def test_sections_that_are_switched_off_stay_untouched(place, on):
    await fill(place.open(types=[Step]))
    kinds = {name: name in on for name in ("bot_data", "chat_data", "user_data", "callback_data")}
    partial = place.open(store_data=PersistenceInput(**kinds), types=[Step])
    await partial.get_conversations("order")
    await partial.update_conversation("order", (1,), 5)
    if "chat_data" in on:
        await partial.get_chat_data()
        await partial.drop_chat_data(5)
    expected = copy.deepcopy(EVERYTHING)
    expected[4][(1,)] = 5
    if "chat_data" in on:
        del expected[1][5]
    assert await everything(place.open(types=[Step])) == expected


async def test_on_flush_writes_once_at_the_end(place):
    persistence = place.open(on_flush=True, types=[Step])
    await fill(persistence)
    await persistence.update_bot_data({"total": 4})
    assert persistence.stats.writes == 0
    assert (await persistence.get_bot_data()) == {"total": 4}
    await persistence.flush()
    assert persistence.stats.writes == {"single": 1, "per-type": 5, "per-record": 10}[place.layout]
    assert (await place.open(types=[Step]).get_bot_data()) == {"total": 4}


async def test_flush_without_anything_is_harmless(place):
    persistence = place.open()
    await persistence.flush()
    await persistence.get_user_data()
    await persistence.flush()
    assert persistence.stats.writes == 0


async def test_one_commit_for_a_hundred_chats_and_users(place):
    persistence = place.open()
    await everything(persistence)
    updates = [persistence.update_chat_data(-n, {"n": n}) for n in range(1, 101)]
    updates += [persistence.update_user_data(n, {"n": n}) for n in range(1, 101)]
    updates += [persistence.update_bot_data({"n": 1}), persistence.update_conversation("c", (1, 1), 1)]
    await asyncio.gather(*updates, persistence.update_callback_data((KEYBOARDS, QUERIES)))
    documents = {"single": 1, "per-type": 5, "per-record": 100 + 100 + 5}[place.layout]
    assert persistence.stats.writes == persistence.stats.commits == documents
    assert len(await place.open().get_user_data()) == 100


async def test_bot_data_full_of_sets_that_is_copied_every_time_is_written_once(place):
    persistence = place.open()
    data = {"groups": [{f"name {n} {m}" for m in range(50)} for n in range(20)], "ids": set(range(0, 9999, 7))}
    for _ in range(5):
        await persistence.update_bot_data(copy.deepcopy(data))
        data["ids"] = {*sorted(data["ids"], reverse=True)}
    assert persistence.stats.writes == 1


async def test_callback_data_is_trimmed_to_the_size_of_the_cache(simple):
    persistence = BucketPersistence(simple.uri)
    persistence.set_bot(ExtBot("123456:offline", arbitrary_callback_data=3))
    keyboards = [(f"{n:032}", float(n), {"b": n}) for n in range(5)]
    await persistence.update_callback_data((keyboards, {f"q{n}": f"{n:032}" for n in range(5)}))
    assert await simple.open().get_callback_data() == (keyboards[2:], {f"q{n}": f"{n:032}" for n in range(2, 5)})


class Hostile(dict):
    """A class that a bot may have registered, and whose instance somebody wrote into a document by hand."""

    def fail(self, *_):
        raise ValueError

    __iter__ = __len__ = items = keys = fail


@pytest.mark.parametrize(
    "written", ['["damaged"]', '{"$Unknown":"GOOD"}', '{"$Hostile":["new",[],null,[],[["q","r"]]]}']
)
async def test_keyboards_are_trimmed_beside_queries_that_cannot_be_read(tmp_path, written):
    def opened():
        persistence = BucketPersistence(tmp_path, types=[Hostile])
        persistence.set_bot(ExtBot("123456:offline", arbitrary_callback_data=3))
        return persistence

    keyboards = [(f"{n:032}", float(n), {"b": n}) for n in range(5)]
    await opened().update_callback_data((keyboards[:2], {"q": keyboards[0][0]}))
    [document] = tmp_path.rglob("state.json")
    text, changed = re.subn(r'"queries": \{[^}]+\}', lambda _: f'"queries": {written}', document.read_text())
    assert changed == 1
    document.write_text(text)
    await opened().update_callback_data((keyboards, {}))
    text = document.read_text()
    assert [uuid in text for uuid, *_ in keyboards] == [False, False, True, True, True]
    assert f'"queries": {written}' in text


def test_looking_at_the_shape_of_a_keyboard_runs_none_of_its_code():
    assert wrong_shape(Record.keyboard("a" * 32), [1.0, Hostile(b=1)], None) is None


async def test_conversation_keys_of_all_shapes(place):
    persistence = place.open()
    keys = [(1,), ("inline",), (-100, 42), (1, 2, 3), (1, "1"), ("1", 1), (2**53 + 1,)]
    await asyncio.gather(*(persistence.update_conversation("x", key, str(key)) for key in keys))
    assert await place.open().get_conversations("x") == {key: str(key) for key in keys}
    with pytest.raises(CannotStoreError, match=r"conversations\['x'\]"):
        await persistence.update_conversation("x", (1.5,), 1)


async def test_every_error_is_a_ptb_bucket_error(simple):
    persistence = simple.open()
    with pytest.raises(PTBBucketError):
        await persistence.update_user_data(1, {"x": object()})
