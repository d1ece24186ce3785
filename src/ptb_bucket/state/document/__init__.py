"""Documents: the header, the IDs of records, the two formats, and the layouts."""

from __future__ import annotations

from ptb_bucket.state.document.document import Document
from ptb_bucket.state.document.header import TIMERS, Commit, Fate, Header, check_features
from ptb_bucket.state.document.ids import check_id
from ptb_bucket.state.document.layouts import (
    EXTENSIONS,
    LAYOUTS,
    Layout,
    escaped,
    is_name,
    open_layout,
    recognise,
    unescaped,
)
from ptb_bucket.state.document.sections import UnknownSections
from ptb_bucket.state.document.units import (
    AGAIN,
    FEW,
    MANY,
    NONE,
    Steps,
    Unit,
    UnitStep,
    caught_with,
    has_any,
    joined,
    keep,
    occurrences_like,
    reached_by,
    runs,
)

__all__ = [
    "AGAIN",
    "EXTENSIONS",
    "FEW",
    "LAYOUTS",
    "MANY",
    "NONE",
    "TIMERS",
    "Commit",
    "Document",
    "Fate",
    "Header",
    "Layout",
    "Steps",
    "Unit",
    "UnitStep",
    "UnknownSections",
    "caught_with",
    "check_features",
    "check_id",
    "escaped",
    "has_any",
    "is_name",
    "joined",
    "keep",
    "occurrences_like",
    "open_layout",
    "reached_by",
    "recognise",
    "runs",
    "unescaped",
]
