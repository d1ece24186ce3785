"""Values to bytes and back, one record at a time."""

from ptb_bucket.codecs._contract import Codec
from ptb_bucket.codecs._equality import fingerprint, has_own_equality, same
from ptb_bucket.codecs._json import JsonCodec
from ptb_bucket.codecs._open import open_codec
from ptb_bucket.codecs._pickle import PickleCodec
from ptb_bucket.codecs._registered import StoredAs

__all__ = ["Codec", "JsonCodec", "PickleCodec", "StoredAs", "fingerprint", "has_own_equality", "open_codec", "same"]
