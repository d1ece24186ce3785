"""Who takes data that is not loaded: on a layout that reads on demand, it would look empty without a word."""

from __future__ import annotations

import logging
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

import telegram

import ptb_bucket
from ptb_bucket.state import Kind

if TYPE_CHECKING:
    from types import FrameType

    from ptb_bucket.state import Record

__all__ = ["UnloadedReports"]

_LOGGER = logging.getLogger("ptb_bucket.application")
_LIBRARIES: Final = tuple(f"{Path(str(module.__file__)).parent}{os.sep}" for module in (telegram, ptb_bucket))
_LOADS: Final = "refresh_data"
"""PTB takes live data to have it refreshed, for a job: it is loaded in the next moment."""


class UnloadedReports:
    """Logs each place in the bot's code once."""

    def __init__(self) -> None:
        self._reported: set[tuple[str, int]] = set()

    def report(self, record: Record) -> None:
        """Log the line that takes a record which is not loaded.

        Args:
            record: A chat's or a user's data.
        """
        place = _caller(sys._getframe(1))  # noqa: SLF001  as the standard library's warnings do
        if place is None or place in self._reported:
            return
        self._reported.add(place)
        ids = "chat_ids" if record.kind is Kind.CHAT else "user_ids"
        _LOGGER.warning(
            "%s:%d uses %s, which is not loaded and looks empty. Call await application.load_data(%s=[%s]) before it.",
            *place, record.label, ids, record.id,
        )  # fmt: skip


def _caller(frame: FrameType | None) -> tuple[str, int] | None:
    """Return the file and the line that called into PTB or this library; None if PTB itself is about to load it."""
    while frame is not None and frame.f_code.co_filename.startswith(_LIBRARIES):
        if frame.f_code.co_name == _LOADS:
            return None
        frame = frame.f_back
    return None if frame is None else (frame.f_code.co_filename, frame.f_lineno)
