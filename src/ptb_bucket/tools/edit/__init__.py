"""Edit records: addresses, single edits, the erasure of a user, and the same from Python."""

from __future__ import annotations

from ptb_bucket.tools.edit.edit import Edit
from ptb_bucket.tools.edit.erase import Findings
from ptb_bucket.tools.edit.erase import Past
from ptb_bucket.tools.edit.addresses import conversation
from ptb_bucket.tools.edit.api import edit_bot_data
from ptb_bucket.tools.edit.api import edit_chat_data
from ptb_bucket.tools.edit.api import edit_user_data
from ptb_bucket.tools.edit.erase import erase
from ptb_bucket.tools.edit.erase import find_person
from ptb_bucket.tools.edit.addresses import kind_of
from ptb_bucket.tools.edit.erase import past_of
from ptb_bucket.tools.edit.addresses import record_of
from ptb_bucket.tools.edit.edit import remove
from ptb_bucket.tools.edit.edit import set_value

__all__ = [
    "Edit",
    "Findings",
    "Past",
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
