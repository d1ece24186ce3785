"""Values to bytes and back, one record at a time."""

from ptb_bucket.codecs._contract import Codec
from ptb_bucket.codecs._equality import Equality, fingerprint, identical, same
from ptb_bucket.codecs._foreign import ForeignPickles
from ptb_bucket.codecs._inert import shown_pickle
from ptb_bucket.codecs._json import JsonCodec
from ptb_bucket.codecs._opaque import Opaque
from ptb_bucket.codecs._open import open_codec
from ptb_bucket.codecs._pickle import PickleCodec
from ptb_bucket.codecs._registered import StoredAs
from ptb_bucket.codecs._structure import Structure, attribute_slots, has_identity, has_own_equality, is_a, structure_of
from ptb_bucket.codecs._tolerant import TolerantJsonCodec

__all__ = [
    "Codec",
    "Equality",
    "ForeignPickles",
    "JsonCodec",
    "Opaque",
    "PickleCodec",
    "StoredAs",
    "Structure",
    "TolerantJsonCodec",
    "attribute_slots",
    "fingerprint",
    "has_identity",
    "has_own_equality",
    "identical",
    "is_a",
    "open_codec",
    "same",
    "shown_pickle",
    "structure_of",
]
