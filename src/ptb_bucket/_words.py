"""Numbers in sentences that people read."""

from __future__ import annotations

__all__ = ["counted"]


def counted(number: int, one: str, many: str) -> str:
    """A number and what it counts, with the verb if need be: ``counted(n, "record is", "records are")``."""
    return f"{number:,} {one if number == 1 else many}"
