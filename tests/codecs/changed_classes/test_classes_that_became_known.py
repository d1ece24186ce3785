"""Tests of classes that a bot has registered and that a later release stores by itself: old data stays readable."""

from __future__ import annotations

from ipaddress import IPv4Address

import pytest

from ptb_bucket.codecs import JsonCodec, StoredAs
from ptb_bucket.codecs.types import NATIVE, TAGS
from ptb_bucket.codecs.types.shape import leaf
from ptb_bucket.errors import CannotLoadError

HOME = IPv4Address("192.0.2.1")


@pytest.fixture
def next_release(monkeypatch):
    """Turn this release into one that stores addresses by itself."""

    def upgrade():
        shape = leaf(IPv4Address, "python.IPv4Address", str, IPv4Address)
        monkeypatch.setitem(NATIVE, IPv4Address, shape)
        monkeypatch.setitem(TAGS, shape.name, shape)

    return upgrade


@pytest.mark.parametrize("entry", [IPv4Address, StoredAs(IPv4Address, name="net.Address")], ids=["class", "name"])
def test_what_an_older_release_stored_is_read_and_then_stored_in_the_new_way(next_release, entry):
    old = JsonCodec([entry]).encode({"home": HOME})
    next_release()
    codec = JsonCodec([entry])
    assert codec.decode(old) == {"home": HOME}
    new = codec.encode(codec.decode(old))
    assert b'"$python.IPv4Address":"192.0.2.1"' in new.replace(b" ", b"")
    assert JsonCodec().decode(new) == {"home": HOME}


def test_without_its_entry_old_data_is_refused_by_name(next_release):
    old = JsonCodec([IPv4Address]).encode({"home": HOME})
    next_release()
    with pytest.raises(CannotLoadError, match="IPv4Address"):
        JsonCodec().decode(old)


def test_a_class_of_the_same_name_keeps_the_name(next_release):
    class IPv4Address:
        def __init__(self, text):
            self.text = text

    next_release()
    codec = JsonCodec([type(HOME), StoredAs(IPv4Address, name="IPv4Address")])
    mine = codec.decode(codec.encode({"home": IPv4Address("here")}))["home"]
    assert (type(mine), mine.text) == (IPv4Address, "here")
