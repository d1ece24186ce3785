"""The differences of two values, for people: which places were added, changed or removed, and what they held."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import TYPE_CHECKING, Any, Final

from ptb_bucket.web.tree import Node, compact, node_of, parts_of, path_to, tag_of

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Absent", "Difference", "differences"]

_COLLECTIONS: Final = ("set", "frozenset")


class Absent:
    """The value of a place that does not exist."""


@dataclass(frozen=True)
class Difference:
    """A place that differs. ``before`` and ``after`` are None where it does not exist."""

    place: str
    before: Node | None
    after: Node | None

    @property
    def word(self) -> str:
        """Return what happened to the place."""
        return "added" if self.before is None else "removed" if self.after is None else "changed"


def differences(before: Any, after: Any, *, place: str = "", most: int = 200) -> list[Difference]:
    """Return the places at which two values differ, at most so many.

    Args:
        before: The parts of the older value; :class:`Absent` if there was none.
        after: Those of the newer one.
        place: The path of both.
        most: The largest number of differences.
    """
    found: list[Difference] = []
    for one in _compare(place, before, after):
        if len(found) == most:
            break
        found.append(one)
    return found


def _compare(place: str, before: Any, after: Any) -> Iterator[Difference]:
    if before is Absent or after is Absent:
        if before is not after:
            yield _difference(place, before, after)
        return
    if before == after and type(before) is type(after):
        return
    tags = tag_of(before), tag_of(after)
    if tags[0][0] != tags[1][0] or type(tags[0][1]) is not type(tags[1][1]):
        yield _difference(place, before, after)
        return
    if _is_list(before):
        yield from _lists(place, before, after)
        return
    parts = parts_of(before), parts_of(after)
    if parts[0] is None or parts[1] is None or (tags[0][0] == "telegram" and tags[0][1][0] != tags[1][1][0]):
        yield _difference(place, before, after)
    elif tags[0][0] in _COLLECTIONS:
        yield from _members(place, [part[2] for part in parts[0]], [part[2] for part in parts[1]])
    else:
        yield from _keyed(place, parts[0], parts[1])


def _is_list(value: Any) -> bool:
    tag, body = tag_of(value)
    return isinstance(body, list) and tag in (None, "list", "tuple", "deque")


def _keyed(place: str, before: list[tuple[str, str | None, Any]], after: list[tuple[str, str | None, Any]]) -> Any:
    old = {label: (step, part) for label, step, part in before}
    new = {label: (step, part) for label, step, part in after}
    for label in dict.fromkeys([*old, *new]):
        step = (old.get(label) or new[label])[0] or f".{label}"
        inner = old.get(label, (None, Absent))[1], new.get(label, (None, Absent))[1]
        yield from _compare(path_to(place, step) or "", *inner)


def _lists(place: str, before: Any, after: Any) -> Iterator[Difference]:
    old, new = ([part for _, _, part in parts_of(value) or ()] for value in (before, after))
    if len(old) == len(new):
        for at, pair in enumerate(zip(old, new, strict=True)):
            yield from _compare(f"{place}[{at}]", *pair)
        return
    matcher = SequenceMatcher(None, [compact(one) for one in old], [compact(one) for one in new], autojunk=False)
    for word, i1, i2, j1, j2 in matcher.get_opcodes():
        if word == "equal":
            continue
        both = min(i2 - i1, j2 - j1)  # of a block that was replaced, what stands at the same place is compared
        for at in range(both):
            yield from _compare(f"{place}[{j1 + at}]", old[i1 + at], new[j1 + at])
        yield from (_difference(f"{place}[{at}]", old[at], Absent) for at in range(i1 + both, i2))
        yield from (_difference(f"{place}[{at}]", Absent, new[at]) for at in range(j1 + both, j2))


def _members(place: str, before: list[Any], after: list[Any]) -> Iterator[Difference]:
    old, new = {compact(one): one for one in before}, {compact(one): one for one in after}
    yield from (_difference(place, one, Absent) for text, one in old.items() if text not in new)
    yield from (_difference(place, Absent, one) for text, one in new.items() if text not in old)


def _difference(place: str, before: Any, after: Any) -> Difference:
    nodes = [None if one is Absent else node_of(one, None, most=20) for one in (before, after)]
    return Difference(place, nodes[0], nodes[1])
