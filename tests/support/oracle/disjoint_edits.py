"""The plan of edits that two instances make at once, at disjoint places of one record.

A plan names objects by their number in the snapshot of the record, so that it can be carried out on any copy of it.
"""

from __future__ import annotations

import copy
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from support.oracle.classes import Basket
from support.oracle.hero_records import places, put
from support.oracle.snapshots import Snapshot, in_order

if TYPE_CHECKING:
    import random
    from collections.abc import Callable

    from support.oracle.graphs import Style


@dataclass(frozen=True)
class Edit:
    """A change: the action (``verb``) on an object, its place in the object, and the value."""

    verb: str
    node: int
    key: Any = None
    value: Any = None

    def prepare(self, nodes: list[Any]) -> Callable[[], Any]:
        """Return a function that makes this edit on a record with the objects ``nodes``. Copies are made beforehand."""
        node, value = nodes[self.node], self.value
        if self.verb == "unshare":
            value = copy.copy(places(node)[self.key])
            value["unshared"] = self.value
        return lambda: _VERBS[self.verb](node, self.key, value, nodes)


def _pop_last_to_front(node: Any, *_: Any) -> None:
    node.insert(0, node.pop())


_VERBS: dict[str, Callable[[Any, Any, Any, list[Any]], None]] = {
    "set": lambda node, key, value, _: put(node, key, value),
    "put": lambda node, key, value, _: put(node, key, value),
    "delete": lambda node, key, _value, _nodes: node.pop(key),
    "reorder keys": lambda node, key, _value, _nodes: put(node, key, node.pop(key)),
    "append": lambda node, _key, value, _: node.append(value),
    "append dict": lambda node, _key, value, _: node.append({"name": value, "of": f"{value} of", "by": f"{value} by"}),
    "insert": lambda node, _key, value, _: node.insert(0, value),
    "pop": lambda node, key, _value, _nodes: node.remove(key),
    "reorder": _pop_last_to_front,
    "add": lambda node, _key, value, _: node.add(value),
    "discard": lambda node, key, _value, _nodes: node.discard(key),
    "put alias": lambda node, key, value, nodes: put(node, key, nodes[value]),
    "append alias": lambda node, _key, value, nodes: node.append(nodes[value]),
    "retarget": lambda node, key, value, nodes: put(node, key, nodes[value]),
    "unshare": lambda node, key, value, _: put(node, key, value),
}
"""Each takes the object, the key, the value, and all objects."""

_ALONE = {"insert", "pop", "reorder", "reorder keys", "append alias"}
"""Changes of a container's order: the other side leaves that order alone."""
_ORDER = {*_ALONE, "append", "append dict", "put", "put alias", "delete", "unshare", "retarget"}
MOVES = {"retarget", "unshare"}
"""Changes of which object is at a place."""
_APPENDS = {"append", "append dict"}
_TOGETHER = {"insert", "pop"}
"""Changes of a list's order that leave no doubt about where the other side's new tail belongs."""


