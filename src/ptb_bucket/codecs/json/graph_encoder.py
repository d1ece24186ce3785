"""The encoder for the few records in which an object occurs twice, or which contain a value that cannot be stored.

The plain encoder stops at such records. This one visits each object once and labels objects that occur again. It names
the path of each value that cannot be stored, and can leave the value out.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from ptb_bucket.codecs.json.encode import Encoder
from ptb_bucket.codecs.json.instance_parts import InstanceParts, is_needed_by
from ptb_bucket.codecs.json.position import NOTHING, RecordPosition, element_before, member_before
from ptb_bucket.codecs.json.record_objects import RecordObjects
from ptb_bucket.codecs.json_text import compact_json, in_utf8
from ptb_bucket.codecs.types import (
    UnregisteredError,
    attribute,
    combined_refusal,
    contains_itself,
    equal_keys,
    has_identity,
    is_live,
    is_one_class,
    item,
    members_lost,
    not_reproduced,
    refusal,
    unloadable_graph,
)
from ptb_bucket.errors import CannotStoreError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ptb_bucket.codecs.types import Scope, Shape

__all__ = ["GraphEncoder", "LoadCheck"]

LoadCheck = Callable[[Any, Any], bool]
"""(value, tree) → whether loading the tree makes the same tree again. Without a value, only the tree is checked."""


class GraphEncoder(Encoder):
    """An encoder for one record in which objects may occur several times.

    Args:
        scope: The bot and its classes.
        can_load: Tells whether a value can be loaded; None to skip the check.
        position: The values that were stored before, and those to leave out.
        objects: The objects of the record, if they are known from an earlier pass.
        refused: The ids of objects that must not be stored.
    """

    plain = frozenset({bool, type(None)})
    look_at = sys.maxsize  # objects may occur again

    def __init__(
        self,
        scope: Scope,
        can_load: LoadCheck | None = None,
        position: RecordPosition | None = None,
        objects: RecordObjects | None = None,
        refused: set[int] | frozenset[int] = frozenset(),
    ) -> None:
        super().__init__(scope)
        self.can_load = can_load
        self.position = position or RecordPosition()
        self.record = objects or RecordObjects()
        self.refused = refused
        self._is_ordering = False
        self._instances = InstanceParts(self)

    def attempt(self, value: Any) -> Any:
        """Return the tree of a record. It has references, but the objects do not have their labels yet.

        Args:
            value: The record.

        Returns:
            :data:`NOTHING` if all of it cannot be stored.
        """
        try:
            return self.value(value, 0)
        except CannotStoreError as exc:
            self.position.refuse(exc)
            return NOTHING

    def labelled(self, value: Any) -> Any:
        """Return the tree with labels, after :meth:`attempt` found the objects that occur again.

        Args:
            value: The record.

        Raises:
            CannotStoreError: The tree cannot be loaded.
        """
        holes = self.position.holes
        second = GraphEncoder(
            self.scope, None, RecordPosition(holes, self.position.before), RecordObjects(self.record.repeated)
        )
        second.objects += self.record.visited.values()  # kept alive, because the id of a dead one is used again
        tree = second.value(value, 0)
        if second.position.errors:  # a tree that lacks a part must not be stored as if it were whole
            raise combined_refusal(second.position.errors, self.scope.registry)
        if self.can_load is not None and not self.can_load(NOTHING if holes else value, tree):
            raise unloadable_graph()
        return tree

    def value(self, value: Any, depth: int) -> Any:
        """Return the tree of one value; a reference if the object was visited before."""
        if not has_identity(value):
            return self._without_identity(value, depth)
        if id(value) in self.refused:
            raise not_reproduced(value)
        if id(value) in self.record.visited:
            return self._reference(value)
        label = self.record.add(value)
        tree = self._tree(value, depth)
        if label is None:
            return tree
        return {"$id": label, "$list": tree} if type(tree) is list else {"$id": label, **tree}

    def _without_identity(self, value: Any, depth: int) -> Any:
        if type(value) in _ATOMS:
            return super().value(value, depth)
        if self.record.is_open(value):
            raise contains_itself()
        return self._tree(value, depth)

    def _tree(self, value: Any, depth: int) -> Any:
        """Return the tree of a value. Code of the bot's author may run."""
        self.record.enter(value)
        try:
            return super().value(value, depth)
        except (CannotStoreError, RecursionError):
            raise
        except Exception as exc:  # noqa: BLE001  an author's class may raise anything
            raise refusal(value, why=f"its own code raised {type(exc).__name__}") from None
        finally:
            self.record.leave()

    def _reference(self, value: Any) -> Any:
        shape = self.scope.registry.shape(type(value))
        if shape is not None and shape.begin is None and self.record.is_open(value):
            raise contains_itself()
        return self.record.reference(value)

    def mapping(self, value: dict[Any, Any], depth: int, step: Callable[[object], str] = item) -> dict[str, Any]:
        """Return the tree of a dict, or of attributes by name, without the members to leave out."""
        tree: dict[str, Any] = {}
        around, before = self.record.innermost, self.position.before
        owner = value if step is not attribute or around is None else around
        is_comparable = step is item or is_one_class(before, owner)
        for number, (key, inner) in enumerate(value.items()):
            self.position.enter(step(key), number, member_before(before, key, step) if is_comparable else NOTHING)
            try:
                self._put(tree, key, inner, depth)
            except CannotStoreError as exc:
                self.refuse_member(exc, owner, key, step)
            finally:
                self.position.leave()
        if len(tree) < len(value) and not (self.position.errors or self.position.holes):
            raise equal_keys()
        if not all(type(key) is str for key in value):
            self.check_hashed(value, tree)
        return tree

    def _put(self, tree: dict[str, Any], key: Any, inner: Any, depth: int) -> None:
        inner = self.position.filled(inner)
        if inner is NOTHING:
            return
        try:
            text = self.key(key, depth)
        except CannotStoreError:
            self._record_errors_in(inner, depth)
            raise
        tree[text] = self.value(inner, depth)

    def _record_errors_in(self, inner: Any, depth: int) -> None:
        """Record errors for the parts of a value whose key cannot be stored."""
        try:
            self.value(inner, depth)
        except CannotStoreError as exc:
            self.position.refuse(exc)

    def refuse_member(self, exc: CannotStoreError, owner: Any, key: Any, step: Callable[[object], str]) -> None:
        """Note a member that cannot be stored, or refuse the object if it would be incomplete without the member."""
        is_needed = step is attribute and self.position.before is NOTHING and is_needed_by(owner, key)
        if self._instances.is_whole or (self.position.holes is not None and is_needed):
            exc.path = (step(key), *exc.path)
            raise exc
        self.position.refuse(exc)
        self.position.leave_out()

    def sequence(self, value: Iterable[Any], depth: int) -> list[Any]:
        """Return the trees of members in order. A sequence is stored with all of its members or not at all."""
        tree: list[Any] = []
        failed: CannotStoreError | None = None
        before = self.position.before
        for number, inner in enumerate(value):
            self.position.enter(item(number), number, element_before(before, number, value))
            try:
                tree.append(self.value(inner, depth))
            except CannotStoreError as exc:
                if failed is None:
                    failed = exc
                    failed.path = (item(number), *failed.path)
                else:
                    self.position.refuse(exc)
            finally:
                self.position.leave()
        if failed is not None:
            raise failed
        return tree

    def members(self, value: Any, depth: int) -> list[Any]:
        """Return the trees of a set's members, in an order that does not depend on the process."""
        is_shared = not self._is_ordering and any(map(_may_be_shared, value))
        ordered = sorted(value, key=self._order) if is_shared else value
        trees = [self.aside(self._in_set, member, depth, number) for number, member in enumerate(ordered)]
        return self.checked_members(value, trees if is_shared else sorted(trees, key=compact_json))

    def _in_set(self, member: Any, depth: int) -> Any:
        return self.part(member, depth, "{...}")

    def _order(self, member: Any) -> str:
        """Return a text for sorting members with labels: the text of the member when it is encoded by itself."""
        encoder = GraphEncoder(self.scope)
        encoder._is_ordering = True
        tree = encoder.attempt(member)
        return "" if encoder.position.errors else compact_json(tree)

    def key(self, key: Any, depth: int) -> str:
        """Return the text of a dict's key."""
        if type(key) is str and key[:1] != "$" and in_utf8(key):
            return key
        return self.aside(super().key, key, depth)  # type: ignore[no-any-return]

    def aside(self, work: Callable[[Any, int], Any], part: Any, depth: int, number: int = 0) -> Any:
        """Encode a key or a member of a set. It has no earlier stored value, and the path does not name it."""
        self.position.enter("", number)
        try:
            return work(part, depth)
        finally:
            self.position.leave()

    def check_hashed(self, members: Any, tree: Any, *, has_twins: bool = False) -> None:
        """Refuse members that loading would lose."""
        known = len(self.risky)
        super().check_hashed(members, tree, has_twins=has_twins)
        is_whole = not (self.position.errors or self.record.references or self.position.holes)
        if len(self.risky) > known and self.can_load and is_whole and not self.can_load(members, tree):
            raise members_lost()

    def instance_payload(self, shape: Shape, value: Any, depth: int) -> Any:
        """Return the payload of an instance of a registered class."""
        return self._instances.tree(shape, value, depth)

    def unregistered(self, value: Any, depth: int) -> Any:
        """Refuse a value without a shape, and name the unregistered classes of its parts, too."""
        try:
            return super().unregistered(value, depth)
        except UnregisteredError as exc:
            if exc.cls is type(value) and not is_live(value):
                self._instances.look_inside(value, depth)
            raise

    def risky_instance(self, shape: Shape, value: Any, depth: int) -> Any:
        """Return the tree of an instance, after a check that it can be loaded."""
        references, errors = self.record.references, len(self.position.errors)
        tree = super().risky_instance(shape, value, depth)
        if self.can_load is None or len(self.position.errors) > errors or self.position.holes:
            return tree
        alone = tree if self.record.references == references else self._alone(value)
        if not self.can_load(value, alone):
            raise not_reproduced(value)
        return tree

    def _alone(self, value: Any) -> Any:
        """Return the tree of a value by itself."""
        encoder = GraphEncoder(self.scope)
        tree = encoder.attempt(value)
        if encoder.position.errors:
            raise combined_refusal(encoder.position.errors, self.scope.registry)
        return encoder.labelled(value) if encoder.record.repeated else tree


_ATOMS: Final = frozenset({str, int, float, bool, type(None), bytes})


def _may_be_shared(member: Any) -> bool:
    cls = type(member)
    return any(map(_may_be_shared, member)) if cls is tuple or cls is frozenset else cls not in _ATOMS
