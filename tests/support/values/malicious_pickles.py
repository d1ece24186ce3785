"""Pickles that an attacker has put into the bucket, as data. All code that loads a state must refuse each of them.

The pickles of :func:`effective` make a directory when Python's own ``pickle`` loads them. Those of :func:`probes` have
no effect, but do not belong in a state either. Importing this module loads none of them.
"""

from __future__ import annotations

import builtins
import codecs
import copyreg
import functools
import importlib
import io
import operator
import os
import pathlib
import pickle
import runpy
import shutil
import struct
import subprocess
import timeit
import types
import zlib

from ptb_bucket.state.document.frame_format import FrameFormat
from support import TESTS

ALLOWED = "ptb_bucket.codecs._allowed"
HEADER = {"format": 1, "bot_id": "123456", "codec": "pickle", "sequence": 0, "floor": 0, "commits": []}


class Calls:
    """An object that an ordinary pickler pickles as a call."""

    def __init__(self, function, *args):
        self.call = function, args

    def __reduce__(self):
        return self.call


def calls(function, *args) -> bytes:
    return pickle.dumps(Calls(function, *args))


def text(name: str) -> bytes:
    """Return the instruction that puts text on the stack."""
    return b"X" + struct.pack("<I", len(name.encode())) + name.encode()


def named(module: str, name: str) -> bytes:
    """Return the instructions that put the object with this name on the stack."""
    return text(module) + text(name) + b"\x93"


def called(function: bytes, *args: bytes) -> bytes:
    """Return the instructions that call the object that other instructions leave on the stack."""
    return function + b"(" + b"".join(args) + b"tR"


def pickled(instructions: bytes) -> bytes:
    return b"\x80\x04" + instructions + b"."


def effective(directory: str) -> dict[str, bytes]:
    """Return pickles that make ``directory`` if Python's own pickle loads them."""
    path, code = text(directory), f"__import__('os').mkdir({directory!r})"
    mkdir, evil = named("os", "mkdir"), calls(os.mkdir, directory)
    old = directory.encode()
    return {
        # what everybody tries
        "os.system": calls(os.system, f"mkdir '{directory}'"),
        "os.mkdir": evil,
        "posix by its old name": b"cposix\nmkdir\n(V" + old + b"\ntR.",
        "eval": calls(eval, code),
        "exec": calls(exec, code),
        "old names": b"c__builtin__\neval\n(V" + code.encode() + b"\ntR.",
        "Popen": calls(subprocess.check_call, ["mkdir", directory]),
        "timeit": calls(timeit.timeit, code, "pass", timeit.default_timer, 1),
        "copytree": calls(shutil.copytree, str(TESTS / "sealing"), directory),
        "pathlib": pickled(
            called(called(named("builtins", "getattr"), called(named("pathlib", "Path"), path), text("mkdir")))
        ),
        # chains
        "getattr of import": pickled(
            called(
                called(
                    named("builtins", "getattr"), called(named("importlib", "import_module"), text("os")), text("mkdir")
                ),
                path,
            )
        ),
        "__import__": pickled(
            called(
                called(
                    named("builtins", "getattr"), called(named("builtins", "__import__"), text("os")), text("mkdir")
                ),
                path,
            )
        ),
        "map": pickled(called(named("builtins", "list"), called(named("builtins", "map"), mkdir, b"]" + path + b"a"))),
        "partial": pickled(called(called(named("functools", "partial"), mkdir, path))),
        "methodcaller": pickled(
            called(
                called(named("operator", "methodcaller"), text("mkdir"), path),
                called(named("importlib", "import_module"), text("os")),
            )
        ),
        "a pickle in a pickle": calls(pickle.loads, evil),
        "a pickle in a pickle in a pickle": calls(pickle.loads, calls(pickle.loads, evil)),
        "an unpickler": pickled(
            called(
                called(
                    named("builtins", "getattr"),
                    called(
                        named("pickle", "Unpickler"), called(named("io", "BytesIO"), b"C" + bytes([len(evil)]) + evil)
                    ),
                    text("load"),
                )
            )
        ),
        # where nobody looks
        "deep inside": pickle.dumps({"a": [({"b": Calls(os.mkdir, directory)},)]}),
        "as a key": pickled(b"}" + called(mkdir, path) + b"K\x01s"),
        "before an honest value": pickled(called(mkdir, path) + b"0" + text("honest")),
        "in a frame": b"\x80\x04\x95" + struct.pack("<Q", len(called(mkdir, path)) + 1) + called(mkdir, path) + b".",
        "in a set": pickled(b"\x8f(" + called(mkdir, path) + b"\x90"),
        # memo
        "through the memo": pickled(mkdir + b"q\x000h\x00(" + path + b"tR"),
        "the memo written twice": pickled(text("x") + b"q\x000" + mkdir + b"q\x000h\x00(" + path + b"tR"),
        "the memo by text": b"cos\nmkdir\np7\n0g7\n(V" + old + b"\ntR.",
        "memoize and pop": pickled(text("os") + b"\x94" + text("mkdir") + b"\x9400h\x00h\x01\x93(" + path + b"tR"),
        "the memo with long indices": pickled(mkdir + b"r\xff\x00\x00\x000j\xff\x00\x00\x00(" + path + b"tR"),
        "a mark that is popped": pickled(b"(" + text("decoy") + b"1" + called(mkdir, path)),
        # other instructions that call or import
        "INST": b"(V" + old + b"\nios\nmkdir\n.",
        "OBJ": b"(cos\nmkdir\nV" + old + b"\no.",
        "a dotted name": pickled(called(named("os", "path.os.mkdir"), path)),
        "a dotted name of what is allowed": pickled(
            called(named("collections", "deque.__class__.__base__.__subclasses__")) + b"0" + called(mkdir, path)
        ),
        "through our own modules": pickled(
            called(named("ptb_bucket.codecs.pickle.codec", "pickle.loads"), b"C" + bytes([len(evil)]) + evil)
        ),
        "an extension that it registers": pickled(
            called(named("copyreg", "add_extension"), text("os"), text("mkdir"), b"K\xf1")
            + b"0\x82\xf1("
            + path
            + b"tR"
        ),
    }


