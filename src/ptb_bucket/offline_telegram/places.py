"""The places where people write: groups, topics, channels, and private chats of a business account."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ptb_bucket.offline_telegram.json import JSON

__all__ = ["BusinessChat", "Channel", "Group"]


@dataclass(frozen=True)
class Group:
    """A group chat; a person writes to it with ``chat=group``.

    Attributes:
        id: The chat's ID.
        title: Its title.
        thread_id: The forum topic to write to; by default the general one.
    """

    id: int
    title: str
    thread_id: int | None = None

    @property
    def update_kind(self) -> str:
        """Return the kind of update in which the bot gets what is written here."""
        return "message"

    def topic(self, thread_id: int) -> Group:
        """Return a forum topic of this group.

        Args:
            thread_id: Its ID, the ``message_thread_id`` of createForumTopic.

        Returns:
            The topic, to pass as ``chat`` to the methods of a person.
        """
        return replace(self, thread_id=thread_id)

    def fields(self) -> JSON:
        """Return what each message here has."""
        if self.thread_id is None:
            return {}
        return {"message_thread_id": self.thread_id, "is_topic_message": True}


@dataclass(frozen=True)
class Channel(Group):
    """A channel of which the bot is an administrator. What people post there comes from the channel."""

    @property
    def update_kind(self) -> str:
        """Return ``channel_post``."""
        return "channel_post"


@dataclass(frozen=True)
class BusinessChat(Group):
    """The private chat of a customer with a business account that is connected to the bot.

    Attributes:
        connection_id: The ID of the connection.
    """

    connection_id: str = ""

    @property
    def update_kind(self) -> str:
        """Return ``business_message``."""
        return "business_message"

    def fields(self) -> JSON:
        """Return what each message here has."""
        return {"business_connection_id": self.connection_id}
