"""The decoder for JSON text with labels. An object at several places is loaded once, even if it contains itself.

``{"$id": 1, ...}`` labels an object (``{"$id": 1, "$list": [...]}`` a list), ``{"$ref": 1}`` refers to it. The place
and the order of labels do not matter: ``jq -S`` and manual edits may move them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from ptb_bucket.codecs.json.decode import Decoder, is_tag
from ptb_bucket.codecs.json_text import PLAIN, check_depth
from ptb_bucket.codecs.types import check_collisions, with_bot
from ptb_bucket.errors import CannotLoadError

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["GraphDecoder"]

_UNFINISHED: Final = object()


class GraphDecoder:
    """A decoder for one record with labels.

    Args:
        decoder: The decoder for tags.
    """

    def __init__(self, decoder: Decoder) -> None:
        self.decoder = decoder
        self.scope = decoder.scope
        self.labelled: dict[int, Any] = {}
        self.values: dict[int, Any] = {}
        self.keys: dict[str, Any] = {}

    def loads(self, text: str) -> Any:
        """Return the value of a JSON text.

        Args:
            text: One record.

        Raises:
            CannotLoadError: A label is unknown or occurs twice, or an object contains itself and cannot.
        """
        tree = PLAIN.decode(text)
        self._collect(tree)
        return self._value(tree)

    # ---------------------------------------------------------------- labels

    def _collect(self, tree: Any) -> None:
        waiting = [tree]
        while waiting:
            part = waiting.pop()
            if type(part) is dict:
                if type(part.get("$id")) is int:
                    self._label(part)
                waiting += part.values()
                waiting += self._key_trees(part)
            elif type(part) is list:
                waiting += part

    def _label(self, part: dict[str, Any]) -> None:
        label = part["$id"]
        if label in self.labelled:
            raise CannotLoadError(f"two objects have the same $id {label}. Give each object its own $id")
        self.labelled[label] = part

    def _key_trees(self, part: dict[str, Any]) -> Iterator[Any]:
        """Parse the keys that are not strings, because an object in a key may also occur elsewhere."""
        for key in part:
            if key[:1] == "$" and not is_tag(key) and key not in self.keys:
                check_depth(key.encode())
                self.keys[key] = PLAIN.decode(key[1:])
                yield self.keys[key]

    # ---------------------------------------------------------------- values

    def _value(self, tree: Any) -> Any:
        if type(tree) is list:
            return [self._value(part) for part in tree]
        if type(tree) is not dict:
            return tree
        if "$ref" in tree:
            return self._referred(tree)
        label = tree.get("$id")
        if type(label) is int:
            return self._once(label, tree)
        if "$id" in tree:
            raise CannotLoadError("$id must be an integer. Give each object a different number")
        return self._object(tree, None)

    def _referred(self, tree: dict[str, Any]) -> Any:
        label = tree["$ref"]
        if len(tree) != 1 or type(label) is not int or label not in self.labelled:
            shown = f"the object {label}" if type(label) is int else "an object by something other than an integer"
            raise CannotLoadError(
                f"the stored data refers to {shown}, but there is no object with this $id. Put the object back, "
                'or replace {"$ref": ...} with its value'
            )
        return self._once(label, self.labelled[label])

    def _once(self, label: int, tree: dict[str, Any]) -> Any:
        """Return the object with this label, which is made at the first reference."""
        if label not in self.values:
            self.values[label] = _UNFINISHED
            rest = {key: part for key, part in tree.items() if key != "$id"}
            self.values[label] = self._object(rest, label)
        value = self.values[label]
        if value is _UNFINISHED:
            raise CannotLoadError(
                f"the object with the $id {label} contains itself, but its type does not allow that. Remove the "
                "reference"
            )
        return value

    def _object(self, tree: dict[str, Any], label: int | None) -> Any:
        only = next(iter(tree), "") if len(tree) == 1 else ""
        if only == "$list" and type(tree[only]) is list:
            return self._filled_list(tree[only], label)
        if only[:1] == "$" and is_tag(only):
            return self._tagged(only[1:], tree[only], label)
        return self._filled_dict(tree, label)

    def _begun(self, label: int | None, value: Any) -> Any:
        if label is not None:
            self.values[label] = value
        return value

    def _filled_list(self, parts: list[Any], label: int | None) -> list[Any]:
        made: list[Any] = self._begun(label, [])
        made.extend(self._value(part) for part in parts)
        return made

    def _filled_dict(self, tree: dict[str, Any], label: int | None) -> dict[Any, Any]:
        made: dict[Any, Any] = self._begun(label, {})
        keys = [self._value(self.keys[key]) if key[:1] == "$" else key for key in tree]
        check_collisions(keys)
        for key, part in zip(keys, tree.values(), strict=True):
            made[key] = self._value(part)
        return made

    def _tagged(self, name: str, payload: Any, label: int | None) -> Any:
        try:
            return self._made(name, payload, label)
        except CannotLoadError:
            raise
        except Exception as exc:  # noqa: BLE001  damage and authors' classes may raise anything
            raise self.scope.registry.load_error(name, exc) from None

    def _made(self, name: str, payload: Any, label: int | None) -> Any:
        shape, begun = self.decoder.begun(name, payload)
        if shape.fill is None or begun is None:
            return self.decoder.made(name, self._value(payload))
        self._begun(label, with_bot(begun, self.scope) if label is not None else begun)
        shape.fill(begun, self._payload(payload), self.scope)
        return with_bot(begun, self.scope)

    def _payload(self, payload: Any) -> Any:
        """Return the parts of an object. A dict of attributes is not a separate object."""
        if type(payload) is dict:
            return self._object(payload, None)
        return self._value(payload)
