"""Values → trees, with all the care that few records need.

The plain encoder hands over here when an object occurs twice, when something cannot be stored, and when a string is not
valid Unicode. This one visits each object once, labels those that occur again, names everything that cannot be
stored with its path, and can leave that out.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from telegram import TelegramObject

from ptb_bucket.codecs.json.encode import Encoder
from ptb_bucket.codecs.types import (
    TOO_DEEP,
    Family,
    ForeignCodeError,
    Shape,
    UnregisteredError,
    attribute,
    combined_refusal,
    compact_json,
    contains_itself,
    declared,
    guarded,
    has_identity,
    in_utf8,
    is_live,
    is_one_class,
    item,
    needs,
    needs_functions,
    refusal,
    shape_of,
    short_name,
    take_apart,
)
from ptb_bucket.errors import CannotStoreError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ptb_bucket.codecs.types import Scope

__all__ = ["NOTHING", "LoadCheck", "graph_tree", "storable_tree"]

LoadCheck = Callable[[Any, Any], bool]
"""(value, tree) → whether loading the tree gives the same tree again. Without a value, only the tree is looked at."""

NOTHING: Final = object()
"""No value: where there is nothing to fall back to."""

_STEPS_SHOWN: Final = 8
_MOST_ERRORS: Final = 50
_MOST_ROUNDS: Final = 50
_STATE, _ITEMS, _PAIRS = 2, 3, 4  # their places in the row that the pickle protocol makes of an object

Hole = tuple[Any, ...]
"""The place of a member: on each level its step, and which member it is. Not the id of what holds it: that may be a
copy which is made anew each time."""


def graph_tree(scope: Scope, value: Any, can_load: LoadCheck | None = None) -> Any:
    """Return the tree of a record.

    Args:
        scope: The bot and its classes.
        value: The record's value.
        can_load: Tries whether a value can be loaded.

    Raises:
        CannotStoreError: Something in it cannot be stored. The error names everything that cannot.
    """
    first = GraphEncoder(scope, can_load)
    tree = first.attempt(value)
    if first.errors:
        raise combined_refusal(first.errors, scope.registry.by_name)
    try:
        return first.labelled(value) if first.again else tree
    except CannotStoreError:
        second = GraphEncoder(scope, can_load)
        second.refused = first.suspect()
        second.attempt(value)
        if second.errors:  # they name the path
            raise combined_refusal(second.errors, scope.registry.by_name) from None
        raise


def storable_tree(scope: Scope, value: Any, before: Any, can_load: LoadCheck) -> tuple[Any, list[CannotStoreError]]:
    """Return the tree of what can be stored of a record: everything else is cut out at the nearest key or attribute.

    Args:
        scope: The bot and its classes.
        value: The record's value. It is not changed.
        before: What was stored before; it stays where something cannot be stored. :data:`NOTHING` for nothing.
        can_load: As for :func:`graph_tree`.

    Returns:
        The tree, or :data:`NOTHING` if nothing can be stored, and why something cannot.
    """
    found: list[CannotStoreError] = []
    holes: dict[Hole, Any] = {}
    refused: set[int] = set()
    for _ in range(_MOST_ROUNDS):
        encoder = GraphEncoder(scope, can_load, holes, before)
        encoder.refused = refused
        tree = encoder.attempt(value)
        found += encoder.errors
        if not encoder.new_holes:
            try:
                return (tree if tree is NOTHING or not encoder.again else encoder.labelled(value)), found
            except CannotStoreError:
                suspect = encoder.suspect()
                if not suspect:
                    raise
                refused |= suspect
        holes.update(encoder.new_holes)
    return NOTHING, found  # its own code answers differently each time


class GraphEncoder(Encoder):
    """Encodes one record; see this module.

    Args:
        scope: The bot and its classes.
        can_load: Tries whether a value can be loaded; None for no trial.
        holes: What stands in for members that cannot be stored; None to leave nothing out.
        before: What was stored before.
    """

    plain = frozenset({bool, type(None)})
    look_at = sys.maxsize  # objects may occur again

    def __init__(
        self,
        scope: Scope,
        can_load: LoadCheck | None = None,
        holes: dict[Hole, Any] | None = None,
        before: Any = NOTHING,
    ) -> None:
        super().__init__(scope)
        self.can_load = can_load
        self.holes = holes
        self.before = before
        self.errors: list[CannotStoreError] = []
        self.new_holes: dict[Hole, Any] = {}
        self.met: dict[int, Any] = {}
        self.numbers: dict[int, int] = {}
        self.again: set[int] = set()
        self.labels: dict[int, int] | None = None
        self.way: list[Any] = []
        self.steps: list[str] = []
        self.place: list[Any] = []
        self.refused: set[int] = set()
        self.references = 0
        self.is_ordering = False
        self.whole_only = 0  # how many values around this one are stored as a whole, or not at all

    def attempt(self, value: Any) -> Any:
        """Return the tree, with references that name nothing yet; :data:`NOTHING` if all of it cannot be stored."""
        try:
            return self.value(value, 0)
        except CannotStoreError as exc:
            self._record(exc)
            return NOTHING

    def labelled(self, value: Any) -> Any:
        """Return the tree with labels: the objects that occur again are known by now."""
        second = GraphEncoder(self.scope, None, self.holes, self.before)
        second.again, second.labels = self.again, {}
        second.objects += self.met.values()  # kept alive: the identities of the dead are given to others
        tree = second.value(value, 0)
        if second.errors:  # never write a tree that lacks a part without saying so
            raise combined_refusal(second.errors, self.scope.registry.by_name)
        if self.can_load is not None and not self.can_load(NOTHING if self.holes else value, tree):
            raise CannotStoreError(
                "it contains itself, or one object at several places, in a way that cannot be loaded again",
                hint="Store an id instead of the object",
            )
        return tree

    def suspect(self) -> set[int]:
        """Return the smallest of the objects at several places that cannot be loaded by itself."""
        found = {key: self._size_if_bad(self.met[key]) for key in self.again}
        bad = {key: size for key, size in found.items() if size is not None}
        return {min(bad, key=lambda key: bad[key])} if bad else set()

    def _size_if_bad(self, value: Any) -> int | None:
        encoder = GraphEncoder(self.scope)
        tree = encoder.attempt(value)
        if encoder.errors or self.can_load is None:
            return None
        try:
            whole = encoder.labelled(value) if encoder.again else tree
            return None if self.can_load(value, whole) else len(encoder.met)
        except CannotStoreError:
            return len(encoder.met)

    def _record(self, exc: CannotStoreError) -> None:
        exc.path = (*self.steps, *exc.path)
        if len(exc.path) > _STEPS_SHOWN and exc.reason == TOO_DEEP:
            exc.path = (*exc.path[:_STEPS_SHOWN], "...")
        if len(self.errors) < _MOST_ERRORS:
            self.errors.append(exc)

    # ---------------------------------------------------------------- identity

    def value(self, value: Any, depth: int) -> Any:
        if not has_identity(value):
            return self._without_identity(value, depth)
        if id(value) in self.refused:
            raise refusal(value, why="loading it would not give it back")
        if id(value) in self.met:
            return self._reference(value)
        self.met[id(value)] = value
        self.numbers[id(value)] = len(self.met)
        number = self._label(value)
        self.way.append(value)
        try:
            tree = self._tree(value, depth)
        finally:
            self.way.pop()
        if number is None:
            return tree
        return {"$id": number, "$list": tree} if type(tree) is list else {"$id": number, **tree}

    def _without_identity(self, value: Any, depth: int) -> Any:
        if type(value) in _ATOMS:
            return super().value(value, depth)
        if any(above is value for above in self.way):
            raise contains_itself()
        self.way.append(value)
        try:
            return self._tree(value, depth)
        finally:
            self.way.pop()

    def _tree(self, value: Any, depth: int) -> Any:
        """Return the tree of a value, which anybody's code may be part of."""
        try:
            return super().value(value, depth)
        except (CannotStoreError, RecursionError):
            raise
        except Exception as exc:  # noqa: BLE001  an author's class may raise anything
            raise refusal(value, why=f"its own code raised {type(exc).__name__}") from None

    def _label(self, value: Any) -> int | None:
        if self.labels is None or id(value) not in self.again:
            return None
        return self.labels.setdefault(id(value), len(self.labels) + 1)

    def _reference(self, value: Any) -> Any:
        shape = self.scope.registry.shape(type(value))
        if shape is not None and shape.begin is None and any(above is value for above in self.way):
            raise contains_itself()
        self.again.add(id(value))
        self.references += 1
        # Until all is seen, a number that is only different from the others: keys of one dict must not look the same.
        return {"$ref": self.numbers[id(value)] if self.labels is None else self.labels[id(value)]}

    # ---------------------------------------------------------------- parts

    def mapping(self, value: dict[Any, Any], depth: int, step: Callable[[object], str] = item) -> dict[str, Any]:
        tree: dict[str, Any] = {}
        owner, before = (self.way[-1] if step is attribute and self.way else value), self.before
        is_plain = True
        for number, (key, inner) in enumerate(value.items()):
            is_plain = is_plain and type(key) is str
            self._enter(step(key), number)
            self.before = _member(before, key, step) if step is item or is_one_class(before, owner) else NOTHING
            try:
                self._put(tree, key, inner, depth)
            except CannotStoreError as exc:
                self._cannot(exc, owner, key, step)
            finally:
                self._leave()
                self.before = before
        if len(tree) < len(value) and not (self.errors or self.holes):
            raise CannotStoreError("two of its keys would be stored as the same one", hint="Make them differ")
        if not is_plain:
            self.check_hashed(value, tree)
        return tree

    def _put(self, tree: dict[str, Any], key: Any, inner: Any, depth: int) -> None:
        inner = self._filled(inner)
        if inner is NOTHING:
            return
        try:
            text = self.key(key, depth)
        except CannotStoreError:
            self._look_at(inner, depth)
            raise
        tree[text] = self.value(inner, depth)

    def _enter(self, step: str, number: int) -> None:
        self.steps.append(step)
        self.place.append((step, number))

    def _leave(self) -> None:
        self.steps.pop()
        self.place.pop()

    def _filled(self, inner: Any) -> Any:
        """Return the member at this place, or what stands in for it; the places in that are others."""
        if not self.holes or (hole := tuple(self.place)) not in self.holes:
            return inner
        self.place[-1] = (hole, NOTHING)
        return self.holes[hole]

    def _look_at(self, inner: Any, depth: int) -> None:
        """Name what cannot be stored of a value whose key cannot be stored."""
        try:
            self.value(inner, depth)
        except CannotStoreError as exc:
            self._record(exc)

    def _cannot(self, exc: CannotStoreError, owner: Any, key: Any, step: Callable[[object], str]) -> None:
        """Note what cannot be stored. An object that would be incomplete without it cannot be stored either."""
        is_needed = step is attribute and self.before is NOTHING and _needs(owner, key)
        if self.whole_only or (self.holes is not None and is_needed):
            exc.path = (step(key), *exc.path)
            raise exc
        self._record(exc)
        first, number = self.place[-1]
        is_filled = number is NOTHING
        self.new_holes[first if is_filled else tuple(self.place)] = NOTHING if is_filled else self.before

    def sequence(self, value: Iterable[Any], depth: int) -> list[Any]:
        tree: list[Any] = []
        failed: CannotStoreError | None = None
        before = self.before
        for number, inner in enumerate(value):
            self._enter(item(number), number)
            self.before = _element(before, number, value)
            try:
                tree.append(self.value(inner, depth))
            except CannotStoreError as exc:
                if failed is None:
                    failed = exc
                    failed.path = (item(number), *failed.path)
                else:
                    self._record(exc)
            finally:
                self._leave()
        self.before = before
        if failed is not None:
            raise failed
        return tree

    def members(self, value: Any, depth: int) -> list[Any]:
        is_shared = not self.is_ordering and any(map(_may_be_shared, value))
        ordered = sorted(value, key=self._alone) if is_shared else value
        trees = [self._aside(self._in_set, member, depth, number) for number, member in enumerate(ordered)]
        return self.checked_members(value, trees if is_shared else sorted(trees, key=compact_json))

    def _in_set(self, member: Any, depth: int) -> Any:
        return self.part(member, depth, "{...}")

    def _alone(self, member: Any) -> str:
        """Return a text by which members with labels can be ordered: that of the member by itself."""
        encoder = GraphEncoder(self.scope)
        encoder.is_ordering = True
        tree = encoder.attempt(member)
        return "" if encoder.errors else compact_json(tree)

    def key(self, key: Any, depth: int) -> str:
        if type(key) is str and key[:1] != "$" and in_utf8(key):
            return key
        return self._aside(super().key, key, depth)  # type: ignore[no-any-return]

    def _aside(self, work: Callable[[Any, int], Any], part: Any, depth: int, number: int = 0) -> Any:
        """Look at a key or a member of a set: nothing stood there before, and it shares no place with the value."""
        before, self.before = self.before, NOTHING
        self.place.append((None, number))
        try:
            return work(part, depth)
        finally:
            self.place.pop()
            self.before = before

    def check_hashed(self, members: Any, tree: Any, *, has_twins: bool = False) -> None:
        known = len(self.risky)
        super().check_hashed(members, tree, has_twins=has_twins)
        is_whole = not (self.errors or self.references or self.holes)
        if len(self.risky) > known and self.can_load and is_whole and not self.can_load(members, tree):
            raise CannotStoreError(
                "loading it would not give back all of its keys or members",
                hint="A class among them is hashed or compared by something that is not stored. Use ids instead",
            )

    # ---------------------------------------------------------------- classes

    def instance_payload(self, shape: Shape, value: Any, depth: int) -> Any:
        payload = take_apart(shape, value, self.scope)
        if shape.family is Family.FUNCTIONS or type(payload) not in (dict, list):
            return self._whole(payload, depth)
        if shape.is_risky:  # its author's code needs all of it
            parts = [payload] if type(payload) is dict else payload
            trees = [self._whole(part, depth + 1) for part in parts]
            return trees[0] if type(payload) is dict else trees
        if type(payload) is dict:
            return self.mapping(payload, depth + 1, attribute)
        if shape.family is Family.MODEL:
            return [self.mapping(payload[0], depth + 1, attribute), self._whole(payload[1], depth + 1)]
        return [self._part_of_row(value, number, part, depth + 1) for number, part in enumerate(payload)]

    def _part_of_row(self, owner: Any, number: int, part: Any, depth: int) -> Any:
        """Return the tree of one part of what the pickle protocol says of an object."""
        if number == _PAIRS:
            return self._pairs(owner, part, depth)
        if number == _ITEMS:
            return self.sequence(part, depth + 1)
        if number == _STATE and type(part) is dict:
            return self.mapping(part, depth + 1, attribute)
        return self._whole(part, depth)

    def _whole(self, part: Any, depth: int) -> Any:
        """Return the tree of a part that is stored as a whole or not at all, and has no step in the path."""
        before, self.before = self.before, NOTHING
        self.whole_only += 1
        try:
            return self.payload(part, depth)
        finally:
            self.whole_only -= 1
            self.before = before

    def _pairs(self, owner: Any, pairs: list[Any], depth: int) -> list[Any]:
        """Return the trees of what is put into an instance of a dict class, as a dict's would be."""
        trees: list[Any] = []
        before = self.before
        for number, (key, inner) in enumerate(pairs):
            self._enter(item(key), -1 - number)
            self.before = _member(before, key, item)
            try:
                found = self._filled(inner)
                if found is not NOTHING:
                    trees.append([self._aside(self.value, key, depth + 1), self.value(found, depth + 1)])
            except CannotStoreError as exc:
                self._cannot(exc, owner, key, item)
            finally:
                self._leave()
                self.before = before
        return trees

    def unregistered(self, value: Any, depth: int) -> Any:
        try:
            return super().unregistered(value, depth)
        except UnregisteredError as exc:
            if exc.cls is type(value) and not is_live(value):
                self._look_inside(value, depth)
            raise

    def _look_inside(self, value: Any, depth: int) -> None:
        """Name the classes that its instances consist of, too, and find out whether registering it would help."""
        try:
            shape: Shape = guarded(shape_of, type(value), short_name(type(value)))
            self.instance_payload(shape, value, depth)
        except CannotStoreError as exc:
            if not exc.path:
                raise needs_functions(type(value)) from None
            self._record(exc)
        except ForeignCodeError:
            raise needs_functions(type(value)) from None

    def risky_instance(self, shape: Shape, value: Any, depth: int) -> Any:
        references, errors = self.references, len(self.errors)
        tree = super().risky_instance(shape, value, depth)
        if self.can_load is None or len(self.errors) > errors or self.holes:
            return tree
        alone = tree if self.references == references else graph_tree(self.scope, value)
        if not self.can_load(value, alone):
            raise refusal(value, why="loading it would not give it back")
        return tree


_ATOMS: Final = frozenset({str, int, float, bool, type(None), bytes})


def _may_be_shared(member: Any) -> bool:
    cls = type(member)
    return any(map(_may_be_shared, member)) if cls is tuple or cls is frozenset else cls not in _ATOMS


def _member(before: Any, key: Any, step: Callable[[object], str]) -> Any:
    """Return what was stored at this place before."""
    try:
        if step is attribute:
            return NOTHING if before is NOTHING else guarded(getattr, before, key, NOTHING)
        return dict.get(before, key, NOTHING) if issubclass(type(before), dict) else NOTHING
    except Exception:  # noqa: BLE001  a key's own code ran
        return NOTHING


def _element(before: Any, number: int, value: Any) -> Any:
    """Return what was stored at this place of a list before, if the list has as many elements as then."""
    same_kind = type(before) is type(value) and type(value) in (list, tuple)
    return before[number] if same_kind and len(before) == len(value) else NOTHING


def _needs(owner: Any, key: Any) -> bool:
    if issubclass(type(owner), TelegramObject):
        return needs(owner, key)
    found = declared(type(owner))
    return found is not None and key in found.required
