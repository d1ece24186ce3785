"""Tests that PTB's classes are imported when a value needs them, and that it does not matter when."""

from __future__ import annotations

import datetime as dt
import enum
import json
import subprocess
import sys

import pytest
import telegram
from telegram import Bot, InputMediaPhoto, TelegramObject, constants
from telegram.ext import ExtBot

from ptb_bucket.codecs import BotReference, JsonCodec, LateBot, PickleCodec, StoredAs
from ptb_bucket.codecs.types import TAGS, Registry, bot_api_classes, default_value, native_shape
from ptb_bucket.errors import ConfigurationError
from support.values.telegram_objects import CLASSES, full, minimal, owned

LOAD = """
import json, os, sys
if sys.argv[1] == "early":
    import telegram.ext
from ptb_bucket.codecs import JsonCodec, PickleCodec
from ptb_bucket.errors import CannotLoadError

codecs = {"json": JsonCodec(), "pickle": PickleCodec()}
assert sys.argv[1] == "early" or "telegram" not in sys.modules

def load(name, text):
    data = bytes.fromhex(text)
    try:
        value = codecs[name].decode(data)
    except CannotLoadError as exc:
        return [type(exc).__name__, str(exc)]
    return [str(type(value)), repr(value), codecs[name].encode(value).hex()]

def load_alone(sample):
    reading, writing = os.pipe()
    if not os.fork():
        with open(writing, "w") as out:
            json.dump([load(*sample), "telegram" in sys.modules], out)
        os._exit(0)
    os.close(writing)
    with open(reading) as answer:
        found = json.load(answer)
    os.wait()
    return found

alone, others = json.load(sys.stdin)
print(json.dumps([[load_alone(sample) for sample in alone], [load(*sample) for sample in others]]))
"""
PLAIN = {"name": "Ada", "when": dt.datetime(2024, 5, 1, tzinfo=dt.timezone.utc), "ids": {1, 2}, "pairs": {(1, 2): None}}
UNKNOWN = [
    b'{"$telegram":["Nope",{}]}', b'{"$telegram":["Bot",{}]}', b'{"$telegram.Nope":"A"}',
    b'{"$telegram.ChatType":"NOPE"}', b'{"$Cart":{}}', b'{"$telegram":[[],{}]}', b'{"$bot":true}',
]  # fmt: skip


def loaded(when, alone, others=()):
    samples = [[[name, data.hex()] for name, data in each] for each in (alone, others)]
    done = subprocess.run(
        [sys.executable, "-c", LOAD, when], input=json.dumps(samples), capture_output=True, text=True, check=True
    )
    return json.loads(done.stdout)


def codecs():
    return {"json": JsonCodec(), "pickle": PickleCodec()}.items()


def eager_classes():
    """List the classes of the Bot API as PTB exports them."""
    public = (getattr(telegram, name) for name in telegram.__all__)
    those = [cls for cls in public if isinstance(cls, type) and issubclass(cls, TelegramObject)]
    return {cls.__name__: cls for cls in those if not issubclass(cls, Bot)}


def eager_constants():
    return [
        cls
        for cls in vars(constants).values()
        if isinstance(cls, type) and issubclass(cls, enum.Enum) and cls.__module__ == "telegram.constants"
    ]


def test_the_classes_are_those_that_ptb_exports():
    assert bot_api_classes() == eager_classes()
    assert len(bot_api_classes()) > 250


def test_each_of_them_has_the_shape_of_telegram_objects():
    shapes = {native_shape(cls) for cls in eager_classes().values()}
    assert shapes == {TAGS["telegram"]} == {Registry().shape(cls) for cls in eager_classes().values()}


def test_a_class_that_inherits_from_one_needs_registration():
    class User(telegram.User):
        """It even has its name."""

    assert native_shape(User) is None
    assert Registry().shape(User) is None
    assert Registry([User]).shape(User).cls is User


