"""Tests that a value that cannot be stored loses only itself, no matter what its code does."""

from __future__ import annotations

import datetime as dt
import threading
from collections import deque
from dataclasses import dataclass

import pydantic
import pytest
from telegram import Chat, InlineKeyboardButton, InlineKeyboardMarkup, InputFile, InputMediaPhoto, Message, Update

from ptb_bucket.codecs import JsonCodec, PickleCodec
from ptb_bucket.errors import CannotLoadError, CannotStoreError

SECRET = "rosebud"
NOW = dt.datetime(2024, 5, 1, 12, tzinfo=dt.timezone.utc)


@dataclass
class Person:
    name: str
    more: object = None


class Bag(dict):
    pass


class Tagged(dict):
    pass


class Stack(list):
    pass


class Line(deque):
    pass


class Model(pydantic.BaseModel):
    part: object = None


@pytest.fixture(params=[JsonCodec, PickleCodec])
def codec(request):
    return request.param([Person, Bag, Tagged, Stack, Line, Model])


def rest(codec, value, before=None):
    with pytest.raises(CannotStoreError):
        codec.encode(value)
    data, errors = codec.encode_storable(value, None if before is None else codec.encode(before))
    assert errors
    assert SECRET not in " ".join(map(str, errors))
    return codec.decode(data), [error.path for error in errors]


LOCK = threading.Lock()


def test_what_cannot_be_stored_is_cut_out_at_the_nearest_key(codec):
    value = {"good": 1, "job": LOCK, "deep": {"ok": [1], "lock": [1, LOCK]}, "rows": [{"a": LOCK, "b": 1}, 2]}
    assert rest(codec, value) == (
        {"good": 1, "deep": {"ok": [1]}, "rows": [{"b": 1}, 2]},
        [('["job"]',), ('["deep"]', '["lock"]', "[1]"), ('["rows"]', "[0]", '["a"]')],
    )


def test_what_was_stored_there_before_stays(codec):
    value = {"job": LOCK, "deep": {"lock": LOCK, "new": 1}, "me": Person("Ada", LOCK), "rows": [{"a": LOCK}]}
    before = {"job": "old", "deep": {"lock": 5}, "me": Person("Bo", "kept"), "rows": [{"a": 7}], "gone": 1}
    assert rest(codec, value, before)[0] == {
        "job": "old", "deep": {"lock": 5, "new": 1}, "me": Person("Ada", "kept"), "rows": [{"a": 7}],
    }  # fmt: skip


def test_an_attribute_that_the_class_needs_costs_its_object(codec):
    assert rest(codec, {"me": Person(LOCK), "other": Person("a", LOCK)})[0] == {"other": Person("a")}


def test_items_of_a_dict_class_are_cut_out_like_those_of_a_dict(codec):
    again = rest(codec, {"bag": Bag(a=1, b=LOCK)})[0]
    assert again == {"bag": {"a": 1}}
    assert type(again["bag"]) is Bag


@pytest.mark.parametrize("cls", [Stack, Line, Model, Tagged, Bag])
def test_a_bad_value_inside_an_object_costs_only_itself(codec, cls):
    inner = {"bad": LOCK, "fine": 1}
    if cls is Model:
        value = Model(part=inner)
    elif cls in (Stack, Line):
        value = cls([inner])
    else:
        value = cls(part=inner) if cls is Bag else Tagged({"x": 1})
        if cls is Tagged:
            value.part = inner
    again = rest(codec, {"value": value})[0]["value"]
    assert type(again) is cls
    found = again[0] if cls in (Stack, Line) else again["part"] if cls is Bag else again.part
    assert found == {"fine": 1}


def test_objects_at_several_places_stay_one(codec):
    shared = {"lock": LOCK, "n": 1}
    again = rest(codec, {"a": shared, "b": [shared], "c": LOCK})[0]
    assert again["a"] is again["b"][0]
    assert again["a"] == {"n": 1}
    shared["me"] = shared
    again = rest(codec, shared)[0]
    assert again["me"] is again


@pytest.mark.parametrize(
    "incomplete",
    [InputMediaPhoto(media=InputFile(b"abc")), InlineKeyboardButton("pay", callback_data=LOCK)],
    ids=lambda value: type(value).__name__,
)
def test_a_telegram_object_is_not_stored_without_what_makes_it_one(codec, incomplete):
    assert rest(codec, {"cart": [1, 2], "bad": incomplete})[0] == {"cart": [1, 2]}


def test_what_is_copied_each_time_it_is_looked_at_costs_only_itself(codec):
    again, paths = rest(codec, {"ok": 1, "v": Update(1, api_kwargs={"k": LOCK, "n": 2})})
    assert again["v"].api_kwargs == {"n": 2}
    assert (again["ok"], len(paths)) == (1, 1)


@dataclass(frozen=True)
class Key:
    name: str
    more: object = None


