"""What people do to a bot's memory from outside the bot: look, fix, move, roll back. Without a terminal."""

from __future__ import annotations

from ptb_bucket.tools._api import edit_bot_data, edit_chat_data, edit_user_data
from ptb_bucket.tools._check import check
from ptb_bucket.tools._export import export_dict, export_json, export_pickle
from ptb_bucket.tools._findings import Check, Verdict
from ptb_bucket.tools._import import Imported, import_memory
from ptb_bucket.tools._memory_file import MemoryFile, read_memory
from ptb_bucket.tools._script import script_of
from ptb_bucket.tools._state import State, open_past, open_state

__all__ = [
    "Check",
    "Imported",
    "MemoryFile",
    "State",
    "Verdict",
    "check",
    "edit_bot_data",
    "edit_chat_data",
    "edit_user_data",
    "export_dict",
    "export_json",
    "export_pickle",
    "import_memory",
    "open_past",
    "open_state",
    "read_memory",
    "script_of",
]
