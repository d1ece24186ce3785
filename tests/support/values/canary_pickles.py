"""Pickles that would touch a canary file, or change the process that loads them, if any code in them ran."""

from __future__ import annotations

import builtins
import codecs
import copyreg
import functools
import os
import pickle
import struct
import subprocess
import sys


class Calls:
    """An object that is pickled as a call."""

    def __init__(self, function, *args, **rest):
        self.reduced = (function, args, *rest.values())

    def __reduce__(self):
        return self.reduced


def _text(text):
    data = text.encode()
    return pickle.BINUNICODE + struct.pack("<I", len(data)) + data


def _stack_global(module, name):
    return _text(module) + _text(name) + pickle.STACK_GLOBAL


def _program(*steps):
    return pickle.PROTO + b"\x04" + b"".join(steps) + pickle.STOP


def _by_hand(command):
    called = _text(command) + pickle.TUPLE1 + pickle.REDUCE
    person = _stack_global("telegram._user", "User")
    function = _stack_global("telegram.ext._picklepersistence", "_reconstruct_to")
    getter = _stack_global("builtins", "getattr")
    ordered = _stack_global("collections", "OrderedDict")
    return {
        "STACK_GLOBAL": _program(_stack_global("os", "system"), called),
        "a dotted name": _program(_stack_global("telegram._user", "datetime.sys.modules"), called),
        "a dotted name of an allowed class": _program(_stack_global("collections", "OrderedDict.__class__"), called),
        "GLOBAL of Python 2": b"cposix\nsystem\n(S" + repr(command).encode() + b"\ntR.",
        "__builtin__": b"c__builtin__\neval\n(S" + repr(f"__import__('os').system({command!r})").encode() + b"\ntR.",
        "INST": b"(S" + repr(command).encode() + b"\nios\nsystem\n.",
        "OBJ": b"(cos\nsystem\nS" + repr(command).encode() + b"\no.",
        "memo": _program(_stack_global("os", "system"), pickle.MEMOIZE, pickle.POP, b"h\x00", called),
        "the extension registry": _program(pickle.EXT1 + b"\x07", called),
        "a persistent id": _program(_text("os.system"), pickle.BINPERSID, called),
        "getattr on a class": _program(getter, ordered, _text("__class__"), pickle.TUPLE2, pickle.REDUCE),
        "getattr on a Telegram class": _program(getter, person, _text("__init__"), pickle.TUPLE2, pickle.REDUCE),
        "getattr on a function": _program(getter, function, _text("_function"), pickle.TUPLE2, pickle.REDUCE),
        "BUILD on a function": _program(
            function, pickle.EMPTY_DICT + _text("x") + function + pickle.SETITEM, pickle.BUILD
        ),
        "BUILD on a class": _program(person, pickle.EMPTY_DICT + _text("x") + function + pickle.SETITEM, pickle.BUILD),
        "slots on a class": _program(
            person,
            pickle.NONE + pickle.EMPTY_DICT + _text("x") + function + pickle.SETITEM + pickle.TUPLE2,
            pickle.BUILD,
        ),
        "BUILD on a type": _program(ordered, pickle.EMPTY_DICT + _text("x") + function + pickle.SETITEM, pickle.BUILD),
        "SETITEM on a class": _program(person, _text("x"), _text("y"), pickle.SETITEM),
        "NEWOBJ of a function": _program(function, pickle.EMPTY_TUPLE, pickle.NEWOBJ),
        "a call of a result": _program(person, pickle.EMPTY_TUPLE, pickle.REDUCE, called),
        "nothing": b"",
        "no pickle": b"\x80\x04\x95 half of a pick",
        "only memo": _program(b"h\x07"),
    }


def _billion_laughs():
    laughs = ["ha"] * 10
    for _ in range(12):
        laughs = [laughs] * 10
    return laughs


def evil_pickles(canary):
    """Return pickles by name. None of them may be imported, wherever they are stored.

    Args:
        canary: A path that most of them would write to.
    """
    command = f"{sys.executable} -c \"open({str(canary)!r}, 'w')\""
    code = f"open({str(canary)!r}, 'w').close()"
    objects = {
        "os.system": Calls(os.system, command),
        "eval": Calls(builtins.eval, code),
        "exec": Calls(builtins.exec, code),
        "open": Calls(builtins.open, str(canary), "w"),
        "Popen": Calls(subprocess.Popen, [sys.executable, "-c", code]),
        "partial": Calls(functools.partial(os.system), command),
        "partial, called": Calls(functools.partial, os.system, command),
        "import": Calls(builtins.__import__, "antigravity"),
        "getattr of a module": Calls(getattr, Calls(builtins.__import__, "os"), "system"),
        "map": Calls(list, Calls(map, os.system, [command])),
        "copyreg": Calls(copyreg.add_extension, "os", "system", 7),
        "codecs": Calls(codecs.encode, "x", "rot13"),
        "codecs.open": Calls(codecs.open, str(canary), "w"),
        "a state that calls": Calls(dict, state=Calls(os.system, command)),
        "within Telegram's": Calls(getattr, Calls(os.system, command), "x"),
        "deep inside": {1: [({"x": Calls(os.system, command)},)]},
        "as a key": {(Calls(os.system, command),): 1},
    }
    found = {name: pickle.dumps(value, protocol=4) for name, value in objects.items()}
    return {**found, **_by_hand(command), "laughs": pickle.dumps(_billion_laughs())}
