"""Messages to many people: in segments, resumed after a kill, within Telegram's flood limits."""

from __future__ import annotations

from ptb_bucket.application.broadcasts.broadcasts import Broadcasts
from ptb_bucket.application.broadcasts.sending import Pace, Segment

__all__ = ["Broadcasts", "Pace", "Segment"]
