"""Ask questions about stored values: the value at a path, and the records for which a condition holds."""

from __future__ import annotations

from ptb_bucket.tools.query.condition import Condition, condition_of
from ptb_bucket.tools.query.find import inspect_part, page_where

__all__ = ["Condition", "condition_of", "inspect_part", "page_where"]
