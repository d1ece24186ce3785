"""Codecs, which turn values into bytes and back, one record at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ptb_bucket._lazy import lazy_exports
from ptb_bucket.codecs.base import Codec
from ptb_bucket.codecs.json import JsonCodec, PreservingJsonCodec, UnknownInstance
from ptb_bucket.codecs.registry import open_codec
from ptb_bucket.codecs.types import (
    BotReference,
    Equality,
    ForeignCodeError,
    StoredAs,
    Structure,
    attribute_slots,
    class_of,
    fingerprint,
    guarded,
    has_identity,
    has_own_equality,
    has_room_for,
    identical,
    is_a,
    is_one_class,
    item,
    same,
    structure_of,
    with_room,
)

if TYPE_CHECKING:
    from ptb_bucket.codecs.pickle import PickleCodec, PtbPickleReader, render_pickle

__all__ = [
    "BotReference",
    "Codec",
    "Equality",
    "ForeignCodeError",
    "JsonCodec",
    "PickleCodec",
    "PreservingJsonCodec",
    "PtbPickleReader",
    "StoredAs",
    "Structure",
    "UnknownInstance",
    "attribute_slots",
    "class_of",
    "fingerprint",
    "guarded",
    "has_identity",
    "has_own_equality",
    "has_room_for",
    "identical",
    "is_a",
    "is_one_class",
    "item",
    "open_codec",
    "render_pickle",
    "same",
    "structure_of",
    "with_room",
]

__getattr__ = lazy_exports(
    __name__,
    {
        "ptb_bucket.codecs.pickle": ("PickleCodec", "PtbPickleReader", "render_pickle"),
    },
)
