"""The wording that messages share."""

from __future__ import annotations

from typing import Final

from ptb_bucket.errors import PTBBucketError

__all__ = ["RESTORE", "pluralize", "said"]

RESTORE: Final = "Restore an earlier version with 'ptb-bucket restore', or fix the record with 'ptb-bucket set'"
"""The advice about a record that is damaged."""


def pluralize(number: int, one: str, many: str) -> str:
    """Return a number and its noun, with the verb if need be: ``pluralize(n, "record is", "records are")``."""
    return f"{number:,} {one if number == 1 else many}"


def said(error: BaseException | None) -> str:
    """Return the text of an error for logs: our own message, or only the type of other errors, which may quote data."""
    return str(error) if isinstance(error, PTBBucketError) else type(error).__name__
