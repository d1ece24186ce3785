"""The methods about members of a chat: who they are, what they may do, and how they come and go."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ptb_bucket.offline_telegram.api.common import require_right
from ptb_bucket.offline_telegram.errors import ApiError
from ptb_bucket.offline_telegram.json import JSON, picked
from ptb_bucket.offline_telegram.rights import ADMINISTRATOR_RIGHTS, PERMISSIONS, chat_member

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ptb_bucket.offline_telegram.api.common import Method
    from ptb_bucket.offline_telegram.server import Server

__all__ = ["MEMBER_METHODS"]

_PRESENT = {"creator", "administrator", "member", "restricted"}


def _get_member(server: Server, parameters: JSON) -> JSON:
    chat = server.state.chat(parameters.get("chat_id"))
    return chat_member(_known(server, chat, parameters.get("user_id")))


def _known(server: Server, chat: JSON, user_id: Any) -> JSON:
    if member := server.state.member(chat["id"], user_id):
        return member
    if user := server.state.user(user_id):
        return {"user": user, "status": "left"}
    raise ApiError("Bad Request: PARTICIPANT_ID_INVALID")


def _present(server: Server, parameters: JSON) -> list[JSON]:
    chat = server.state.chat(parameters.get("chat_id"))
    members = server.state.members.get(str(chat["id"]), {}).values()
    return [one for one in members if one["status"] in _PRESENT and one.get("is_member", True)]


def _get_administrators(server: Server, parameters: JSON) -> list[JSON]:
    if server.state.chat(parameters.get("chat_id"))["type"] == "private":
        raise ApiError("Bad Request: there are no administrators in the private chat")
    found = [one for one in _present(server, parameters) if one["status"] in {"creator", "administrator"}]
    bots = parameters.get("return_bots")  # without it, this bot only
    wanted = [one for one in found if bots or not one["user"]["is_bot"] or one["user"]["id"] == server.state.bot["id"]]
    return [chat_member(one) for one in wanted]


def _ban(server: Server, parameters: JSON) -> bool:
    chat, member = _to_restrict(server, parameters)
    until = parameters.get("until_date", 0)
    server.state.set_member(chat["id"], member["user"], "kicked", until_date=until)
    if parameters.get("revoke_messages"):
        server.state.drop_messages(lambda one: _wrote(one, chat, member["user"]))
    return True


def _wrote(message: JSON, chat: JSON, user: JSON) -> bool:
    return bool(message["chat"]["id"] == chat["id"] and message.get("from", {}).get("id") == user["id"])


def _unban(server: Server, parameters: JSON) -> bool:
    chat = server.state.chat(parameters.get("chat_id"))
    require_right(server, chat, "can_restrict_members", "not enough rights to restrict/unrestrict chat member")
    member = _known(server, chat, parameters.get("user_id"))
    if member["status"] == "kicked" or not parameters.get("only_if_banned"):
        server.state.set_member(chat["id"], member["user"], "left")
    return True


def _restrict(server: Server, parameters: JSON) -> bool:
    chat, member = _to_restrict(server, parameters)
    if chat["type"] == "group":
        raise ApiError("Bad Request: method is available only for supergroups")
    given = parameters["permissions"]
    if all(given.get(name) for name in PERMISSIONS):
        server.state.set_member(chat["id"], member["user"], "member")
        return True
    allowed = {name: bool(given.get(name, False)) for name in PERMISSIONS}
    until = parameters.get("until_date", 0)
    is_member = member["status"] in _PRESENT
    server.state.set_member(chat["id"], member["user"], "restricted", is_member=is_member, until_date=until, **allowed)
    return True


def _to_restrict(server: Server, parameters: JSON) -> tuple[JSON, JSON]:
    chat = server.state.chat(parameters.get("chat_id"))
    if chat["type"] == "private":
        raise ApiError("Bad Request: can't ban members in private chats")
    require_right(server, chat, "can_restrict_members", "not enough rights to restrict/unrestrict chat member")
    member = _known(server, chat, parameters.get("user_id"))
    if member["user"]["id"] == server.state.bot["id"]:
        raise ApiError("Bad Request: can't restrict self")
    if member["status"] == "creator":
        raise ApiError("Bad Request: can't remove chat owner")
    if member["status"] == "administrator":
        raise ApiError("Bad Request: user is an administrator of the chat")
    return chat, member


def _promote(server: Server, parameters: JSON) -> bool:
    chat = server.state.chat(parameters.get("chat_id"))
    require_right(server, chat, "can_promote_members", "not enough rights")
    member = _known(server, chat, parameters.get("user_id"))
    if member["status"] == "creator":
        raise ApiError("Bad Request: can't remove chat owner")
    rights = {name: bool(parameters.get(name, False)) for name in ADMINISTRATOR_RIGHTS}
    if any(rights.values()):
        server.state.set_member(chat["id"], member["user"], "administrator", can_be_edited=True, **rights)
    else:
        server.state.set_member(chat["id"], member["user"], "member")
    return True


def _set_title(server: Server, parameters: JSON) -> bool:
    member = _known(server, server.state.chat(parameters.get("chat_id")), parameters.get("user_id"))
    if member["status"] != "administrator":
        raise ApiError("Bad Request: user is not an administrator")
    member["custom_title"] = parameters["custom_title"]
    return True


def _set_tag(server: Server, parameters: JSON) -> bool:
    member = _known(server, server.state.chat(parameters.get("chat_id")), parameters.get("user_id"))
    member.pop("tag", None)
    member.update(picked(parameters, "tag"))
    return True


def _leave(server: Server, parameters: JSON) -> bool:
    chat = server.state.chat(parameters.get("chat_id"))
    if chat["type"] == "private":
        raise ApiError("Bad Request: chat member status can't be changed in private chats")
    server.state.set_member(chat["id"], server.state.bot, "left")
    return True


def _approve(server: Server, parameters: JSON) -> bool:
    chat, user = _requested(server, parameters)
    server.state.set_member(chat["id"], user, "member")
    return True


def _decline(server: Server, parameters: JSON) -> bool:
    chat, user = _requested(server, parameters)
    server.state.set_member(chat["id"], user, "left")
    return True


def _requested(server: Server, parameters: JSON) -> tuple[JSON, JSON]:
    chat = server.state.chat(parameters.get("chat_id"))
    require_right(server, chat, "can_invite_users", "not enough rights to manage chat join requests")
    member = server.state.member(chat["id"], parameters["user_id"])
    if member is None or not member.get("requested"):
        raise ApiError("Bad Request: HIDE_REQUESTER_MISSING")
    return chat, member["user"]


MEMBER_METHODS: Mapping[str, Method] = {
    "getChatMember": _get_member,
    "getChatMemberCount": lambda server, parameters: len(_present(server, parameters)),
    "getChatAdministrators": _get_administrators,
    "banChatMember": _ban,
    "unbanChatMember": _unban,
    "restrictChatMember": _restrict,
    "promoteChatMember": _promote,
    "setChatAdministratorCustomTitle": _set_title,
    "setChatMemberTag": _set_tag,
    "leaveChat": _leave,
    "approveChatJoinRequest": _approve,
    "declineChatJoinRequest": _decline,
}
