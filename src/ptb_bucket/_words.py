"""Numbers in sentences that people read."""

from __future__ import annotations

from ptb_bucket.errors import PTBBucketError

__all__ = ["counted", "said"]


def counted(number: int, one: str, many: str) -> str:
    """A number and what it counts, with the verb if need be: ``counted(n, "record is", "records are")``."""
    return f"{number:,} {one if number == 1 else many}"


def said(error: BaseException | None) -> str:
    """Return what may be logged of an error: errors of other code may quote data, so only their type is named."""
    return str(error) if isinstance(error, PTBBucketError) else type(error).__name__
