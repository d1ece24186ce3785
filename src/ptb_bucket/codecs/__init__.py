"""Codecs, which turn values into bytes and back, one record at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ptb_bucket._lazy import lazy_exports
from ptb_bucket.codecs.registry import check_codec, open_codec

if TYPE_CHECKING:
    from ptb_bucket.codecs.base import Codec
    from ptb_bucket.codecs.json import JsonCodec, PreservingJsonCodec, UnknownInstance
    from ptb_bucket.codecs.pickle import PickleCodec, PtbPickleReader, render_pickle
    from ptb_bucket.codecs.types import (
        BotReference,
        Equality,
        ForeignCodeError,
        LateBot,
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

__all__ = [
    "BotReference",
    "Codec",
    "Equality",
    "ForeignCodeError",
    "JsonCodec",
    "LateBot",
    "PickleCodec",
    "PreservingJsonCodec",
    "PtbPickleReader",
    "StoredAs",
    "Structure",
    "UnknownInstance",
    "attribute_slots",
    "check_codec",
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
        "ptb_bucket.codecs.base": ("Codec",),
        "ptb_bucket.codecs.json": ("JsonCodec", "PreservingJsonCodec", "UnknownInstance"),
        "ptb_bucket.codecs.pickle": ("PickleCodec", "PtbPickleReader", "render_pickle"),
        "ptb_bucket.codecs.types": (
            "BotReference",
            "Equality",
            "ForeignCodeError",
            "LateBot",
            "StoredAs",
            "Structure",
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
            "same",
            "structure_of",
            "with_room",
        ),
    },
)
