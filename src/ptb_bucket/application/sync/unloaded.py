"""Log lines about code that uses data which is not loaded: on a layout that reads on demand, it looks empty."""

from __future__ import annotations

import logging
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

import telegram

from ptb_bucket.state import Kind

if TYPE_CHECKING:
    from types import FrameType

    from ptb_bucket.state import Record

__all__ = ["UnloadedReports"]

_LOGGER = logging.getLogger("ptb_bucket.application")
_LIBRARIES: Final = tuple(f"{folder}{os.sep}" for folder in (Path(telegram.__file__).parent, Path(__file__).parents[2]))
_LOADS: Final = "refresh_data"
"""The method of PTB that takes live data to refresh it for a job: the data is loaded immediately afterwards."""


class UnloadedReports:
    """A log of the lines in the bot's code that use data which is not loaded, each once."""

    def __init__(self) -> None:
        self._reported: set[tuple[str, int]] = set()

    def report(self, record: Record) -> None:
        """Log the line that uses a record which is not loaded.

        Args:
            record: The record of a chat's or a user's data.
        """
        place = _caller(sys._getframe(1))  # noqa: SLF001  as the standard library's warnings do
        if place is None or place in self._reported:
            return
        self._reported.add(place)
        ids = "chat_ids" if record.kind is Kind.CHAT else "user_ids"
        _LOGGER.warning(
            "%s:%d uses %s, which looks empty because it has not been loaded. Call "
            "await application.load_data(%s=[%s]) first.",
            *place,
            record.label,
            ids,
            record.id,
        )


def _caller(frame: FrameType | None) -> tuple[str, int] | None:
    """Return the file and the line that called into PTB or this library; None if PTB is about to load the data."""
    while frame is not None and frame.f_code.co_filename.startswith(_LIBRARIES):
        if frame.f_code.co_name == _LOADS:
            return None
        frame = frame.f_back
    return None if frame is None else (frame.f_code.co_filename, frame.f_lineno)