@dataclass
class Plan:
    """Edits of disjoint places by two sides.

    Args:
        snapshot: The record as both sides have it.
        rng: The source of random choices.
        token: A function that makes unique texts.
    """

    snapshot: Snapshot
    rng: random.Random
    token: Callable[[], str]
    style: Style
    sides: tuple[list[Edit], list[Edit]] = field(default_factory=lambda: ([], []))

    def __post_init__(self) -> None:
        self.nodes = self.snapshot.nodes
        self.numbers = {id(node): number for number, node in enumerate(self.nodes)}
        possible = [edit for number in range(len(self.nodes)) for edit in self._possible(number)]
        self.rng.shuffle(possible)
        self._on_one_object(possible)
        for edit in possible:
            side = self.rng.randrange(2)
            if len(self.sides[side]) < 4 and self.rng.random() < 0.5:
                self._add(side, edit)

    @property
    def on_one_object(self) -> bool:
        """Return whether both sides change one object."""
        first, second = ({edit.node for edit in side} for side in self.sides)
        return bool(first & second)

    def _on_one_object(self, possible: list[Edit]) -> None:
        if self.rng.random() < 0.1:
            return
        for one in possible:
            for other in possible:
                if one.node == other.node and one is not other and self._add(0, one):
                    if self._add(1, other):
                        return
                    self.sides[0].clear()

    def _add(self, side: int, edit: Edit) -> bool:
        mine, others = self.sides[side], self.sides[1 - side]
        if edit in mine or edit in others:
            return False
        if any(self._clash(edit, other) for other in others) or any(self._unclear(edit, other) for other in mine):
            return False
        mine.append(edit)
        return True

    def _clash(self, edit: Edit, other: Edit) -> bool:
        """Return whether edits of two sides overlap."""
        if {edit.verb, other.verb} & MOVES and _is_about(edit, other, self):
            return True
        if edit.node != other.node:
            return False
        if edit.key is not None and edit.key == other.key:
            return True
        if any(one.verb in _TOGETHER and two.verb in _APPENDS for one, two in ((edit, other), (other, edit))):
            return False
        return (edit.verb in _ALONE and other.verb in _ORDER) or (other.verb in _ALONE and edit.verb in _ORDER)

    def _unclear(self, edit: Edit, other: Edit) -> bool:
        """Return True if two edits of one side undo each other, or leave open which element became which."""
        if edit.node == other.node and edit.key is not None and edit.key == other.key:
            return True
        for one, two in ((edit, other), (other, edit)):
            if one.verb == "unshare" and self.numbers[id(places(self.nodes[one.node])[one.key])] == two.node:
                return True
        moves = [one for one in (edit, other) if one.verb in {"insert", "pop", "reorder", "append alias"}]
        for move in moves:
            rest = other if move is edit else edit
            if rest.node == move.node or self._reaches(move.node, rest.node):
                return True
        return _is_about(edit, other, self)

    def _reaches(self, outer: int, inner: int) -> bool:
        return any(node is self.nodes[inner] for node in Snapshot.of(self.nodes[outer]).nodes)

    def _target(self, number: int) -> int:
        """Return the objects to which a new reference in this object may lead."""
        if self.style.cycles:
            return self.rng.randrange(len(self.nodes))
        found = [other for other in range(1, len(self.nodes)) if not self._reaches(other, number)]
        return self.rng.choice(found) if found else number

    def _stays(self, number: int, key: Any) -> bool:
        """Return whether the object at a place is also referenced elsewhere."""
        node = self.nodes[number]
        held = places(node)[key]
        put(node, key, None)
        try:
            return any(found is held for found in Snapshot.of(self.nodes[0]).nodes)
        finally:
            put(node, key, held)

    def _possible(self, number: int) -> list[Edit]:
        """Return all edits of one object that this module knows, one of each kind for each place."""
        node = self.nodes[number]
        target = self._target(number)
        if isinstance(node, list):
            return self._of_list(number, node, target)
        if isinstance(node, set):
            return [
                Edit("add", number, None, self.token()),
                *(Edit("discard", number, key) for key in in_order(node)[:1]),
            ]
        found = []
        for key, value in places(node).items():
            found += self._of_place(number, key, value, target)
        if isinstance(node, dict):
            found.append(Edit("put", number, self.token(), self.token()))
            if len(node) > 1:
                found.append(Edit("reorder keys", number, next(iter(node))))
            if self.style.shares and target != number:
                found.append(Edit("put alias", number, self.token(), target))
        return found

    def _of_place(self, number: int, key: Any, value: Any, target: int) -> list[Edit]:
        if isinstance(value, str) and key != "id":
            deletes = [Edit("delete", number, key)] if isinstance(self.nodes[number], dict) else []
            return [Edit("set", number, key, self.token()), *deletes]
        inner = self.numbers.get(id(value))
        if inner is None or target == number or not self.style.shares or not self._stays(number, key):
            return []
        copies = [Edit("unshare", number, key, self.token())] if type(value) in (dict, Basket, OrderedDict) else []
        return [Edit("retarget", number, key, target), *copies]

    def _of_list(self, number: int, node: list[Any], target: int) -> list[Edit]:
        texts = [member for member in node if isinstance(member, str)]
        found = [Edit("append", number, None, self.token()), Edit("append dict", number, None, self.token())]
        found += [Edit("pop", number, text) for text in texts]
        if len(node) > 1:
            found += [Edit("insert", number, None, self.token()), Edit("reorder", number)]
        if self.style.shares and target != number:
            found.append(Edit("append alias", number, None, target))
        return found


def _is_about(edit: Edit, other: Edit, plan: Plan) -> bool:
    """Return True if both edits move a reference to the same object."""
    about = []
    for one in (edit, other):
        if one.verb not in {"retarget", "unshare", "put alias", "append alias"}:
            return False
        held = places(plan.nodes[one.node]).get(one.key)
        about.append({id(held), id(plan.nodes[one.value]) if isinstance(one.value, int) else None})
    return bool(about[0] & about[1] - {None, id(None)})
