"""The methods about forum topics."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ptb_bucket.offline_telegram.api.common import require_right
from ptb_bucket.offline_telegram.errors import ApiError
from ptb_bucket.offline_telegram.json import JSON, picked

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ptb_bucket.offline_telegram.api.common import Method
    from ptb_bucket.offline_telegram.server import Server

__all__ = ["TOPIC_METHODS"]

_COLOR = 0x6FB9F0
_GENERAL = 1


def _create(server: Server, parameters: JSON) -> JSON:
    chat = _forum(server, parameters)
    topic: JSON = {"name": parameters["name"], "icon_color": parameters.get("icon_color", _COLOR)}
    topic |= picked(parameters, "icon_custom_emoji_id")
    thread = server.state.next_message_id
    place = {"message_thread_id": thread, "is_topic_message": True}
    server.store_message(server.state.bot, chat["id"], {"forum_topic_created": dict(topic)} | place)
    topic["message_thread_id"] = thread
    server.state.topics.setdefault(str(chat["id"]), {})[str(thread)] = {"topic": topic}
    return topic


def _forum(server: Server, parameters: JSON) -> JSON:
    chat = server.state.chat(parameters.get("chat_id"))
    if chat["type"] != "private":
        if not chat.get("is_forum"):
            raise ApiError("Bad Request: the chat is not a forum")
        require_right(server, chat, "can_manage_topics", "not enough rights to create a topic")
    return chat


def _find(server: Server, parameters: JSON) -> tuple[JSON, int, JSON]:
    chat = _forum(server, parameters)
    thread = parameters.get("message_thread_id", _GENERAL)
    topics = server.state.topics.setdefault(str(chat["id"]), {})
    if thread == _GENERAL:
        topics.setdefault(str(_GENERAL), {"topic": {"name": "General"}})
    if str(thread) not in topics:
        raise ApiError("Bad Request: TOPIC_ID_INVALID")
    return chat, thread, topics[str(thread)]


def _edit(server: Server, parameters: JSON) -> bool:
    chat, thread, stored = _find(server, parameters)
    new = picked(parameters, "name", "icon_custom_emoji_id")
    if not new or all(stored["topic"].get(key) == value for key, value in new.items()):
        raise ApiError("Bad Request: TOPIC_NOT_MODIFIED")
    stored["topic"].update(new)
    _say(server, chat, thread, {"forum_topic_edited": new})
    return True


def _flag(name: str, value: bool, service: str) -> Method:  # noqa: FBT001  the value that is set
    def method(server: Server, parameters: JSON) -> bool:
        chat, thread, stored = _find(server, parameters)
        if bool(stored.get(name)) == value:
            raise ApiError("Bad Request: TOPIC_NOT_MODIFIED")
        stored[name] = value
        _say(server, chat, thread, {service: {}})
        return True

    return method


def _say(server: Server, chat: JSON, thread: int, content: JSON) -> None:
    place = {} if thread == _GENERAL else {"message_thread_id": thread, "is_topic_message": True}
    server.store_message(server.state.bot, chat["id"], content | place)


def _delete(server: Server, parameters: JSON) -> bool:
    chat, thread, _stored = _find(server, parameters)
    del server.state.topics[str(chat["id"])][str(thread)]
    server.state.drop_messages(lambda one: _in(one, chat, thread))
    return True


def _in(message: JSON, chat: JSON, thread: int) -> bool:
    return bool(message["chat"]["id"] == chat["id"] and message.get("message_thread_id") == thread)


_close = _flag("closed", True, "forum_topic_closed")  # noqa: FBT003
_reopen = _flag("closed", False, "forum_topic_reopened")  # noqa: FBT003

TOPIC_METHODS: Mapping[str, Method] = {
    "createForumTopic": _create,
    "editForumTopic": _edit,
    "closeForumTopic": _close,
    "reopenForumTopic": _reopen,
    "deleteForumTopic": _delete,
    "editGeneralForumTopic": _edit,
    "closeGeneralForumTopic": _close,
    "reopenGeneralForumTopic": _reopen,
    "hideGeneralForumTopic": _flag("hidden", True, "general_forum_topic_hidden"),  # noqa: FBT003
    "unhideGeneralForumTopic": _flag("hidden", False, "general_forum_topic_unhidden"),  # noqa: FBT003
}
