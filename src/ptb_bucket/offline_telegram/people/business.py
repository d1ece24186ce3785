"""A business account for which the bot answers customers."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING

from telegram import BusinessConnection

from ptb_bucket.offline_telegram.json import JSON, as_chat
from ptb_bucket.offline_telegram.places import BusinessChat

if TYPE_CHECKING:
    from telegram import Message

    from ptb_bucket.offline_telegram.people.person import Person
    from ptb_bucket.offline_telegram.server import AnyApplication, Server

__all__ = ["BusinessAccount"]

_DEFAULT_RIGHTS = {"can_reply": True, "can_read_messages": True, "can_delete_sent_messages": True}


class BusinessAccount:
    """A person's business account; :meth:`OfflineTelegram.business_account` returns one.

    Customers write to it with ``bo.send(app, "hello", chat=account.chat_with(bo))``.

    Args:
        server: The server.
        owner: The User of the account.
        rights: The BusinessBotRights of the bot. If empty, it may read, reply and delete its messages.
    """

    def __init__(self, server: Server, owner: JSON, rights: JSON) -> None:
        self._server, rights = server, rights or _DEFAULT_RIGHTS
        self.connection_id = f"business-{owner['id']}"
        self._connection = {
            "id": self.connection_id,
            "user": owner,
            "user_chat_id": owner["id"],
            "date": server.now(),
            "is_enabled": True,
            "rights": rights,
        }
        if "can_reply" in inspect.signature(BusinessConnection).parameters:  # until PTB 22.1
            self._connection["can_reply"] = bool(rights.get("can_reply"))
        server.state.businesses[self.connection_id] = self._connection

    def connection_update(self, *, enabled: bool = True) -> JSON:
        """Connect the account to the bot or end the connection, and return the update ``business_connection``."""
        self._connection["is_enabled"] = enabled
        return self._server.make_update("business_connection", self._connection)

    async def connect(self, app: AnyApplication, *, enabled: bool = True) -> list[Message]:
        """Connect the account to the bot, and let the Application process the update.

        Args:
            app: As in :meth:`Person.send`.
            enabled: False to end the connection.

        Returns:
            As :meth:`Person.send`.
        """
        return await self._server.deliver(app, self.connection_update(enabled=enabled))

    def chat_with(self, customer: Person) -> BusinessChat:
        """Return the private chat of a customer with this account.

        Args:
            customer: The customer.

        Returns:
            The chat, to pass as ``chat`` to the methods of the customer.
        """
        user = customer.user
        self._server.state.chats.setdefault(str(user["id"]), as_chat(user))
        return BusinessChat(user["id"], user["first_name"], connection_id=self.connection_id)
