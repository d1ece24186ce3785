"""Which elements of two lists are the same one, before and after somebody changed them.

Equal elements are the same one, and so are elements that carry the same id. Of the containers left over, those in
the same gap between elements that are known are paired in order, if there are equally many on both sides, and by
their content otherwise. What is still left over may have been changed *and* moved: that is only a guess.
"""

from __future__ import annotations

from collections import Counter, deque
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Protocol

from ptb_bucket.codecs import Structure, has_identity, is_one_class
from ptb_bucket.state.merge.objects.fields import ATOMS, elements_of, fields_of, members_of, structure
from ptb_bucket.state.merge.objects.parts import inner_of, parts_of

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable, Sequence


__all__ = [
    "MAY_HAVE_MOVED", "Comparing", "Likeness", "Matches", "Position", "equal_ones", "id_key", "is_pairable", "step_to",
]  # fmt: skip

ID_KEYS: Final = ("id", "_id", "uuid", "key")
MAY_HAVE_MOVED: Final = 0.5
"""How similar two containers at different places must be to be perhaps one."""
_IS_LIKE: Final = 0.01  # anything in common: of several, the first one is as good a guess as any
_TOO_MANY: Final = 10_000  # pairs of leftovers to compare: similarity is worth some milliseconds, not seconds
_FEW: Final = 8  # a part that no more elements have than that tells who they are
_TEXT, _NUMBER, _SWITCH = 2.0, 1.0, 0.5  # a name says more of who something is than a count, and a flag says little


class Matches(NamedTuple):
    """How the elements of one list are found in another.

    Attributes:
        near: For each element of the other list, the position of the same one in the first list; None if it is new.
        far: Pairs of positions (first list, other list) that may be one element, changed and moved; best first.
    """

    near: list[int | None]
    far: list[tuple[int, int]]


def is_pairable(value: Any) -> bool:
    """Tell whether an element can change and stay the same element: containers, objects, and values that hold some."""
    if type(value) in ATOMS:
        return False
    return structure(value) is not Structure.VALUE or has_identity(value) or any(map(is_pairable, parts_of(value)))


class Comparing(Protocol):
    """Compares values."""

    def fingerprint(self, value: Any, /) -> Hashable: ...
    def same(self, one: Any, other: Any, /) -> bool: ...


