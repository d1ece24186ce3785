"""Tests that pickles of a few bytes that ask for much memory or time are refused before they are read."""

from __future__ import annotations

import io
import pickle
import subprocess
import sys
from collections import Counter, OrderedDict, defaultdict, deque
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from telegram.ext import ExtBot

from ptb_bucket.codecs import PtbPickleReader
from ptb_bucket.codecs.pickle.cost import check_cost
from ptb_bucket.codecs.pickle.inspection import render_pickle
from ptb_bucket.errors import CannotLoadError
from support.values.strategies import Cart, storable

BOT = ExtBot("123456:offline")


def called(module, name, arguments):
    return f"\x80\x02c{module}\n{name}\n".encode("latin1") + arguments + b"R."


NUMBER = b"(L1000000000000L\nt"
RANGE = b"(cbuiltins\nrange\n" + NUMBER + b"Rt"
NESTED = b"N\x85" + b"2\x86" * 60  # a tuple of the same tuple twice, sixty times
BY_MEMO = b"N\x85q\x00" + b"".join(b"h%ch%c\x86q%c" % (n, n, n + 1) for n in range(60))
WIDE = b"N\x85q\x00" + b"".join(b"(" + b"h%c" % n * 999 + b"tq%c" % (n + 1) for n in range(5))

BOMBS = {
    **{f"{name} of a number": called("builtins", name, NUMBER) for name in ("bytearray", "bytes")},
    **{f"{name} of a range": called("builtins", name, RANGE) for name in ("list", "tuple", "set", "frozenset")},
    "deque of a range": called("collections", "deque", RANGE),
    "range by an old name": called("__builtin__", "list", RANGE.replace(b"builtins", b"__builtin__")),
    "int of an exponent": called("builtins", "int", b"(cdecimal\nDecimal\n(V1E+999999999\ntRt"),
    "fraction of an exponent": called("fractions", "Fraction", b"(V1E+999999999\nt"),
    "bytes by name": b"\x80\x04cbuiltins\nbytes\n)}(V" + b"source\nL1000000000000L\nu\x92.",
    "an old instance": b"(L1000000000000L\nibuiltins\nbytearray\n.",
    "an object": b"(cbuiltins\nbytearray\nL1000000000000L\no.",
    "the callable from the memo": b"cbuiltins\nbytearray\nq\x000h\x00" + NUMBER + b"R.",
    "a key": b"\x80\x02}" + NESTED + b"Ns.",
    "a key by memo": b"\x80\x02}(" + BY_MEMO + b"Nu.",
    "a wide key": b"\x80\x02}(" + WIDE + b"Nu.",
    "a dict's key": b"\x80\x02(" + NESTED + b"Nd.",
    "in a set": b"\x80\x04\x8f(" + NESTED + b"\x90.",
    "in a frozenset": b"\x80\x04(" + NESTED + b"\x91.",
    "in a set of a list": called("builtins", "set", b"](" + NESTED + b"e\x85"),
    "one key very often": b"\x80\x02N\x85" + b"2\x86" * 18 + b"q\x000}(" + b"h\x00N" * 1000 + b"u.",
    "a list again and again": b"\x80\x02](" + b"N" * 9999 + b"eq\x000" + b"cbuiltins\nlist\nh\x00\x85R0" * 9999 + b"N.",
    "a place in the memo": b"Nr\xff\xff\xff\x7f.",
}


@pytest.mark.parametrize("name", BOMBS)
def test_bombs_are_refused_before_they_are_read(name):
    pickles = PtbPickleReader((), BOT)
    with pytest.raises(CannotLoadError, match="far more memory or time"):
        pickles.read(io.BytesIO(BOMBS[name]))
    assert "STOP" in render_pickle(BOMBS[name])  # its instructions


@pytest.mark.parametrize("name", ["a key", "in a frozenset"])
def test_they_would_go_on_for_ever(name):
    if sys.version_info >= (3, 14):
        pytest.skip("tuples keep their hash")
    child = "import pickle, sys; pickle.loads(sys.stdin.buffer.read())"
    with pytest.raises(subprocess.TimeoutExpired):
        subprocess.run([sys.executable, "-c", child], input=BOMBS[name], timeout=1, check=True)


class Plain:
    pass


ORDINARY = [
    bytearray(b"x" * 5000), b"x", b"", {1}, frozenset({(1, 2)}), complex(1, 2), range(10**12), slice(1, 2),
    deque([1], 3), deque(), OrderedDict(a=1), defaultdict(int, a=1), Counter("aab"), Decimal("1.5"), Fraction(1, 3),
    Fraction(10**50), int, [set, bytearray], True, 1.5, 10**100, "é" * 1000, Plain(), Cart(["a"]),
]  # fmt: skip


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_what_python_writes_is_no_bomb(protocol):
    shared = tuple(range(1000))
    for value in (*ORDINARY, ORDINARY[:-2], [{shared: n} for n in range(1000)]):
        file = io.BytesIO(b"before" + pickle.dumps(value, protocol))
        file.seek(6)
        check_cost(file)
        assert file.tell() == 6


@given(storable(), st.integers(2, 5))
def test_no_value_is_a_bomb(value, protocol):
    check_cost(io.BytesIO(pickle.dumps(value, protocol)))
