"""Documents: one object in the bucket, its header, its records' ids, its two formats, and the layouts."""

from __future__ import annotations

from ptb_bucket.state.document.units import AGAIN
from ptb_bucket.state.document.header import Commit
from ptb_bucket.state.document.document import Document
from ptb_bucket.state.document.layouts import EXTENSIONS
from ptb_bucket.state.document.units import FEW
from ptb_bucket.state.document.header import Fate
from ptb_bucket.state.document.header import Header
from ptb_bucket.state.document.layouts import LAYOUTS
from ptb_bucket.state.document.layouts import Layout
from ptb_bucket.state.document.units import MANY
from ptb_bucket.state.document.units import NONE
from ptb_bucket.state.document.units import Step
from ptb_bucket.state.document.units import Steps
from ptb_bucket.state.document.units import Unit
from ptb_bucket.state.document.sections import UnknownSections
from ptb_bucket.state.document.document import Values
from ptb_bucket.state.document.units import Work
from ptb_bucket.state.document.units import caught_with
from ptb_bucket.state.document.header import check_features
from ptb_bucket.state.document.ids import check_id
from ptb_bucket.state.document.units import has_any
from ptb_bucket.state.document.units import joined
from ptb_bucket.state.document.units import keep
from ptb_bucket.state.document.layouts import open_layout
from ptb_bucket.state.document.layouts import recognise
from ptb_bucket.state.document.units import runs

__all__ = [
    "AGAIN",
    "Commit",
    "Document",
    "EXTENSIONS",
    "FEW",
    "Fate",
    "Header",
    "LAYOUTS",
    "Layout",
    "MANY",
    "NONE",
    "Step",
    "Steps",
    "Unit",
    "UnknownSections",
    "Values",
    "Work",
    "caught_with",
    "check_features",
    "check_id",
    "has_any",
    "joined",
    "keep",
    "open_layout",
    "recognise",
    "runs",
]
