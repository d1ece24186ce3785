"""Who writes: an id per process, drawn at its first commit and anew after a fork (rule 13)."""

from __future__ import annotations

import os

__all__ = ["Writer"]


class Writer:
    """The id under which this process commits."""

    def __init__(self) -> None:
        self._id: str | None = None
        self._process: int | None = None

    @property
    def id(self) -> str:
        """Drawn from the system's randomness, so that copies of a process never share it."""
        if self._id is None or self._process != os.getpid():
            self._id, self._process = os.urandom(6).hex(), os.getpid()
        return self._id

    def renew(self) -> None:
        """Somebody else uses this id: draw another one."""
        self._id = None
