"""Updates about people and the bot who come and go."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ptb_bucket.offline_telegram.json import JSON, copied
from ptb_bucket.offline_telegram.rights import all_rights, chat_member
from ptb_bucket.offline_telegram.transcript import Line

if TYPE_CHECKING:
    from ptb_bucket.offline_telegram.places import Group
    from ptb_bucket.offline_telegram.server import Server

__all__ = ["bot_changes", "check_open", "check_present", "find_link", "join", "leave", "request_to_join", "upgrade"]


def check_present(server: Server, chat_id: int, user: JSON) -> None:
    """Refuse to let a person write where they are banned or muted.

    Raises:
        PermissionError: They cannot write there.
    """
    member = server.state.member(chat_id, user["id"]) or {"status": "left"}
    if member["status"] == "kicked":
        raise PermissionError(f"{user['first_name']} is banned from chat {chat_id}.")
    if member["status"] == "restricted" and not member.get("can_send_messages"):
        raise PermissionError(f"{user['first_name']} is muted in chat {chat_id}.")


def check_open(server: Server, chat_id: int, user: JSON, thread_id: int | None) -> None:
    """Refuse to let a person write where only administrators may: in a closed topic or a silenced group.

    Raises:
        PermissionError: They cannot write there.
    """
    member = server.state.member(chat_id, user["id"]) or {"status": "left"}
    if member["status"] in {"creator", "administrator"}:
        return
    if server.state.topics.get(str(chat_id), {}).get(str(thread_id), {}).get("closed"):
        raise PermissionError(f"The topic {thread_id} of chat {chat_id} is closed.")
    allowed = server.state.settings.get(f"chat:{chat_id}", {}).get("permissions")
    if allowed is not None and not allowed.get("can_send_messages"):
        raise PermissionError(f"Only administrators may write in chat {chat_id}.")


def upgrade(server: Server, group: Group, chat_id: int) -> list[JSON]:
    """Make a supergroup of a group, and return the updates of both service messages."""
    chat, sender = server.state.chat(group.id), server.state.bot
    before = server.store_message(sender, group.id, {"migrate_to_chat_id": chat_id})
    server.state.know(chat | {"id": chat_id, "type": "supergroup"})
    server.state.members[str(chat_id)] = dict(server.state.members.get(str(group.id), {}))
    after = server.store_message(sender, chat_id, {"migrate_from_chat_id": group.id})
    server.state.settings[f"upgraded:{group.id}"] = chat_id
    return [server.make_update("message", before), server.make_update("message", after)]


def find_link(server: Server, group: Group, link: str | None) -> JSON | None:
    """Return an invite link of a group, or None if none is given.

    Raises:
        LookupError: The group has no such link, or it was revoked.
    """
    if link is None:
        return None
    for one in server.state.links:
        if one["chat_id"] == group.id and one["link"]["invite_link"] == link and not one["link"]["is_revoked"]:
            found: JSON = one["link"]
            return found
    raise LookupError(f"Chat {group.id} has no valid invite link {link!r}.")


def join(server: Server, user: JSON, group: Group, link: JSON | None = None) -> list[JSON]:
    """Make a person a member, and return the updates: the service message, and ``chat_member`` if the bot asked for it.

    Raises:
        PermissionError: They are banned.
    """
    check_present(server, group.id, user)
    via = {"invite_link": link} if link else {}
    return _change(server, user, group, {"new_chat_members": [user]}, **via)


def leave(server: Server, user: JSON, group: Group) -> list[JSON]:
    """Let a person leave, and return the updates, as for :func:`join`."""
    return _change(server, user, group, {"left_chat_member": user})


def _change(server: Server, user: JSON, group: Group, service: JSON, **via: JSON) -> list[JSON]:
    status = "member" if "new_chat_members" in service else "left"
    chat = server.state.chat(group.id)
    old = server.state.member(group.id, user["id"]) or {"user": user, "status": "left"}
    new = server.state.set_member(group.id, user, status)
    server.note(Line(user["first_name"], group.id, group.title, "join" if status == "member" else "leave"))
    updates = []
    if chat["type"] != "channel":
        updates.append(server.make_update("message", server.store_message(user, group.id, service)))
    if "chat_member" in server.state.allowed_updates:
        updates.append(server.make_update("chat_member", _changed(server, chat, user, old, new) | via))
    return updates


def _changed(server: Server, chat: JSON, user: JSON, old: JSON, new: JSON) -> JSON:
    members: JSON = copied({"old_chat_member": chat_member(old), "new_chat_member": chat_member(new)})
    return {"chat": chat, "from": user, "date": server.now()} | members


def request_to_join(server: Server, user: JSON, group: Group, link: JSON | None, bio: str) -> JSON:
    """Ask to become a member, and return the update ``chat_join_request``."""
    server.state.set_member(group.id, user, "left", requested=True)
    server.note(Line(user["first_name"], group.id, f"asks to join {group.title}", "join"))
    request: JSON = {"chat": server.state.chat(group.id), "from": user, "user_chat_id": user["id"]}
    request |= {"date": server.now()} | ({"bio": bio} if bio else {}) | ({"invite_link": link} if link else {})
    return server.make_update("chat_join_request", request)


def bot_changes(server: Server, user: JSON, chat_id: int, status: str, **more: Any) -> JSON:
    """Change the bot's status in a chat, and return the update ``my_chat_member``.

    Args:
        server: The server.
        user: Who changes it.
        chat_id: The chat.
        status: The bot's new status.
        more: Fields of the ChatMember.
    """
    chat, bot = server.state.chat(chat_id), server.state.bot
    if status == "administrator":
        more = all_rights() | more
    old = server.state.member(chat_id, bot["id"]) or {"user": bot, "status": "left"}
    if chat["type"] == "private":
        old = {"user": bot, "status": "kicked" if chat_id in server.state.blocked else "member", "until_date": 0}
        blocked = [one for one in server.state.blocked if one != chat_id]
        server.state.blocked = blocked + ([chat_id] if status == "kicked" else [])
        new: JSON = {"user": bot, "status": status} | more
        old = old if old["status"] == "kicked" else {"user": bot, "status": "member"}
    else:
        new = server.state.set_member(chat_id, bot, status, **more)
    server.note(Line(user["first_name"], chat_id, f"the bot is now {status}", "other"))
    return server.make_update("my_chat_member", _changed(server, chat, user, old, new))
