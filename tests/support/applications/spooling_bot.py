"""A bot that ends in an outage, its spool, and the processes that start after it."""

from __future__ import annotations

import pytest

from ptb_bucket.errors import AccessError, UnavailableError, UnsavedError
from ptb_bucket.stores import MemoryStore
from ptb_bucket.testing.faults import Fault, FaultyStore
from support.applications.restarting_bot import opened


def hurry(persistence):
    """Shorten the deadline, but only in an outage, because a slow machine must not look like one."""
    persistence._session.replica.documents.retry_policy.deadline = 0.05


class Bot:
    """The bucket and the spool of one bot, and processes that start one after the other."""

    def __init__(self, tmp_path, **options):
        self.spool, self.fault, self.reading_too = tmp_path / "spool", None, False
        self.store = MemoryStore()
        self.faulty = FaultyStore(self.store, self._plan)
        self.options = {"spool_dir": self.spool, **options}

    def _plan(self, operation, _key):
        return self.fault if operation == "put" or self.reading_too else None

    def open(self, **options):
        return opened(self.faulty, **{**self.options, **options})

    async def started(self, **options):
        """Start a process; return it and the bot_data that it received."""
        persistence = self.open(**options)
        return persistence, await persistence.get_bot_data()

    async def end_unsaved(self, persistence, bot_data, fault=Fault.UNAVAILABLE):
        """Save in an outage and end; return the error of flush()."""
        self.fault = fault
        hurry(persistence)
        with pytest.raises((UnavailableError, AccessError)):
            await persistence.update_bot_data(bot_data)
        if fault is Fault.LATE or fault is Fault.ANSWER_LOST:
            self.reading_too, self.fault = True, Fault.UNAVAILABLE
        with pytest.raises(UnsavedError) as told:
            await persistence.flush()
        self.fault, self.reading_too = None, False
        persistence._session.replica.documents.retry_policy.deadline = 30
        return str(told.value)

    def files(self):
        return sorted(path for path in self.spool.iterdir() if path.suffix == ".spool")

    async def stored(self):
        return await opened(self.store).get_bot_data()
