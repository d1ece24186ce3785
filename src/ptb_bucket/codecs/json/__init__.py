"""The JSON codec: plain values are written as they are, others have tags, and repeated objects have labels."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ptb_bucket._lazy import lazy_exports
from ptb_bucket.codecs.json.codec import JsonCodec

if TYPE_CHECKING:
    from ptb_bucket.codecs.json.decode import Decoder
    from ptb_bucket.codecs.json.graph_decoder import GraphDecoder
    from ptb_bucket.codecs.json.graph_trees import StorablePart, graph_tree
    from ptb_bucket.codecs.json.position import NOTHING
    from ptb_bucket.codecs.json.preserving import PreservingJsonCodec
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

__getattr__ = lazy_exports(
    __name__,
    {
        "ptb_bucket.codecs.json.decode": ("Decoder",),
        "ptb_bucket.codecs.json.graph_decoder": ("GraphDecoder",),
        "ptb_bucket.codecs.json.graph_trees": ("StorablePart", "graph_tree"),
        "ptb_bucket.codecs.json.position": ("NOTHING",),
        "ptb_bucket.codecs.json.preserving": ("PreservingJsonCodec",),
        "ptb_bucket.codecs.json.unknown_instance": ("UnknownInstance",),
    },
)
