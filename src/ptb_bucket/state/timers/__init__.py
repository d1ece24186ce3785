"""Timers: jobs that are stored with the data that they work on, and the keys that say when to look at them.

A timer is a record in the document of its *owner*: its user, else its chat, else the bot. Each due time of a timer is
an *occurrence*, with a number that only grows. The first commit of an occurrence wins; a *claim* is only a courtesy
between instances. With on-demand layouts, the name of an empty object, its *due key*, says when to look at a timer. A
due key is never the truth: that is the timer itself.

Nothing here does input or output.
"""

from __future__ import annotations

from ptb_bucket.state.timers.keys import DUE_FOLDER, DueKey, ListedKey, due_key
from ptb_bucket.state.timers.merging import merge_timers
from ptb_bucket.state.timers.timer import DECIDED, FORGIVEN, TIMEOUT, Claim, Timer, unit_of
from ptb_bucket.state.timers.zones import offset_name, zone_name, zone_of

__all__ = [
    "DECIDED", "DUE_FOLDER", "FORGIVEN", "TIMEOUT", "Claim", "DueKey", "ListedKey", "Timer", "due_key", "merge_timers",
    "offset_name", "unit_of", "zone_name", "zone_of",
]  # fmt: skip
