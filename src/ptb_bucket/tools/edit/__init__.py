"""Edit records: addresses, single edits, the erasure of a user, and the same from Python."""

from __future__ import annotations

from ptb_bucket.tools.edit.addresses import conversation, kind_of, named, path_text, record_of, steps_of, value_at
from ptb_bucket.tools.edit.api import edit_bot_data, edit_chat_data, edit_user_data
from ptb_bucket.tools.edit.edit import Edit, notation_of, remove, set_value
from ptb_bucket.tools.edit.editing import RecordEditing
from ptb_bucket.tools.edit.erase import OldVersions, PersonalData, erase, find_person, past_of
from ptb_bucket.tools.edit.fields import fields_of

__all__ = [
    "Edit",
    "OldVersions",
    "PersonalData",
    "RecordEditing",
    "conversation",
    "edit_bot_data",
    "edit_chat_data",
    "edit_user_data",
    "erase",
    "fields_of",
    "find_person",
    "kind_of",
    "named",
    "notation_of",
    "past_of",
    "path_text",
    "record_of",
    "remove",
    "set_value",
    "steps_of",
    "value_at",
]