@pytest.mark.parametrize("made", [JsonCodec, PickleCodec])
def test_keys_and_members_are_not_taken_for_one_another(made):
    codec = made([Key])
    value = {Key("a", LOCK): Key("a", 1), "set": {Key("b", 1), Key("c", LOCK)}, "a": [{"x": {"y": LOCK}}]}
    again = rest(codec, value)[0]
    assert again == {Key("a"): Key("a", 1), "set": {Key("b", 1), Key("c")}, "a": [{"x": {}}]}


def test_what_stands_in_from_before_is_not_cut(codec):
    value = {"v": Person(LOCK, {"x": LOCK}), "w": Person(1, {"x": LOCK})}
    before = {"v": Person("kept", {"n": 1, "x": 2}), "w": 3}
    assert rest(codec, value, before)[0] == {"v": Person("kept", {"x": 2}), "w": Person(1, {})}
    value = {"v": Person(LOCK, {"x": LOCK, "z": LOCK})}
    before = {"v": {"name": 1, "more": {"n": 1}}}
    assert rest(codec, value, before)[0] == before


def test_a_message_can_do_without_its_keyboard(codec):
    markup = InlineKeyboardMarkup([[InlineKeyboardButton("pay", callback_data=LOCK)]])
    again = rest(codec, {"m": Message(1, NOW, Chat(5, "private"), text="hi", reply_markup=markup)})[0]["m"]
    assert (again.text, again.reply_markup) == ("hi", None)


@pytest.mark.parametrize("made", [JsonCodec, PickleCodec])
def test_what_remains_is_stored_only_if_it_can_be_loaded(made):
    codec = made()
    before = codec.encode({"n": 1})
    codec.decode = fails_for(codec.decode, but=before)
    data, errors = codec.encode_storable({"n": 2, "job": LOCK}, before)
    assert data == before
    assert "could not be loaded back" in errors[-1].reason


def fails_for(decode, but):
    def decoded(data, **more):
        if data != but:
            raise CannotLoadError("no")
        return decode(data, **more)

    return decoded


class Name(str):
    __slots__ = ()


def test_text_that_utf_8_cannot_say_stays_beside_what_cannot_be_stored():
    for codec in (JsonCodec([Name]), PickleCodec([Name])):
        again = rest(codec, {"name": Name("\ud800"), "plain": "\ud800", "job": LOCK})[0]
        assert again == {"name": "\ud800", "plain": "\ud800"}
        assert type(again["name"]) is Name


def test_a_record_of_which_nothing_can_be_stored_keeps_what_it_had(codec):
    with pytest.raises(CannotStoreError):
        codec.encode(LOCK)
    before = codec.encode({"a": 1})
    data, errors = codec.encode_storable(LOCK, before)
    assert (data, len(errors)) == (before, 1)
    assert codec.encode_storable(LOCK, None)[0] is None


def test_a_value_that_is_nested_too_deeply_costs_only_itself():
    deep = []
    for _ in range(5_000):
        deep = [deep]
    again, (path,) = rest(JsonCodec(), {"deep": deep, "good": 1})
    assert again == {"good": 1}
    assert path[0] == '["deep"]'


# ---------------------------------------------------------------- code of a bot's author that raises

METHODS = [
    *[
        "__reduce_ex__",
        "__reduce__",
        "__getstate__",
        "__setstate__",
        "__getattribute__",
        "__eq__",
        "__hash__",
        "__bool__",
    ],
    *["__len__", "__iter__", "__getitem__", "__setitem__", "__contains__", "__repr__", "__str__", "__copy__"],
    *["__deepcopy__", "__instancecheck__", "__init__", "__new__", "items", "keys", "clear", "update", "append"],
]
BASES = {"object": object, "dict": dict, "list": list, "set": set, "str": str, "int": int}


class UnluckyError(Exception):
    pass


def raising(base, method):
    """Return an instance of a class with a method that raises once the instance has been made."""
    armed = []

    def fail(*args, **kwargs):
        if armed:
            raise UnluckyError(SECRET)
        return getattr(base, method)(*args, **kwargs)

    cls = type("Raising", (base,), {method: fail})
    made = cls()
    armed.append(True)
    return made


OPTIONAL = ("__getattribute__", "__copy__", "__deepcopy__", "__bool__", "__getstate__", "__setstate__")
CASES = [
    (base, method) for base, cls in BASES.items() for method in METHODS if hasattr(cls, method) or method in OPTIONAL
]


@pytest.mark.parametrize(("base", "method"), CASES)
@pytest.mark.parametrize("registered", [True, False])
@pytest.mark.parametrize("made", [JsonCodec, PickleCodec])
def test_a_class_whose_code_raises_loses_only_its_values(base, method, registered, made):
    value = raising(BASES[base], method)
    codec = made([type(value)] if registered else [])
    record = {"good": 1, "bad": [value], "also good": {"a": (1,)}}
    error = refused(codec, record)
    data = codec.encode_storable(record, None)[0] if error else codec.encode(record)
    again = codec.decode(data)
    assert (again["good"], again["also good"]) == (1, {"a": (1,)})
    if error:
        assert error.path[:2] == ('["bad"]', "[0]")
        assert SECRET not in str(error)


def refused(codec, record):
    try:
        codec.encode(record)
    except CannotStoreError as error:
        return error
    return None
