"""Tests of classes that a bot has registered and that a later release stores by itself: old data stays readable."""

from __future__ import annotations

import pytest

from ptb_bucket.codecs import JsonCodec, PickleCodec, StoredAs
from ptb_bucket.codecs.types import NATIVE, TAGS
from ptb_bucket.codecs.types.shape import leaf
from ptb_bucket.errors import CannotLoadError


class Address:
    """A class that no release stores by itself, until a test says so."""

    def __init__(self, text):
        self.text = text

    def __eq__(self, other):
        return type(other) is Address and self.text == other.text

    __hash__ = None


HOME = Address("192.0.2.1")


@pytest.fixture
def next_release(monkeypatch):
    """Turn this release into one that stores addresses by itself."""

    def upgrade():
        shape = leaf(Address, "python.Address", lambda address: address.text, Address)
        monkeypatch.setitem(NATIVE, Address, shape)
        monkeypatch.setitem(TAGS, shape.name, shape)

    return upgrade


@pytest.mark.parametrize("entry", [Address, StoredAs(Address, name="net.Address")], ids=["class", "name"])
def test_what_an_older_release_stored_is_read_and_then_stored_in_the_new_way(next_release, entry):
    old = JsonCodec([entry]).encode({"home": HOME})
    next_release()
    codec = JsonCodec([entry])
    assert codec.decode(old) == {"home": HOME}
    new = codec.encode(codec.decode(old))
    assert b'"$python.Address":"192.0.2.1"' in new.replace(b" ", b"")
    assert JsonCodec().decode(new) == {"home": HOME}


def test_a_pickle_of_an_older_release_is_read(next_release):
    old = PickleCodec([Address]).encode({"home": HOME})
    next_release()
    assert PickleCodec([Address]).decode(old) == {"home": HOME}


def test_without_its_entry_old_data_is_refused_by_name(next_release):
    old = JsonCodec([Address]).encode({"home": HOME})
    next_release()
    with pytest.raises(CannotLoadError, match="Address"):
        JsonCodec().decode(old)


def test_a_class_of_the_same_name_keeps_the_name(next_release):
    class Other:
        def __init__(self, text):
            self.text = text

    next_release()
    codec = JsonCodec([Address, StoredAs(Other, name="Address")])
    mine = codec.decode(codec.encode({"home": Other("here")}))["home"]
    assert (type(mine), mine.text) == (Other, "here")
