"""Tests of changing single records: addresses, places, refusals, and that nothing else changes."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass

import pytest
from telegram.ext import ContextTypes, ExtBot

from ptb_bucket import BucketPersistence, edit_bot_data, edit_chat_data, edit_user_data
from ptb_bucket.codecs import BotReference, JsonCodec, UnknownInstance
from ptb_bucket.errors import CannotLoadError, CannotStoreError, ConfigurationError, NotFoundError, RefusedError
from ptb_bucket.state import Kind, Record
from ptb_bucket.stores import MemoryStore, StoreWrapper
from ptb_bucket.tools import open_state
from ptb_bucket.tools.edit.addresses import record_of
from ptb_bucket.tools.edit.edit import remove, set_value
from ptb_bucket.tools.edit.paths import steps_of
from ptb_bucket.tools.inspect import inspect_record, page

BOT = "123456:offline"


@dataclass
class Cart:
    items: list


class Book(dict):
    pass


@pytest.fixture
def store():
    return MemoryStore()


def running(store, **settings):
    persistence = BucketPersistence(store, types=[Cart], refresh_interval=0, **settings)
    persistence.set_bot(ExtBot(BOT))
    return persistence


async def remembered(store, **settings):
    bot = running(store, **settings)
    await asyncio.gather(
        bot.update_user_data(42, {"cart": Cart([1]), "list": [1, 2], 7: {"a.b": {(1, 2): 3}}, "bot": bot.bot}),
        bot.update_bot_data({"x": 1}),
        bot.update_conversation("order", (42, 42), "size"),
    )
    return bot


async def text_of(store, record):
    async with open_state(store) as state:
        return (await inspect_record(state, record)).text


USER = Record.user(42)


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


@pytest.mark.parametrize(
    ("words", "record", "rest"),
    [
        ("bot_data a.b", Record(Kind.BOT, "bot"), ["a.b"]),
        ("chat_data -100 x", Record.chat(-100), ["x"]),
        ("user_data 042", USER, []),
        ('conversations order 42 "7" inline', Record.of_conversation("order", (42, "7", "inline")), []),
        ("callback_data queries", Record(Kind.CALLBACK, "queries"), []),
    ],
)
def test_records_as_people_name_them(words, record, rest):
    section, *others = words.split()
    assert record_of(section, others) == (record, rest)


@pytest.mark.parametrize(
    "words", ["users 42", "user_data", "user_data ada", "conversations order", 'conversations o "']
)
def test_what_names_no_record_says_what_would(words):
    section, *others = words.split()
    with pytest.raises(ConfigurationError, match=r"Example: |Choose one of|double quotes"):
        record_of(section, others)


@pytest.mark.parametrize(
    ("path", "steps"),
    [
        ("", []),
        ("a.b[0].c", ["a", "b", 0, "c"]),
        ('["a.b"][-1]', ["a.b", -1]),
        ('[7]["x]"]', [7, "x]"]),
        ('[{"$tuple": [1, 2]}]', [(1, 2)]),
    ],
)
def test_paths(path, steps):
    assert steps_of(path, JsonCodec()) == steps


@pytest.mark.parametrize("path", [".", "a..b", "a[", "a[x]", "a[0", "[[1]]", "a]", "a.7", "a[0]b", 'a"b'])
def test_a_path_that_cannot_be_read(path):
    with pytest.raises(ConfigurationError, match="path"):
        steps_of(path, JsonCodec())


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


# ---------------------------------------------------------------- from Python


@pytest.mark.parametrize("layout", ["single", "per-type", "per-record"])
async def test_edit_from_python(store, layout):
    bot = await remembered(store, layout=layout)
    live = (await bot.get_user_data())[42]
    async with edit_user_data(store, 42, types=[Cart]) as data:
        data["cart"].items.append(2)
        live["mine"] = True
        await bot.update_user_data(42, live)  # while the block is open
    async with edit_chat_data(store, -100) as data:
        data["title"] = "Friends"
    async with edit_bot_data(store, bot_id="123456") as data:
        data["x"] += 1
    await bot.refresh_user_data(42, live)
    assert (live["cart"], live["mine"]) == (Cart([1, 2]), True)
    new = running(store, layout=layout)
    assert (await new.get_chat_data(), await new.get_bot_data()) == ({-100: {"title": "Friends"}}, {"x": 2})


async def test_a_block_that_raises_or_makes_what_cannot_be_stored_saves_nothing(store):
    await remembered(store)
    before = await store.get("state.json")
    with pytest.raises(KeyError):
        async with edit_user_data(store, 42, types=[Cart]) as data:
            data["x"] = data["nothing"]
    with pytest.raises(CannotStoreError, match="user_data"):
        async with edit_user_data(store, 42, types=[Cart]) as data:
            data.update(x=1, y=object())
    with pytest.raises(CannotLoadError, match="Cart"):
        async with edit_user_data(store, 42) as data:
            raise AssertionError(data)
    async with edit_user_data(store, 8) as data:
        assert data == {}
    assert await store.get("state.json") == before


async def test_context_types_make_what_is_not_there(store):
    running(store)
    context_types = ContextTypes(user_data=Book)
    bot = BucketPersistence(store, context_types=context_types)
    bot.set_bot(ExtBot(BOT))
    await bot.update_bot_data({"x": 1})
    async with edit_user_data(store, 8, context_types=context_types) as data:
        data["title"] = "Emma"
    assert type(data) is Book
    async with edit_user_data(store, 8, context_types=context_types) as data:
        assert (type(data), data) == (Book, {"title": "Emma"})


async def test_no_state_is_made_by_editing(store):
    with pytest.raises(NotFoundError):
        async with edit_user_data(store, 8, bot_id="123456") as data:
            raise AssertionError(data)
    assert [info async for info in store.list()] == []


def test_opaque_values_are_equal_by_content():
    assert UnknownInstance("A", [1]) == UnknownInstance("A", [1]) != UnknownInstance("A", [1.0])


@pytest.mark.parametrize(("text", "blamed"), [("yes", False), ("[1", False), ('{"$bytes": 5}', True)])
async def test_a_value_that_is_no_json_is_not_called_a_damaged_record(store, text, blamed):
    await remembered(store)
    async with open_state(store, keep_unknown=True) as state:
        with pytest.raises(ConfigurationError, match="double quotes") as caught:
            await set_value(state, USER, "x", text)
    assert ("damaged" in str(caught.value)) is blamed


async def test_what_has_no_places_is_named_and_not_called_missing(store):
    await remembered(store)
    async with open_state(store, keep_unknown=True) as state:
        with pytest.raises(RefusedError, match=r"\['list'\]\[0\] is of type int, so \['x'\]"):
            await set_value(state, USER, "list[0].x", "1")
        with pytest.raises(NotFoundError, match=r"\['nothing'\] was not found"):
            await set_value(state, USER, "nothing.x.y", "1")


async def test_a_class_name_that_is_not_registered_is_refused(store):
    await remembered(store)
    async with open_state(store, keep_unknown=True, types=[Cart]) as state:
        with pytest.raises(ConfigurationError, match="the class Carp is not registered"):
            await set_value(state, USER, "cart", '{"$Carp": {"items": []}}')
        await set_value(state, USER, "cart", '{"$Cart": {"items": [9]}}')
    assert (await running(store).get_user_data())[42]["cart"] == Cart([9])