def probes() -> dict[str, bytes]:
    """Return pickles that have no effect."""
    return {
        "import": calls(importlib.import_module, "antigravity"),
        "run_module": calls(runpy.run_module, "this"),
        "getattr": calls(getattr, int, "__subclasses__"),
        "setattr": calls(setattr, Calls(importlib.import_module, "os"), "mark", 1),
        "vars": calls(vars, 1),
        "open": calls(open, os.devnull),
        "io.open": calls(io.open_code, os.devnull),
        "type": calls(type, "X", (), {}),
        "FunctionType": calls(types.SimpleNamespace),
        "PosixPath": pickle.dumps(pathlib.Path("x")),
        "partial": pickle.dumps(functools.partial(os.getpid)),
        "attrgetter": calls(operator.attrgetter, "x"),
        "map": calls(builtins.map, os.getpid, [1]),
        "object": pickle.dumps(object()),
        "Ellipsis": pickle.dumps(...),
        # codecs
        "codecs.encode": calls(codecs.encode, "x"),
        "codecs.decode": calls(codecs.decode, b"x", "rot13"),
        "bytes as Python 2 had them": pickle.dumps(b"\xff", protocol=2),
        "lookup": calls(codecs.lookup, "utf-8"),
        # copyreg
        "_reconstructor": calls(copyreg._reconstructor, int, object, None),
        "__newobj__": pickled(called(named("copyreg", "__newobj__"), named("builtins", "dict"))),
        "add_extension": calls(copyreg.add_extension, "os", "system", 250),
        "pickle": pickled(called(named("copyreg", "pickle"), named("builtins", "dict"), named("builtins", "print"))),
        # names
        "a class's class": pickled(named("builtins", "dict.__class__")),
        "deeper": pickled(named("builtins", "dict.__init__.__class__")),
        "a method": pickled(named("collections", "OrderedDict.fromkeys")),
        "mro": pickled(named("builtins", "int.__mro__")),
        "a module's attribute": pickled(named(ALLOWED, "Any")),
        "a function's globals": pickled(named(ALLOWED, "bot.__globals__")),
        "a method of the makers": pickled(named(ALLOWED, "Makers.named")),
        "the maker's class": pickled(named(ALLOWED, "Sealed")),
        "dunder dict": pickled(named("builtins", "__dict__")),
        "names that are no text": pickled(b"K\x01K\x02\x93"),
        "a name with a line break": pickled(named("os\nsystem", "x")),
        "no module": pickled(named("", "system")),
        "a relative module": pickled(named(".os", "system")),
        # persistent ids and extensions
        "a persistent id": b"Pos.system\n.",
        "a binary persistent id": pickled(text("os.system") + b"Q"),
        "an extension": b"\x82\x01.",
        "a wide extension": b"\x83\x01\x01.",
        "the widest extension": b"\x84\x01\x01\x01\x01.",
        # calls of objects that are not functions
        "a call of a number": pickled(b"K\x01)R"),
        "NEWOBJ of a number": pickled(b"K\x01)\x81"),
        "NEWOBJ of a maker": pickled(named(ALLOWED, "object_") + b")\x81"),
        "NEWOBJ_EX of a maker": pickled(named(ALLOWED, "object_") + b")}\x92"),
        "an empty stack": pickled(b"R"),
        "APPEND to a maker": pickled(named(ALLOWED, "object_") + b"K\x01a"),
        "SETITEM of a maker": pickled(named(ALLOWED, "object_") + b"K\x01K\x02s"),
        # the makers, asked for what they do not make
        "a program": pickled(
            called(named(ALLOWED, "object_"), text("subprocess.Popen"), text("call"), b"(" + text("ls") + b"t")
        ),
        "a class by its real name": pickled(
            called(named(ALLOWED, "object_"), text("builtins.type"), text("call"), b")")
        ),
        "another way": pickled(called(named(ALLOWED, "object_"), text("python.Counter"), text("__init__"), b")")),
        "a factory": pickled(called(named(ALLOWED, "default"), text("os.system"))),
        "a Telegram bot": pickled(called(named(ALLOWED, "thing"), text("Bot"), b"}")),
        "an Application": pickled(called(named(ALLOWED, "thing"), text("Application"), b"}")),
        "a member of nothing": pickled(called(named(ALLOWED, "member"), text("os"), text("system"))),
        "a name that is no text": pickled(called(named(ALLOWED, "object_"), b"]", text("call"), b")")),
    }


def document(record: bytes, *, user_id: str = "42") -> bytes:
    """Return a whole, undamaged document of bot 123456 that holds ``record`` as one user's data."""
    document_format = FrameFormat()
    data = document_format.pack(HEADER, {"user_data": {user_id: document_format.entry(user_id, record)}}, {})
    assert data.endswith(struct.pack(">I", zlib.crc32(data[:-4])))
    return data
