"""What people do to a bot's memory from outside the bot: look, fix, move, roll back. Without a terminal."""

from __future__ import annotations

from ptb_bucket.tools._state import State, open_state

__all__ = ["State", "open_state"]
