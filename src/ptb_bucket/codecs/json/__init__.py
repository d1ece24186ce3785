"""The JSON codec: plain JSON for plain values, and a careful path for everything else."""

from __future__ import annotations

from ptb_bucket.codecs.json.decode import Decoder
from ptb_bucket.codecs.json.graph import GraphReader
from ptb_bucket.codecs.json.codec import JsonCodec
from ptb_bucket.codecs.json.careful import NOTHING
from ptb_bucket.codecs.json.opaque import Opaque
from ptb_bucket.codecs.json.rest import Rest
from ptb_bucket.codecs.json.codec import TolerantJsonCodec
from ptb_bucket.codecs.json.careful import careful_tree
from ptb_bucket.codecs.json.encode import taken

__all__ = [
    "Decoder",
    "GraphReader",
    "JsonCodec",
    "NOTHING",
    "Opaque",
    "Rest",
    "TolerantJsonCodec",
    "careful_tree",
    "taken",
]
