"""Tests of values of other libraries, and of messages about unknown classes, whose code can be pasted."""

from __future__ import annotations

import datetime as dt
import enum
import re
import sys
import typing
import zoneinfo
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any, Generic, Literal, Optional, TypeVar, Union

import dateutil.tz
import numpy as np
import pydantic
import pytest
import pytz
import telegram
import tzdata

from ptb_bucket.codecs import JsonCodec, PickleCodec, StoredAs
from ptb_bucket.errors import CannotLoadError, CannotStoreError, ConfigurationError

NOON = dt.datetime(2026, 7, 1, 12)  # noqa: DTZ001  each test gives it a zone
WINTER = dt.datetime(2026, 1, 1, 12)  # noqa: DTZ001


@pytest.fixture(params=[JsonCodec, PickleCodec])
def codec(request):
    return request.param


class Links(pydantic.BaseModel):
    moment: dt.datetime
    page: pydantic.HttpUrl
    database: pydantic.PostgresDsn


LINKS = Links(moment="2026-01-01T00:00:00+02:00", page="https://a.example/b?c=d", database="postgres://u:p@h:5/d")
BERLIN = pytz.timezone("Europe/Berlin")

MOMENTS = [
    *[
        BERLIN.localize(NOON),
        BERLIN.localize(WINTER),
        NOON.replace(tzinfo=pytz.utc),
        NOON.replace(tzinfo=pytz.FixedOffset(90)),
    ],
    *[NOON.replace(tzinfo=dateutil.tz.gettz("Europe/Berlin")), NOON.replace(tzinfo=dateutil.tz.tzutc())],
    *[NOON.replace(tzinfo=dateutil.tz.tzoffset("X", 3600)), NOON.replace(tzinfo=dateutil.tz.tzoffset(None, -3600))],
    LINKS.moment,
]


@pytest.mark.parametrize("moment", MOMENTS, ids=repr)
def test_moments_keep_the_zone_that_a_parser_gave_them(codec, moment):
    again = codec().decode(codec().encode({"at": [moment]}))["at"][0]
    assert (again, again.utcoffset(), again.tzname()) == (moment, moment.utcoffset(), moment.tzname())
    assert type(again.tzinfo) is type(moment.tzinfo)
    assert codec().encode(again) == codec().encode(moment)


NUMBERS = [
    *[np.float64(0.1), np.float32(0.1), np.float64("nan"), np.float64("-inf"), np.int8(-3)],
    *[np.uint64(2**64 - 1), np.bool_(1), np.complex128(1 + 2j), np.str_("a")],
]


@pytest.mark.parametrize("number", NUMBERS, ids=repr)
def test_numpys_numbers_are_numbers_of_the_same_type(codec, number):
    again = codec().decode(codec().encode({"n": (number,)}))["n"][0]
    assert type(again) is type(number)
    assert repr(again) == repr(number)


@pytest.mark.parametrize(
    "value", [np.str_("\ud800"), dateutil.tz.tzoffset("\ud800", 60)], ids=lambda v: type(v).__name__
)
def test_text_that_utf_8_cannot_say(codec, value):
    again = codec().decode(codec().encode({"v": value}))["v"]
    assert type(again) is type(value)
    assert codec().equality.identical(again, value)


@pytest.mark.parametrize(
    "payload", ['["void",2000000000]', '["bytes_",300000000]', '["int8","1"]', '["ndarray",[9]]', '["str_",9]']
)
def test_a_document_cannot_ask_numpy_for_memory(payload):
    with pytest.raises(CannotLoadError):
        JsonCodec().decode(f'{{"$numpy.number":{payload}}}'.encode())


def test_urls_and_patterns(codec):
    value = [LINKS.page, LINKS.database, re.compile("a+", re.IGNORECASE), re.compile(b"\xff"), slice(1, None, 2)]
    again = codec().decode(codec().encode(value))
    assert again == value
    assert [type(part) for part in again] == [type(part) for part in value]


def test_a_model_with_such_values(codec):
    made = codec([Links])
    assert made.decode(made.encode(LINKS)) == LINKS


# ---------------------------------------------------------------- hints that can be pasted


def refused(codec, value):
    with pytest.raises(CannotStoreError) as caught:
        codec.encode(value)
    return str(caught.value)


def pasted(message, **names):
    """Run the code after ``types=`` in a message, as a reader would."""
    text = message[message.index("types=[") + len("types=") :]
    end = next(end for end in range(1, len(text) + 1) if text[:end].count("[") == text[:end].count("]"))
    return eval(text[:end], {**sys.modules, "StoredAs": StoredAs, **names})  # noqa: S307  our own message


@pytest.mark.parametrize("value", [np.array([[1.5, 2]]), pydantic.SecretStr("a")], ids=["array", "secret"])
def test_the_hint_for_a_known_class_works_as_it_stands(codec, value):
    types = pasted(refused(codec(), {"value": [value]}), numpy=np, pydantic=pydantic)
    made = codec(types)
    again = made.decode(made.encode({"value": [value]}))["value"][0]
    assert repr(again) == repr(value)


T = TypeVar("T")


class Page(pydantic.BaseModel, Generic[T]):
    items: list[T]


class Inner(pydantic.BaseModel):
    number: int


@dataclass
class Box(Generic[T]):
    item: T


