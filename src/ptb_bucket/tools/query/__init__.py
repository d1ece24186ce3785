"""Ask questions about stored values: the value at a path, and the records for which a condition holds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ptb_bucket._lazy import lazy_exports

if TYPE_CHECKING:
    from ptb_bucket.tools.query.condition import Condition, condition_of
    from ptb_bucket.tools.query.find import inspect_part, page_where

__all__ = ["Condition", "condition_of", "inspect_part", "page_where"]

__getattr__ = lazy_exports(
    __name__,
    {
        "ptb_bucket.tools.query.condition": ("Condition", "condition_of"),
        "ptb_bucket.tools.query.find": ("inspect_part", "page_where"),
    },
)
