"""Records with shared objects, the edits of two instances at once, and the expected result.

Every value that an edit writes is a unique token. An edit is a script, so it can be applied to any copy of the record.
The expected result is the record after both scripts.
"""

from __future__ import annotations

import copy
import random
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ptb_bucket.state import keep_ours
from ptb_bucket.state.merge.values import ValueMerge

if TYPE_CHECKING:
    from collections.abc import Iterable

KINDS = {
    "edits": ("set", "append"),
    "insertions": ("set", "append", "insert", "new element"),
    "sharing": ("set", "append", "share", "list share", "new", "switch"),
    "unsharing": ("set", "append", "unshare", "delete", "remove", "switch"),
    "everything": (
        *("set", "append", "insert", "new element", "share", "list share", "new", "switch"),
        *("unshare", "delete", "remove", "cycle"),
    ),
}

ON_LISTS = ("append", "insert", "new element", "list share", "remove")


@dataclass
class World:
    """A record, and a name for each of its objects, which copies keep."""

    root: dict[str, Any]
    objects: dict[str, Any] = field(default_factory=dict)

    def copy(self) -> World:
        return copy.deepcopy(self)


def made(rng: random.Random, *, cycles: bool) -> World:
    """Make a record of a few dicts and lists, some of which are at several places."""
    world = World({})
    world.objects["root"] = world.root
    for number in range(rng.randrange(3, 9)):
        name = f"o{number}"
        parent = rng.choice(list(world.objects.values()))
        if rng.random() < 0.4:
            child: Any = [f"v{rng.randrange(4)}" for _ in range(rng.randrange(3))]
        else:
            child = {f"f{at}": f"w{rng.randrange(3)}" for at in range(rng.randrange(1, 4))}
            if rng.random() < 0.5:
                child["name"] = name
        put(parent, f"c{number}", child)
        world.objects[name] = child
    for number in range(rng.randrange(4)):
        shared = rng.choice(list(world.objects.values())[1:])
        parent = rng.choice(list(world.objects.values()))
        if cycles or not reaches(shared, parent):
            put(parent, f"s{number}", shared)
    return world


def put(parent: Any, key: str, child: Any) -> None:
    if isinstance(parent, dict):
        parent[key] = child
    else:
        parent.append(child)


def inside(value: Any) -> list[Any]:
    found = list(value.values()) if isinstance(value, dict) else list(value)
    return [part for part in found if isinstance(part, dict | list)]


def reaches(start: Any, target: Any) -> bool:
    seen, waiting = set(), [start]
    while waiting:
        value = waiting.pop()
        if value is target:
            return True
        if id(value) not in seen:
            seen.add(id(value))
            waiting += inside(value)
    return False


def everything(root: Any) -> list[Any]:
    """Return every object that is at some place."""
    seen, waiting = {}, [root]
    while waiting:
        value = waiting.pop()
        if id(value) not in seen:
            seen[id(value)] = value
            waiting += inside(value)
    return list(seen.values())


@dataclass(frozen=True)
class Edit:
    """An edit of one object, as a step of a handler."""

    kind: str
    target: str
    key: str = ""
    other: str = ""
    token: str = ""

    def apply(self, world: World) -> None:
        target = world.objects.get(self.target)
        other = world.objects.get(self.other)
        if self.kind in ("set", "delete", "unshare") and not isinstance(target, dict):
            return
        if self.kind == "set":
            target[self.key] = self.token
        elif self.kind == "append":
            target.append(self.token)
        elif self.kind == "insert":
            target.insert(0, self.token)
        elif self.kind == "delete":
            target.pop(self.key, None)
        elif self.kind == "remove":
            target[:] = [part for part in target if part is not other]
        elif self.kind in ("new", "new element"):
            child = {"token": self.token}
            world.objects[self.token] = child
            put(target, self.key, child)
        elif self.kind == "unshare":
            target[self.key] = copy.copy(target[self.key])
        else:  # share, list share, switch, cycle
            put(target, self.key, other)


