"""Edit records: addresses, single edits, the erasure of a user, and the same from Python."""

from __future__ import annotations

from ptb_bucket.tools.edit.addresses import conversation, kind_of, record_of
from ptb_bucket.tools.edit.api import edit_bot_data, edit_chat_data, edit_user_data
from ptb_bucket.tools.edit.edit import Edit, remove, set_value
from ptb_bucket.tools.edit.erase import OldVersions, PersonalData, erase, find_person, past_of

__all__ = [
    "Edit",
    "OldVersions",
    "PersonalData",
    "conversation",
    "edit_bot_data",
    "edit_chat_data",
    "edit_user_data",
    "erase",
    "find_person",
    "kind_of",
    "past_of",
    "record_of",
    "remove",
    "set_value",
]
