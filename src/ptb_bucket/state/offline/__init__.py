"""State without a bot: an archive to read and copy, and a draft to edit, for tools."""

from __future__ import annotations

from ptb_bucket.state.offline.archive import Archive, CommitInfo, Part
from ptb_bucket.state.offline.draft import Draft

__all__ = ["Archive", "CommitInfo", "Draft", "Part"]
