"""Tests of fields of objects: shown and set, with and without the bot's classes, and merged with the bot's changes."""

from __future__ import annotations

import json
from dataclasses import dataclass

import pytest
from telegram import User
from telegram.ext import ExtBot

from ptb_bucket import BucketPersistence, edit_user_data
from ptb_bucket.errors import ConfigurationError, NotFoundError, RefusedError
from ptb_bucket.state import Record
from ptb_bucket.stores import InterceptingStore, MemoryStore
from ptb_bucket.tools import RecordEditing, inspect_part, open_state, remove, set_value

USER = Record.user(42)


@dataclass
class Cart:
    items: list
    step: int = 0


@dataclass(frozen=True)
class Price:
    amount: int


class Slots:
    __slots__ = ("inner",)

    def __init__(self, inner):
        self.inner = inner

    def __setattr__(self, name, value):
        object.__setattr__(self, name, value)


TYPES = [Cart, Price, Slots]


def bot(store, **how):
    made = BucketPersistence(store, types=TYPES, **how)
    made.set_bot(ExtBot("123456:offline"))
    return made


async def filled(store, codec="json"):
    made = bot(store, codec=codec)
    cart = Cart([{"price": 1}])
    await made.update_user_data(42, {"cart": cart, "price": Price(1), "user": User(1, "Ann", is_bot=False), "n": 1})
    await made.flush()
    return made


async def user_data(store, codec="json"):
    return (await bot(store, codec=codec).get_user_data())[42]


@pytest.mark.parametrize(("codec", "types"), [("json", []), ("json", TYPES), ("pickle", TYPES)])
async def test_a_field_is_shown_and_set(codec, types):
    store = MemoryStore()
    await filled(store, codec)
    async with open_state(store, types=types, keep_unknown=True) as state:
        assert (await inspect_part(state, USER, "cart.items[0].price")).text == "1"
        edit = await set_value(state, USER, "cart.step", "5")
        assert (edit.before, edit.after) == ("0", "5")
        await set_value(state, USER, "cart.items[0].price", "7")
        await set_value(state, USER, "cart.items[1]", '{"price": 8}')
        shown = await inspect_part(state, USER, "cart")
        assert json.loads(shown.text) == {"$Cart": {"items": [{"price": 7}, {"price": 8}], "step": 5}}
        assert shown.label == "user_data[42]['cart']"
    data = await user_data(store, codec)
    assert data["cart"] == Cart([{"price": 7}, {"price": 8}], 5)
    assert (data["price"], data["n"]) == (Price(1), 1)


@pytest.mark.parametrize("types", [[], TYPES])
async def test_a_field_that_does_not_exist_is_not_invented(types):
    store = MemoryStore()
    await filled(store)
    async with open_state(store, types=types, keep_unknown=True) as state:
        with pytest.raises(NotFoundError, match=r"no field 'stpe'\. Did you mean 'step'\? .* Fields: items, step"):
            await set_value(state, USER, "cart.stpe", "5")
        with pytest.raises(NotFoundError, match="was not found"):
            await inspect_part(state, USER, "cart.stpe")
        with pytest.raises(RefusedError, match="its object needs the field"):
            await remove(state, USER, "cart.step")


async def test_a_value_without_parts_is_set_as_a_whole():
    store = MemoryStore()
    await filled(store)
    async with open_state(store, types=TYPES, keep_unknown=True) as state:
        for path in ("price.amount", "user.first_name"):
            with pytest.raises(RefusedError, match="Set the whole value"):
                await set_value(state, USER, path, "5")


class Racing(InterceptingStore):
    """A store through which a bot saves something just before a tool's first put."""

    def __init__(self, store, race):
        super().__init__(store)
        self.race = race

    async def put(self, key, data, mode):
        race, self.race = self.race, None
        if race:
            await race()
        return await super().put(key, data, mode)


async def racing(store):
    """Return a store where the bot changes the cart's items and another value at the same time."""
    running = bot(store, refresh_interval=0)
    data = (await running.get_user_data())[42]

    async def race():
        data["cart"].items.append("from the bot")
        data["n"] = 2
        await running.update_user_data(42, data)
        await running.flush()

    return Racing(store, race)


