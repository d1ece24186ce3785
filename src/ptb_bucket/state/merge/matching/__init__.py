"""Which element or object of one version is which of another."""

from __future__ import annotations

from ptb_bucket.state.merge.matching.comparison import ElementComparison, Position, is_pairable, step_to
from ptb_bucket.state.merge.matching.elements import MAY_HAVE_MOVED
from ptb_bucket.state.merge.matching.list_versions import AlignedLists, ListSide, align_lists
from ptb_bucket.state.merge.matching.object_index import BASE, NOT_YET, OURS, THEIRS, MergedObject, ObjectIndex
from ptb_bucket.state.merge.matching.pairing import ObjectPairing
from ptb_bucket.state.merge.matching.rules import PairingRules

__all__ = [
    "BASE",
    "MAY_HAVE_MOVED",
    "NOT_YET",
    "OURS",
    "THEIRS",
    "AlignedLists",
    "ElementComparison",
    "ListSide",
    "MergedObject",
    "ObjectIndex",
    "ObjectPairing",
    "PairingRules",
    "Position",
    "align_lists",
    "is_pairable",
    "step_to",
]
