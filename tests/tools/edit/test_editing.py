"""Tests of changing single records: what is refused, what a bot changes meanwhile, and that nothing else changes."""

from __future__ import annotations

import asyncio
import contextlib

import pytest

from ptb_bucket.codecs import BotReference, UnknownInstance
from ptb_bucket.errors import ConfigurationError, NotFoundError, RefusedError
from ptb_bucket.state import Kind, Record
from ptb_bucket.stores import StoreWrapper
from ptb_bucket.tools import open_state
from ptb_bucket.tools.edit.edit import remove, set_value
from ptb_bucket.tools.inspect import inspect_record, page
from support.tools.edited_bots import USER, Cart, remembered, running


async def text_of(store, record):
    async with open_state(store) as state:
        return (await inspect_record(state, record)).text


@pytest.mark.parametrize("layout", ["single", "per-record"])
async def test_a_dry_run_says_what_would_be_and_writes_nothing(store, layout):
    await remembered(store, layout=layout)
    before = {info.key: (await store.get(info.key)).etag async for info in store.list()}
    async with open_state(store, types=[Cart], keep_unknown=True) as state:
        edit = await set_value(state, USER, "list[0]", "5", dry_run=True)
        assert (edit.before, edit.after, edit.changed, edit.dry_run) == ("1", "5", True, True)
        edit = await remove(state, USER, "list", dry_run=True)
        assert (edit.before, edit.after, edit.changed, edit.dry_run) == ("[1,2]", None, True, True)
    assert {info.key: (await store.get(info.key)).etag async for info in store.list()} == before


async def test_a_dry_run_leaves_what_cannot_be_decoded_too(store):
    await remembered(store)
    before = (await store.get("state.json")).etag
    async with open_state(store) as state:
        assert (await remove(state, USER, dry_run=True)).dry_run
        assert (await store.get("state.json")).etag == before
        await remove(state, USER)
    assert await running(store).get_user_data() == {}


ORDER = Record.of_conversation("order", (42, 42))


@pytest.mark.parametrize(
    ("record", "text"),
    [
        (record, text)
        for record in (USER, Record.chat(5), Record(Kind.BOT, "bot"))
        for text in ("[1]", "5", '"x"', "null")
    ]
    + [(ORDER, "null")],
)
async def test_a_whole_record_stays_what_ptb_starts_with(store, record, text):
    """null is not a value: it would drop the record, or end the conversation, without saying so."""
    await remembered(store)
    before = (await store.get("state.json")).etag
    async with open_state(store, types=[Cart], keep_unknown=True) as state:
        with pytest.raises(RefusedError):
            await set_value(state, record, "", text)
    assert (await store.get("state.json")).etag == before


async def test_a_reference_means_the_object_that_was_shown_or_nothing(store):
    """If the bot has changed the record since, its labels may mean other objects."""
    shared = [1]

    class Racing(StoreWrapper):
        passes = 99

        async def get(self, key, **options):
            self.passes -= 1
            if self.passes == 0:
                await bot.update_user_data(42, {"first": "new", "a": shared, "b": shared})
            return await super().get(key, **options)

    bot = running(store)
    await bot.update_user_data(42, {"a": shared, "b": shared})
    racing = Racing(store)
    async with open_state(racing, keep_unknown=True) as state:
        await state.loaded([USER])
    for passes, refused in ((2, True), (99, False)):
        async with open_state(racing, keep_unknown=True) as state:
            racing.passes = passes
            refusal = pytest.raises(RefusedError, match="at the same time")
            with refusal if refused else contextlib.nullcontext():
                await set_value(state, USER, "c", '{"$ref": 1}')
    found = (await running(store).get_user_data())[42]
    assert found == {"first": "new", "a": [1], "b": [1], "c": [1]}
    assert found["c"] is found["a"]