def test_every_enum_of_ptb_has_its_name():
    registry = Registry()
    for cls in eager_constants():
        name = f"telegram.{cls.__name__}"
        assert registry.named(name) is registry.shape(cls) is registry.named_shape(cls)
        assert (registry.named(name).cls, registry.named(name).name) == (cls, name)
        assert name in registry
    assert set(registry.named_shapes()) == set(eager_constants())


def test_bots_have_a_shape_of_their_own():
    assert Registry().shape(Bot) is Registry().shape(ExtBot) is Registry().shape(BotReference) is TAGS["bot"]


@pytest.mark.parametrize("cls", [telegram.Chat, constants.ChatType], ids=["class", "enum"])
def test_none_of_them_can_be_registered_with_functions(cls):
    with pytest.raises(ConfigurationError, match="supported out of the box"):
        Registry([StoredAs(cls, encode=str, decode=str, name="mine")])
    assert not Registry([cls]).by_class


def test_no_class_can_have_the_name_of_an_enum():
    with pytest.raises(ConfigurationError, match=r"'telegram\.ChatType' twice"):
        Registry([StoredAs(Cart, name="telegram.ChatType")])


class Cart:
    pass


def test_plain_values_are_loaded_without_telegram():
    alone = [(name, codec.encode(PLAIN)) for name, codec in codecs()]
    assert [imported for _, imported in loaded("late", alone)[0]] == [False, False]


@pytest.mark.parametrize(
    "value",
    [
        telegram.User(1, "Ada", is_bot=False), constants.ChatType.GROUP, {"photo": InputMediaPhoto("id", caption="a")},
        {constants.ChatType.GROUP: 1},
    ],
    ids=["object", "enum", "marker", "key"],
)  # fmt: skip
def test_the_first_of_ptbs_values_imports_it(value):
    alone = [(name, codec.encode(value)) for name, codec in codecs()]
    late, early = loaded("late", alone)[0], loaded("early", alone)[0]
    assert late == early
    assert all(imported for _, imported in late)
    assert "Error" not in str(late)


def test_the_first_of_unknown_names_is_refused_as_later():
    alone = [("json", data) for data in UNKNOWN]
    late, early = loaded("late", alone)[0], loaded("early", alone)[0]
    assert [answer for answer, _ in late] == [answer for answer, _ in early]


@pytest.mark.filterwarnings("ignore::telegram.warnings.PTBDeprecationWarning")  # a constructor of PTB's warns
def test_every_class_and_enum_is_loaded_as_if_it_was_imported_before():
    bot = ExtBot("1:offline")
    values = [make(cls) for cls in CLASSES.values() for make in (minimal, full)]
    values += [owned(minimal(cls), bot) for cls in CLASSES.values()]
    values += [member for cls in eager_constants() for member in cls]
    samples = []
    for name, codec in codecs():
        codec.bot = bot
        samples += [(name, codec.encode(value)) for value in values]
    late, early = loaded("late", [], samples)[1], loaded("early", [], samples)[1]
    assert late == early
    assert len(late) > 4 * len(CLASSES)


def test_an_exact_copy_of_the_marker_is_the_marker():
    photo = PickleCodec().decode(PickleCodec().encode(InputMediaPhoto("id")))
    assert photo.parse_mode is default_value()


def test_a_late_bot_is_made_for_the_first_value_that_needs_one():
    made = []

    def make():
        made.append(ExtBot("1:offline"))
        return made[-1]

    for _, codec in codecs():
        made.clear()
        codec.bot = LateBot(make)
        assert codec.decode(codec.encode(PLAIN)) == PLAIN
        assert made == []
        user = codec.decode(codec.encode([telegram.User(1, "Ada", is_bot=False), codec.bot.bot]))
        assert len(made) == 1
        assert user[0].de_json(user[0].to_dict(), made[0]).get_bot() is made[0]
        assert user[1] == BotReference(is_live=True)
