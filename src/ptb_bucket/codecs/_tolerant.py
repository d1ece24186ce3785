"""JSON for tools: they have none of the bot's classes, and need none."""

from __future__ import annotations

from typing import Any, ClassVar, Final
from zoneinfo import ZoneInfoNotFoundError

from ptb_bucket.codecs._json import JsonCodec
from ptb_bucket.codecs._json_decode import Decoder
from ptb_bucket.codecs._opaque import Opaque
from ptb_bucket.codecs.types import NewerTelegramError, Shape, UnknownClassError

__all__ = ["TolerantJsonCodec"]


def _opaque(name: str) -> Shape:
    """Return the shape of instances whose class is not known: they are kept as they are stored."""

    def fill(made: Opaque, payload: Any, _: Any) -> None:
        made.payload = payload

    return Shape(
        Opaque, name, lambda value, _: value.payload, lambda payload, _: Opaque(name, payload),
        begin=lambda *_: Opaque(name, None), fill=fill,
    )  # fmt: skip


_MISSING: Final = (UnknownClassError, NewerTelegramError, ImportError, ZoneInfoNotFoundError)
"""What is raised about values that are whole, where their class, their library or the data of their zone is missing."""


class _TolerantDecoder(Decoder):
    def begun(self, name: str, payload: Any) -> tuple[Shape, Any]:
        try:
            return super().begun(name, payload)
        except UnknownClassError:
            return _opaque(name), Opaque(name, None)

    def made(self, name: str, payload: Any) -> Any:
        try:
            return super().made(name, payload)
        except _MISSING:
            return Opaque(name, payload)
        except Exception:
            # Such as a moment whose zone is of an unknown class: then all of it is.
            if any(type(part) is Opaque for part in (payload if type(payload) is list else [payload])):
                return Opaque(name, payload)
            raise


class TolerantJsonCodec(JsonCodec):
    """As :class:`JsonCodec`, but instances of classes that are not registered become :class:`Opaque` and back.

    Args:
        types: Classes that are known all the same.
    """

    decoder: ClassVar[type[Decoder]] = _TolerantDecoder
