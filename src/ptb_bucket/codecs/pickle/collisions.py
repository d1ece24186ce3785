"""Pickles with keys that were made to collide in a hash table, which Python would need hours to build."""

from __future__ import annotations

import io
import pickle
import pickletools
from collections import Counter
from typing import TYPE_CHECKING, Any, ClassVar, Final

from ptb_bucket.codecs.pickle.stubs import stub_for

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["has_colliding_keys"]

_FEW: Final = 64
_LONG1: Final = pickle.LONG1
_LONG4: Final = pickle.LONG4
"""How pickle begins an int of more than 32 bits. Only such ints can be made to collide."""
_LONG: Final = ("LONG1", "LONG4")
_NOT_LONG: Final = 256 * _FEW
"""Bytes that cannot hold so many that begin with LONG4: each takes more than 255 bytes."""
_SHORT: Final = 10 * _FEW
"""Bytes that cannot hold so many of one hash: they are 2**61 - 1 apart, so each but one takes ten bytes."""


def has_colliding_keys(data: bytes) -> bool:
    """Tell whether more than 64 keys of one dict, or members of one set, have one hash.

    Only ints are counted, because their hash is not random. The arguments of a class count as its members. Ints that
    are not keys may have any hash.

    Args:
        data: The pickle. None of it is run.
    """
    size = len(data)
    if size <= _SHORT or (_LONG1 not in data and (size <= _NOT_LONG or _LONG4 not in data)):
        return False
    if not (_has_many(data, _LONG1) or _has_many(data, _LONG4)) or not _may_collide(data):
        return False
    reader = _KeyReader(io.BytesIO(data), fix_imports=False)
    try:
        reader.load()
    except _CollidingError:
        return True
    except Exception:  # noqa: BLE001  it is damaged, which the caller's own load reports
        return False
    return False


def _has_many(data: bytes, byte: bytes) -> bool:
    """Tell whether a byte occurs so often that half of too many ints may begin with it. ``count`` is slower."""
    at = -1
    for _ in range(_FEW // 2 + 1):
        at = data.find(byte, at + 1)
        if at < 0:
            return False
    return True


def _may_collide(data: bytes) -> bool:
    try:
        numbers = {number for opcode, number, _ in pickletools.genops(data) if opcode.name in _LONG}
    except ValueError:  # it is damaged
        return False
    return max(Counter(map(hash, numbers)).values(), default=0) > _FEW


class _CollidingError(Exception):
    pass


# The unpickler in C does not report what it puts where. This one is undocumented, and every Python has it.
_InPython: Any = pickle._Unpickler  # type: ignore[attr-defined, unused-ignore]  # noqa: SLF001


class _KeyReader(_InPython):  # type: ignore[misc]  # as above
    """An unpickler that counts the hashes of keys and members before it puts them into a container."""

    dispatch: ClassVar[dict[int, Any]] = dict(_InPython.dispatch)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._hashes: dict[int, tuple[Any, Counter[int]]] = {}

    def find_class(self, module: str, name: str) -> Any:
        """Return a class of stubs; nothing is ever imported."""
        return stub_for(module, name)

    def _count(self, container: Any, keys: Iterable[Any]) -> None:
        _, hashes = self._hashes.setdefault(id(container), (container, Counter()))  # held, so that its id stays its own
        for key in keys:
            number = hash(key)
            hashes[number] += 1
            if hashes[number] > _FEW:
                raise _CollidingError

    def _count_in_arguments(self, args: Any) -> None:
        """Count the arguments of a class: the bot's own set classes get a list of their members."""
        waiting = [args]
        while waiting:
            parts = waiting.pop()
            waiting += [part for part in parts if type(part) in (list, tuple)]
            self._count(parts, (part for part in parts if type(part) is int))

    def load_setitems(self) -> None:
        self._count(self.metastack[-1][-1], self.stack[::2])
        super().load_setitems()

    def load_setitem(self) -> None:
        self._count(self.stack[-3], self.stack[-2:-1])
        super().load_setitem()

    def load_additems(self) -> None:
        self._count(self.metastack[-1][-1], self.stack)
        super().load_additems()

    def load_frozenset(self) -> None:
        self._count(self.stack, self.stack)
        super().load_frozenset()

    def load_dict(self) -> None:
        self._count(self.stack, self.stack[::2])
        super().load_dict()

    def load_reduce(self) -> None:
        self._count_in_arguments(self.stack[-1])
        super().load_reduce()

    def load_newobj(self) -> None:
        self._count_in_arguments(self.stack[-1])
        super().load_newobj()

    def load_newobj_ex(self) -> None:
        self._count_in_arguments(self.stack[-2])
        super().load_newobj_ex()

    for _opcode, _load in (
        (pickle.SETITEMS, load_setitems),
        (pickle.SETITEM, load_setitem),
        (pickle.ADDITEMS, load_additems),
        (pickle.FROZENSET, load_frozenset),
        (pickle.DICT, load_dict),
        (pickle.REDUCE, load_reduce),
        (pickle.NEWOBJ, load_newobj),
        (pickle.NEWOBJ_EX, load_newobj_ex),
    ):
        dispatch[_opcode[0]] = _load
