"""The objects of a record: their fields, their parts, and which of them is which in another version."""

from __future__ import annotations

from ptb_bucket.state.merge.objects.fields import ATOMS
from ptb_bucket.state.merge.objects.objects import Exact
from ptb_bucket.state.merge.objects.elements import Likeness
from ptb_bucket.state.merge.objects.elements import MAY_HAVE_MOVED
from ptb_bucket.state.merge.objects.pairing import NewPairing
from ptb_bucket.state.merge.objects.objects import Objects
from ptb_bucket.state.merge.objects.pairing import Pairing
from ptb_bucket.state.merge.objects.fields import Path
from ptb_bucket.state.merge.objects.elements import Position
from ptb_bucket.state.merge.objects.objects import Prints
from ptb_bucket.state.merge.objects.pairing import SidePairing
from ptb_bucket.state.merge.objects.fields import WholeError
from ptb_bucket.state.merge.objects.fields import attribute
from ptb_bucket.state.merge.objects.fields import copied
from ptb_bucket.state.merge.objects.fields import elements_of
from ptb_bucket.state.merge.objects.fields import emptied
from ptb_bucket.state.merge.objects.elements import equal_ones
from ptb_bucket.state.merge.objects.fields import fields_of
from ptb_bucket.state.merge.objects.fields import filled
from ptb_bucket.state.merge.objects.objects import has_sharing
from ptb_bucket.state.merge.objects.objects import holders_in
from ptb_bucket.state.merge.objects.parts import inner_of
from ptb_bucket.state.merge.objects.elements import is_pairable
from ptb_bucket.state.merge.objects.fields import members_of
from ptb_bucket.state.merge.objects.parts import parts_of
from ptb_bucket.state.merge.objects.fields import refilled
from ptb_bucket.state.merge.objects.parts import rest_of
from ptb_bucket.state.merge.objects.fields import set_fields
from ptb_bucket.state.merge.objects.parts import set_inner
from ptb_bucket.state.merge.objects.parts import shell_of
from ptb_bucket.state.merge.objects.elements import step_to
from ptb_bucket.state.merge.objects.parts import steps_in
from ptb_bucket.state.merge.objects.fields import structure
from ptb_bucket.state.merge.objects.parts import with_inner

__all__ = [
    "ATOMS",
    "Exact",
    "Likeness",
    "MAY_HAVE_MOVED",
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