class Writer:
    """An instance that edits only places that the other one does not touch."""

    def __init__(self, world: World, rng: random.Random, kinds: tuple[str, ...], name: str, used: set[Any]) -> None:
        self.world, self.rng, self.kinds, self.name, self.used = world, rng, kinds, name, used
        self.edits: list[Edit] = []
        self.mine: set[Any] = set()
        self.empty = {name for name, value in world.objects.items() if not value}  # an empty list has one end

    def work(self) -> None:
        for _ in range(self.rng.randrange(1, 5)):
            edit = self._choose()
            if edit is not None:
                edit.apply(self.world)
                self.edits.append(edit)

    def _choose(self) -> Edit | None:
        kind = self.rng.choice(self.kinds)
        there = {id(value) for value in everything(self.world.root)}
        names = [name for name, value in self.world.objects.items() if id(value) in there]
        target = self._one_of(
            name for name in names if isinstance(self.world.objects[name], list) == (kind in ON_LISTS)
        )
        if not target:
            return None
        value = self.world.objects[target]
        key = self._key(kind, value)
        other = self._other(kind, names, value)
        place = (target, key or (other if kind == "remove" else kind))
        if key is None or other is None or place in self.used or (kind == "insert" and target in self.empty):
            return None
        self.mine.add(place)
        return Edit(kind, target, key, other, self._token())

    def _token(self) -> str:
        return f"{self.name}!{len(self.edits)}"

    def _one_of(self, names: Iterable[str]) -> str | None:
        found = list(names)
        return self.rng.choice(found) if found else None

    def _key(self, kind: str, value: Any) -> str | None:
        if kind in ON_LISTS:
            return ""
        if kind == "set":
            return self._one_of([*(key for key, part in value.items() if isinstance(part, str)), f"n{self._token()}"])
        if kind in ("new", "share", "cycle"):
            return f"n{self._token()}"
        parts = [part for each in everything(self.world.root) for part in inside(each)]
        return self._one_of(
            key
            for key, part in value.items()
            if isinstance(part, dict | list) and (kind != "unshare" or sum(other is part for other in parts) > 1)
        )

    def _other(self, kind: str, names: list[str], value: Any) -> str | None:
        """Return another object that the edit uses."""
        objects = self.world.objects
        if kind == "cycle":
            return self._one_of(names)
        if kind in ("share", "list share", "switch"):
            return self._one_of(name for name in names if not reaches(objects[name], value))
        if kind == "remove":
            return self._one_of(name for name in names if any(part is objects[name] for part in value))
        return ""


def tokens(root: Any) -> Counter[str]:
    """Count the texts in all objects. Each object counts once."""
    return Counter(
        part
        for value in everything(root)
        for part in (value.values() if isinstance(value, dict) else value)
        if isinstance(part, str)
    )


def isomorphic(one: Any, other: Any) -> bool:
    """Return True if both have the same content and share objects at the same places, in any order of keys."""
    partner: dict[int, Any] = {}
    owner: dict[int, Any] = {}
    waiting = [(one, other)]
    while waiting:
        a, b = waiting.pop()
        if type(a) is not type(b):
            return False
        if not isinstance(a, dict | list):
            if a != b:
                return False
            continue
        if id(a) in partner or id(b) in owner:
            if partner.get(id(a)) is b and owner.get(id(b)) is a:
                continue
            return False
        partner[id(a)], owner[id(b)] = b, a
        if len(a) != len(b) or (isinstance(a, dict) and a.keys() != b.keys()):
            return False
        waiting += [(a[key], b[key]) for key in (a if isinstance(a, dict) else range(len(a)))]
    return True


@dataclass
class Run:
    """The result of one seed."""

    base: Any
    ours: Any
    theirs: Any
    merged: Any
    expected: Any
    edits: tuple[list[Edit], list[Edit]]
    reports: int

    @property
    def is_right(self) -> bool:
        return isomorphic(self.merged, self.expected)

    @property
    def lost(self) -> list[str]:
        """Return the tokens that should be in the merged record and are missing."""
        found = tokens(self.merged)
        written = {edit.token for edits in self.edits for edit in edits}
        # Ignore tokens that one side wrote and then removed: neither side has them.
        visible = tokens(self.ours).keys() | tokens(self.theirs).keys()
        return sorted(token for token in tokens(self.expected).keys() & written & visible if token not in found)

    @property
    def kept(self) -> list[str]:
        """Return the tokens that were kept although the other side deleted their object ("Edits survive deletions")."""
        return sorted(tokens(self.merged).keys() - tokens(self.expected).keys())

    @property
    def doubled(self) -> list[str]:
        written = {edit.token for edits in self.edits for edit in edits}
        most = tokens(self.expected) | tokens(self.ours) | tokens(self.theirs)
        found = tokens(self.merged).items()
        return sorted(token for token, times in found if token in written and times > most[token])


def run(seed: int, kind: str) -> Run:
    """Let two instances change one record at once."""
    rng = random.Random(f"{kind} {seed}")
    base = made(rng, cycles=kind == "everything")
    used: set[Any] = set()
    writers = []
    for name in "to":
        writer = Writer(base.copy(), rng, KINDS[kind], name, used)
        writer.work()
        used |= writer.mine
        writers.append(writer)
    expected = base.copy()
    for writer in writers:
        for edit in writer.edits:
            edit.apply(expected)
    theirs, ours = (writer.world.copy().root for writer in writers)
    merge = ValueMerge("user_data[1]", keep_ours)
    merged = merge.run((), base.copy().root, ours, theirs)
    return Run(
        base.root, writers[1].world.root, writers[0].world.root, merged, expected.root,
        (writers[0].edits, writers[1].edits), len(merge.decided),
    )  # fmt: skip