@pytest.mark.parametrize(
    "value", [Page[int](items=[1]), Page[Inner](items=[Inner(number=1)]), Page[dict[str, int]](items=[{}])]
)
def test_the_hint_for_a_generic_model_works_as_it_stands(codec, value):
    types = pasted(refused(codec([Page, Inner]), {"page": value}), Page=Page, Inner=Inner)
    made = codec([Page, Inner, *types])
    again = made.decode(made.encode({"page": value}))["page"]
    assert type(again) is type(value)
    assert again == value


@pytest.mark.parametrize("argument", [Optional[int], Union[int, str], Any, Literal["a"], dt.datetime, list[Inner]])  # noqa: UP007, UP045
def test_the_hint_for_any_argument_of_a_generic_model_works_as_it_stands(codec, argument):
    cls = Page[argument]
    message = refused(codec([Page, Inner]), {"page": cls.model_construct(items=[1])})
    space = {"Page": Page, "Inner": Inner, "typing": typing, "datetime": dt, __name__: sys.modules[__name__]}
    types = pasted(message, **space)
    made = codec([Page, Inner, *types])
    assert type(made.decode(made.encode(cls.model_construct(items=[1])))) is cls


def test_zones_that_no_name_can_be_found_for_say_what_to_do(codec):
    rules = dateutil.tz.tzstr("EST5EDT")
    assert "StoredAs(tzstr, encode=..., decode=...)" in refused(codec(), NOON.replace(tzinfo=rules))
    with zoneinfo_file() as file:
        zone = zoneinfo.ZoneInfo.from_file(file)
    assert "ZoneInfo.from_file()" in refused(codec(), NOON.replace(tzinfo=zone))


def zoneinfo_file():
    return (Path(tzdata.__file__).parent / "zoneinfo" / "Europe" / "Berlin").open("rb")


def test_a_generic_dataclass_needs_no_more_than_its_class(codec):
    made = codec([Box])
    assert made.decode(made.encode(Box[int](1))) == Box(1)


def test_the_hint_for_a_zone_that_no_codec_knows_works_as_it_stands(codec):
    local = NOON.replace(tzinfo=dateutil.tz.tzlocal())
    types = pasted(refused(codec(), local), **vars(dateutil.tz))
    made = codec(types)
    assert made.decode(made.encode(local)) == local


def module(name, **classes):
    made = ModuleType(name)
    for cls in classes.values():
        cls.__module__ = name
    vars(made).update(classes)
    return made


def test_every_class_that_is_not_registered_is_named_at_once(codec):
    @dataclass
    class Deep:
        x: int = 1

    @dataclass
    class Cart:
        deep: Deep = field(default_factory=Deep)

    class Chat:
        pass

    class Colour(enum.Enum):
        RED = 1

    shop = module("shop", Cart=Cart, Deep=Deep, Chat=Chat, Colour=Colour)
    message = refused(codec(), {"cart": Cart(), "chat": [Chat()], "fine": 1, "paint": {Colour.RED: Chat()}})
    for name in ("Cart (module shop)", "Deep (module shop)", "Chat (module shop)", "Colour (module shop)"):
        assert name in message.replace("test_every_class_that_is_not_registered_is_named_at_once.<locals>.", "")
    types = pasted(message, **vars(shop))
    assert set(types) == {Cart, Deep, Chat, Colour}
    codec(types).encode({"cart": Cart(), "chat": [Chat()], "paint": {Colour.RED: Chat()}})


def test_two_classes_of_one_name_are_told_apart(codec):
    shop, desk = (module(name, Chat=type("Chat", (), {})) for name in ("shop", "desk"))
    value = [shop.Chat(), desk.Chat(), telegram.Chat(1, "private")]
    types = pasted(refused(codec(), value), shop=shop, desk=desk)
    made = codec(types)
    again = made.decode(made.encode(value))
    assert [type(part) for part in again] == [shop.Chat, desk.Chat, telegram.Chat]
    more = pasted(refused(codec([shop.Chat]), value), shop=shop, desk=desk)
    assert codec([shop.Chat, *more]).encode(value)
    with pytest.raises(ConfigurationError, match=r"StoredAs\(Chat, name='desk.Chat'\)"):
        codec([shop.Chat, desk.Chat])


def test_a_name_alone_is_enough(codec):
    made = codec([StoredAs(Box, name="boxes.Box")])
    assert made.decode(made.encode(Box(1))) == Box(1)
    with pytest.raises(ConfigurationError, match="both encode and decode"):
        StoredAs(Box, encode=str)


def test_a_class_that_pickle_could_not_store_either_needs_functions(codec):
    class Odd:
        def __reduce__(self):
            return print, ()

    assert "StoredAs(Odd, encode=..., decode=...)" in refused(codec(), {"odd": Odd()})


class Proxy:
    """A class that claims to be another class, and raises on any other use."""

    @property
    def __class__(self):
        raise ValueError("rosebud")


PROXIES = [Proxy(), SimpleNamespace(a=Proxy()), {Proxy(): 1}, [{Proxy()}]]


@pytest.mark.parametrize("at", range(len(PROXIES)))
def test_an_object_that_raises_when_its_class_is_asked(codec, at):
    value = PROXIES[at]
    names: dict[str, Any] = {"SimpleNamespace": SimpleNamespace}
    message = refused(codec([SimpleNamespace]), {"a": value, "b": 1})
    assert "Proxy" in message
    assert "rosebud" not in message
    assert Proxy in pasted(message, Proxy=Proxy, **names)
