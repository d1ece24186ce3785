"""The pickler. Python's own types pickle themselves. All other types are written by name."""

from __future__ import annotations

import pickle
import types
from collections import defaultdict
from enum import Enum
from fractions import Fraction
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from ptb_bucket.codecs import _allowed as allowed
from ptb_bucket.codecs.types import (
    BotReference,
    Family,
    IrreducibleError,
    base_of,
    bot_of,
    factory_refusal,
    hashes_by_hand,
    is_bot,
    is_bot_api_class,
    is_telegram_object,
    native_shape,
    reduction,
    refusal,
    take_apart,
)

if TYPE_CHECKING:
    import io

    from telegram import TelegramObject

    from ptb_bucket.codecs.types import Scope, Shape

__all__ = ["Pickler"]

_PROTOCOL = 5
_GLOBALS = (*allowed.IMMUTABLE, *allowed.MAKERS)
_PLAIN_FACTORIES = (None, *allowed.IMMUTABLE)
_FUNCTIONS = (types.FunctionType, types.BuiltinFunctionType, types.MethodType)


class Pickler(pickle.Pickler):
    """A pickler for one record. It notes whether the bytes must be loaded once before they can be trusted."""

    is_risky = False

    def __init__(self, file: io.BytesIO, scope: Scope) -> None:
        super().__init__(file, protocol=_PROTOCOL, fix_imports=False)
        self.scope = scope

    def reducer_override(self, obj: Any) -> Any:
        """Reduce a value that is not exactly of one of pickle's own basic types."""
        cls = type(obj)
        if issubclass(cls, type) or cls in _FUNCTIONS:
            return self._global(obj)
        if cls is defaultdict and not any(obj.default_factory is plain for plain in _PLAIN_FACTORIES):
            return allowed.default, (self._factory(obj),), None, None, iter(obj.items())
        if cls in allowed.IMMUTABLE:
            return NotImplemented
        if cls is BotReference or is_bot(cls):
            return allowed.bot, (obj.is_live if cls is BotReference else obj is self.scope.bot,)
        return self._instance(obj, self.scope.registry.author_shape(cls))

    def _instance(self, obj: Any, shape: Shape | None) -> Any:
        if shape is None:
            return self._unregistered(obj)
        cls: Any = type(obj)
        if shape.is_risky or (shape.family is not Family.ENUM and hashes_by_hand(cls)):
            self.is_risky = True
        if issubclass(type(obj), Enum) and shape.family is Family.ENUM:
            return allowed.member, (shape.name, take_apart(shape, obj, self.scope))
        if is_telegram_object(type(obj)) and shape.family is not Family.FUNCTIONS:
            return allowed.thing, (f"${shape.name}", self._state(obj))
        payload = self._row(shape, obj)
        return self._taken_apart(obj, shape.name) if payload is None else (allowed.stored, (shape.name, payload))

    def _row(self, shape: Shape, obj: Any) -> Any:
        """Return the payload that the shape makes: with fields by name where pickle would store them by position."""
        if shape.family is Family.FUNCTIONS:
            return take_apart(shape, obj, self.scope)
        payload: Any = take_apart(shape, obj, self.scope) if shape.family is Family.RECORD else None
        return payload if type(payload) is dict else None

    def _state(self, obj: TelegramObject) -> dict[str, Any]:
        state: dict[str, Any] = obj.__getstate__()
        return state if bot_of(obj, self.scope) is not None else {**state, "_bot": None}

    def _global(self, obj: Any) -> Any:
        # By identity, because a metaclass may equal anything.
        if any(obj is known for known in _GLOBALS):
            return NotImplemented
        raise refusal(obj)

    def _factory(self, obj: defaultdict[Any, Any]) -> str:
        factory: Any = obj.default_factory
        if isinstance(factory, type):
            if (known := allowed.name_of(factory)) is not None:
                return known
            if (shape := self.scope.registry.named_shape(factory)) is not None:
                return shape.name
        raise factory_refusal()

    def _unregistered(self, obj: Any) -> Any:
        cls = type(obj)
        if is_bot_api_class(cls):
            return allowed.thing, (cls.__name__, self._state(obj))
        if (known := allowed.name_of(cls)) is not None:
            return self._python(obj, known)
        shape = self.scope.registry.shape(cls)
        if shape is None:
            raise refusal(obj)
        return allowed.stored, (shape.name, take_apart(shape, obj, self.scope))

    def _python(self, obj: Any, name: str) -> Any:
        shape = native_shape(type(obj))
        payload: Any = take_apart(shape, obj, self.scope) if shape else None  # or a refusal with the reason
        if type(obj) is Fraction:
            # Some Pythons pickle them as decimal text, which ends at 4300 digits.
            return allowed.object_, (name, "call", tuple(payload))
        if type(obj) is ZoneInfo:
            return allowed.object_, (name, "call", (payload,))
        return self._taken_apart(obj, name)

    @staticmethod
    def _taken_apart(obj: Any, name: str) -> Any:
        try:
            parts = reduction(obj)
        except IrreducibleError:
            raise refusal(obj, registered=True) from None
        if parts.function is not type(obj):
            raise refusal(obj, why="its __reduce__() returns a function")
        how = (name, "new" if parts.new else "call", parts.args)
        made_by = (*how, parts.kwargs) if parts.kwargs else how
        state = (None, parts.state) if base_of(type(obj)) and not hasattr(type(obj), "__attrs_attrs__") else parts.state
        return allowed.object_, made_by, state, iter(parts.items), iter(parts.pairs)
