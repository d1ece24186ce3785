"""Edit records: addresses, single edits, the erasure of a user, and the same from Python."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ptb_bucket._lazy import lazy_exports

if TYPE_CHECKING:
    from ptb_bucket.tools.edit.addresses import conversation, kind_of, record_of, words_of
    from ptb_bucket.tools.edit.api import edit_bot_data, edit_chat_data, edit_user_data
    from ptb_bucket.tools.edit.edit import Edit, OvertakenError, notation_of, remove, set_value
    from ptb_bucket.tools.edit.editing import RecordEditing
    from ptb_bucket.tools.edit.erasing import OldVersions, PersonalData, erase, export_person, find_person, past_of
    from ptb_bucket.tools.edit.fields import fields_of
    from ptb_bucket.tools.edit.making_due import make_due
    from ptb_bucket.tools.edit.paths import named, path_text, steps_of, value_at

__all__ = [
    "Edit",
    "OldVersions",
    "OvertakenError",
    "PersonalData",
    "RecordEditing",
    "conversation",
    "edit_bot_data",
    "edit_chat_data",
    "edit_user_data",
    "erase",
    "export_person",
    "fields_of",
    "find_person",
    "kind_of",
    "make_due",
    "named",
    "notation_of",
    "past_of",
    "path_text",
    "record_of",
    "remove",
    "set_value",
    "steps_of",
    "value_at",
    "words_of",
]

__getattr__ = lazy_exports(
    __name__,
    {
        "ptb_bucket.tools.edit.addresses": ("conversation", "kind_of", "record_of", "words_of"),
        "ptb_bucket.tools.edit.paths": ("named", "path_text", "steps_of", "value_at"),
        "ptb_bucket.tools.edit.api": ("edit_bot_data", "edit_chat_data", "edit_user_data"),
        "ptb_bucket.tools.edit.edit": ("Edit", "OvertakenError", "notation_of", "remove", "set_value"),
        "ptb_bucket.tools.edit.editing": ("RecordEditing",),
        "ptb_bucket.tools.edit.erasing": (
            "OldVersions",
            "PersonalData",
            "erase",
            "export_person",
            "find_person",
            "past_of",
        ),
        "ptb_bucket.tools.edit.fields": ("fields_of",),
        "ptb_bucket.tools.edit.making_due": ("make_due",),
    },
)
