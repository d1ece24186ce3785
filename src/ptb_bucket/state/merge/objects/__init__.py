"""The objects of a record: their fields, their parts and their fingerprints."""

from __future__ import annotations

from ptb_bucket.state.merge.objects.fields import (
    ATOMS,
    Path,
    WholeError,
    attribute,
    copy_object,
    elements_of,
    empty_like,
    fields_of,
    fill_container,
    members_of,
    replace_content,
    set_fields,
    structure,
)
from ptb_bucket.state.merge.objects.fingerprints import ExactEncoding, ObjectFingerprints
from ptb_bucket.state.merge.objects.parts import (
    inner_parts_of,
    own_content_of,
    parts_of,
    set_inner_parts,
    steps_to_parts,
    unfilled_copy,
    with_inner_parts,
)
from ptb_bucket.state.merge.objects.walks import Objects, has_sharing, values_holding_objects

__all__ = [
    "ATOMS",
    "ExactEncoding",
    "ObjectFingerprints",
    "Objects",
    "Path",
    "WholeError",
    "attribute",
    "copy_object",
    "elements_of",
    "empty_like",
    "fields_of",
    "fill_container",
    "has_sharing",
    "inner_parts_of",
    "members_of",
    "own_content_of",
    "parts_of",
    "replace_content",
    "set_fields",
    "set_inner_parts",
    "steps_to_parts",
    "structure",
    "unfilled_copy",
    "values_holding_objects",
    "with_inner_parts",
]
