"""What is stored of a record when not all of it can be: never anything that could not be loaded again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ptb_bucket.codecs.json.graph_encoder import NOTHING, storable_tree
from ptb_bucket.codecs.types import too_deep
from ptb_bucket.errors import CannotLoadError, CannotStoreError

if TYPE_CHECKING:
    from collections.abc import Callable

    from ptb_bucket.codecs.json.graph_encoder import LoadCheck
    from ptb_bucket.codecs.types import Origin, Scope

__all__ = ["Rest"]


class Rest:
    """Encodes what remains of records.

    Args:
        scope: The bot and its classes.
        can_load: Tries whether a value can be loaded.
        encode: The tree of what remains → its bytes.
        decode: The codec's; it takes the bytes and ``origin``.
    """

    def __init__(
        self, scope: Scope, can_load: LoadCheck, encode: Callable[[Any], bytes], decode: Callable[..., Any]
    ) -> None:
        self.scope, self.can_load, self.encode, self.decode = scope, can_load, encode, decode

    def of(self, value: Any, before: bytes | None, origin: Origin) -> tuple[bytes | None, list[CannotStoreError]]:
        """Return the bytes of what remains, or those from before; and why something cannot be stored.

        Args:
            value: What was to be stored.
            before: What was stored last, or None.
            origin: As for the codec's ``decode``.
        """
        old = NOTHING if before is None else self.decode(before, origin=origin)
        errors: list[CannotStoreError] = []
        try:
            tree, errors = storable_tree(self.scope, value, old, self.can_load)
            return (before if tree is NOTHING else self._loadable(tree, origin)), errors
        except RecursionError:
            return before, [*errors, too_deep()]
        except CannotStoreError as exc:
            return before, [*errors, exc]

    def _loadable(self, tree: Any, origin: Origin) -> bytes:
        try:
            data = self.encode(tree)
            self.decode(data, origin=origin)
        except CannotLoadError:
            raise CannotStoreError(
                "what remains of it could not be loaded again", hint="Take out what cannot be stored"
            ) from None
        return data
