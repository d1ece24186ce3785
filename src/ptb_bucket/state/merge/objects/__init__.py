"""The objects of a record: their fields, their parts, and which of them is which in another version."""

from __future__ import annotations

from ptb_bucket.state.merge.objects.elements import MAY_HAVE_MOVED, Likeness, Position, equal_ones, is_pairable, step_to
from ptb_bucket.state.merge.objects.fields import (
    ATOMS,
    Path,
    WholeError,
    attribute,
    copied,
    elements_of,
    emptied,
    fields_of,
    filled,
    members_of,
    refilled,
    set_fields,
    structure,
)
from ptb_bucket.state.merge.objects.objects import Exact, Objects, Prints, has_sharing, holders_in
from ptb_bucket.state.merge.objects.pairing import NewPairing, Pairing, SidePairing
from ptb_bucket.state.merge.objects.parts import inner_of, parts_of, rest_of, set_inner, shell_of, steps_in, with_inner

__all__ = [
    "ATOMS",
    "MAY_HAVE_MOVED",
    "Exact",
    "Likeness",
    "NewPairing",
    "Objects",
    "Pairing",
    "Path",
    "Position",
    "Prints",
    "SidePairing",
    "WholeError",
    "attribute",
    "copied",
    "elements_of",
    "emptied",
    "equal_ones",
    "fields_of",
    "filled",
    "has_sharing",
    "holders_in",
    "inner_of",
    "is_pairable",
    "members_of",
    "parts_of",
    "refilled",
    "rest_of",
    "set_fields",
    "set_inner",
    "shell_of",
    "step_to",
    "steps_in",
    "structure",
    "with_inner",
]
