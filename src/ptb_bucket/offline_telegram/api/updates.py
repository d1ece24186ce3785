"""The methods by which updates arrive, and those for files and short signs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ptb_bucket.offline_telegram.api.common import check_writable
from ptb_bucket.offline_telegram.errors import ApiError
from ptb_bucket.offline_telegram.files import file_answer
from ptb_bucket.offline_telegram.inbox import take_updates

if TYPE_CHECKING:
    from collections.abc import Awaitable, Mapping

    from ptb_bucket.offline_telegram.api.common import Method
    from ptb_bucket.offline_telegram.json import JSON
    from ptb_bucket.offline_telegram.server import Server

__all__ = ["UPDATE_METHODS"]


def _get_updates(server: Server, parameters: JSON) -> Awaitable[list[JSON]]:
    if server.state.webhook:
        raise ApiError(
            "Conflict: can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook "
            "first",
            code=409,
        )
    _allow(server, parameters)
    return take_updates(server.state.pending, server.bell, parameters)


def _allow(server: Server, parameters: JSON) -> None:
    if allowed := parameters.get("allowed_updates"):
        server.state.allowed_updates = list(allowed)


def _set_webhook(server: Server, parameters: JSON) -> bool:
    server.state.webhook = parameters.get("url", "")
    _allow(server, parameters)
    if parameters.get("drop_pending_updates"):
        server.state.pending.clear()
    return True


def _delete_webhook(server: Server, parameters: JSON) -> bool:
    return _set_webhook(server, parameters | {"url": ""})


def _get_webhook_info(server: Server, _: JSON) -> JSON:
    waiting = len(server.state.pending)
    return {"url": server.state.webhook, "has_custom_certificate": False, "pending_update_count": waiting}


def _check_chat(server: Server, parameters: JSON) -> bool:
    check_writable(server, server.state.chat(parameters.get("chat_id")))
    return True


UPDATE_METHODS: Mapping[str, Method] = {
    "getUpdates": _get_updates,
    "setWebhook": _set_webhook,
    "deleteWebhook": _delete_webhook,
    "getWebhookInfo": _get_webhook_info,
    "sendChatAction": _check_chat,
    "sendMessageDraft": _check_chat,
    "getFile": lambda server, parameters: file_answer(server.state, str(parameters.get("file_id", ""))),
}
