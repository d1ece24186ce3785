"""Sync: PTB's live data and the replica, loaded, refreshed and staged."""

from __future__ import annotations

from ptb_bucket.application.sync.live_data import records_of_ids
from ptb_bucket.application.sync.migration import migration_ids
from ptb_bucket.application.sync.sync import Sync
from ptb_bucket.application.sync.units_of_work import Unit

__all__ = ["Sync", "Unit", "migration_ids", "records_of_ids"]
