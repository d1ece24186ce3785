"""The spool: changes that could not be saved at shutdown, kept in local files until the next start."""

from __future__ import annotations

from ptb_bucket.state.spool.files import SpoolFiles
from ptb_bucket.state.spool.format import Origin
from ptb_bucket.state.spool.spool import Spool

__all__ = ["Origin", "Spool", "SpoolFiles"]