class Likeness:
    """Compares elements.

    Args:
        equality: What equal means.
        exact: Writes what is of built-in classes only.
    """

    def __init__(self, equality: Comparing, exact: Callable[[Any], bytes | None]) -> None:
        self._equality, self._exact = equality, exact

    def prints(self, elements: Iterable[Any]) -> list[Hashable]:
        """Return what each element consists of."""
        of = self._equality.fingerprint
        return [element if type(element) is str or type(element) is int else of(element) for element in elements]

    def common_prints(self, *sides: Sequence[Any]) -> tuple[list[list[Hashable]], list[list[Hashable]]]:
        """Return for each element of several lists something that is equal for elements of equal content.

        Returns:
            The same twice: equal in the order of keys too, or None where that is not known; and equal in content.
        """
        raw = [[self._quick(element) for element in side] for side in sides]
        if all(side == raw[0] and None not in side for side in raw):
            return raw, raw
        everywhere = set.intersection(*map(set, raw)) - {None}
        return raw, [
            [
                name if name in everywhere else self._equality.fingerprint(element)
                for name, element in zip(names, side, strict=True)
            ]
            for names, side in zip(raw, sides, strict=True)
        ]

    def _quick(self, element: Any) -> Hashable:
        cls = type(element)
        if cls is str or cls is int:
            return element  # type: ignore[no-any-return]
        if cls in ATOMS or not is_pairable(element):
            return self._equality.fingerprint(element)
        found = self._exact(element)
        return None if found is None else (found,)

    def match(
        self, first: Sequence[Any], prints: Sequence[Hashable], other: Sequence[Any], other_prints: Sequence[Hashable]
    ) -> Matches:
        """Find the elements of one list in another.

        Args:
            first: The older list.
            prints: What its elements consist of.
            other: The newer list.
            other_prints: What its elements consist of.
        """
        near = equal_ones(prints, other_prints)
        found = set(near)
        left = [at for at, element in enumerate(first) if at not in found and is_pairable(element)]
        new = [at for at, element in enumerate(other) if near[at] is None and is_pairable(element)]
        if not (left and new):
            return Matches(near, [])
        left, new = self._with_one_id(first, left, other, new, near)
        return _Leftovers(self, first, other, near).matched(left, new)

    def _with_one_id(
        self, first: Sequence[Any], left: list[int], other: Sequence[Any], new: list[int], near: list[int | None]
    ) -> tuple[list[int], list[int]]:
        """Pair elements by id. An id that several elements of one list carry names something else than the element."""
        names = [self.unique_names(side) for side in (first, other)]
        by_name = {names[0][at]: at for at in left if names[0][at] is not None}
        for at in new:
            name = names[1][at]
            if name is not None and name in by_name:
                near[at] = by_name.pop(name)
        found = set(near)
        return [at for at in left if at not in found], [at for at in new if near[at] is None]

    def unique_names(self, elements: Sequence[Any]) -> list[Hashable]:
        """Return the id of each element; None for those that carry none, or one that another one carries too."""
        names = [self._name(element) for element in elements]
        times = Counter(names)
        return [name if times[name] == 1 else None for name in names]

    def _name(self, element: Any) -> Hashable:
        key = None if type(element) in ATOMS else id_key(element)
        return None if key is None else (key, self._equality.fingerprint(_named_parts(element)[key]))

    def similarity(self, one: Any, other: Any) -> float:
        """Return how much of their content two containers share, from 0 to 1.

        What the smaller one shares counts most: an element that many keys were added to is still the same one.
        """
        if not is_one_class(one, other) or self._differ_in_id(one, other):
            return 0.0
        if structure(one) is Structure.SEQUENCE or isinstance(one, (set, frozenset)):
            sides = [Counter(self.prints(elements_of(value))) for value in (one, other)]
            sizes = [sum(side.values()) for side in sides]
            return _overlap(sum((sides[0] & sides[1]).values()), *sizes)
        return self._shared_parts(*(_named_parts(value) or dict(inner_of(value)) for value in (one, other)))

    def part_prints(self, value: Any) -> set[Hashable]:
        """Return what each part of a container consists of, named by its key where it has one."""
        if structure(value) is Structure.SEQUENCE or isinstance(value, (set, frozenset)):
            return set(self.prints(elements_of(value)))
        parts = _named_parts(value) or dict(inner_of(value))
        return {(key, self._equality.fingerprint(part)) for key, part in parts.items()}

    def _shared_parts(self, one: dict[Any, Any], other: dict[Any, Any]) -> float:
        shared = 0.0
        for key, part in one.items():
            if key in other and self._equality.same(part, other[key]):
                shared += _weight(part)
        return _overlap(shared, sum(map(_weight, one.values())), sum(map(_weight, other.values())))

    def _differ_in_id(self, one: Any, other: Any) -> bool:
        keys = [id_key(one), id_key(other)]
        if None in keys:
            return False
        return keys[0] != keys[1] or not self._equality.same(_named_parts(one)[keys[0]], _named_parts(other)[keys[1]])

    def changed_apart(self, base: Any, ours: Any, theirs: Any) -> bool:
        """Tell whether two versions of a container changed different parts of it, as two edits of one element do.

        Two new entries of a log, which replace an old one, differ from it in the same parts.
        """
        sides = [_named_parts(value) for value in (base, ours, theirs)]
        return bool(sides[0]) and all(self._is_taken_from_one(key, *sides) for key in {*sides[0], *sides[1], *sides[2]})

    def _is_taken_from_one(self, key: Any, base: dict[Any, Any], *sides: dict[Any, Any]) -> bool:
        if key not in base:
            return not all(key in side for side in sides)
        return any(key in side and self._equality.same(base[key], side[key]) for side in sides)

    def may_be_one(self, one: Any, other: Any) -> bool:
        """Tell whether nothing says that two containers are different things: their kind, or an id."""
        kind = structure(one)
        if kind is not structure(other):
            return False
        same_kind = is_one_class(one, other) or kind in (Structure.MAPPING, Structure.SEQUENCE)
        return same_kind and not self._differ_in_id(one, other)


def equal_ones(first: Sequence[Hashable], other: Sequence[Hashable]) -> list[int | None]:
    """Find equal elements: those at the beginning and at the end, those at the same place, and then one by one.

    Args:
        first: What the elements of the older list consist of.
        other: The same of the newer list.

    Returns:
        For each element of the newer list the position of an equal one in the older list, or None.
    """
    near: list[int | None] = [None] * len(other)
    shorter = min(len(first), len(other))
    begin = next((at for at in range(shorter) if first[at] != other[at]), shorter)
    end = next((at for at in range(shorter - begin) if first[-1 - at] != other[-1 - at]), shorter - begin)
    near[:begin] = range(begin)
    near[len(other) - end :] = range(len(first) - end, len(first))
    if begin + end < shorter or len(first) != len(other):
        _equal_between(first, other, near, (begin, end))
    return near


def _equal_between(
    first: Sequence[Hashable], other: Sequence[Hashable], near: list[int | None], ends: tuple[int, int]
) -> None:
    begin, end = ends
    if len(first) == len(other):
        for at in range(begin, len(other) - end):
            near[at] = at if first[at] == other[at] else None
    found = set(near)
    free: dict[Hashable, deque[int]] = {}
    for at in range(begin, len(first) - end):
        if at not in found:
            free.setdefault(first[at], deque()).append(at)
    for at in range(begin, len(other) - end):
        if near[at] is None and (places := free.get(other[at])):
            near[at] = places.popleft()


