"""What people do to a bot's memory from outside the bot: look, fix, move, roll back. Without a terminal."""

from __future__ import annotations

from ptb_bucket.tools.edit import edit_bot_data, edit_chat_data, edit_user_data
from ptb_bucket.tools.health import check
from ptb_bucket.tools.transfer import export_dict, export_json, export_pickle
from ptb_bucket.tools.health import Check, Verdict
from ptb_bucket.tools.transfer import Imported, import_memory
from ptb_bucket.tools.transfer import MemoryFile, read_memory
from ptb_bucket.tools.transfer import script_of
from ptb_bucket.tools.state import State, open_past, open_state
from ptb_bucket.tools.transfer import Copied
from ptb_bucket.tools.edit import Edit
from ptb_bucket.tools.edit import Findings
from ptb_bucket.tools.inspect import Page
from ptb_bucket.tools.edit import Past
from ptb_bucket.tools.rekey import Rekeyed
from ptb_bucket.tools.versions import Restoring
from ptb_bucket.tools.inspect import Shown
from ptb_bucket.tools.inspect import Survey
from ptb_bucket.tools.sweep import Swept
from ptb_bucket.tools.versions import UPDATE_INTERVAL
from ptb_bucket.tools.transfer import check_source
from ptb_bucket.tools.edit import conversation
from ptb_bucket.tools.transfer import copy
from ptb_bucket.tools.edit import erase
from ptb_bucket.tools.edit import find_person
from ptb_bucket.tools.versions import history
from ptb_bucket.tools.edit import kind_of
from ptb_bucket.tools.inspect import look
from ptb_bucket.tools.transfer import open_target
from ptb_bucket.tools.inspect import page
from ptb_bucket.tools.edit import past_of
from ptb_bucket.tools.versions import plan_rescue
from ptb_bucket.tools.versions import plan_restore
from ptb_bucket.tools.versions import plan_version
from ptb_bucket.tools.edit import record_of
from ptb_bucket.tools.rekey import rekey
from ptb_bucket.tools.edit import remove
from ptb_bucket.tools.versions import restore
from ptb_bucket.tools.edit import set_value
from ptb_bucket.tools.inspect import survey
from ptb_bucket.tools.sweep import sweep

__all__ = [
    "Check",
    "Copied",
    "Edit",
    "Findings",
    "Imported",
    "MemoryFile",
    "Page",
    "Past",
    "Rekeyed",
    "Restoring",
    "Shown",
    "State",
    "Survey",
    "Swept",
    "UPDATE_INTERVAL",
    "Verdict",
    "check",
    "check_source",
    "conversation",
    "copy",
    "edit_bot_data",
    "edit_chat_data",
    "edit_user_data",
    "erase",
    "export_dict",
    "export_json",
    "export_pickle",
    "find_person",
    "history",
    "import_memory",
    "kind_of",
    "look",
    "open_past",
    "open_state",
    "open_target",
    "page",
    "past_of",
    "plan_rescue",
    "plan_restore",
    "plan_version",
    "read_memory",
    "record_of",
    "rekey",
    "remove",
    "restore",
    "script_of",
    "set_value",
    "survey",
    "sweep",
]
