"""Old versions: list them, and restore a bot's state from them."""

from __future__ import annotations

from ptb_bucket.tools.versions.history import Past
from ptb_bucket.tools.versions.restore import Restoring
from ptb_bucket.tools.versions.restore import UPDATE_INTERVAL
from ptb_bucket.tools.versions.history import history
from ptb_bucket.tools.versions.restore import plan_rescue
from ptb_bucket.tools.versions.restore import plan_restore
from ptb_bucket.tools.versions.restore import plan_version
from ptb_bucket.tools.versions.restore import restore

__all__ = ["Past", "Restoring", "UPDATE_INTERVAL", "history", "plan_rescue", "plan_restore", "plan_version", "restore"]
