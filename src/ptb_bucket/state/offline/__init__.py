"""State without a running bot, for tools: an archive to read, and a draft to edit."""

from __future__ import annotations

from ptb_bucket.state.offline.archive import Archive, CommitInfo, Part
from ptb_bucket.state.offline.draft import Draft

__all__ = ["Archive", "CommitInfo", "Draft", "Part"]
