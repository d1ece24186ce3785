"""The encoder from values to trees of JSON values, in one pass."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, Any, Final

from ptb_bucket.codecs.json.unknown_instance import UnknownInstance
from ptb_bucket.codecs.json_text import BIG, DEEPEST_VALUE, compact_json
from ptb_bucket.codecs.types import (
    NATIVE,
    Family,
    ForeignCodeError,
    Scope,
    Shape,
    attribute,
    check_collisions,
    equal_keys,
    guarded,
    has_identity,
    item,
    native_shape,
    refusal,
    take_apart,
    too_deep,
    too_many_collisions,
    write_value,
)
from ptb_bucket.errors import CannotStoreError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

__all__ = ["Encoder", "RepeatedError"]

_FIRST_LOOK: Final = 1_000

WRITERS: Final = {cls: shape.write for cls, shape in NATIVE.items() if shape.write is not None}
"""Type → the function that writes it, for Python's own types."""


class RepeatedError(Exception):
    """An object occurs twice, which an encoder with a single pass cannot write."""


class Encoder:
    """An encoder for one record in which no object occurs twice. If one does, it raises :class:`RepeatedError`.

    Args:
        scope: The bot and its classes.
    """

    plain: frozenset[type] = frozenset({str, bool, type(None)})
    """Types whose values JSON writes as they are."""

    look_at = _FIRST_LOOK
    _is_inside_risky = False
    risky: Sequence[Any] = ()
    """The trees of values that have to be loaded once before they are stored."""

    def __init__(self, scope: Scope) -> None:
        self.scope = scope
        self.objects: list[Any] = []
        self.note = self.objects.append

    def whole(self, value: Any) -> Any:
        """Return the tree of a record.

        Args:
            value: The record's value.

        Raises:
            CannotStoreError: Something in it cannot be stored.
            RepeatedError: An object in it occurs twice.
        """
        tree = self.value(value, 0)
        if len(self.objects) > 1:
            self._look()
        return tree

    def _look(self) -> None:
        """Raise as soon as an object occurs twice: walking a structure that doubles at each level would never end."""
        if len(set(map(id, self.objects))) != len(self.objects):
            raise RepeatedError
        self.look_at = 4 * len(self.objects)

    def value(self, value: Any, depth: int) -> Any:
        """Return the tree of one value.

        Args:
            value: The value.
            depth: The number of levels above it.

        Raises:
            CannotStoreError: With the path from this value on.
        """
        if depth > DEEPEST_VALUE:
            raise too_deep()
        if len(self.objects) > self.look_at:
            self._look()
        write = WRITERS.get(type(value))
        return write(self, value, depth + 1) if write else self.instance(value, depth + 1)

    def mapping(self, value: dict[Any, Any], depth: int, step: Callable[[object], str] = item) -> dict[str, Any]:
        """Return the tree of a dict, or of attributes by name.

        Args:
            value: The dict.
            depth: The number of levels above its values.
            step: Names the way to a value.
        """
        tree: dict[str, Any] = {}
        plain, key, is_plain = self.plain, None, True
        try:
            for key, inner in value.items():
                if type(key) is str and key[:1] != "$":
                    text = key
                else:
                    text, is_plain = self.key(key, depth), False
                cls = type(inner)
                tree[text] = inner if cls in plain or (cls is int and -BIG < inner < BIG) else self.value(inner, depth)
        except CannotStoreError as exc:
            exc.path = (step(key), *exc.path)
            raise
        if len(tree) != len(value):
            raise equal_keys()
        if not is_plain:
            self.check_hashed(value, tree)
        return tree

    def sequence(self, value: Iterable[Any], depth: int) -> list[Any]:
        """Return the trees of members in order.

        Args:
            value: The members.
            depth: The number of levels above them.
        """
        tree: list[Any] = []
        plain = self.plain
        try:
            for inner in value:
                tree.append(inner if type(inner) in plain else self.value(inner, depth))  # noqa: PERF401  the path
        except CannotStoreError as exc:
            exc.path = (item(len(tree)), *exc.path)
            raise
        return tree

    def members(self, value: Any, depth: int) -> list[Any]:
        """Return the trees of a set's members, sorted: the order of a hash table depends on the process.

        Args:
            value: The set.
            depth: The number of levels above its members.
        """
        try:
            trees = [self.value(member, depth) for member in value]
        except CannotStoreError as exc:
            exc.path = ("{...}", *exc.path)
            raise
        return self.checked_members(value, sorted(trees, key=compact_json))

    def checked_members(self, members: Any, trees: list[Any]) -> list[Any]:
        """Return the trees of a set's members. If two of them are equal, as for two NaN, the set has to be loaded once.

        Args:
            members: The set.
            trees: The trees in their order.
        """
        self.check_hashed(members, {"$set": trees}, has_twins=len(set(map(compact_json, trees))) < len(trees))
        return trees

    def key(self, key: Any, depth: int) -> str:
        """Return the text of a dict's key that is not a plain string.

        Args:
            key: The key.
            depth: The number of levels above it.
        """
        return f"${compact_json(self.value(key, depth))}"

    def part(self, value: Any, depth: int, step: str) -> Any:
        """Return the tree of a part that has its own step.

        Args:
            value: The part.
            depth: The number of levels above it.
            step: The step in the path.
        """
        try:
            return self.value(value, depth)
        except CannotStoreError as exc:
            exc.path = (step, *exc.path)
            raise

    def instance(self, value: Any, depth: int) -> Any:
        """Return the tree of an instance of a class that is not one of Python's own.

        Args:
            value: The instance.
            depth: The number of levels above its parts.
        """
        shape = self.scope.registry.by_class.get(type(value)) or self.scope.registry.shape(type(value))
        if shape is None:
            return self.unregistered(value, depth)
        if shape.write is not None:
            return write_value(shape, self, value, depth)
        if has_identity(value):
            self.note(value)
        if shape.is_risky:
            return self.risky_instance(shape, value, depth)
        return {f"${shape.name}": self.instance_payload(shape, value, depth)}

    def unregistered(self, value: Any, depth: int) -> Any:
        """Return the tree of a value without a shape, which only tools have, or refuse it.

        Args:
            value: The value.
            depth: The number of levels above its parts.
        """
        if type(value) is UnknownInstance:
            self.note(value)
            return {f"${value.name}": self.value(value.payload, depth)}
        raise refusal(value)

    def risky_instance(self, shape: Shape, value: Any, depth: int) -> Any:
        """Return the tree of an instance, and note it. Only a trial load shows whether it can be loaded.

        Args:
            shape: Its shape.
            value: The instance.
            depth: The number of levels above its parts.
        """
        if self._is_inside_risky:
            return {f"${shape.name}": self.instance_payload(shape, value, depth)}
        self._is_inside_risky = True
        try:
            tree = {f"${shape.name}": self.instance_payload(shape, value, depth)}
        finally:
            self._is_inside_risky = False
        self.risky = [*self.risky, tree]
        return tree

    def check_hashed(self, members: Any, tree: Any, *, has_twins: bool = False) -> None:
        """Check members that are hashed when they are loaded: the author's code may hash them, and they may collide.

        Args:
            members: The dict or the set.
            tree: Its tree.
            has_twins: Two members have the same tree, and may become one.
        """
        try:
            guarded(check_collisions, list(members))
        except ForeignCodeError:
            raise too_many_collisions() from None
        if has_twins or any(map(_is_authors, members)):
            self.risky = [*self.risky, tree]

    def instance_payload(self, shape: Shape, value: Any, depth: int) -> Any:
        """Return the payload of an instance of a registered class.

        Args:
            shape: Its shape.
            value: The instance.
            depth: The number of levels above its parts.
        """
        payload = take_apart(shape, value, self.scope)
        if type(payload) is dict and shape.family is not Family.FUNCTIONS:
            return self.mapping(payload, depth + 1, attribute)
        if type(payload) is list and shape.family is not Family.FUNCTIONS:
            return [self.payload(part, depth + 1) for part in payload]
        return self.payload(payload, depth)

    def payload(self, payload: Any, depth: int) -> Any:
        """Return the tree of the payload that a shape made. It is not an object of the record, and cannot occur twice.

        Args:
            payload: The result of ``take``.
            depth: The number of levels above it.
        """
        if type(payload) is list:
            return self.sequence(payload, depth + 1)
        return self.mapping(payload, depth + 1) if type(payload) is dict else self.value(payload, depth)


def _is_authors(member: Any) -> bool:
    """Tell whether hashing a member runs code of the bot's author."""
    cls = type(member)
    if cls is tuple or cls is frozenset:
        return any(map(_is_authors, member))
    return native_shape(cls) is None and not issubclass(cls, Enum)
