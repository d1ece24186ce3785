"""The rights of administrators and the permissions of members, read from the classes of the installed PTB."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING

from telegram import ChatAdministratorRights, ChatMemberAdministrator, ChatMemberRestricted, ChatPermissions

if TYPE_CHECKING:
    from ptb_bucket.offline_telegram.json import JSON

__all__ = ["ADMINISTRATOR_RIGHTS", "PERMISSIONS", "all_rights", "chat_member"]


def _flags(kind: type) -> tuple[str, ...]:
    names = inspect.signature(kind).parameters
    return tuple(name for name in names if name.startswith(("can_", "is_")))


ADMINISTRATOR_RIGHTS = _flags(ChatAdministratorRights)
PERMISSIONS = _flags(ChatPermissions)
_FIELDS = {"administrator": ChatMemberAdministrator, "restricted": ChatMemberRestricted}


def all_rights() -> JSON:
    """Return the rights of an administrator who may do everything, under their own name."""
    return {name: name != "is_anonymous" for name in ADMINISTRATOR_RIGHTS} | {"can_be_edited": False}


def chat_member(stored: JSON) -> JSON:
    """Return a ChatMember as the Bot API sends it, with all the flags that its status has."""
    plain = {key: value for key, value in stored.items() if key != "requested"}
    if stored["status"] == "creator":
        return {"is_anonymous": False} | plain
    if kind := _FIELDS.get(stored["status"]):
        return dict.fromkeys(_flags(kind), False) | plain
    return plain
