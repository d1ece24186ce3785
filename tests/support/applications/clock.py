"""The time of day in a test, which jumps when the test says so."""

from __future__ import annotations

import time
from datetime import datetime

from telegram.ext import JobQueue


class Clock:
    """The time of day, for Python and for PTB's job queue.

    Args:
        patch: The fixture ``monkeypatch``.
    """

    def __init__(self, patch):
        self._real, self._ahead = time.time, 0.0
        patch.setattr(time, "time", lambda: self.now)
        patch.setattr(JobQueue, "_tz_now", lambda queue: datetime.fromtimestamp(self.now, queue.scheduler.timezone))

    @property
    def now(self):
        return self._real() + self._ahead

    def pass_(self, seconds):
        self._ahead += seconds
