"""State without a bot: an archive to read and copy, and a draft to edit, for tools."""

from __future__ import annotations

from ptb_bucket.state.offline.archive import Archive
from ptb_bucket.state.offline.archive import Commit
from ptb_bucket.state.offline.draft import Draft
from ptb_bucket.state.offline.archive import Part

__all__ = ["Archive", "Commit", "Draft", "Part"]
