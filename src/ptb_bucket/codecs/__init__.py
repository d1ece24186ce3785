"""Values to bytes and back, one record at a time."""

from ptb_bucket.codecs._contract import Codec
from ptb_bucket.codecs._equality import fingerprint, has_own_equality, same
from ptb_bucket.codecs._foreign import ForeignPickles
from ptb_bucket.codecs._inert import shown_pickle
from ptb_bucket.codecs._json import JsonCodec
from ptb_bucket.codecs._opaque import Opaque
from ptb_bucket.codecs._open import open_codec
from ptb_bucket.codecs._pickle import PickleCodec
from ptb_bucket.codecs._registered import StoredAs
from ptb_bucket.codecs._tolerant import TolerantJsonCodec

__all__ = [
    "Codec",
    "ForeignPickles",
    "JsonCodec",
    "Opaque",
    "PickleCodec",
    "StoredAs",
    "TolerantJsonCodec",
    "fingerprint",
    "has_own_equality",
    "open_codec",
    "same",
    "shown_pickle",
]
