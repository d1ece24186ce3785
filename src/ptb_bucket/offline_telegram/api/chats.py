"""The methods about a chat itself: its description, photo, permissions and invite links."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ptb_bucket.offline_telegram.api.common import require_right
from ptb_bucket.offline_telegram.errors import ApiError
from ptb_bucket.offline_telegram.files import media
from ptb_bucket.offline_telegram.json import JSON, copied, picked

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ptb_bucket.offline_telegram.api.common import Method
    from ptb_bucket.offline_telegram.server import Server

__all__ = ["CHAT_METHODS", "full_chat"]

_GIFTS = ("unlimited_gifts", "limited_gifts", "unique_gifts", "premium_subscription", "gifts_from_channels")
_ALWAYS = {"accent_color_id": 0, "max_reaction_count": 11, "accepted_gift_types": dict.fromkeys(_GIFTS, False)}
_LINK = ("name", "expire_date", "member_limit", "subscription_period", "subscription_price")
_LONGEST_TITLE, _LONGEST_DESCRIPTION = 128, 255


def full_chat(server: Server, parameters: JSON) -> JSON:
    """Return the ChatFullInfo of a chat."""
    chat = server.state.chat(parameters.get("chat_id"))
    more = server.state.settings.get(f"chat:{chat['id']}", {})
    pins = server.state.pins.get(str(chat["id"]))
    pinned = server.state.find_message(chat["id"], pins[-1]) if pins else None
    full: JSON = chat | _ALWAYS | more | ({"pinned_message": pinned} if pinned else {})
    return full


def _more(server: Server, chat: JSON) -> JSON:
    known: JSON = server.state.settings.setdefault(f"chat:{chat['id']}", {})
    return known


def _changing(change: Callable[[Server, JSON, JSON], JSON | None]) -> Method:
    """Make a method that changes a chat's information. What ``change`` returns is a service message."""

    def method(server: Server, parameters: JSON) -> bool:
        chat = server.state.chat(parameters.get("chat_id"))
        if chat["type"] == "private":
            raise ApiError("Bad Request: can't change private chat information")
        require_right(server, chat, "can_change_info", "not enough rights to change chat information")
        if service := change(server, chat, parameters):
            server.store_message(server.state.bot, chat["id"], service)
        return True

    return method


def _set_title(_server: Server, chat: JSON, parameters: JSON) -> JSON:
    title = parameters.get("title", "")
    if not 1 <= len(title) <= _LONGEST_TITLE:
        raise ApiError("Bad Request: title must be non-empty")
    if title == chat.get("title"):
        raise ApiError("Bad Request: chat title is not modified")
    chat["title"] = title
    return {"new_chat_title": title}


def _set_description(server: Server, chat: JSON, parameters: JSON) -> None:
    description = parameters.get("description", "")
    if len(description) > _LONGEST_DESCRIPTION:
        raise ApiError("Bad Request: description is too long")
    if description == _more(server, chat).get("description", ""):
        raise ApiError("Bad Request: chat description is not modified")
    _more(server, chat)["description"] = description


def _set_photo(server: Server, chat: JSON, parameters: JSON) -> JSON:
    sizes = media(server.state, "photo", parameters.get("photo", ""), {})
    names = ("small", "big")
    _more(server, chat)["photo"] = {
        f"{name}_{key}": size[key]
        for name, size in zip(names, sizes, strict=True)
        for key in ("file_id", "file_unique_id")
    }
    return {"new_chat_photo": sizes}


def _delete_photo(server: Server, chat: JSON, _parameters: JSON) -> JSON:
    if _more(server, chat).pop("photo", None) is None:
        raise ApiError("Bad Request: CHAT_NOT_MODIFIED")
    return {"delete_chat_photo": True}


def _set_permissions(server: Server, chat: JSON, parameters: JSON) -> None:
    _more(server, chat)["permissions"] = parameters["permissions"]


def _set_stickers(server: Server, chat: JSON, parameters: JSON) -> None:
    _more(server, chat).pop("sticker_set_name", None)
    _more(server, chat).update(picked(parameters, "sticker_set_name"))


# Invite links.


def _create_link(server: Server, parameters: JSON) -> JSON:
    chat = _inviting(server, parameters)
    number = len(server.state.links) + 1
    flags = {"creates_join_request": bool(parameters.get("creates_join_request")), "is_primary": False}
    link = {"invite_link": f"https://t.me/+offline{number}", "creator": server.state.bot, "is_revoked": False}
    link |= flags | picked(parameters, *_LINK)
    server.state.links.append({"chat_id": chat["id"], "link": link})
    return link


def _inviting(server: Server, parameters: JSON) -> JSON:
    chat = server.state.chat(parameters.get("chat_id"))
    if chat["type"] == "private":
        raise ApiError("Bad Request: can't invite members to a private chat")
    require_right(server, chat, "can_invite_users", "not enough rights to manage chat invite link")
    return chat


def _find_link(server: Server, parameters: JSON) -> JSON:
    chat, wanted = _inviting(server, parameters), parameters.get("invite_link")
    for one in server.state.links:
        if one["chat_id"] == chat["id"] and one["link"]["invite_link"] == wanted:
            link: JSON = one["link"]
            return link
    raise ApiError("Bad Request: INVITE_HASH_INVALID")


def _edit_link(server: Server, parameters: JSON) -> JSON:
    link = _find_link(server, parameters)
    link.update(picked(parameters, *_LINK, "creates_join_request"))
    return link


def _revoke_link(server: Server, parameters: JSON) -> JSON:
    link = _find_link(server, parameters)
    link["is_revoked"] = True
    return link


def _export_link(server: Server, parameters: JSON) -> Any:
    chat = _inviting(server, parameters)
    for one in server.state.links:
        if one["chat_id"] == chat["id"] and one["link"]["is_primary"]:
            one["link"]["is_revoked"] = True
    link = _create_link(server, parameters)
    link["is_primary"] = True
    _more(server, chat)["invite_link"] = link["invite_link"]
    return copied(link["invite_link"])


CHAT_METHODS: Mapping[str, Method] = {
    "getChat": full_chat,
    "setChatTitle": _changing(_set_title),
    "setChatDescription": _changing(_set_description),
    "setChatPhoto": _changing(_set_photo),
    "deleteChatPhoto": _changing(_delete_photo),
    "setChatPermissions": _changing(_set_permissions),
    "setChatStickerSet": _changing(_set_stickers),
    "deleteChatStickerSet": _changing(_set_stickers),
    "createChatInviteLink": _create_link,
    "createChatSubscriptionInviteLink": _create_link,
    "editChatInviteLink": _edit_link,
    "editChatSubscriptionInviteLink": _edit_link,
    "revokeChatInviteLink": _revoke_link,
    "exportChatInviteLink": _export_link,
}