class _Leftovers:
    """Pairs the containers that are equal to none and share no id with one."""

    def __init__(self, likeness: Likeness, first: Sequence[Any], other: Sequence[Any], near: list[int | None]) -> None:
        self.likeness, self.first, self.other, self.near = likeness, first, other, near

    def matched(self, left: list[int], new: list[int]) -> Matches:
        gaps = self._in_one_gap(left, new)
        weak: list[tuple[int, int]] = []
        for before, after in gaps:
            in_order = len(before) == len(after)
            for i, j in zip(before, after, strict=True) if in_order else self._alike(before, after, _IS_LIKE):
                if in_order and len(gaps) > 1 and self.likeness.similarity(self.first[i], self.other[j]) < _IS_LIKE:
                    weak.append((i, j))
                else:
                    self._pair(i, j)
        taken = set(self.near)
        rest = [at for at in left if at not in taken], [at for at in new if self.near[at] is None]
        far = self._alike(*rest, MAY_HAVE_MOVED)
        moved = {i for i, _ in far}, {j for _, j in far}
        for i, j in weak:  # nothing but their place says that they are one
            if i not in moved[0] and j not in moved[1]:
                self._pair(i, j)
        return Matches(self.near, far)

    def _pair(self, i: int, j: int) -> None:
        if self.likeness.may_be_one(self.first[i], self.other[j]):
            self.near[j] = i

    def _in_one_gap(self, left: list[int], new: list[int]) -> list[tuple[list[int], list[int]]]:
        """Return the elements of one kind that are between the same known ones."""
        gaps: dict[Hashable, tuple[list[int], list[int]]] = {}
        for side, (positions, gap_of) in enumerate(((left, self._gaps_of_first()), (new, self._gaps_of_other()))):
            elements = self.other if side else self.first
            for at in positions:
                group = gap_of[at], structure(elements[at])
                gaps.setdefault(group, ([], []))[side].append(at)
        return [*gaps.values()]

    def _gaps_of_first(self) -> list[int]:
        known = {at for at in self.near if at is not None}
        gaps, gap = [], -1
        for at in range(len(self.first)):
            gap = at if at in known else gap
            gaps.append(gap)
        return gaps

    def _gaps_of_other(self) -> list[int]:
        gaps, gap = [], -1
        for found in self.near:
            gap = gap if found is None else found
            gaps.append(gap)
        return gaps

    def _alike(self, before: list[int], after: list[int], least: float) -> list[tuple[int, int]]:
        """Pair by content, best first, each position once.

        Of many, only those are compared that share a part that few have. What is left of these is compared in order.
        """
        if len(before) * len(after) <= _TOO_MANY:
            return self._best([(i, j) for i in before for j in after], least)
        found = self._best(self._sharing_a_rare_part(before, after), least)
        taken = {i for i, _ in found}, {j for _, j in found}
        rest = [i for i in before if i not in taken[0]], [j for j in after if j not in taken[1]]
        return found + self._best(zip(*rest, strict=False), least)

    def _sharing_a_rare_part(self, before: list[int], after: list[int]) -> set[tuple[int, int]]:
        holders: dict[Hashable, tuple[list[int], list[int]]] = {}
        for side, (elements, positions) in enumerate(((self.first, before), (self.other, after))):
            for at in positions:
                for part in self.likeness.part_prints(elements[at]):
                    holders.setdefault(part, ([], []))[side].append(at)
        rare = (sides for sides in holders.values() if max(map(len, sides)) <= _FEW)
        return {(i, j) for one, other in rare for i in one for j in other}

    def _best(self, pairs: Iterable[tuple[int, int]], least: float) -> list[tuple[int, int]]:
        scored = [(self.likeness.similarity(self.first[i], self.other[j]), i, j) for i, j in pairs]
        scored = sorted((pair for pair in scored if pair[0] >= least), key=lambda pair: (-pair[0], *pair[1:]))
        used: tuple[set[int], set[int]] = set(), set()
        found = []
        for _, i, j in scored:
            if i not in used[0] and j not in used[1]:
                used[0].add(i)
                used[1].add(j)
                found.append((i, j))
        return found


def _overlap(shared: float, one: float, other: float) -> float:
    if not one and not other:
        return 1.0
    return 0.8 * shared / min(one, other) + 0.2 * shared / max(one, other) if shared else 0.0


def id_key(element: Any) -> Any:
    """Return the key, or the attribute, under which a container carries an id; None if it carries none."""
    parts = _named_parts(element)
    return next((key for key in ID_KEYS if parts.get(key) is not None), None) if parts else None


class Position(int):
    """The position of an element that carries an id. The id is data: it is for resolvers, and logs never show it."""

    id: Any


def step_to(element: Any, at: int) -> int:
    """Return an element's step in a path: its position, which knows the element's id if it carries one."""
    key = id_key(element)
    if key is None:
        return at
    step = Position(at)
    step.id = _named_parts(element)[key]
    return step


def _named_parts(value: Any) -> dict[Any, Any]:
    kind = structure(value)
    if kind is Structure.MAPPING:
        return members_of(value)
    if kind in (Structure.SEQUENCE, Structure.SET) or not has_identity(value):
        return {}
    return fields_of(value)


def _weight(value: Any) -> float:
    if type(value) in (str, bytes):
        return _TEXT
    return _SWITCH if value is None or type(value) is bool else _NUMBER
