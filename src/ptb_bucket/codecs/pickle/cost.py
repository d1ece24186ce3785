"""The cost of reading a pickle, computed from its instructions before any of them is executed.

A few bytes can ask for any amount of memory (``bytearray(10**12)``), or for years of work that no signal interrupts: a
tuple that holds the same tuple twice, again and again, used as a key. Python's pickler never writes such pickles for
values that fit into memory.
"""

from __future__ import annotations

import pickletools
from dataclasses import dataclass
from typing import IO, Any, Final

from ptb_bucket.errors import CannotLoadError

__all__ = ["check_cost"]

_FREE: Final = 10_000_000
_PER_INSTRUCTION: Final = 100
"""The number of parts that may be hashed or copied. Shared parts count each time."""

_FREE_PLACES: Final = 65_536
_LARGEST: Final = 1 << 60  # larger sizes are treated alike
_CHARACTERS: Final = 16  # characters of a text that cost as much as one part

_GET: Final = frozenset({"GET", "BINGET", "LONG_BINGET"})
_PUT: Final = frozenset({"PUT", "BINPUT", "LONG_BINPUT"})
_INTO: Final = frozenset({"APPEND", "APPENDS", "SETITEM", "SETITEMS", "ADDITEMS", "BUILD"})
_KEYS: Final = {"SETITEM": 2, "SETITEMS": 2, "DICT": 2, "ADDITEMS": 1, "FROZENSET": 1}
"""Instruction → the step between the parts that are hashed."""
_CALLS: Final = frozenset({"REDUCE", "NEWOBJ", "NEWOBJ_EX", "OBJ", "INST"})
_FILLED: Final = frozenset(
    {"bool", "bytearray", "bytes", "Counter", "Decimal", "deque", "dict", "float", "frozenset", "int", "list", "set"}
    | {"str", "tuple"}
)
"""Types that a first argument which is a number or was computed can make arbitrarily large."""


@dataclass(slots=True)
class _Cell:
    """A place on the stack: its number of parts as a tree, whether it is a number or a call's result, and its text."""

    weight: int = 1
    is_computed: bool = False
    name: str = ""
    first: _Cell | None = None


def check_cost(file: IO[bytes]) -> None:
    """Read the instructions of a pickle without executing them, and return to its beginning.

    Args:
        file: A file at the beginning of the pickle.

    Raises:
        CannotLoadError: Reading it would take far more memory or time than it has bytes.
        Exception: It is damaged. Any exception of Python's; the caller reports it.
    """
    begin = file.tell()
    cost = _Cost()
    for opcode, argument, _ in pickletools.genops(file):
        cost.step(opcode, argument)
    file.seek(begin)


class _Cost:
    def __init__(self) -> None:
        self.stack: list[_Cell] = []
        self.marks: list[int] = []
        self.memo: dict[int, _Cell] = {}
        self.steps = self.spent = 0

    def step(self, opcode: pickletools.OpcodeInfo, argument: Any) -> None:
        """Add the cost of one instruction.

        Args:
            opcode: The instruction.
            argument: Its argument.
        """
        name, self.steps = opcode.name, self.steps + 1
        if name in _GET:
            self.stack.append(self.memo[int(argument)])
        elif name in _PUT:
            self._put(int(argument))
        elif name == "MEMOIZE":
            self._put(len(self.memo))
        elif name == "DUP":
            self.stack.append(self.stack[-1])
        elif name == "MARK":
            self.marks.append(len(self.stack))
        elif name == "POP" and self.marks and self.marks[-1] == len(self.stack):
            self.marks.pop()
        else:
            self._other(name, opcode, argument)

    def _put(self, index: int) -> None:
        if index > _FREE_PLACES + self.steps:
            raise _too_much()  # Python makes room for all lower numbers
        self.memo[index] = self.stack[-1]

    def _other(self, name: str, opcode: pickletools.OpcodeInfo, argument: Any) -> None:
        parts = self._taken(opcode, keep=name in _INTO)
        every = _KEYS.get(name)
        if every:
            self._spend(parts[::every])
        if name in _CALLS:
            self._call(name, parts, argument)
        if name in _INTO:
            self.stack[-1].weight = _sum([self.stack[-1], *parts])
        elif opcode.stack_after:
            self.stack.append(_made(name, parts, argument))

    def _taken(self, opcode: pickletools.OpcodeInfo, *, keep: bool) -> list[_Cell]:
        """Take the operands of an instruction from the stack, except the container that it changes."""
        if pickletools.markobject in opcode.stack_before:
            begin = self.marks.pop()
        else:
            begin = len(self.stack) - len(opcode.stack_before) + keep
        if begin < 0:
            raise IndexError("stack")
        parts = self.stack[begin:]
        del self.stack[begin:]
        return parts

    def _call(self, name: str, parts: list[_Cell], argument: Any) -> None:
        self._spend(parts)
        if name == "INST":
            called, first = _last(argument), parts[0] if parts else None
        elif name == "OBJ":
            called, first = parts[0].name, parts[1] if len(parts) > 1 else None
        else:
            called, first = parts[0].name, _first(parts[1])
        by_name = name == "NEWOBJ_EX" and called in _FILLED  # Python never does
        if by_name or (first is not None and _fills(called, first)):
            raise _too_much()

    def _spend(self, parts: list[_Cell]) -> None:
        self.spent += _sum(parts)
        if self.spent > _FREE + _PER_INSTRUCTION * self.steps:
            raise _too_much()


def _sum(parts: list[_Cell]) -> int:
    return min(_LARGEST, sum(part.weight for part in parts))


def _first(arguments: _Cell) -> _Cell | None:
    return arguments if arguments.is_computed else arguments.first


def _fills(called: str, first: _Cell) -> bool:
    if called == "Fraction":  # of text, where an exponent is a number with as many digits
        return "e" in first.name.lower()
    return called in _FILLED and first.is_computed


def _last(names: str) -> str:
    return names.rpartition(" ")[2]


def _made(name: str, parts: list[_Cell], argument: Any) -> _Cell:
    if name in _CALLS:
        # Up to protocol 2 bytes are an encoded text: as long as that, and no more.
        is_bytes = name == "REDUCE" and parts[0].name == "encode"
        return _Cell(1 + _sum(parts), is_computed=not is_bytes)
    if name == "GLOBAL":
        return _Cell(name=_last(argument))
    if name == "STACK_GLOBAL":
        return _Cell(name=parts[1].name)
    if isinstance(argument, str | bytes | bytearray):
        text = argument if isinstance(argument, str) else ""
        return _Cell(1 + len(argument) // _CHARACTERS, name=text)
    if isinstance(argument, int | float):
        return _Cell(is_computed=True)
    return _Cell(1 + _sum(parts), first=parts[0] if parts else None)


def _too_much() -> CannotLoadError:
    return CannotLoadError(
        "loading the pickle would take far more memory or time than its size suggests. Find out where it came from"
    )
