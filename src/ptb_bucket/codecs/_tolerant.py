"""JSON for tools: they have none of the bot's classes, and need none."""

from __future__ import annotations

from typing import Any, ClassVar

from ptb_bucket.codecs._json import JsonCodec
from ptb_bucket.codecs._json_decode import Decoder, UnknownClassError
from ptb_bucket.codecs._opaque import Opaque

__all__ = ["TolerantJsonCodec"]


class _TolerantDecoder(Decoder):
    def _made(self, name: str, payload: Any) -> Any:
        try:
            return super()._made(name, payload)
        except UnknownClassError:
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
