"""Numbers, texts and bytes."""

from __future__ import annotations

import base64
import math
import re
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID, SafeUUID

from ptb_bucket.codecs.json_text import BIG, in_utf8
from ptb_bucket.codecs.types.guards import checked
from ptb_bucket.codecs.types.shape import PartWriter, Shape, leaf

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["SCALARS"]


def _base64(value: bytes | bytearray) -> str:
    return base64.b64encode(value).decode("ascii")


def _bytes(payload: Any) -> bytes:
    return base64.b64decode(checked(payload, str).encode("ascii"), validate=True)


def _safe_text(text: str) -> str:
    """Return a string with lone surrogates, which UTF-8 cannot express, as the base64 of its bytes."""
    return _base64(text.encode("utf-8", "surrogatepass"))


_NOT_FINITE: Final = {"nan": float("nan"), "inf": float("inf"), "-inf": float("-inf")}


def _uuid(value: UUID) -> Any:
    return str(value) if value.is_safe is SafeUUID.unknown else [str(value), value.is_safe.name]


def _from_uuid(payload: Any) -> UUID:
    text, safe = (payload, "unknown") if type(payload) is str else payload
    return UUID(text, is_safe=SafeUUID[safe])


def _text(writer: PartWriter, value: str, _: int) -> Any:
    return value if str in writer.plain or in_utf8(value) else {"$str": _safe_text(value)}


def _int(_: PartWriter, value: int, __: int) -> Any:
    return value if -BIG < value < BIG else {"$int": hex(value)}


def _float(_: PartWriter, value: float, __: int) -> Any:
    return value if math.isfinite(value) else {"$float": repr(value)}


def _write_bytearray(writer: PartWriter, value: bytearray, _: int) -> Any:
    writer.note(value)
    return {"$bytearray": _base64(value)}


def _itself(value: Any) -> Any:
    return value


def _as_is(_: Any, value: Any, __: int) -> Any:
    return value


def _plain(cls: type, name: str, write: Any, make: Callable[[Any], Any], canonical: Any = _itself) -> Shape:
    """Return the shape of a type that JSON has. Its tag is for values that JSON cannot express."""
    return Shape(
        cls, name, lambda value, _: value, lambda payload, _: make(payload),
        write=write, canonical=canonical, pickles_itself=True,
    )  # fmt: skip


def _row(
    cls: type, name: str, take: Callable[[Any], list[Any]], make: Callable[..., Any] | None = None, **more: Any
) -> Shape:
    """Return the shape of a type that is made from a few values, which may be special numbers."""
    tag, call = f"${name}", make or cls
    return Shape(
        cls, name, lambda value, _: take(value), lambda payload, _: call(*checked(payload, list)),
        write=lambda writer, value, depth: {tag: writer.sequence(take(value), depth)}, **more,
    )  # fmt: skip


def _pattern(text: Any, flags: Any) -> re.Pattern[Any]:
    return re.compile(checked(text, str, bytes), checked(flags, int) & ~re.DEBUG.value)


def _of_pattern(pattern: re.Pattern[Any]) -> list[Any]:
    return [pattern.pattern, pattern.flags & ~re.DEBUG.value]  # which would print the pattern when it is loaded


SCALARS: Final[tuple[Shape, ...]] = (
    _plain(type(None), "null", _as_is, _itself),
    _plain(bool, "bool", _as_is, _itself),
    _plain(str, "str", _text, lambda payload: _bytes(payload).decode("utf-8", "surrogatepass")),
    _plain(int, "int", _int, lambda payload: int(checked(payload, str), 16)),
    _plain(float, "float", _float, _NOT_FINITE.__getitem__, float.hex),
    leaf(bytes, "bytes", _base64, _bytes, canonical=_itself),
    Shape(bytearray, "bytearray", lambda value, _: _base64(value), lambda payload, _: bytearray(_bytes(payload)),
          write=_write_bytearray, canonical=bytes, pickles_itself=True, has_identity=True),
    leaf(UUID, "uuid", _uuid, _from_uuid, pickles_itself=False),
    _row(complex, "complex", lambda value: [value.real, value.imag], pickles_itself=True,
             canonical=lambda value: (value.real.hex(), value.imag.hex())),
    _row(range, "range", lambda value: [value.start, value.stop, value.step], pickles_itself=True),
    _row(slice, "python.slice", lambda value: [value.start, value.stop, value.step], pickles_itself=True),
    _row(re.Pattern, "python.pattern", _of_pattern, _pattern, pickled_by_shape=True),
)  # fmt: skip
