"""The spool: changes that the bucket could not take at shutdown, kept in local files until the next start."""

from __future__ import annotations

from ptb_bucket.state.spool.format import Origin
from ptb_bucket.state.spool.spool import Spool
from ptb_bucket.state.spool.files import SpoolFiles

__all__ = ["Origin", "Spool", "SpoolFiles"]
