"""The decoder from JSON text to values: Python's own types, Telegram objects and instances of registered classes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from ptb_bucket.codecs.json_text import PLAIN, check_depth, is_tagged, not_json
from ptb_bucket.codecs.types import TAGS, check_collisions, with_bot
from ptb_bucket.errors import CannotLoadError

if TYPE_CHECKING:
    from ptb_bucket.codecs.types import Scope, Shape

__all__ = ["Decoder", "is_tag"]

_KEYWORDS: Final = frozenset({"$true", "$false", "$null"})
_LABELS: Final = frozenset({"id", "ref"})


class Decoder:
    """A decoder for one record in which no object occurs twice. It makes the innermost values first.

    Args:
        scope: The bot and its classes.
    """

    def __init__(self, scope: Scope) -> None:
        self.scope = scope

    def loads(self, text: str) -> Any:
        """Return the value of a JSON text.

        Args:
            text: One record, or one key.

        Raises:
            CannotLoadError: A class is not registered, or its payload is damaged.
            Exception: Any exception that :mod:`json` raises about other damage.
        """
        if is_tagged(text):
            return json.loads(text, object_hook=self._object, parse_constant=not_json)
        return PLAIN.decode(text)

    def _object(self, tree: dict[str, Any]) -> Any:
        for key in tree:
            if key[:1] == "$":
                break
        else:
            return tree
        if len(tree) == 1 and is_tag(key):
            return self.tagged(key[1:], tree[key])
        keys = [self._key(key) for key in tree]
        check_collisions(keys)
        return dict(zip(keys, tree.values(), strict=True))

    def _key(self, key: str) -> Any:
        if key[:1] != "$":
            return key
        check_depth(key.encode())
        return self.loads(key[1:])

    def tagged(self, name: str, payload: Any) -> Any:
        """Return the value of ``{"$name": payload}``.

        Args:
            name: The tag.
            payload: Its payload, decoded.

        Raises:
            CannotLoadError: Its class is not registered, or it is damaged.
        """
        try:
            return self.made(name, payload)
        except CannotLoadError:
            raise
        except Exception as exc:  # noqa: BLE001  damage and authors' classes may raise anything
            raise self.scope.registry.load_error(name, exc) from None

    def begun(self, name: str, payload: Any) -> tuple[Shape, Any]:
        """Return the shape that a tag stands for and an empty instance, or None instead if an instance cannot be empty.

        Args:
            name: The tag.
            payload: Its payload, as it was parsed.

        Raises:
            UnknownClassError: It is not registered.
        """
        shape = TAGS.get(name) or self.scope.registry.named(name)
        return shape, (shape.begin(payload, self.scope) if shape.begin and shape.fill else None)

    def made(self, name: str, payload: Any) -> Any:
        """Return the value of a tag. Exceptions of its code propagate.

        Args:
            name: The tag.
            payload: Its payload, decoded.
        """
        native = TAGS.get(name)
        if native is not None:
            return native.make(payload, self.scope)
        if name in _LABELS:
            raise CannotLoadError(f"${name} must be an integer. Give each object a different number")
        return with_bot(self.scope.registry.named(name).make(payload, self.scope), self.scope)


def is_tag(key: str) -> bool:
    """Tell whether a member's name is the tag of a value.

    Args:
        key: The name.
    """
    return key not in _KEYWORDS and (key[1:2].isalpha() or key[1:2] == "_")
