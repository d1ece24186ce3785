"""Values to bytes and back, one record at a time."""

from ptb_bucket.codecs._contract import Codec
from ptb_bucket.codecs._foreign import ForeignPickles
from ptb_bucket.codecs._inert import shown_pickle
from ptb_bucket.codecs._json import JsonCodec
from ptb_bucket.codecs._opaque import Opaque
from ptb_bucket.codecs._open import open_codec
from ptb_bucket.codecs._pickle import PickleCodec
from ptb_bucket.codecs._tolerant import TolerantJsonCodec
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
