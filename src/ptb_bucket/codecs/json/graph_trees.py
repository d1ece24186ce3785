"""The passes that make the tree of a record with repeated objects or with values that cannot be stored."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from ptb_bucket.codecs.json.graph_encoder import GraphEncoder
from ptb_bucket.codecs.json.position import NOTHING, RecordPosition
from ptb_bucket.codecs.types import combined_refusal, too_deep
from ptb_bucket.errors import CannotLoadError, CannotStoreError

if TYPE_CHECKING:
    from collections.abc import Callable

    from ptb_bucket.codecs.json.graph_encoder import LoadCheck
    from ptb_bucket.codecs.json.position import Hole
    from ptb_bucket.codecs.types import Origin, Scope

__all__ = ["StorablePart", "graph_tree"]

_MOST_ROUNDS: Final = 50


def graph_tree(scope: Scope, value: Any, can_load: LoadCheck | None = None) -> Any:
    """Return the tree of a record.

    Args:
        scope: The bot and its classes.
        value: The record's value.
        can_load: Tells whether a value can be loaded.

    Raises:
        CannotStoreError: Something in it cannot be stored. The error names all such parts.
    """
    first = GraphEncoder(scope, can_load)
    tree = first.attempt(value)
    if first.position.errors:
        raise combined_refusal(first.position.errors, scope.registry)
    try:
        return first.labelled(value) if first.record.repeated else tree
    except CannotStoreError:
        second = GraphEncoder(scope, can_load, refused=_unloadable(first))
        second.attempt(value)
        if second.position.errors:  # they name the path
            raise combined_refusal(second.position.errors, scope.registry) from None
        raise


def _unloadable(encoder: GraphEncoder) -> set[int]:
    """Return the id of the smallest repeated object that cannot be loaded by itself."""
    found = {key: _size_if_unloadable(encoder, encoder.record.visited[key]) for key in encoder.record.repeated}
    sizes = {key: size for key, size in found.items() if size is not None}
    return {min(sizes, key=lambda key: sizes[key])} if sizes else set()


def _size_if_unloadable(outer: GraphEncoder, value: Any) -> int | None:
    encoder = GraphEncoder(outer.scope)
    tree = encoder.attempt(value)
    if encoder.position.errors or outer.can_load is None:
        return None
    try:
        whole = encoder.labelled(value) if encoder.record.repeated else tree
        return None if outer.can_load(value, whole) else len(encoder.record.visited)
    except CannotStoreError:
        return len(encoder.record.visited)


class StorablePart:
    """The part of a record that can be stored, if not all of it can. This part can always be loaded.

    Args:
        scope: The bot and its classes.
        can_load: Tells whether a value can be loaded.
        encode: Turns the tree of the part into bytes.
        decode: The codec's method; it takes the bytes and ``origin``.
    """

    def __init__(
        self, scope: Scope, can_load: LoadCheck, encode: Callable[[Any], bytes], decode: Callable[..., Any]
    ) -> None:
        self.scope, self.can_load, self.encode, self.decode = scope, can_load, encode, decode

    def of(self, value: Any, before: bytes | None, origin: Origin) -> tuple[bytes | None, list[CannotStoreError]]:
        """Return the bytes of the part and the refusals. If no part can be stored, return the earlier bytes.

        Args:
            value: The value to store.
            before: The bytes that were stored last, or None.
            origin: As for the codec's ``decode``.
        """
        old = NOTHING if before is None else self.decode(before, origin=origin)
        errors: list[CannotStoreError] = []
        try:
            tree, errors = self._tree(value, old)
            return (before if tree is NOTHING else self._loadable(tree, origin)), errors
        except RecursionError:
            return before, [*errors, too_deep()]
        except CannotStoreError as exc:
            return before, [*errors, exc]

    def _tree(self, value: Any, before: Any) -> tuple[Any, list[CannotStoreError]]:
        """Return the tree of the part. Everything else is cut off at the nearest key or attribute.

        Args:
            value: The record's value. It is not changed.
            before: The value that was stored before; it stays where a new one cannot be stored.

        Returns:
            The tree, or :data:`NOTHING` if nothing can be stored, and the refusals.
        """
        found: list[CannotStoreError] = []
        holes: dict[Hole, Any] = {}
        refused: set[int] = set()
        for _ in range(_MOST_ROUNDS):
            encoder = GraphEncoder(self.scope, self.can_load, RecordPosition(holes, before), refused=refused)
            tree = encoder.attempt(value)
            found += encoder.position.errors
            if not encoder.position.new_holes:
                try:
                    is_final = tree is NOTHING or not encoder.record.repeated
                    return (tree if is_final else encoder.labelled(value)), found
                except CannotStoreError:
                    suspect = _unloadable(encoder)
                    if not suspect:
                        raise
                    refused |= suspect
            holes.update(encoder.position.new_holes)
        return NOTHING, found  # its own code answers differently each time

    def _loadable(self, tree: Any, origin: Origin) -> bytes:
        try:
            data = self.encode(tree)
            self.decode(data, origin=origin)
        except CannotLoadError:
            raise CannotStoreError(
                "the storable part of the value could not be loaded again",
                hint="Remove the values that cannot be stored",
            ) from None
        return data
