"""The updates that a person causes, as the Bot API sends them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ptb_bucket.offline_telegram.api import content_of, count_votes, origin
from ptb_bucket.offline_telegram.files import media, store_file
from ptb_bucket.offline_telegram.json import JSON, buttons, copied, describe, message_key
from ptb_bucket.offline_telegram.people.status import check_open, check_present
from ptb_bucket.offline_telegram.text import add_automatic
from ptb_bucket.offline_telegram.transcript import Line

if TYPE_CHECKING:
    from collections.abc import Sequence

    from telegram import Message

    from ptb_bucket.offline_telegram.places import Group
    from ptb_bucket.offline_telegram.server import Server

__all__ = ["PersonUpdates"]


class PersonUpdates:
    """The actions of a person as updates: Bot API JSON for a webhook, ``telegram.push()`` or ``telegram.deliver()``.

    Each method does it on Telegram and returns the update. :class:`Person` has a coroutine for each.
    """

    def __init__(self, server: Server, user: JSON) -> None:
        self._server, self._user = server, user
        self._id: int = user["id"]

    def where(self, chat: Group | None) -> int:
        """Return the ID of a chat; by default the private one."""
        return self._id if chat is None else chat.id

    def content(self, content: JSON, chat: Group | None = None, reply_to: Message | None = None) -> JSON:
        """Write a message that contains this. See :meth:`Person.send_content`."""
        where = self.where(chat)
        check_present(self._server, where, self._user)
        check_open(self._server, where, self._user, chat.thread_id if chat else None)
        if where in self._server.state.blocked:
            self._server.state.blocked.remove(where)
        reply = self._reply(where, reply_to) if reply_to else {}
        fields = chat.fields() if chat else {}
        message = self._server.store_message(self._user, where, content | fields | reply)
        self._server.note(Line(self._user["first_name"], where, describe(message)))
        kind = chat.update_kind if chat else "message"
        if kind == "message" and where != self._id:
            self._server.see(where, self._user)
        return self._server.make_update(kind, message)

    def _reply(self, where: int, reply_to: Message) -> JSON:
        original = self._server.state.find_message(where, reply_to.message_id)
        if original is None:
            raise LookupError(f"Chat {where} has no message {reply_to.message_id} to reply to.")
        return {"reply_to_message": {key: value for key, value in original.items() if key != "reply_to_message"}}

    def text(self, text: str, chat: Group | None = None, reply_to: Message | None = None) -> JSON:
        """Write a text. See :meth:`Person.send`."""
        found = add_automatic(text)
        return self.content({"text": text} | ({"entities": found} if found else {}), chat, reply_to)

    def file(  # noqa: PLR0913  what a file has
        self,
        kind: str,
        content: bytes,
        name: str,
        *,
        caption: str = "",
        chat: Group | None = None,
        reply_to: Message | None = None,
        **fields: Any,
    ) -> JSON:
        """Send a file as a photo, voice message and so on. See :meth:`Person.send_photo`."""
        reference = store_file(self._server.state, content, name)
        method = "send" + kind.title().replace("_", "")
        body = content_of(self._server, method, {kind: reference} | ({"caption": caption} if caption else {}) | fields)
        return self.content(body, chat, reply_to)

    def album(self, contents: Sequence[bytes], *, caption: str = "", chat: Group | None = None) -> list[JSON]:
        """Send photos as an album: one update for each."""
        album = {"media_group_id": str(self._server.state.next_message_id)}
        updates = []
        for number, content in enumerate(contents):
            reference = store_file(self._server.state, content, f"photo-{number}.jpg")
            said = {"caption": caption} if caption and not number else {}
            updates.append(
                self.content({"photo": media(self._server.state, "photo", reference, {})} | album | said, chat)
            )
        return updates

    def forward(self, message: Message, chat: Group | None = None) -> JSON:
        """Forward a message from any chat. See :meth:`Person.forward`."""
        original = self._server.state.find_message(message.chat.id, message.message_id)
        if original is None:
            raise LookupError(f"Chat {message.chat.id} has no message {message.message_id} to forward.")
        fixed = {"message_id", "date", "chat", "from", "sender_chat", "reply_to_message", "reply_markup", "edit_date"}
        content = copied({key: value for key, value in original.items() if key not in fixed})
        return self.content(content | {"forward_origin": copied(origin(original))}, chat)

    def edit(self, text: str, *, chat: Group | None = None) -> JSON:
        """Change the person's newest text or caption. See :meth:`Person.edit`."""
        where = self.where(chat)
        for message in self._server.messages(where):
            mine = message.get("from", {}).get("id") == self._id or "from" not in message
            if mine and ("text" in message or "caption" in message):
                break
        else:
            raise LookupError(f"{self._user['first_name']} has not written anything in chat {where} yet.")
        name, entities = ("text", "entities") if "text" in message else ("caption", "caption_entities")
        message.pop(entities, None)
        found = add_automatic(text)
        message.update({name: text, "edit_date": self._server.now()} | ({entities: found} if found else {}))
        self._server.note(Line(self._user["first_name"], where, describe(message), "edit"))
        return self._server.make_update(f"edited_{chat.update_kind if chat else 'message'}", message)

    def press(self, label: str, chat: Group | None = None, message: Message | None = None) -> JSON:
        """Press an inline button. See :meth:`Person.press`."""
        where = self.where(chat)
        under, button = self._find_button(label, where, message)
        self._server.note(Line(self._user["first_name"], where, label, "press"))
        query = {"id": self._server.next_query_id(where), "from": self._user, "chat_instance": str(where)}
        inline = self._inline_id(under)
        query |= {"inline_message_id": inline} if inline else {"message": under}
        if "callback_data" in button:
            return self._server.make_update("callback_query", query | {"data": button["callback_data"]})
        return self._server.make_update("callback_query", query | {"game_short_name": under["game"]["title"]})

    def _inline_id(self, message: JSON) -> str | None:
        place = [message["chat"]["id"], message["message_id"]]
        return next((inline for inline, where in self._server.state.inline.items() if where == place), None)

    def _find_button(self, label: str, where: int, message: Message | None) -> tuple[JSON, JSON]:
        seen = []
        for candidate in self._server.messages(where):
            if message is None or candidate["message_id"] == message.message_id:
                for button in buttons(candidate):
                    if button["text"] == label and {"callback_data", "callback_game"} & button.keys():
                        return candidate, button
                    seen.append(button["text"])
        raise LookupError(f"Chat {where} has no button {label!r}. It has {seen or 'no inline keyboard'}.")

    def vote(self, *options: str, chat: Group | None = None) -> JSON:
        """Vote in the newest poll. See :meth:`Person.vote`."""
        where = self.where(chat)
        poll = next((one["poll"] for one in self._server.messages(where) if "poll" in one), None)
        if poll is None:
            raise LookupError(f"Chat {where} has no poll.")
        chosen = [self._option(poll, option) for option in options]
        self._check_vote(poll, chosen)
        self._server.state.votes[poll["id"]][str(self._id)] = chosen
        counted = count_votes(self._server, poll["id"])
        self._server.note(Line(self._user["first_name"], where, ", ".join(options), "vote"))
        if poll["is_anonymous"]:
            return self._server.make_update("poll", counted)
        answer = {"poll_id": poll["id"], "user": self._user, "option_ids": chosen}
        persistent = [poll["options"][number]["persistent_id"] for number in chosen]
        return self._server.make_update("poll_answer", answer | {"option_persistent_ids": persistent})

    def _option(self, poll: JSON, option: str) -> int:
        texts = [one["text"] for one in poll["options"]]
        if option not in texts:
            raise LookupError(f"The poll has no option {option!r}. It has {texts}.")
        return texts.index(option)

    def _check_vote(self, poll: JSON, chosen: list[int]) -> None:
        if poll["is_closed"]:
            raise PermissionError("The poll is closed.")
        if len(chosen) > 1 and not poll["allows_multiple_answers"]:
            raise PermissionError("The poll allows only one answer.")
        if poll["type"] == "quiz" and self._server.state.votes[poll["id"]].get(str(self._id)):
            raise PermissionError("A quiz answer can't be changed.")

    def react(self, *emoji: str, message: Message | None = None, chat: Group | None = None) -> JSON:
        """React to a message. See :meth:`Person.react`."""
        where = self.where(chat)
        newest = next((one for one in self._server.messages(where) if one.get("from", {}) != self._user), None)
        under = self._server.state.find_message(where, message.message_id) if message else newest
        if under is None:
            raise LookupError(f"Chat {where} has no message to react to.")
        given = self._server.state.reactions.setdefault(message_key(under), {})
        old, new = given.get(str(self._id), []), [{"type": "emoji", "emoji": one} for one in emoji]
        given[str(self._id)] = new
        self._server.note(Line(self._user["first_name"], where, " ".join(emoji), "reaction"))
        reaction = {"chat": under["chat"], "message_id": under["message_id"], "user": self._user}
        reaction |= {"date": self._server.now(), "old_reaction": old, "new_reaction": new}
        return self._server.make_update("message_reaction", reaction)
