"""A codec for tools, which keeps instances of classes that they do not know."""

from __future__ import annotations

from typing import Any, Final
from zoneinfo import ZoneInfoNotFoundError

from ptb_bucket.codecs.json.codec import JsonCodec
from ptb_bucket.codecs.json.decode import Decoder
from ptb_bucket.codecs.json.unknown_instance import UnknownInstance
from ptb_bucket.codecs.types import NewerTelegramError, Shape, UnknownClassError

__all__ = ["PreservingJsonCodec"]


def _shape_of_unknown(name: str) -> Shape:
    """Return the shape of instances of an unknown class, which are kept in their stored form."""

    def fill(made: UnknownInstance, payload: Any, _: Any) -> None:
        made.payload = payload

    return Shape(
        UnknownInstance, name, lambda value, _: value.payload, lambda payload, _: UnknownInstance(name, payload),
        begin=lambda *_: UnknownInstance(name, None), fill=fill,
    )  # fmt: skip


_MISSING: Final = (UnknownClassError, NewerTelegramError, ImportError, ZoneInfoNotFoundError)
"""The exceptions about intact values whose class, library or time zone data is missing."""


class _PreservingDecoder(Decoder):
    def begun(self, name: str, payload: Any) -> tuple[Shape, Any]:
        try:
            return super().begun(name, payload)
        except UnknownClassError:
            return _shape_of_unknown(name), UnknownInstance(name, None)

    def made(self, name: str, payload: Any) -> Any:
        try:
            return super().made(name, payload)
        except _MISSING:
            return UnknownInstance(name, payload)
        except Exception:
            # For example a moment whose zone is of an unknown class: then the moment is unknown, too.
            if any(type(part) is UnknownInstance for part in (payload if type(payload) is list else [payload])):
                return UnknownInstance(name, payload)
            raise


class PreservingJsonCodec(JsonCodec):
    """A :class:`JsonCodec` that keeps instances of unregistered classes as :class:`UnknownInstance`.

    Args:
        types: The classes to register; their instances are decoded.
    """

    @staticmethod
    def decoder() -> type[Decoder]:
        """Return the class that makes values."""
        return _PreservingDecoder
