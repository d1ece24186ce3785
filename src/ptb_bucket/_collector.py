"""Python's garbage collector, while much is made that stays."""

from __future__ import annotations

import gc
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["collector_waits"]


@contextmanager
def collector_waits() -> Iterator[None]:
    """Let the collector wait.

    It counts what is made and not yet gone, and goes through all of it, again and again while it grows: half of the
    time that it takes to load 100,000 users, and nothing of it can be garbage.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()
