"""The JSON codec: a fast path for plain values, and an encoder that labels repeated objects for all others."""

from __future__ import annotations

from ptb_bucket.codecs.json.codec import JsonCodec, PreservingJsonCodec
from ptb_bucket.codecs.json.decode import Decoder
from ptb_bucket.codecs.json.graph_decoder import GraphDecoder
from ptb_bucket.codecs.json.graph_tree import StorablePart, graph_tree
from ptb_bucket.codecs.json.position import NOTHING
from ptb_bucket.codecs.json.unknown_instance import UnknownInstance

__all__ = [
    "NOTHING",
    "Decoder",
    "GraphDecoder",
    "JsonCodec",
    "PreservingJsonCodec",
    "StorablePart",
    "UnknownInstance",
    "graph_tree",
]