async def test_only_that_place_changes_and_no_class_is_needed(store):
    await remembered(store)
    before = await text_of(store, USER)
    async with open_state(store, keep_unknown=True) as state:
        await set_value(state, USER, '[7]["a.b"][{"$tuple":[1,2]}]', '{"$set":[1]}')
        await set_value(state, USER, "list[2]", '{"$Cart":{"items":[]}}')
        await remove(state, USER, "list[0]")
    after = before.replace('":3}', '":{"$set":[1]}}').replace('[1,2]}":', '[1,2]}":').replace(
        '"list":[1,2]', '"list":[2,{"$Cart":{"items":[]}}]'
    )  # fmt: skip
    assert await text_of(store, USER) == after != before
    assert '"$bot":true' in after


async def test_what_a_running_bot_changes_meanwhile_stays(store):
    bot = await remembered(store)
    live = (await bot.get_user_data())[42]
    async with open_state(store, keep_unknown=True) as state:
        await set_value(state, USER, "new", "5")
        live["list"].append(3)
        await bot.update_user_data(42, live)
        await set_value(state, USER, "other", "6")
    await bot.refresh_user_data(42, live)
    assert (live["new"], live["other"], live["list"], live["cart"]) == (5, 6, [1, 2, 3], Cart([1]))


@pytest.mark.parametrize(
    ("path", "value", "error"),
    [
        ("cart.nothing", "[]", NotFoundError),
        ("list.x", "1", RefusedError),
        ("nothing.x", "1", NotFoundError),
        ("list[5]", "1", NotFoundError),
        ("", "5", RefusedError),
        ("", "null", RefusedError),
        ("x", "{oops", ConfigurationError),
        ("x", "text", ConfigurationError),
        ("list[0].x", "1", RefusedError),
    ],
)
async def test_what_cannot_be_set_changes_nothing(store, path, value, error):
    await remembered(store)
    before = await store.get("state.json")
    async with open_state(store, keep_unknown=True) as state:
        with pytest.raises(error):
            await set_value(state, USER, path, value)
    assert await store.get("state.json") == before


async def test_a_conversation_that_went_on_is_left_alone(store):
    bot = await remembered(store)
    record = Record.of_conversation("order", (42, 42))
    async with open_state(store, keep_unknown=True) as state:
        loaded = state.loaded

        async def too_late(records, **how):
            replica = await loaded(records, **how)
            await bot.update_conversation("order", (42, 42), "colour")
            return replica

        vars(type(state))["loaded"]  # what is replaced exists
        object.__setattr__(state, "loaded", too_late)
        with pytest.raises(RefusedError, match="changed in the meantime"):
            await remove(state, record)
    assert await text_of(store, record) == '"colour"'


async def test_a_pickle_needs_the_classes_of_that_record(store):
    await remembered(store, codec="pickle")
    before = await store.get("state.pkl")
    async with open_state(store, keep_unknown=True) as state:
        with pytest.raises(RefusedError, match=r"Cart.*--types"):
            await set_value(state, USER, "list[0]", "5")
    assert await store.get("state.pkl") == before
    async with open_state(store, types=[Cart], keep_unknown=True) as state:
        assert (await set_value(state, USER, "list[0]", '{"$Cart":{"items":[]}}')).changed
    bot = running(store, codec="pickle")
    user = (await bot.get_user_data())[42]
    assert (user["list"], user["cart"], user["bot"]) == ([Cart([]), 2], Cart([1]), BotReference(is_live=True))


async def test_a_page_goes_on_after_the_last_one(store):
    bot = running(store)
    await asyncio.gather(*(bot.update_user_data(number, {"x": 1}) for number in range(-5, 2000)))
    seen, after = [], None
    async with open_state(store) as state:
        while True:
            found = await page(state, Kind.USER, after=after, limit=400)
            seen += [record.number for record, _ in found.records]
            if not found.more:
                break
            after = found.records[-1][0]
    assert (seen, found.total) == (list(range(-5, 2000)), 2005)


def test_opaque_values_are_equal_by_content():
    assert UnknownInstance("A", [1]) == UnknownInstance("A", [1]) != UnknownInstance("A", [1.0])