@pytest.mark.parametrize("types", [[], TYPES])
async def test_a_field_is_merged_with_the_bots_change_of_another_field(types):
    store = MemoryStore()
    await filled(store)
    async with open_state(await racing(store), types=types, keep_unknown=True) as state:
        await set_value(state, USER, "cart.step", "5")
    data = await user_data(store)
    assert data["cart"] == Cart([{"price": 1}, "from the bot"], 5)
    assert data["n"] == 2


@pytest.mark.parametrize("types", [[], TYPES])
async def test_a_text_that_a_person_edited_is_merged_with_the_bots_changes(types):
    store = MemoryStore()
    await filled(store)
    async with open_state(await racing(store), types=types, keep_unknown=True) as state:
        editing = await RecordEditing.begin(state, USER)
        edit = await editing.save(editing.before.replace('"step":0', '"step":9'))
        assert edit.changed
    data = await user_data(store)
    assert data["cart"] == Cart([{"price": 1}, "from the bot"], 9)
    assert data["n"] == 2


async def test_an_unchanged_text_writes_nothing():
    store = MemoryStore()
    await filled(store)
    before = (await store.get("state.json")).etag
    async with open_state(store, keep_unknown=True) as state:
        editing = await RecordEditing.begin(state, USER)
        assert not (await editing.save(json.dumps(json.loads(editing.before), indent=4))).changed
        with pytest.raises(ConfigurationError, match="not valid ptb-bucket JSON"):
            await editing.save("{")
        assert (await editing.save('{"n": 3}', dry_run=True)).changed
        with pytest.raises(RefusedError, match="must be a dict"):
            await editing.save("[]")
    assert (await store.get("state.json")).etag == before


async def test_a_new_record_begins_empty_and_a_missing_conversation_is_not_found():
    store = MemoryStore()
    await filled(store)
    async with open_state(store, keep_unknown=True) as state:
        editing = await RecordEditing.begin(state, Record.user(7))
        assert editing.before == "{}"
        await editing.save('{"a": 1}')
        with pytest.raises(NotFoundError):
            await RecordEditing.begin(state, Record.of_conversation("order", (1, 1)))
    assert (await bot(store).get_user_data())[7] == {"a": 1}


# ---------------------------------------------------------------- classes that occur nowhere


async def test_a_class_that_occurs_nowhere_is_refused():
    store = MemoryStore()
    await filled(store)
    new = '{"$Catr": {"items": [], "step": 0}}'
    async with open_state(store, keep_unknown=True) as state:
        with pytest.raises(RefusedError, match=r"class Catr does not occur.*Did you mean 'Cart'\?.*--new-class"):
            await set_value(state, USER, "other", new)
        with pytest.raises(RefusedError, match="Catr"):
            await set_value(state, USER, "other", f'[{{"a": {new}}}]')
        with pytest.raises(RefusedError, match="Catr"):
            await (await RecordEditing.begin(state, USER)).save(f'{{"a": {new}}}')
        await set_value(state, Record.user(7), "other", new.replace("Catr", "Cart"))  # it occurs in another record
        await set_value(state, USER, "other", new, new_class=True)
        await set_value(state, USER, "again", new)  # now it occurs


# ---------------------------------------------------------------- the bot's ID as a number


@pytest.mark.parametrize("bot_id", [123456, "123456"])
async def test_a_bots_id_may_be_a_number(bot_id):
    store = MemoryStore()
    await filled(store)
    async with edit_user_data(store, 42, types=TYPES, bot_id=bot_id) as data:
        data["premium"] = True
    assert (await user_data(store))["premium"] is True


@pytest.mark.parametrize("bot_id", [True, -1, "123456:secret", 1.5, "007", "\u0667", ""])
async def test_a_bots_id_that_is_none_is_refused_and_not_repeated(bot_id):
    with pytest.raises(ConfigurationError, match="must be a number") as caught:
        async with edit_user_data(MemoryStore(), 42, bot_id=bot_id):
            pass
    assert "secret" not in str(caught.value)
