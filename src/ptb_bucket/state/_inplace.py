"""Making a live object equal to a merged value without replacing what handlers hold (rule 9).

Containers keep their identity: no clear-and-refill, and what is equal already is not touched. Values proper (anything
with an equality and a hash of its own) are never changed: somebody else may hold them too.
"""

from __future__ import annotations

from collections import Counter, OrderedDict, deque
from typing import TYPE_CHECKING, Any

from ptb_bucket.codecs import fingerprint, has_own_equality, same
from ptb_bucket.state._fields import fields_of, is_fielded, set_fields

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable

__all__ = ["assign"]


def assign(live: Any, wanted: Any) -> bool:
    """Make ``live`` equal to ``wanted``.

    Returns:
        Whether that was possible: False for immutable values, and for a value of another type.
    """
    return _Assignment(live).assign(live, wanted)


class _Assignment:
    def __init__(self, root: Any) -> None:
        self._shared = _reachable_twice(root) - {id(root)}
        self._inside: set[int] = set()

    def assign(self, live: Any, wanted: Any) -> bool:
        if live is wanted:
            return True
        if type(live) is not type(wanted) or id(live) in self._shared or id(live) in self._inside:
            return False
        self._inside.add(id(live))
        try:
            return self._assign(live, wanted)
        except Exception:  # noqa: BLE001  its own methods raise: it cannot be changed in place
            return False
        finally:
            self._inside.discard(id(live))

    def _assign(self, live: Any, wanted: Any) -> bool:
        if isinstance(live, dict):
            self._dict(live, wanted)
        elif isinstance(live, set):
            live -= live - wanted
            live |= wanted
        elif isinstance(live, (list, deque)):
            return self._sequence(live, wanted)
        elif is_fielded(live):
            self._fields(live, wanted)
        else:
            return _become(live, wanted)
        return True

    def _kept(self, have: Any, wanted: Any) -> Any:
        """What is there, made equal, wherever that can be done; else what is wanted."""
        return have if have is wanted or same(have, wanted) or self.assign(have, wanted) else wanted

    def _dict(self, live: dict[Any, Any], wanted: dict[Any, Any]) -> None:
        for key in [key for key in live if key not in wanted]:
            del live[key]
        for key, value in wanted.items():
            kept = self._kept(live[key], value) if key in live else value
            if key not in live or live[key] is not kept:
                live[key] = kept
        if isinstance(live, OrderedDict) and list(live) != list(wanted):
            for key in wanted:
                live.move_to_end(key)
        self._fields(live, wanted)

    def _fields(self, live: Any, wanted: Any) -> None:
        have, fields = fields_of(live), fields_of(wanted)
        if have or fields:
            kept = {name: self._kept(have[name], value) if name in have else value for name, value in fields.items()}
            set_fields(live, kept)

    def _sequence(self, live: Any, wanted: Any) -> bool:
        if isinstance(live, deque) and live.maxlen != wanted.maxlen:
            return False
        elements = self._elements(list(live), list(wanted))
        if len(elements) == len(live) and all(new is old for new, old in zip(elements, live)):  # noqa: B905  just compared
            return True
        if isinstance(live, list):
            live[:] = elements
        else:
            live.clear()
            live.extend(elements)
        return True

    def _elements(self, live: list[Any], wanted: list[Any]) -> list[Any]:
        """Elements that are the same ones keep their identity wherever they move to, changed ones at their place."""
        drawn = _drawn(live, wanted)
        taken = {id(element) for element in drawn}
        if len(live) == len(wanted):
            drawn = [
                old if element is _NOTHING and id(old) not in taken else element
                for element, old in zip(drawn, live)  # noqa: B905  just compared
            ]
        return [want if old is _NOTHING else self._kept(old, want) for old, want in zip(drawn, wanted)]  # noqa: B905


def _identity(element):
    if isinstance(element, dict):
        for key in ("id", "_id", "uuid", "key"):
            if element.get(key) is not None:
                return ("carries", key, fingerprint(element[key]))
    return fingerprint(element)


def told_apart(element, several):
    name = _identity(element)
    return fingerprint(element) if name in several else name


def ambiguous(*sides):
    counts = (Counter(map(_identity, side)) for side in sides)
    return {name for count in counts for name, times in count.items() if times > 1}


def _drawn(live: list[Any], wanted: list[Any]) -> list[Any]:
    """For each wanted element itself, if it lives, else a live one of the same identity that is free, else nothing."""
    several = ambiguous(live, wanted)
    own = {id(element) for element in live}
    staying = own & {id(element) for element in wanted}
    pool: dict[Hashable, list[Any]] = {}
    for element in reversed(live):
        if id(element) not in staying:
            pool.setdefault(told_apart(element, several), []).append(element)
    drawn = []
    for element in wanted:
        candidates = [element] if id(element) in own else pool.get(told_apart(element, several))
        drawn.append(candidates.pop() if candidates else _NOTHING)
    return drawn


_NOTHING = object()


def _reachable_twice(root: Any) -> set[int]:
    """Containers that stand in two places: what one place should become, the other may not want."""
    met: Counter[int] = Counter()
    todo = [root]
    while todo:
        value = todo.pop()
        parts = _listed(value)
        if parts is not None:
            met[id(value)] += 1
            if met[id(value)] == 1:
                todo.extend(parts)
    return {key for key, times in met.items() if times > 1}


def _listed(value: Any) -> list[Any] | None:
    try:
        parts = _parts(value)
        return None if parts is None else list(parts)
    except Exception:  # noqa: BLE001  its own methods raise: nobody can change it in place
        return None


def _parts(value: Any) -> Iterable[Any] | None:
    if isinstance(value, (str, bytes, int, float, type(None))):
        return None
    if isinstance(value, dict):
        return [*value.values(), *fields_of(value).values()]
    if isinstance(value, (list, deque)):
        return value
    if isinstance(value, set):
        return ()
    return fields_of(value).values() if is_fielded(value) else None


def _become(live: Any, wanted: Any) -> bool:
    """Give an object that validates or guards its attributes another one's state, the way unpickling would."""
    set_state = getattr(live, "__setstate__", None)
    if has_own_equality(live) or set_state is None or not hasattr(wanted, "__getstate__"):
        return False
    set_state(wanted.__getstate__())
    return True
