"""The methods of the Bot API that an offline Telegram can play."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ptb_bucket.offline_telegram.api_messages import MESSAGE_METHODS
from ptb_bucket.offline_telegram.errors import ApiError
from ptb_bucket.offline_telegram.inbox import take_updates
from ptb_bucket.offline_telegram.transcript import Line

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from ptb_bucket.offline_telegram.json import JSON
    from ptb_bucket.offline_telegram.telegram import OfflineTelegram

__all__ = ["METHODS"]


def _get_me(telegram: OfflineTelegram, _: JSON) -> JSON:
    able = {"can_join_groups": True, "can_read_all_group_messages": False, "supports_inline_queries": False}
    return telegram.memory.bot | able


def _get_updates(telegram: OfflineTelegram, parameters: JSON) -> Awaitable[list[JSON]]:
    if telegram.memory.webhook:
        raise ApiError("Conflict: can't use getUpdates method while webhook is active", code=409)
    return take_updates(telegram.memory, telegram.bell, parameters)


def _set_webhook(telegram: OfflineTelegram, parameters: JSON) -> bool:
    telegram.memory.webhook = parameters.get("url", "")
    if parameters.get("drop_pending_updates"):
        telegram.memory.pending.clear()
    return True


def _delete_webhook(telegram: OfflineTelegram, parameters: JSON) -> bool:
    return _set_webhook(telegram, parameters | {"url": ""})


def _get_webhook_info(telegram: OfflineTelegram, _: JSON) -> JSON:
    waiting = len(telegram.memory.pending)
    return {"url": telegram.memory.webhook, "has_custom_certificate": False, "pending_update_count": waiting}


def _set_my_commands(telegram: OfflineTelegram, parameters: JSON) -> bool:
    telegram.memory.commands = parameters.get("commands", [])
    return True


def _get_my_commands(telegram: OfflineTelegram, _: JSON) -> list[JSON]:
    return telegram.memory.commands


def _answer_callback_query(telegram: OfflineTelegram, parameters: JSON) -> bool:
    chat_id = telegram.memory.queries.get(parameters.get("callback_query_id", ""))
    if chat_id is None:
        raise ApiError("Bad Request: query is too old and response timeout expired or query ID is invalid")
    if text := parameters.get("text"):
        telegram.note(Line(telegram.memory.bot["first_name"], chat_id, text, "toast", from_bot=True))
    return True


def _get_chat(telegram: OfflineTelegram, parameters: JSON) -> JSON:
    chat = telegram.memory.chat(parameters.get("chat_id"))
    return chat | {"accent_color_id": 0, "max_reaction_count": 11, "accepted_gift_types": _NO_GIFTS}


def _check_chat(telegram: OfflineTelegram, parameters: JSON) -> bool:
    telegram.memory.chat(parameters.get("chat_id"))
    return True


_GIFTS = ("unlimited_gifts", "limited_gifts", "unique_gifts", "premium_subscription", "gifts_from_channels")
_NO_GIFTS = dict.fromkeys(_GIFTS, False)

METHODS: Mapping[str, Callable[[OfflineTelegram, JSON], Any]] = {
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
