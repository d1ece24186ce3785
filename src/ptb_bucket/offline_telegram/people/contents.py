"""The methods by which a person sends a file, a contact, a place, a dice and so on. They are methods of Person."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from telegram import Message

    from ptb_bucket.offline_telegram.json import JSON
    from ptb_bucket.offline_telegram.places import Group
    from ptb_bucket.offline_telegram.server import AnyApplication

__all__ = ["send_dice", "send_web_app_data", "sender", "share_contact", "share_location", "share_users"]


class _Person(Protocol):
    id: int
    name: str

    async def send_content(
        self, app: AnyApplication, content: JSON, *, chat: Group | None = None, reply_to: Message | None = None
    ) -> list[Message]: ...


def sender(kind: str, name: str) -> Callable[..., Coroutine[Any, Any, list[Message]]]:
    """Return the method that sends one kind of file."""

    async def send(
        person: Any, app: AnyApplication, content: bytes = kind.encode(), file_name: str = name, **options: Any
    ) -> list[Message]:
        answers: list[Message] = await person.deliver(app, person.updates.file(kind, content, file_name, **options))
        return answers

    send.__name__, send.__qualname__ = f"send_{kind}", f"Person.send_{kind}"
    send.__doc__ = f"""Send a {kind.replace("_", " ")}, whose bytes the bot can download.

        Args:
            app: As in :meth:`send`.
            content: The bytes.
            file_name: The name of the file.
            options: ``caption``, ``chat`` and ``reply_to``, and fields of the media object, such as ``duration``.

        Returns:
            As :meth:`send`.
        """
    return send


async def share_contact(
    self: _Person, app: AnyApplication, phone_number: str, *, first_name: str = "", chat: Group | None = None
) -> list[Message]:
    """Share a contact; by default one's own, as a button with ``request_contact`` does."""
    own = {} if first_name else {"user_id": self.id}
    contact = {"phone_number": phone_number, "first_name": first_name or self.name} | own
    return await self.send_content(app, {"contact": contact}, chat=chat)


async def share_location(
    self: _Person, app: AnyApplication, latitude: float, longitude: float, *, chat: Group | None = None
) -> list[Message]:
    """Share a place, in degrees."""
    return await self.send_content(app, {"location": {"latitude": latitude, "longitude": longitude}}, chat=chat)


async def share_users(self: _Person, app: AnyApplication, *people: _Person, request_id: int = 1) -> list[Message]:
    """Choose people for a button with ``request_users``."""
    users = [{"user_id": one.id, "first_name": one.name} for one in people]
    return await self.send_content(app, {"users_shared": {"request_id": request_id, "users": users}})


async def send_dice(self: _Person, app: AnyApplication, value: int, emoji: str = "🎲", **options: Any) -> list[Message]:
    """Throw a dice. Options: ``chat`` and ``reply_to``."""
    return await self.send_content(app, {"dice": {"emoji": emoji, "value": value}}, **options)


async def send_web_app_data(self: _Person, app: AnyApplication, data: str, button_text: str = "Open") -> list[Message]:
    """Send the data of a mini app that a keyboard button opened."""
    return await self.send_content(app, {"web_app_data": {"data": data, "button_text": button_text}})
