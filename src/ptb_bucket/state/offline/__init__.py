"""State without a running bot, for tools: an archive to read, and a draft to edit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ptb_bucket._lazy import lazy_exports

if TYPE_CHECKING:
    from ptb_bucket.state.offline.archive import Archive, CommitInfo, Entry, Part
    from ptb_bucket.state.offline.draft import Draft

__all__ = ["Archive", "CommitInfo", "Draft", "Entry", "Part"]

__getattr__ = lazy_exports(
    __name__,
    {
        "ptb_bucket.state.offline.archive": ("Archive", "CommitInfo", "Entry", "Part"),
        "ptb_bucket.state.offline.draft": ("Draft",),
    },
)
