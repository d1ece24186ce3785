"""Python's own types with parts, or with more than one way to be written, as trees."""

from __future__ import annotations

import datetime as dt
import json
import math
from collections import Counter, OrderedDict, defaultdict, deque
from fractions import Fraction
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from ptb_bucket.codecs._json_tags import BIG_INTS, FACTORIES, LEAVES, SPECIAL_FLOATS, TEXTS, ZONES, Leaf, offset
from ptb_bucket.codecs._refusals import factory_refusal, refusal
from ptb_bucket.errors import CannotStoreError

if TYPE_CHECKING:
    from collections.abc import Callable

    from ptb_bucket.codecs._json_encode import Encoder

__all__ = ["BIG", "NATIVE", "in_utf8", "written"]

# Python refuses to write ints of more than 4300 digits in decimal, or 640 where an administrator is strict.
BIG: int = 1 << 2000
"""Beyond this, ints are written in hexadecimal."""

written: Callable[[Any], str] = json.JSONEncoder(
    ensure_ascii=False, check_circular=False, allow_nan=False, separators=(",", ":")
).encode
"""A tree as compact JSON text."""


def in_utf8(text: str) -> bool:
    """Whether it has no lone surrogates.

    Args:
        text: Any string.
    """
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def _text(encoder: Encoder, value: str, _: int) -> Any:
    return value if str in encoder.plain or in_utf8(value) else {f"${TEXTS.tag}": TEXTS.take(value)}


def _as_is(_: Encoder, value: Any, __: int) -> Any:
    return value


def _int(_: Encoder, value: int, __: int) -> Any:
    return value if -BIG < value < BIG else {f"${BIG_INTS.tag}": hex(value)}


def _float(_: Encoder, value: float, __: int) -> Any:
    return value if math.isfinite(value) else {f"${SPECIAL_FLOATS.tag}": repr(value)}


def _leaf(leaf: Leaf) -> Callable[[Encoder, Any, int], Any]:
    tag, take = f"${leaf.tag}", leaf.take
    return lambda _, value, __: {tag: take(value)}


def _tuple(encoder: Encoder, value: tuple[Any, ...], depth: int) -> Any:
    return {"$tuple": encoder.sequence(value, depth)}


def _members(encoder: Encoder, value: Any, depth: int) -> Any:
    try:
        trees = [encoder.value(member, depth) for member in value]
    except CannotStoreError as exc:
        exc.path = ("{...}", *exc.path)
        raise
    # The order of a hash table depends on the process; equal sets must be equal bytes.
    return {f"${type(value).__name__}": sorted(trees, key=written)}


def _moment(encoder: Encoder, value: Any, depth: int) -> Any:
    tag, zone = f"${type(value).__name__}", value.tzinfo
    fixed = zone is None or (type(zone) is dt.timezone and len(offset(zone)) == 3)  # noqa: PLR2004  an unnamed one
    if fixed and not value.fold:
        return {tag: value.isoformat()}
    naive = value.replace(tzinfo=None, fold=0).isoformat()
    return {tag: [naive, encoder.part(zone, depth, ".tzinfo"), value.fold]}


def _zone(_: Encoder, value: ZoneInfo, __: int) -> Any:
    if value.key is None:
        raise refusal(value, why="it was read from a file and has no key")
    return {f"${ZONES.tag}": value.key}


def _timezone(encoder: Encoder, value: dt.timezone, depth: int) -> Any:
    return {"$timezone": encoder.sequence(offset(value), depth)}


def _complex(encoder: Encoder, value: complex, depth: int) -> Any:
    return {"$complex": encoder.sequence((value.real, value.imag), depth)}


def _fraction(encoder: Encoder, value: Fraction, depth: int) -> Any:
    return {"$fraction": encoder.sequence((value.numerator, value.denominator), depth)}


def _range(encoder: Encoder, value: range, depth: int) -> Any:
    return {"$range": encoder.sequence((value.start, value.stop, value.step), depth)}


def _deque(encoder: Encoder, value: deque[Any], depth: int) -> Any:
    return {"$deque": [encoder.sequence(value, depth), value.maxlen]}


def _defaultdict(encoder: Encoder, value: defaultdict[Any, Any], depth: int) -> Any:
    return {"$defaultdict": [_factory(encoder, value.default_factory), encoder.mapping(value, depth)]}


def _factory(encoder: Encoder, factory: Any) -> str | None:
    if factory is None:
        return None
    if isinstance(factory, type):
        if FACTORIES.get(factory.__name__) is factory:
            return factory.__name__
        entry = encoder.registry.by_class.get(factory)
        if entry is not None:
            return f"${entry.name}"
    raise factory_refusal()


def _like_dict(encoder: Encoder, value: Any, depth: int) -> Any:
    if getattr(value, "__dict__", None):
        raise refusal(value, why="it has attributes of its own")
    return {f"${type(value).__name__.lower()}": encoder.mapping(value, depth)}


NATIVE: dict[type, Callable[[Encoder, Any, int], Any]] = {
    **{cls: _leaf(leaf) for cls, leaf in LEAVES.items()},
    str: _text,
    bool: _as_is,
    type(None): _as_is,
    int: _int,
    float: _float,
    dict: lambda encoder, value, depth: encoder.mapping(value, depth),
    list: lambda encoder, value, depth: encoder.sequence(value, depth),
    tuple: _tuple,
    set: _members,
    frozenset: _members,
    dt.datetime: _moment,
    dt.time: _moment,
    dt.timezone: _timezone,
    ZoneInfo: _zone,
    complex: _complex,
    Fraction: _fraction,
    range: _range,
    deque: _deque,
    defaultdict: _defaultdict,
    Counter: _like_dict,
    OrderedDict: _like_dict,
}
"""Type → what writes it. These classes need no registration."""
