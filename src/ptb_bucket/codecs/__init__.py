"""Values to bytes and back, one record at a time."""

from ptb_bucket.codecs.base import Codec
from ptb_bucket.codecs.pickle import ForeignPickles
from ptb_bucket.codecs.pickle import shown_pickle
from ptb_bucket.codecs.json import JsonCodec
from ptb_bucket.codecs.json import Opaque
from ptb_bucket.codecs.registry import open_codec
from ptb_bucket.codecs.pickle import PickleCodec
from ptb_bucket.codecs.json import TolerantJsonCodec
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

__all__ = [
    "BotReference",
    "Codec",
    "Equality",
    "ForeignCodeError",
    "ForeignPickles",
    "JsonCodec",
    "Opaque",
    "PickleCodec",
    "StoredAs",
    "Structure",
    "TolerantJsonCodec",
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
    "same",
    "shown_pickle",
    "structure_of",
    "with_room",
]
