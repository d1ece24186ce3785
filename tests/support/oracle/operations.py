"""Random operations of handlers on data that they did not make, for any graph.

Two applications that hold equal data with equal identities do exactly the same under the same ``random.Random``.
"""

from __future__ import annotations

import copy
from collections import Counter, deque
from typing import TYPE_CHECKING, Any

from support.oracle.classes import UNSTORABLE, Amount, Reduced, Tariff, Uncopyable, Version
from support.oracle.graphs import Maker, Style
from support.oracle.snapshots import Snapshot, attributes, in_order

if TYPE_CHECKING:
    import random
    from collections.abc import Callable

ROOM = 60
"""Objects of a record beyond which handlers only take away."""


class Handler:
    """Changes one record as handlers would.

    Args:
        rng: The source of its random choices.
        style: The kind of values it makes.
        data: The record.
        spoils: Classes of values that cannot be stored, which it also adds to the record.
    """

    def __init__(self, rng: random.Random, style: Style, data: Any, spoils: tuple[type, ...] = ()) -> None:
        self.rng = rng
        self.style = style
        self.data = data
        self.spoils = spoils

    def work(self, times: int) -> None:
        """Do some operations, one after the other."""
        for _ in range(times):
            self.nodes = [node for node in Snapshot.of(self.data).nodes if type(node) not in _LEFT_ALONE]
            self.target = self.rng.choice(self.nodes)
            self._operate(self.target)
        if self.spoils and self.rng.random() < 0.5:
            self._spoil()

    def _operate(self, node: Any) -> None:
        for cls, operations in _OPERATIONS.items():
            if isinstance(node, cls):
                self.rng.choice(operations)(self, node)
                return

    def new(self) -> Any:
        """Make a new value, or return an existing one."""
        if len(self.nodes) > ROOM:
            return None
        maker = Maker(self.rng, self.style, self._may_refer_to())
        maker.room, maker.depth = 8, 2
        maker.around.append(self.target)
        return maker.value()

    def node(self) -> Any:
        """Return an existing object, if this run shares any."""
        found = self._may_refer_to() if self.style.shares else []
        return self.rng.choice(found) if found else None

    def _may_refer_to(self) -> list[Any]:
        return [node for node in self.nodes if self._may_contain(self.target, node)]

    def _may_contain(self, outer: Any, value: Any) -> bool:
        """Return True if a reference to ``value`` in ``outer`` makes no cycle, or a cycle that the style allows."""
        if self.style.cycles and not any(_contains(made, outer) for made in Snapshot.of(self.data).by_functions):
            return True
        return not _contains(value, outer)

    def _spoil(self) -> None:
        """Put a value that cannot be stored beside good ones."""
        places = [node for node in Snapshot.of(self.data).nodes if type(node) is dict or node is self.data]
        if not self.style.spoils_deeply:
            places = [self.data]
        self.rng.choice(places)[f"bad {self.rng.randrange(1000)}"] = self.rng.choice(self.spoils)()

    # ------------------------------------------------------------------ dicts

    def key_of(self, node: dict[Any, Any]) -> Any:
        """Return a key of a dict, or a new key if the dict is empty."""
        keys = [key for key, value in node.items() if type(value) not in UNSTORABLE]
        return self.rng.choice(keys) if keys else self._new_key()

    def _new_key(self) -> Any:
        return Maker(self.rng, self.style).key()

    def put(self, node: Any) -> None:
        node[self._new_key()] = self.new()

    def replace(self, node: Any) -> None:
        node[self.key_of(node)] = self.new()

    def alias(self, node: Any) -> None:
        node[self._new_key()] = self.node()

    def remove(self, node: Any) -> None:
        node.pop(self.key_of(node), None)

    def reorder(self, node: Any) -> None:
        key = self.key_of(node)
        node[key] = node.pop(key, None)

    def unshare(self, node: Any) -> None:
        key = self.key_of(node)
        value = node.get(key)
        if type(value) in (dict, list, set, deque, bytearray):
            node[key] = copy.copy(value)

    def move(self, node: Any) -> None:
        value = node.pop(self.key_of(node), None)
        targets = [other for other in self.nodes if type(other) in (dict, list)]
        target = self.rng.choice([other for other in targets if self._may_contain(other, value)])
        target.append(value) if type(target) is list else target.update({self._new_key(): value})

    def clear(self, node: Any) -> None:
        if len([value for value in node.values() if type(value) not in UNSTORABLE]) < 4:
            node.clear()

    def count(self, node: Any) -> None:
        key = self.key_of(node)
        node[key] = node.get(key, 0) + 1

    # ------------------------------------------------------------------ lists and deques

    def append(self, node: Any) -> None:
        node.append(self.new())

    def append_alias(self, node: Any) -> None:
        node.append(self.node())

    def insert(self, node: Any) -> None:
        if getattr(node, "maxlen", None) is None:
            node.insert(self.rng.randrange(len(node) + 1), self.new())

    def pop(self, node: Any) -> None:
        if node:
            del node[self.rng.randrange(len(node))]

    def set_item(self, node: Any) -> None:
        if node:
            node[self.rng.randrange(len(node))] = self.new()

    def reverse(self, node: Any) -> None:
        node.reverse()

    def sort(self, node: Any) -> None:
        ordered = sorted(node, key=lambda item: repr(Snapshot.of(item).tree))
        node.clear()
        node.extend(ordered)

    # ------------------------------------------------------------------ sets, bytes, objects

    def add(self, node: Any) -> None:
        node.add(self._new_key())

    def discard(self, node: Any) -> None:
        if node:
            node.discard(in_order(node)[0])

    def extend_bytes(self, node: Any) -> None:
        node.extend(b"c")

    def set_attribute(self, node: Any) -> None:
        names = [name for name in attributes(node) if not name.startswith("_") and name != "number"]
        if names:
            setattr(node, self.rng.choice(names), self.new())

    def alias_attribute(self, node: Any) -> None:
        names = [name for name in attributes(node) if not name.startswith("_") and name not in ("number", "content")]
        if names:
            setattr(node, self.rng.choice(names), self.node())


def _contains(node: Any, inner: Any) -> bool:
    return any(found is inner for found in Snapshot.of(node).nodes)


_LEFT_ALONE = (Tariff, Version, Amount, Reduced, Uncopyable, *UNSTORABLE)
_DICT = (Handler.put, Handler.replace, Handler.alias, Handler.remove, Handler.reorder, Handler.unshare, Handler.move)
_LIST = (Handler.append, Handler.append, Handler.append_alias, Handler.insert, Handler.pop, Handler.set_item)
_OPERATIONS: dict[Any, tuple[Callable[[Handler, Any], None], ...]] = {
    Counter: (Handler.count, Handler.count, Handler.remove),
    dict: (*_DICT, Handler.put, Handler.clear),
    list: (*_LIST, Handler.reverse, Handler.sort),
    deque: (*_LIST, Handler.reverse),
    set: (Handler.add, Handler.discard),
    bytearray: (Handler.extend_bytes,),
    object: (Handler.set_attribute, Handler.alias_attribute),
}
