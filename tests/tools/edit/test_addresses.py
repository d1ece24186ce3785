"""Tests of how people name a record, a place in it and a value, and of what those that mean nothing are told."""

from __future__ import annotations

import pytest

from ptb_bucket.codecs import JsonCodec
from ptb_bucket.errors import ConfigurationError, NotFoundError, RefusedError
from ptb_bucket.state import Kind, Record
from ptb_bucket.tools import open_state
from ptb_bucket.tools.edit.addresses import record_of
from ptb_bucket.tools.edit.edit import set_value
from ptb_bucket.tools.edit.paths import steps_of
from support.tools.edited_bots import USER, Cart, remembered, running


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
