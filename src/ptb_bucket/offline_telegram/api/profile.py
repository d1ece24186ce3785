"""The methods about the bot's profile: commands, name, descriptions, menu buttons and default rights."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from ptb_bucket.offline_telegram.errors import ApiError
from ptb_bucket.offline_telegram.json import JSON, picked
from ptb_bucket.offline_telegram.rights import ADMINISTRATOR_RIGHTS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ptb_bucket.offline_telegram.api.common import Method
    from ptb_bucket.offline_telegram.server import Server

__all__ = ["PROFILE_METHODS"]

_MOST_COMMANDS = 100
_COMMAND = re.compile(r"/?[a-z0-9_]{1,32}")
# A text of the profile → the longest one that Telegram accepts.
_TEXTS = {"name": 64, "description": 512, "short_description": 120}


def _get_me(server: Server, _: JSON) -> JSON:
    able = {"can_join_groups": True, "can_read_all_group_messages": False, "supports_inline_queries": False}
    return able | server.state.bot


def _commands_key(parameters: JSON) -> str:
    scope = parameters.get("scope") or {"type": "default"}
    return f"commands:{json.dumps(scope, sort_keys=True)}:{parameters.get('language_code') or ''}"


def _set_commands(server: Server, parameters: JSON) -> bool:
    commands = parameters.get("commands", [])
    if len(commands) > _MOST_COMMANDS:
        raise ApiError("Bad Request: BOT_COMMANDS_TOO_MUCH")
    for command in commands:
        if not _COMMAND.fullmatch(command["command"]):
            raise ApiError("Bad Request: BOT_COMMAND_INVALID")
        if not command["description"]:
            raise ApiError("Bad Request: BOT_COMMAND_DESCRIPTION_INVALID")
    server.state.settings[_commands_key(parameters)] = commands
    return True


def _get_commands(server: Server, parameters: JSON) -> Any:
    return server.state.settings.get(_commands_key(parameters), [])


def _text_methods(field: str, longest: int) -> dict[str, Method]:
    name = "".join(part.title() for part in field.split("_"))

    def set_text(server: Server, parameters: JSON) -> bool:
        text = parameters.get(field, "")
        if len(text) > longest:
            raise ApiError(f"Bad Request: BOT_{field.upper()}_TOO_LONG")
        server.state.settings[f"{field}:{parameters.get('language_code') or ''}"] = text
        return True

    def get_text(server: Server, parameters: JSON) -> JSON:
        known = server.state.settings
        default = known.get(f"{field}:", server.state.bot["first_name"] if field == "name" else "")
        return {field: known.get(f"{field}:{parameters.get('language_code') or ''}", default)}

    return {f"setMy{name}": set_text, f"getMy{name}": get_text}


def _set_menu_button(server: Server, parameters: JSON) -> bool:
    button = parameters.get("menu_button") or {"type": "default"}
    server.state.settings[f"menu:{parameters.get('chat_id') or ''}"] = button
    return True


def _get_menu_button(server: Server, parameters: JSON) -> Any:
    known = server.state.settings
    default = known.get("menu:", {"type": "commands"})
    return known.get(f"menu:{parameters.get('chat_id') or ''}", default)


def _rights_key(parameters: JSON) -> str:
    return f"rights:{bool(parameters.get('for_channels'))}"


def _set_rights(server: Server, parameters: JSON) -> bool:
    server.state.settings[_rights_key(parameters)] = parameters.get("rights") or {}
    return True


def _get_rights(server: Server, parameters: JSON) -> JSON:
    known = server.state.settings.get(_rights_key(parameters), {})
    return dict.fromkeys(ADMINISTRATOR_RIGHTS, False) | picked(known, *ADMINISTRATOR_RIGHTS)


PROFILE_METHODS: Mapping[str, Method] = {
    "getMe": _get_me,
    "setMyCommands": _set_commands,
    "deleteMyCommands": lambda server, parameters: bool(
        server.state.settings.pop(_commands_key(parameters), True) or True
    ),
    "getMyCommands": _get_commands,
    **{name: method for field, longest in _TEXTS.items() for name, method in _text_methods(field, longest).items()},
    "setChatMenuButton": _set_menu_button,
    "getChatMenuButton": _get_menu_button,
    "setMyDefaultAdministratorRights": _set_rights,
    "getMyDefaultAdministratorRights": _get_rights,
}
