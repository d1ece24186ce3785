"""Equality by content and type, and the identity of objects, as a merge needs them."""

from ptb_bucket.codecs.types.equality.equality import Equality, fingerprint, identical, same
from ptb_bucket.codecs.types.equality.identity import Identified, has_identity, has_own_equality, is_a, structure_of

__all__ = [
    "Equality",
    "Identified",
    "fingerprint",
    "has_identity",
    "has_own_equality",
    "identical",
    "is_a",
    "same",
    "structure_of",
]
