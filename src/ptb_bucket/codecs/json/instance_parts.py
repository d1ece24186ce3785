"""The parts of instances of registered classes. Where possible, each part is stored or left out separately."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from ptb_bucket.codecs.json.position import NOTHING, RecordPosition, member_before
from ptb_bucket.codecs.types import (
    Family,
    ForeignCodeError,
    attribute,
    declared,
    guarded,
    is_telegram_object,
    item,
    needs,
    needs_functions,
    shape_of,
    short_name,
    take_apart,
)
from ptb_bucket.errors import CannotStoreError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from ptb_bucket.codecs.types import Scope, Shape

__all__ = ["InstanceParts", "is_needed_by"]

_STATE, _ITEMS, _PAIRS = 2, 3, 4  # their indexes in the row that the pickle protocol makes of an object


class MemberEncoder(Protocol):
    """The encoder that writes the parts; see :class:`~ptb_bucket.codecs.json.graph_encoder.GraphEncoder`."""

    scope: Scope
    position: RecordPosition

    def value(self, value: Any, depth: int) -> Any:
        """Return the tree of a value."""

    def payload(self, payload: Any, depth: int) -> Any:
        """Return the tree of a payload."""

    def mapping(self, value: dict[Any, Any], depth: int, step: Callable[[object], str] = ...) -> dict[str, Any]:
        """Return the tree of a dict, or of attributes by name."""

    def sequence(self, value: Iterable[Any], depth: int) -> list[Any]:
        """Return the trees of members in order."""

    def aside(self, work: Callable[[Any, int], Any], part: Any, depth: int) -> Any:
        """Encode a part that the path does not name."""

    def refuse_member(self, exc: CannotStoreError, owner: Any, key: Any, step: Callable[[object], str]) -> None:
        """Note a member that cannot be stored."""


class InstanceParts:
    """A writer for the payloads of instances, part by part.

    Args:
        encoder: Writes the parts.
    """

    def __init__(self, encoder: MemberEncoder) -> None:
        self.encoder = encoder
        self._levels = 0

    @property
    def is_whole(self) -> bool:
        """Tell whether the place is inside a value that is stored as a whole or not at all."""
        return self._levels > 0

    def tree(self, shape: Shape, value: Any, depth: int) -> Any:
        """Return the tree of an instance's payload.

        Args:
            shape: The shape of its class.
            value: The instance.
            depth: The number of levels above its parts.

        Raises:
            CannotStoreError: It cannot be stored.
        """
        payload = take_apart(shape, value, self.encoder.scope)
        if shape.family is Family.FUNCTIONS or type(payload) not in (dict, list):
            return self._whole(payload, depth)
        if shape.is_risky:  # its author's code needs all of it
            parts = [payload] if type(payload) is dict else payload
            trees = [self._whole(part, depth + 1) for part in parts]
            return trees[0] if type(payload) is dict else trees
        if type(payload) is dict:
            return self.encoder.mapping(payload, depth + 1, attribute)
        if shape.family is Family.MODEL:
            return [self.encoder.mapping(payload[0], depth + 1, attribute), self._whole(payload[1], depth + 1)]
        return [self._part_of_row(value, number, part, depth + 1) for number, part in enumerate(payload)]

    def _part_of_row(self, owner: Any, number: int, part: Any, depth: int) -> Any:
        """Return the tree of one of an object's parts in the pickle protocol."""
        if number == _PAIRS:
            return self._pairs(owner, part, depth)
        if number == _ITEMS:
            return self.encoder.sequence(part, depth + 1)
        if number == _STATE and type(part) is dict:
            return self.encoder.mapping(part, depth + 1, attribute)
        return self._whole(part, depth)

    def _whole(self, part: Any, depth: int) -> Any:
        """Return the tree of a part that is stored as a whole or not at all, and has no step in the path."""
        position = self.encoder.position
        before, position.before = position.before, NOTHING
        self._levels += 1
        try:
            return self.encoder.payload(part, depth)
        finally:
            self._levels -= 1
            position.before = before

    def _pairs(self, owner: Any, pairs: list[Any], depth: int) -> list[Any]:
        """Return the trees of the items of an instance of a dict class, written like those of a dict."""
        trees: list[Any] = []
        encoder, position = self.encoder, self.encoder.position
        before = position.before
        for number, (key, inner) in enumerate(pairs):
            position.enter(item(key), -1 - number, member_before(before, key, item))
            try:
                found = position.filled(inner)
                if found is not NOTHING:
                    trees.append([encoder.aside(encoder.value, key, depth + 1), encoder.value(found, depth + 1)])
            except CannotStoreError as exc:
                encoder.refuse_member(exc, owner, key, item)
            finally:
                position.leave()
        return trees

    def look_inside(self, value: Any, depth: int) -> None:
        """Name the unregistered classes of a value's parts, and find out whether registering its class would help.

        Args:
            value: An instance of a class that is not registered.
            depth: The number of levels above its parts.

        Raises:
            UnregisteredError: Its class needs functions.
        """
        try:
            shape: Shape = guarded(shape_of, type(value), short_name(type(value)))
            self.tree(shape, value, depth)
        except CannotStoreError as exc:
            if not exc.path:
                raise needs_functions(type(value)) from None
            self.encoder.position.refuse(exc)
        except ForeignCodeError:
            raise needs_functions(type(value)) from None


def is_needed_by(owner: Any, key: Any) -> bool:
    """Tell whether an object would be incomplete without an attribute.

    Args:
        owner: The object.
        key: The name of the attribute.
    """
    if is_telegram_object(type(owner)):
        return needs(owner, key)
    found = declared(type(owner))
    return found is not None and key in found.required
