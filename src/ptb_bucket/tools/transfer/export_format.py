"""The format that exports and imports share: the first key of our own export, and the names of PTB's five files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ptb_bucket.tools.transfer.ptb_records import PTB_KINDS

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["EXPORT", "VERSION", "WITH_TIMERS", "part_paths"]

EXPORT: Final = "ptb_bucket_export"
"""The first key in our own export. Its value is the version."""

VERSION: Final = 1
WITH_TIMERS: Final = 2
"""The version of an export with timers. Older libraries would leave them out without a word, so they refuse it."""


def part_paths(path: Path) -> dict[str, Path]:
    """Return the five files of a PicklePersistence with ``single_file=False``, by PTB's name of their data."""
    return {kind.value: path.with_name(f"{path.name}_{kind.value}") for kind in PTB_KINDS}
