"""The methods of the Bot API that an offline Telegram knows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ptb_bucket.offline_telegram.api_messages import MESSAGE_METHODS
from ptb_bucket.offline_telegram.errors import ApiError
from ptb_bucket.offline_telegram.inbox import take_updates
from ptb_bucket.offline_telegram.transcript import Line

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from ptb_bucket.offline_telegram.json import JSON
    from ptb_bucket.offline_telegram.server import Server

__all__ = ["METHODS"]


def _get_me(server: Server, _: JSON) -> JSON:
    able = {"can_join_groups": True, "can_read_all_group_messages": False, "supports_inline_queries": False}
    return server.state.bot | able


def _get_updates(server: Server, parameters: JSON) -> Awaitable[list[JSON]]:
    if server.state.webhook:
        raise ApiError("Conflict: can't use getUpdates method while webhook is active", code=409)
    return take_updates(server.state.pending, server.bell, parameters)


def _set_webhook(server: Server, parameters: JSON) -> bool:
    server.state.webhook = parameters.get("url", "")
    if parameters.get("drop_pending_updates"):
        server.state.pending.clear()
    return True


def _delete_webhook(server: Server, parameters: JSON) -> bool:
    return _set_webhook(server, parameters | {"url": ""})


def _get_webhook_info(server: Server, _: JSON) -> JSON:
    waiting = len(server.state.pending)
    return {"url": server.state.webhook, "has_custom_certificate": False, "pending_update_count": waiting}


def _set_my_commands(server: Server, parameters: JSON) -> bool:
    server.state.commands = parameters.get("commands", [])
    return True


def _get_my_commands(server: Server, _: JSON) -> list[JSON]:
    return server.state.commands


def _answer_callback_query(server: Server, parameters: JSON) -> bool:
    chat_id = server.state.queries.get(parameters.get("callback_query_id", ""))
    if chat_id is None:
        raise ApiError("Bad Request: query is too old and response timeout expired or query ID is invalid")
    if text := parameters.get("text"):
        server.note(Line(server.state.bot["first_name"], chat_id, text, "toast", from_bot=True))
    return True


def _get_chat(server: Server, parameters: JSON) -> JSON:
    chat = server.state.chat(parameters.get("chat_id"))
    return chat | {"accent_color_id": 0, "max_reaction_count": 11, "accepted_gift_types": _NO_GIFTS}


def _check_chat(server: Server, parameters: JSON) -> bool:
    server.state.chat(parameters.get("chat_id"))
    return True


_GIFTS = ("unlimited_gifts", "limited_gifts", "unique_gifts", "premium_subscription", "gifts_from_channels")
_NO_GIFTS = dict.fromkeys(_GIFTS, False)

METHODS: Mapping[str, Callable[[Server, JSON], Any]] = {
    **MESSAGE_METHODS,
    "getMe": _get_me,
    "getUpdates": _get_updates,
    "setWebhook": _set_webhook,
    "deleteWebhook": _delete_webhook,
    "getWebhookInfo": _get_webhook_info,
    "setMyCommands": _set_my_commands,
    "deleteMyCommands": _set_my_commands,
    "getMyCommands": _get_my_commands,
    "answerCallbackQuery": _answer_callback_query,
    "getChat": _get_chat,
    "sendChatAction": _check_chat,
    "leaveChat": _check_chat,
}
