"""The three-way merge of lists.

Both only appended: both tails, theirs first. Equally long and changed at different places: place by place. Otherwise
by element identity: what either side removed is removed, what either side added is added, elements that carry an
id are merged with themselves, and order follows the side that changed it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable
from typing import TYPE_CHECKING, Any

from ptb_bucket.codecs import fingerprint
from ptb_bucket.state.resolvers import MISSING

if TYPE_CHECKING:
    from ptb_bucket.state._merge import Merge

__all__ = ["ambiguous", "identity", "merge_lists", "told_apart"]

ID_KEYS = ("id", "_id", "uuid", "key")
Token = tuple[Hashable, ...]
"""An element's identity, made unique by counting equal ones: the second "a" of a list is ("a", 1)."""


def identity(element: Any) -> Hashable:
    """What makes two elements the same one: its id if it is a dict that carries one, else all of its content."""
    if isinstance(element, dict):
        for key in ID_KEYS:
            if element.get(key) is not None:
                return ("carries", key, fingerprint(element[key]))
    return fingerprint(element)


def merge_lists(merge: Merge, path: tuple[Any, ...], base: list[Any], ours: list[Any], theirs: list[Any]) -> list[Any]:
    """Merge three lists; elements that all have are merged through ``merge``."""
    prints = [[fingerprint(element) for element in side] for side in (base, ours, theirs)]
    b, o, t = prints
    if b in (o, t):
        return ours if t == b else theirs
    if o[: len(b)] == b and t[: len(b)] == b:
        return theirs + ours[len(b) :]
    if len(b) == len(o) == len(t):
        clash = [at for at in range(len(b)) if o[at] != b[at] and t[at] != b[at]]
        if not clash:
            return [ours[at] if o[at] != b[at] else theirs[at] for at in range(len(b))]
    return _Weave(merge, path, base, ours, theirs).result()


def told_apart(element: Any, several: set[Hashable]) -> Hashable:
    """An element's identity, where that tells it apart from the others of its list."""
    name = identity(element)
    return fingerprint(element) if name in several else name


def _tokens(elements: list[Any], several: set[Hashable]) -> dict[Token, Any]:
    seen: Counter[Hashable] = Counter()
    found: dict[Token, Any] = {}
    for element in elements:
        name = told_apart(element, several)
        found[name, seen[name]] = element
        seen[name] += 1
    return found


def ambiguous(*sides: list[Any]) -> set[Hashable]:
    """An id that several elements of one list carry names something else than the element."""
    counts = (Counter(map(identity, side)) for side in sides)
    return {name for count in counts for name, times in count.items() if times > 1}


class _Weave:
    """A merge by element identity."""

    def __init__(self, merge: Merge, path: tuple[Any, ...], *sides: list[Any]) -> None:
        self.merge, self.path = merge, path
        several = ambiguous(*sides)
        self.base, self.ours, theirs = (_tokens(side, several) for side in sides)
        self.theirs = self._told_apart(theirs)

    def _told_apart(self, theirs: dict[Token, Any]) -> dict[Token, Any]:
        """Equal elements that both sides added are two elements, unless an id says that they are one."""
        both_added = {token for token in theirs if token in self.ours and token not in self.base}
        return {(*token, "theirs") if token in both_added and not _carries(token) else token: element
                for token, element in theirs.items()}  # fmt: skip

    def result(self) -> list[Any]:
        """The elements that stay, in order."""
        order = self._order()
        values = (self._element(token) for token in order)
        return [value for value in values if value is not MISSING]

    def _order(self) -> list[Token]:
        """The backbone is the side that moved elements, or theirs; the other side's additions join it."""
        if self._moved(self.ours) and not self._moved(self.theirs):
            return _woven(list(self.ours), list(self.theirs), set(self.base), before=True)
        return _woven(list(self.theirs), list(self.ours), set(self.base), before=False)

    def _moved(self, side: dict[Token, Any]) -> bool:
        return [token for token in side if token in self.base] != [token for token in self.base if token in side]

    def _element(self, token: Token) -> Any:
        """Deleted on either side is deleted, also when it was modified on the other (rule 12)."""
        base, ours, theirs = (side.get(token, MISSING) for side in (self.base, self.ours, self.theirs))
        if base is not MISSING and MISSING in (ours, theirs):
            return MISSING
        if MISSING in (ours, theirs) or not _carries(token):
            return ours if theirs is MISSING else theirs
        return self.merge.value((*self.path, _id_of(theirs)), base, ours, theirs)


def _carries(token: Token) -> bool:
    name = token[0]
    return isinstance(name, tuple) and name[:1] == ("carries",)


def _id_of(element: dict[Any, Any]) -> Any:
    return next(element[key] for key in ID_KEYS if element.get(key) is not None)


def _woven(backbone: list[Token], other: list[Token], base: set[Token], *, before: bool) -> list[Token]:
    """Put each addition of ``other`` behind the element that it follows there.

    Where the backbone has additions at the same place, ``before`` says whether other's come before them.
    """
    additions = _by_predecessor(backbone, other, base)
    known = base | set(other)
    order: list[Token] = []
    waiting = additions.get(None, [])
    for token in backbone:
        if before or token in known:
            order += waiting
            waiting = []
        order.append(token)
        if token in additions:  # a copy for every token would be quadratic
            waiting = [*waiting, *additions[token]]
    return order + waiting


def _by_predecessor(backbone: list[Token], other: list[Token], base: set[Token]) -> dict[Token | None, list[Token]]:
    present = set(backbone)
    additions: dict[Token | None, list[Token]] = {}
    predecessor: Token | None = None
    for token in other:
        if token in present:
            predecessor = token
        elif token not in base:  # else the backbone's side deleted it
            additions.setdefault(predecessor, []).append(token)
    return additions
