"""The values that PTB asks a persistence for: all of one kind at once, when an application starts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

from ptb_bucket._aio import in_turns, turns
from ptb_bucket._collector import START_PAUSE
from ptb_bucket.state import CALLBACK_QUERIES, MISSING, Kind, Readable, Record

if TYPE_CHECKING:
    from ptb_bucket.session import Session

__all__ = ["CallbackData", "Loading"]

CallbackData: TypeAlias = tuple[list[tuple[str, float, dict[str, Any]]], dict[str, str]]
"""PTB's keyboards (ID, time of the last access, buttons) and its callback queries."""


class Loading:
    """Gives PTB the stored values once per run of an application, and afterwards the values that PTB has.

    A run begins when the bot is set, or when PTB asks for values after a flush.

    Args:
        session: The state to read.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self._given: set[str] = set()
        self._bot_is_new = self._ptb_is_empty = True
        self.running = False

    def bot_is_set(self) -> None:
        """Begin anew with the next value that PTB asks for; the application that asks has nothing in memory yet."""
        self._bot_is_new, self.running = True, False

    async def values(self, kind: Kind, handler: str | None = None) -> list[tuple[Record, Any]]:
        """Return the values of one kind.

        Args:
            kind: Which kind.
            handler: The name of a ConversationHandler, whose conversations are wanted only.

        Raises:
            DocumentError, StoreError: The state could not be read.
        """
        await self._begin()
        replica, section = self._session.replica, f"{kind.value} {handler}"
        records = await in_turns(r for r in replica.documents.each(kind) if handler is None or r.is_of(handler))
        if section in self._given:
            known = ((record, replica.values.read(record)) for record in records)  # unreadable ones are missing
            return [(record, value) for record, value in known if value is not MISSING]
        self._given.add(section)
        # PTB replaces bot_data; it updates everything else with what it is given, and keeps the rest.
        with START_PAUSE.load(self._given):
            return await replica.values.load_all(records, replaces=self._ptb_is_empty or kind is Kind.BOT)

    async def by_number(self, kind: Kind) -> dict[int, Any]:
        """Return the data of all chats, or of all users, by ID. Raises as :meth:`values`."""
        found: dict[int, Any] = {}
        await self._begin()
        with START_PAUSE.load(self._given):
            async for some in turns(await self.values(kind)):
                found.update({record.number: value for record, value in some})
        errors = self._session.replica.values.unreadable.of(kind)
        return Readable(found, errors) if errors else found

    async def callback_data(self) -> CallbackData | None:
        """Return keyboards, least recently used first, and queries; None if there are none. See :meth:`values`."""
        values = dict(await self.values(Kind.CALLBACK))
        queries = values.pop(CALLBACK_QUERIES, {})
        keyboards = [(record.id, float(value[0]), value[1]) for record, value in values.items()]
        return (sorted(keyboards, key=lambda entry: entry[1]), queries) if keyboards or queries else None

    async def _begin(self) -> None:
        if not self.running or not self._session.replica.documents.loaded:
            await self._session.state.load()
            self._given, self.running = set(), True
            self._ptb_is_empty, self._bot_is_new = self._bot_is_new, False
