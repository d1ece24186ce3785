"""Tests of loading pickles of PTB's PicklePersistence: their data is loaded, and no code in them runs."""

from __future__ import annotations

import copyreg
import enum
import io
import os
import pickle
from collections import OrderedDict, defaultdict

import pytest
import telegram
from hypothesis import given
from telegram import Bot, User
from telegram.ext import ExtBot, PicklePersistence

from ptb_bucket.codecs import BotReference, JsonCodec, PtbPickleReader
from ptb_bucket.codecs.pickle.ptb_names import PtbPickleNames
from ptb_bucket.codecs.types import Registry
from ptb_bucket.errors import CannotLoadError, CannotStoreError
from support.values.canary_pickles import evil_pickles
from support.values.strategies import TYPES, Cart, Colour, Rights, identical, storable

BOT = ExtBot("123456:offline")


async def file_of(path, value):
    persistence = PicklePersistence(path)
    persistence.set_bot(BOT)
    await persistence.update_bot_data({"value": value})
    return path


async def read_by_ptb(path):
    persistence = PicklePersistence(path)
    persistence.set_bot(BOT)
    return (await persistence.get_bot_data())["value"]


def loaded(data, types=()):
    pickles = PtbPickleReader(types, BOT)
    return pickles.value(pickles.read(io.BytesIO(data)))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("pickles")


@given(value=storable())
async def test_what_ptb_pickled_comes_out_as_ptb_would_load_it(folder, value):
    path = await file_of(folder / "bot.pickle", value)
    pickles = PtbPickleReader(TYPES, BOT)
    with path.open("rb") as file:
        read = pickles.read(file)
    assert not pickles.names.unknown
    assert identical(pickles.value(read["bot_data"])["value"], await read_by_ptb(path))


@pytest.mark.parametrize("protocol", range(6))
def test_all_protocols(protocol):
    value = [{1, 2}, b"\xff", (1, "x"), OrderedDict(a=1), Colour.BLUE, Rights.READ | Rights.WRITE, Cart(1, [2])]
    assert identical(loaded(pickle.dumps(value, protocol=protocol), TYPES), value)


async def test_stored_bots_give_access_to_nothing(tmp_path, recwarn):
    path = await file_of(tmp_path / "bot.pickle", [BOT, ExtBot("9:other")])
    assert len(recwarn) == 1  # PTB's, about the other one
    with path.open("rb") as file:
        pickles = PtbPickleReader([], BOT)
        known, unknown = pickles.value(pickles.read(file)["bot_data"])["value"]
    assert known == BotReference(is_live=True)
    assert unknown is None


async def test_telegram_objects_have_the_bot_again(tmp_path):
    user = User(1, "Ada", is_bot=False)
    user.set_bot(BOT)
    path = await file_of(tmp_path / "bot.pickle", user)
    with path.open("rb") as file:
        pickles = PtbPickleReader([], BOT)
        again = pickles.value(pickles.read(file)["bot_data"])["value"]
    assert again.to_dict() == user.to_dict()
    assert again.get_bot() is BOT


def test_classes_of_a_script_are_found_by_their_name():
    data = pickle.dumps(Cart(1, [2]), protocol=4)
    module = Cart.__module__
    as_script = data.replace(b"\x8c" + bytes([len(module)]) + module.encode(), b"\x8c\x08__main__")
    assert as_script != data
    # The frame is longer now by one: it says its length.
    as_script = (
        data[:3] + (int.from_bytes(data[3:11], "little") + 8 - len(module)).to_bytes(8, "little") + as_script[11:]
    )
    assert loaded(as_script, [Cart]) == Cart(1, [2])


class Machine(enum.Enum):
    """An enum whose values alone cannot identify its members."""

    START = Cart(1)
    STOP = Cart(2)


def test_members_of_enums_by_name():
    assert loaded(pickle.dumps([Machine.STOP]), [Machine, Cart]) == [Machine.STOP]


def test_shared_objects_and_cycles_are_kept():
    cart = Cart(1)
    cart.items.append(cart)
    one, other = loaded(pickle.dumps([cart, cart]), [Cart])
    assert one is other is one.items[0]


def test_what_is_not_known_is_named_and_cannot_be_stored():
    pickles = PtbPickleReader([], BOT)
    read = pickles.read(io.BytesIO(pickle.dumps({"cart": Cart(1), "all": defaultdict(Cart)})))
    assert list(pickles.names.unknown) == [f"{Cart.__module__}:Cart"]
    with pytest.raises(CannotStoreError, match=r'\["cart"\]'):
        JsonCodec([]).encode(pickles.value(read))


@pytest.fixture
def untouched(tmp_path):
    """Check that a test has changed nothing outside of it."""
    canary = tmp_path / "canary"
    before = (dict(vars(User)), dict(vars(OrderedDict)), dict(copyreg.dispatch_table), os.getcwd())  # noqa: PTH109
    yield canary
    assert not canary.exists()
    assert (dict(vars(User)), dict(vars(OrderedDict)), dict(copyreg.dispatch_table), os.getcwd()) == before  # noqa: PTH109
    assert ("os", "system") not in copyreg._extension_registry


@pytest.mark.parametrize("name", evil_pickles("/nowhere"))
def test_evil_is_refused_and_nothing_ran(untouched, name):
    with pytest.raises(CannotLoadError) as refused:
        loaded(evil_pickles(untouched)[name], TYPES)
    assert "\n" not in str(refused.value)


def test_the_evil_would_have_touched_the_canary(tmp_path):
    """This shows that the test above can fail."""
    ran = []
    for name in ("os.system", "eval", "STACK_GLOBAL", "INST", "OBJ", "memo", "deep inside", "as a key"):
        canary = tmp_path / name.replace(" ", "")
        pickle.loads(evil_pickles(canary)[name])
        ran.append(canary.exists())
    assert all(ran)


def test_no_allowed_name_returns_mutable_or_callable_objects():
    """Every known name gives a type written in C, a surrogate, or a function without attributes."""
    names = PtbPickleNames(Registry(TYPES))
    names.find("telegram._user", "User")
    for known in names._known.values():
        with pytest.raises((AttributeError, TypeError)):
            known.changed = True
    assert not {telegram.User, Bot, Cart, *TYPES} & {
        known for known in names._known.values() if isinstance(known, type)
    }
