"""Telling quickly that nothing has changed: most of a record is the same on all sides of a merge."""

from __future__ import annotations

import datetime as dt
import pickle
from io import BytesIO
from typing import Any, Final
from uuid import UUID

__all__ = ["Exact"]

_PLAIN: Final = frozenset({dt.datetime, dt.date, dt.time, dt.timedelta, dt.timezone, UUID})


class _NotPlainError(Exception):
    """Something in it is not of a built-in class: no code of its class may run here."""


class _Plain(pickle.Pickler):
    def reducer_override(self, value: Any) -> Any:
        # Called for everything that pickle does not know by itself.
        if type(value) in _PLAIN or (type(value) is type and value in _PLAIN):
            return NotImplemented
        raise _NotPlainError


class Exact:
    """Writes values of built-in classes as bytes, which takes a fraction of the time of a walk in Python."""

    def __init__(self) -> None:
        self._out = BytesIO()
        self._pickler = _Plain(self._out, 5)
        # Otherwise the same text twice and two equal texts would make different bytes.
        self._pickler.fast = True

    def __call__(self, value: Any) -> bytes | None:
        """Return bytes that are equal only for values of the same types, content and order, sharing aside.

        Args:
            value: Any value. No code of its author runs.

        Returns:
            None for a value that contains anything but built-in classes, or is nested deeply. Equal values may have
            different bytes all the same, such as sets.
        """
        self._out.seek(0)
        self._out.truncate()
        try:
            self._pickler.dump(value)
        except (_NotPlainError, ValueError, RecursionError, pickle.PicklingError):
            return None
        return self._out.getvalue()
